"""Composite alarms, read from the properties of ``AWS::CloudWatch::CompositeAlarm``, and who holds their actions back.

Source: AWS CloudFormation, AWS::CloudWatch::CompositeAlarm; AmazonCloudWatch, Create_Composite_Alarm_Suppression.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
from cdk_penstock.model.alarm_evaluation.composite_rule import AlarmRule

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class CompositeAlarm:
    """An alarm on the states of others."""

    rule: AlarmRule
    suppressor: str | None = None
    wait_period_seconds: int = 0
    extension_period_seconds: int = 0
    has_actions: bool = False

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> CompositeAlarm:
        """Return the alarm of a template's properties, without intrinsic functions."""
        return cls(
            rule=AlarmRule.parse(str(properties["AlarmRule"])),
            suppressor=properties.get("ActionsSuppressor"),
            wait_period_seconds=int(properties.get("ActionsSuppressorWaitPeriod", 0)),
            extension_period_seconds=int(properties.get("ActionsSuppressorExtensionPeriod", 0)),
            has_actions=bool(properties.get("AlarmActions")) and properties.get("ActionsEnabled", True) is True,
        )

    def children(self) -> frozenset[str]:
        """Return the names of the alarms that this one depends on."""
        return self.rule.children | ({self.suppressor} if self.suppressor else frozenset())

    def state(self, states: Mapping[str, AlarmState]) -> AlarmState:
        """Return the state for those of the other alarms."""
        return AlarmState.ALARM if self.rule.holds(states) else AlarmState.OK


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """The actions of a composite alarm in the course of time: the state that they told last, and what holds them back.

    With a suppressor that is not in ALARM, a change of state waits for it during the WaitPeriod. When it leaves ALARM,
    the ExtensionPeriod begins. When nothing holds the actions back any more, they tell the state that there is then.
    """

    told: AlarmState = AlarmState.INSUFFICIENT_DATA
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    suppressor_alarms: bool = False
    held_until_seconds: float = 0

    def after(
        self, alarm: CompositeAlarm, states: Mapping[str, AlarmState], state: AlarmState, *, now_seconds: int
    ) -> Suppression:
        """Return what holds the actions back after an evaluation; ``told`` is new if an action was taken."""
        suppressed = alarm.suppressor is not None and states[alarm.suppressor] is AlarmState.ALARM
        held_until = self.held_until_seconds
        if self.suppressor_alarms and not suppressed:
            held_until = now_seconds + alarm.extension_period_seconds
        elif state is not self.state and alarm.suppressor is not None and not suppressed:
            # A change during a period that runs already does not begin another one.
            held_until = max(held_until, now_seconds + alarm.wait_period_seconds if held_until <= now_seconds else 0)
        free = not suppressed and held_until <= now_seconds
        return replace(
            self,
            told=state if free else self.told,
            state=state,
            suppressor_alarms=suppressed,
            held_until_seconds=held_until,
        )
