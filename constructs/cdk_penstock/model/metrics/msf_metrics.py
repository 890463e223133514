"""The metrics that MSF sends for an application.

Source: managed-flink, "Metrics and dimensions". A metric of the levels Task, Operator and Parallelism only is not sent
by an application with the metrics level APPLICATION.
"""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.metrics.metric_definition import ALL_LEVELS, MetricDefinition, MetricKind, MissingData
from cdk_penstock.model.metrics.metrics_level import MetricsLevel
from cdk_penstock.model.names import METRICS_NAMESPACE

METRICS_PAGE: Final = "https://docs.aws.amazon.com/managed-flink/latest/java/metrics-dimensions.html"
_BELOW_APPLICATION: Final = ALL_LEVELS - {MetricsLevel.APPLICATION}
_GAUGE: Final = MetricKind.GAUGE
_COUNTER: Final = MetricKind.CUMULATIVE_COUNTER


def _metric(
    name: str,
    unit: str,
    meaning: str,
    *,
    kind: MetricKind = _GAUGE,
    statistic: str = "Maximum",
    from_2_2: tuple[str, ...] | None = None,
    below_application: bool = False,
    dimensions: tuple[str, ...] = ("Application",),
) -> MetricDefinition:
    return MetricDefinition(
        name=name,
        meaning=meaning,
        namespace=METRICS_NAMESPACE,
        unit=unit,
        kind=kind,
        statistic=statistic,
        missing=MissingData.NOT_RUNNING,
        page=METRICS_PAGE,
        names_from_2_2=from_2_2,
        levels=_BELOW_APPLICATION if below_application else ALL_LEVELS,
        dimensions=("Application", "Task") if below_application else dimensions,
    )


_TABLE: Final = (
    _metric(
        "fullRestarts",
        "Count",
        "Restarts of the job since it was started.",
        kind=_COUNTER,
        from_2_2=("numRestarts",),
    ),
    _metric(
        "uptime",
        "Milliseconds",
        "Time since the job's last failure.",
        from_2_2=("runningTime",),
    ),
    _metric(
        "downtime",
        "Milliseconds",
        "Time for which the job has been failing or recovering; 0 while it runs.",
        from_2_2=("restartingTime", "cancellingTime", "failingTime"),
    ),
    _metric("KPUs", "Count", "KPUs, the orchestration one included; one sample an hour."),
    _metric("cpuUtilization", "Percent", "CPU use of the task managers' JVMs."),
    _metric("containerCPUUtilization", "Percent", "CPU use of the containers; autoscaling acts on it."),
    _metric("containerMemoryUtilization", "Percent", "Memory use of the containers."),
    _metric("containerDiskUtilization", "Percent", "Disk use of the containers."),
    _metric("heapMemoryUtilization", "Percent", "JVM heap use."),
    _metric("oldGenerationGCTime", "Milliseconds", "Time spent collecting the old generation.", kind=_COUNTER),
    _metric("oldGenerationGCCount", "Count", "Collections of the old generation.", kind=_COUNTER),
    _metric("threadsCount", "Count", "Live threads."),
    _metric("managedMemoryUtilization", "Percent", "Use of Flink's managed memory."),
    _metric("lastCheckpointDuration", "Milliseconds", "Time that the last checkpoint took."),
    _metric("lastCheckpointSize", "Bytes", "Size of the last checkpoint."),
    _metric(
        "numberOfFailedCheckpoints",
        "Count",
        "Failed checkpoints since the job was started.",
        kind=_COUNTER,
    ),
    _metric("numRecordsIn", "Count", "Records that came in.", kind=_COUNTER),
    _metric("numRecordsOut", "Count", "Records that went out.", kind=_COUNTER),
    _metric(
        "numRecordsInPerSecond",
        "Count/Second",
        "Records that came in, per second.",
        kind=MetricKind.RATE,
        statistic="Average",
    ),
    _metric(
        "numRecordsOutPerSecond",
        "Count/Second",
        "Records that went out, per second.",
        kind=MetricKind.RATE,
        statistic="Average",
    ),
    _metric(
        "numLateRecordsDropped", "Count", "Records that a window dropped because they came too late.", kind=_COUNTER
    ),
    _metric("currentInputWatermark", "Milliseconds", "The last watermark that came in, in event time."),
    _metric("currentOutputWatermark", "Milliseconds", "The last watermark that went out, in event time."),
    _metric(
        "backPressuredTimeMsPerSecond",
        "Milliseconds",
        "Time of each second in which the task waits for the next one.",
        below_application=True,
    ),
    _metric(
        "busyTimeMsPerSecond", "Milliseconds", "Time of each second in which the task works.", below_application=True
    ),
    _metric(
        "idleTimeMsPerSecond",
        "Milliseconds",
        "Time of each second in which the task has no input.",
        below_application=True,
    ),
    # The page writes millisbehindLatest in its table; the metric itself, and the page's other texts, have the B.
    # For dimensions, the page says "Application (for Stream)". AWS's sample dashboards (aws-samples:
    # kda-metrics-dashboard, amazon-managed-service-for-apache-flink-examples) have Id for the stream, and Flow.
    _metric(
        "millisBehindLatest",
        "Milliseconds",
        "Time that the job is behind the newest record of a Kinesis stream.",
        dimensions=("Application", "Flow", "Id"),
    ),
    # Those dashboards have this one by the application alone.
    _metric("records_lag_max", "Count", "Records that the job is behind in its worst Kafka partition."),
    _metric("commitsFailed", "Count", "Commits of Kafka offsets that failed.", kind=_COUNTER),
)

MSF_METRICS: Final = {metric.name: metric for metric in _TABLE}
"""The metrics of an application by the name that they have before Flink 2.2."""


def msf_metric(name: str) -> MetricDefinition:
    """Return the metric with this name before Flink 2.2."""
    return MSF_METRICS[name]
