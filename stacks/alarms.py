"""The people who are told of an environment's alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from constructs import Construct

    from stacks.environment import Environment


def alarm_actions(scope: Construct, environment: Environment) -> list[cloudwatch.IAlarmAction]:
    """Return what alarms do: they notify the environment's topic, which is imported below the scope, if it has one."""
    if environment.alarm_topic is None:
        return []
    return [SnsAction(sns.Topic.from_topic_arn(scope, "AlarmTopic", environment.alarm_topic))]
