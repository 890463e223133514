"""Graphs of an application's metrics in CloudWatch, by section; names depend on its runtime and metrics level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.application import MetricsLevel
from cdk_penstock.model.names import METRICS_NAMESPACE
from cdk_penstock.observability.dashboard_widgets import PERIOD, Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.application.flink_application_base import FlinkApplicationBase

_TASK_METRICS: Final = {
    "Busy time by task": ("busyTimeMsPerSecond", "ms/s"),
    "Back pressure by task": ("backPressuredTimeMsPerSecond", "ms/s"),
    "Records in by task": ("numRecordsInPerSecond", "records/s"),
}
"""MSF has these for tasks: the first two have no value for the application."""


def application_graphs(
    application: FlinkApplicationBase, *, metrics_level: MetricsLevel, counters: Mapping[str, Sequence[str]]
) -> dict[str, list[Graph]]:
    """Return the graphs of each section; tasks have one only if the metrics level is not ``APPLICATION``."""
    sections = {
        "Health": _health(application),
        "Throughput and lag": _flow(application),
        "Checkpoints": _checkpoints(application),
        "Resources": _resources(application),
        "Errors": _errors(application, counters),
    }
    if metrics_level is not MetricsLevel.APPLICATION:
        sections["Tasks"] = [
            Graph(title=title, unit=unit, metrics=[_by_task(application, name)])
            for title, (name, unit) in _TASK_METRICS.items()
        ]
    return sections


def overview_graphs(application: FlinkApplicationBase) -> list[Graph]:
    """Return the graphs of an application among others: restarts, records and lag."""
    restarts = Graph(
        title=f"{application.application_name}: restarts", unit="count", metrics=[_health(application)[2].metrics[0]]
    )
    records, lag = _flow(application)
    return [
        restarts,
        *(
            Graph(
                title=f"{application.application_name}: {graph.title[0].lower()}{graph.title[1:]}",
                unit=graph.unit,
                metrics=graph.metrics,
                right=graph.right,
                right_unit=graph.right_unit,
            )
            for graph in (records, lag)
        ),
    ]


def _health(application: FlinkApplicationBase) -> list[Graph]:
    return [
        Graph(
            title="Uptime: falls to 0 with each update and restart",
            unit="ms",
            metrics=[application.metric_uptime(period=PERIOD, label="uptime")],
        ),
        Graph(
            title="Downtime: above 0 while the job has failed",
            unit="ms",
            metrics=[application.metric_downtime(period=PERIOD, label="downtime")],
        ),
        Graph(
            title="Restarts since the last start or update",
            unit="count",
            metrics=[application.metric_restarts(period=PERIOD, label="restarts")],
        ),
    ]


def _flow(application: FlinkApplicationBase) -> list[Graph]:
    return [
        Graph(
            title="Records in and out",
            unit="records/s",
            metrics=[
                application.metric_records_in_per_second(period=PERIOD, label="in"),
                application.metric_records_out_per_second(period=PERIOD, label="out"),
            ],
        ),
        Graph(
            title="Lag: Kafka on the left, Kinesis on the right",
            unit="records",
            metrics=[application.metric_kafka_lag(period=PERIOD, label="Kafka, largest partition")],
            right=[application.metric_kinesis_lag(period=PERIOD, label="Kinesis, behind the newest")],
            right_unit="ms",
        ),
    ]


def _checkpoints(application: FlinkApplicationBase) -> list[Graph]:
    return [
        Graph(
            title="Duration of the last checkpoint",
            unit="ms",
            metrics=[application.metric_last_checkpoint_duration(period=PERIOD, label="duration")],
        ),
        Graph(
            title="Size of the last checkpoint",
            unit="bytes",
            metrics=[application.metric_last_checkpoint_size(period=PERIOD, label="size")],
        ),
        Graph(
            title="Failed checkpoints since the last start or update",
            unit="count",
            metrics=[application.metric_failed_checkpoints(period=PERIOD, label="failed")],
        ),
    ]


def _resources(application: FlinkApplicationBase) -> list[Graph]:
    return [
        Graph(
            title="CPU and memory",
            unit="%",
            metrics=[
                application.metric_cpu_utilization(period=PERIOD, label="CPU of task managers"),
                application.metric_container_cpu_utilization(period=PERIOD, label="CPU of containers"),
                application.metric_heap_memory_utilization(period=PERIOD, label="heap"),
                application.metric_container_memory_utilization(period=PERIOD, label="memory of containers"),
            ],
        ),
        Graph(title="KPUs", unit="KPUs", metrics=[application.metric_kpus(label="KPUs")]),
        Graph(
            title="Time in garbage collection of the old generation",
            unit="ms",
            metrics=[application.metric_old_generation_gc_time(period=PERIOD, label="old generation")],
        ),
    ]


def _errors(application: FlinkApplicationBase, counters: Mapping[str, Sequence[str]]) -> list[Graph]:
    late = Graph(
        title="Late records that Flink's windows dropped",
        unit="records",
        metrics=[application.metric_late_records_dropped(period=PERIOD, label="late records")],
    )
    own = [
        Graph(
            title=title,
            unit="count",
            metrics=[application.metric(name, statistic="Maximum", period=PERIOD, label=name) for name in names],
        )
        for title, names in counters.items()
    ]
    return [late, *own]


def _by_task(application: FlinkApplicationBase, name: str) -> cloudwatch.MathExpression:
    # The names of tasks are Flink's, and are not known before the job runs.
    search = (
        f'{{{METRICS_NAMESPACE},Application,Task}} MetricName="{name}" Application="{application.application_name}"'
    )
    expression = f"SEARCH('{search}', 'Average', {PERIOD.to_seconds()})"
    return cloudwatch.MathExpression(
        expression=expression, using_metrics={}, label="${PROP('Dim.Task')}", period=PERIOD
    )
