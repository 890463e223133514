"""The metrics that penstock's own functions write into their logs, and that of its metric filter."""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.embedded_metrics import METRICS_OF_PENSTOCK
from cdk_penstock.model.metrics.metric_definition import MetricDefinition, MetricKind, MissingData
from cdk_penstock.model.snapshots.snapshot_check import AGE_METRIC, COUNT_METRIC, FAILURES_METRIC

_FORMAT_PAGE: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"


def _metric(
    name: str, meaning: str, *, kind: MetricKind, unit: str = "Count", scaling: bool = False
) -> MetricDefinition:
    return MetricDefinition(
        name=name,
        meaning=meaning,
        namespace=METRICS_OF_PENSTOCK,
        unit=unit,
        kind=kind,
        statistic="Sum" if kind is MetricKind.COUNT else "Maximum",
        missing=MissingData.NO_EVENT if kind is MetricKind.COUNT else MissingData.NOT_MEASURED,
        page=_FORMAT_PAGE,
        dimensions=("Application", "ScaledBy") if scaling else ("Application",),
    )


METRICS_OF_LOGS: Final = "Penstock/Logs"
"""The namespace of metric filters."""
UNEXPECTED_TRANSITIONS_METRIC: Final = "UnexpectedTransitions"
"""The beginning of the name; the application's name follows."""
_FILTER_PAGE: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html"

_GAUGE: Final = MetricKind.GAUGE
_COUNT: Final = MetricKind.COUNT

PENSTOCK_METRICS: Final = (
    _metric(
        AGE_METRIC, "Age of the newest READY snapshot; 0 while the application is stopped.", kind=_GAUGE, unit="Seconds"
    ),
    _metric(COUNT_METRIC, "Number of snapshots.", kind=_GAUGE),
    _metric(FAILURES_METRIC, "Steps of the snapshot schedule that failed.", kind=_COUNT),
    _metric("LoopRollbacks", "Rollbacks of a job that failed again and again.", kind=_COUNT),
    _metric("LoopRollbackFailures", "Rollbacks that failed.", kind=_COUNT),
    _metric("OpenPermissionWindows", "Keys that the operator role may use beside the configured one.", kind=_GAUGE),
    _metric("AwsOwnedSnapshots", "Snapshots under the AWS-owned key.", kind=_GAUGE),
    _metric("Parallelism", "Parallelism that scaling found.", kind=_GAUGE, scaling=True),
    _metric("ScalingRequests", "Changes of parallelism that scaling asked for.", kind=_COUNT, scaling=True),
    _metric("ScalingFailures", "Looks of scaling that need a person.", kind=_COUNT, scaling=True),
    MetricDefinition(
        name=UNEXPECTED_TRANSITIONS_METRIC,
        meaning="Subtasks and jobs that left RUNNING without an order; the name of the application follows.",
        namespace=METRICS_OF_LOGS,
        unit="Count",
        kind=_COUNT,
        statistic="Sum",
        missing=MissingData.NO_EVENT,
        page=_FILTER_PAGE,
        dimensions=(),
    ),
)
