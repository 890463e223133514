"""The people who are told of an environment's alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction

from cdk_penstock.observability.alarms import AlarmTopic
from cdk_penstock.observability.alarms.alarm_topic import PROMETHEUS

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from constructs import Construct

    from stacks.environment import Environment


def build_topic(scope: Construct, environment: Environment) -> None:
    """Make the topic of an environment that names none."""
    if environment.alarm_topic is None:
        AlarmTopic(
            scope,
            "Alarms",
            topic_name=_topic_name(environment),
            email=environment.alarm_email,
            other_services=[PROMETHEUS],
        )


def alarm_topic(scope: Construct, environment: Environment) -> sns.ITopic:
    """Import the topic of an environment below a scope."""
    # By its name, so that no stack imports an output of another one: that would keep the topic from ever being changed.
    arn = environment.alarm_topic or Stack.of(scope).format_arn(service="sns", resource=_topic_name(environment))
    return sns.Topic.from_topic_arn(scope, "AlarmTopic", arn)


def alarm_actions(scope: Construct, environment: Environment) -> list[cloudwatch.IAlarmAction]:
    """Return the actions of an alarm that no composite alarm tells of: it notifies the environment's topic."""
    return [SnsAction(alarm_topic(scope, environment))]


def _topic_name(environment: Environment) -> str:
    return f"penstock-{environment.name}-alarms"
