"""The present states of alarms in CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.retries import call_with_retry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.control.clients import Clock, Response


class AlarmsClient(Protocol):
    """The client ``cloudwatch``."""

    def describe_alarms(self, **request: Any) -> Response:
        """Return a page of MetricAlarms."""


@dataclass(frozen=True, kw_only=True)
class AlarmState:
    """The state of an alarm, and CloudWatch's reason for it."""

    is_raised: bool
    reason: str


def alarm_states(client: AlarmsClient, names: Sequence[str], *, clock: Clock) -> list[AlarmState]:
    """Return the states of some alarms, in the order of their names; raise ControlError where one is missing."""
    answer = call_with_retry(
        lambda: client.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm"]),
        action="describe the alarms on the lag (cloudwatch:DescribeAlarms)",
        clock=clock,
    )
    found = {each["AlarmName"]: each for each in answer.get("MetricAlarms", ())}
    missing = [name for name in names if name not in found]
    if missing:
        raise ControlError(
            f"expected the alarms {', '.join(names)}, {', '.join(missing)} is not there: deploy the stack again, which"
            " creates it"
        )
    return [
        AlarmState(is_raised=found[name]["StateValue"] == "ALARM", reason=found[name].get("StateReason", ""))
        for name in names
    ]
