"""Graphs of an application's metrics in CloudWatch, by section.

Names, statistics and levels are those of the table of metrics (``model/metrics``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.model.metrics import msf_metric
from cdk_penstock.observability.dashboard_widgets import PERIOD, Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.application.flink_application_base import FlinkApplicationBase
    from cdk_penstock.model.metrics import MetricDefinition, MetricsLevel

_HOURLY: Final = frozenset({"KPUs"})

_SECTIONS: Final[Mapping[str, Mapping[str, tuple[str, Mapping[str, str]]]]] = {
    "Health": {
        "Uptime: falls to 0 with each update and restart": ("ms", {"uptime": "uptime"}),
        "Downtime: above 0 while the job has failed": ("ms", {"downtime": "downtime"}),
        "Restarts since the last start or update": ("count", {"fullRestarts": "restarts"}),
    },
    "Throughput": {
        "Records in": ("records/s", {"numRecordsInPerSecond": "in"}),
        "Records out": ("records/s", {"numRecordsOutPerSecond": "out"}),
    },
    "Lag": {
        "Behind the newest of the Kafka partitions": ("records", {"records_lag_max": "worst partition"}),
        "Behind the newest of the Kinesis streams": ("ms", {"millisBehindLatest": ""}),
    },
    "Checkpoints": {
        "Duration of the last checkpoint": ("ms", {"lastCheckpointDuration": "duration"}),
        "Size of the last checkpoint": ("bytes", {"lastCheckpointSize": "size"}),
        "Failed checkpoints since the last start": ("count", {"numberOfFailedCheckpoints": "failed"}),
    },
    "Resources": {
        "CPU": ("%", {"cpuUtilization": "JVMs of task managers", "containerCPUUtilization": "containers"}),
        "Memory": ("%", {"heapMemoryUtilization": "heap", "containerMemoryUtilization": "containers"}),
        "KPUs, once an hour": ("KPUs", {"KPUs": "KPUs"}),
        "Collection of old garbage since the last start": ("ms", {"oldGenerationGCTime": "time"}),
        "Threads": ("count", {"threadsCount": "live"}),
        "Disk": ("%", {"containerDiskUtilization": "containers"}),
    },
    "Errors": {"Late records that windows of Flink dropped": ("records", {"numLateRecordsDropped": "late records"})},
    "Tasks": {
        "Busy": ("ms/s", {"busyTimeMsPerSecond": ""}),
        "Back pressure": ("ms/s", {"backPressuredTimeMsPerSecond": ""}),
        "Idle": ("ms/s", {"idleTimeMsPerSecond": ""}),
    },
}
"""Sections, their graphs, and the unit and the labelled metrics of each graph, by their names before Flink 2.2."""

_OVERVIEW: Final = (
    "Restarts since the last start or update",
    "Records in",
    "Behind the newest of the Kafka partitions",
)


def application_graphs(
    application: FlinkApplicationBase,
    *,
    metrics_level: MetricsLevel,
    counters: Mapping[str, Sequence[MetricDefinition]],
) -> dict[str, list[Graph]]:
    """Return the graphs of each section, without metrics that the application does not send at its metrics level."""
    sections = {
        section: [
            Graph(
                title=title,
                unit=unit,
                metrics=[_line(application, msf_metric(name), label) for name, label in lines.items()],
            )
            for title, (unit, lines) in graphs.items()
            if all(msf_metric(name).is_sent_at(metrics_level) for name in lines)
        ]
        for section, graphs in _SECTIONS.items()
    }
    sections["Errors"] += [
        Graph(title=title, unit="count", metrics=[_line(application, each, each.name) for each in definitions])
        for title, definitions in counters.items()
    ]
    return {section: graphs for section, graphs in sections.items() if graphs}


def overview_graphs(application: FlinkApplicationBase, *, metrics_level: MetricsLevel) -> list[Graph]:
    """Return the graphs of an application among others: restarts, records and lag."""
    sections = application_graphs(application, metrics_level=metrics_level, counters={})
    graphs = {graph.title: graph for section in sections.values() for graph in section}
    return [graphs[title] for title in _OVERVIEW]


def _line(application: FlinkApplicationBase, definition: MetricDefinition, label: str) -> cloudwatch.IMetric:
    if len(definition.dimensions) > 1:
        return _searched(application, definition)
    period = Duration.hours(1) if definition.name in _HOURLY else PERIOD
    parts = [
        application.metric(name, statistic=definition.statistic, label=label, period=period)
        for name in definition.names_on(application.runtime)
    ]
    if len(parts) == 1:
        return parts[0]
    return cloudwatch.MathExpression(
        expression=" + ".join(f"m{i}" for i in range(len(parts))),
        using_metrics={f"m{i}": part for i, part in enumerate(parts)},
        label=label,
        period=PERIOD,
    )


def _searched(application: FlinkApplicationBase, definition: MetricDefinition) -> cloudwatch.MathExpression:
    # The names of tasks are Flink's, and are not known before the job runs; nor are the streams that a job reads.
    schema = ",".join((definition.namespace, *definition.dimensions))
    search = f'{{{schema}}} MetricName="{definition.name}" Application="{application.application_name}"'
    expression = f"SEARCH('{search}', '{definition.statistic}', {PERIOD.to_seconds()})"
    return cloudwatch.MathExpression(
        expression=expression, using_metrics={}, label=f"${{PROP('Dim.{definition.dimensions[-1]}')}}", period=PERIOD
    )
