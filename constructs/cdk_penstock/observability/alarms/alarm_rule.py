"""The rule by which one alarm is raised, and how its text is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.foundation.runbooks import runbook

if TYPE_CHECKING:
    from constructs import Construct

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD


class Severity(Enum):
    """The people whom an alarm is for."""

    PAGE = "Page"
    TICKET = "Ticket"


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """One alarm.

    Parameters
    ----------
    kind
        Its kind in kebab case: the name of its runbook.
    severity
        The people whom it is for.
    text
        What has happened, without the application's name.
    metric
        The metric or expression.
    threshold
        The value that it is compared with.
    periods
        Periods that are looked at, all of which must breach.
    comparison
        How it is compared. Default: above.
    is_missing_breaching
        True if a period without a sample counts as a breach. Default: it does not, because a stopped application has no
        metrics, of which the alarm not-running tells.
    """

    kind: str
    severity: Severity
    text: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int
    comparison: cloudwatch.ComparisonOperator = _ABOVE
    is_missing_breaching: bool = False

    def build(self, scope: Construct, construct_id: str, *, application_name: str) -> cloudwatch.Alarm:
        """Make the alarm."""
        missing = cloudwatch.TreatMissingData
        return cloudwatch.Alarm(
            scope,
            construct_id,
            alarm_description=f"{application_name}: {self.text}. {runbook(scope, self.kind)}",
            metric=self.metric,
            threshold=self.threshold,
            comparison_operator=self.comparison,
            evaluation_periods=self.periods,
            datapoints_to_alarm=self.periods,
            treat_missing_data=missing.BREACHING if self.is_missing_breaching else missing.NOT_BREACHING,
        )
