"""The scheduled snapshots of one application: metrics and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_penstock.foundation.metric_options import MetricMethod, MetricOptions, build_metric
from cdk_penstock.foundation.runbooks import runbook
from cdk_penstock.model.embedded_metrics import METRICS_OF_PENSTOCK
from cdk_penstock.model.lifecycle.snapshots import MAXIMUM_SNAPSHOTS
from cdk_penstock.model.snapshots.retention import NEAR_LIMIT
from cdk_penstock.model.snapshots.snapshot_check import (
    AGE_METRIC,
    APPLICATION_DIMENSION,
    COUNT_METRIC,
    FAILURES_METRIC,
)

if TYPE_CHECKING:
    from cdk_penstock.application import IFlinkApplication

_HOUR: Final = Duration.hours(1)


class ApplicationSnapshots(Construct):
    """The snapshots of one application that a SnapshotSchedule takes; SnapshotSchedule.add_application makes it.

    Its metrics are in the namespace ``Penstock`` and have the application's name as the dimension ``Application``. The
    schedule writes them once an hour.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, application: IFlinkApplication, max_age: Duration
    ) -> None:
        super().__init__(scope, construct_id)
        self.application = application
        self.age_alarm = self._build_age_alarm(max_age)
        self.count_alarm = self._build_count_alarm()

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return one of the metrics, by default its average over five minutes."""
        dimensions = {APPLICATION_DIMENSION: self.application.application_name}
        return build_metric(self, METRICS_OF_PENSTOCK, name, dimensions=dimensions, options=options)

    metric_snapshot_age = MetricMethod(
        AGE_METRIC,
        "Maximum",
        "Age of the newest READY snapshot in seconds; 0 while the application is stopped, with nothing newer to lose.",
    )
    metric_snapshot_count = MetricMethod(COUNT_METRIC, "Maximum", "Number of snapshots.")
    metric_snapshot_failures = MetricMethod(
        FAILURES_METRIC, "Sum", "Number of steps that failed: to take a snapshot, to delete some, or to look at them."
    )

    def add_alarm_action(self, *actions: cloudwatch.IAlarmAction) -> None:
        """Notify somebody of both alarms."""
        for alarm in (self.age_alarm, self.count_alarm):
            alarm.add_alarm_action(*actions)

    def _build_age_alarm(self, max_age: Duration) -> cloudwatch.Alarm:
        hours = max_age.to_hours(integral=False)
        return cloudwatch.Alarm(
            self,
            "AgeAlarm",
            alarm_description=(
                f"The newest good snapshot of {self.application.application_name} is older than {hours:g} hours, or its"
                f" schedule does not run. {runbook(self, 'snapshot-age')}"
            ),
            metric=self.metric_snapshot_age(period=_HOUR),
            threshold=max_age.to_seconds(),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            # One hour can be without a run: schedules begin within a minute of their time.
            evaluation_periods=2,
            # A schedule that does not run reports nothing.
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def _build_count_alarm(self) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "CountAlarm",
            alarm_description=(
                f"{self.application.application_name} has {NEAR_LIMIT} snapshots or more; with {MAXIMUM_SNAPSHOTS}, MSF"
                f" takes none on request. {runbook(self, 'snapshot-count')}"
            ),
            metric=self.metric_snapshot_count(period=_HOUR),
            threshold=NEAR_LIMIT,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            # The other alarm tells of a schedule that does not run.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
