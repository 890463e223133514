"""The rule of a composite alarm over a list that grows while the app is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import IStringProducer, Lazy
from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from aws_cdk import IResolveContext


@jsii.implements(cloudwatch.IAlarmRule)
class AnyAlarm:
    """Rule that is fulfilled while any alarm of a list is in ALARM, with all that are in it at the end of the app."""

    def __init__(self, alarms: list[cloudwatch.Alarm]) -> None:
        self._alarms = alarms

    def render_alarm_rule(self) -> str:
        """Return the rule's text."""
        return Lazy.uncached_string(_RuleText(self._alarms))


@jsii.implements(IStringProducer)
class _RuleText:
    """Text of a rule of alarms, made when the app is synthesized."""

    def __init__(self, alarms: list[cloudwatch.Alarm]) -> None:
        self._alarms = alarms

    def produce(self, _context: IResolveContext) -> str:
        """Return the text."""
        return " OR ".join(f'ALARM("{alarm.alarm_arn}")' for alarm in self._alarms)
