"""The state of a metric alarm from the data points of its evaluation range.

Source: AmazonCloudWatch, alarm-evaluation and alarms-and-missing-data ("How alarm state is evaluated when data is
missing", "Avoiding premature transitions to alarm state").
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState

if TYPE_CHECKING:
    from collections.abc import Sequence

EXTRA_DATA_POINTS: Final = 2
"""The data points beyond EvaluationPeriods that an evaluation reads.

AWS documents that there are more, and that their number depends on the period; its examples all have 5 for 3.
"""


class MissingDataTreatment(StrEnum):
    """A treatment of missing data (TreatMissingData)."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


def state_of(
    breaches: Sequence[bool | None],
    *,
    evaluation_periods: int,
    datapoints_to_alarm: int,
    treatment: MissingDataTreatment,
    before: AlarmState,
) -> AlarmState:
    """Return the state after an evaluation.

    Args:
        breaches: the data points of the evaluation range, oldest first: True if one breaches, None if missing.
        evaluation_periods: N of "M out of N".
        datapoints_to_alarm: M of "M out of N".
        treatment: the treatment of data points that are missing, and that real ones from further back do not replace.
        before: the state before.
    """
    real = [each for each in breaches if each is not None][-evaluation_periods:]
    breaching = sum(real)
    to_fill = evaluation_periods - len(real)
    if treatment is MissingDataTreatment.BREACHING:
        breaching += to_fill
    if breaching >= datapoints_to_alarm:
        return AlarmState.ALARM
    if (
        to_fill == 0
        or False in real
        or treatment in (MissingDataTreatment.NOT_BREACHING, MissingDataTreatment.BREACHING)
    ):
        return AlarmState.OK
    if treatment is MissingDataTreatment.IGNORE:
        return before
    return AlarmState.ALARM if _has_lasted(breaches, datapoints_to_alarm) else AlarmState.INSUFFICIENT_DATA


def _has_lasted(breaches: Sequence[bool | None], datapoints_to_alarm: int) -> bool:
    """Return True if a breach is as old as M, and only breaches and missing data came after it.

    Then CloudWatch does not wait for more. A breach that is newer may be followed by data that does not breach.
    """
    return True in breaches and len(breaches) - breaches.index(True) >= datapoints_to_alarm
