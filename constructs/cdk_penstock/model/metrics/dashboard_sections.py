"""The sections of an application's dashboards, their graphs, and the metrics of each graph.

The dashboards of CloudWatch and of Grafana are made of it, with names, statistics and levels of the table of metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.metrics.msf_metrics import msf_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.metrics.metric_definition import MetricDefinition
    from cdk_penstock.model.metrics.metrics_level import MetricsLevel

OVERVIEW: Final = ("Restarts since the last start or update", "Records in and out", "Behind the newest record")
"""Titles of the graphs that show an application among others."""
NOW: Final = (
    "Uptime: falls to 0 with each update and restart",
    "Downtime: above 0 while the job has failed",
    "Restarts since the last start or update",
    "Failed checkpoints since the last start",
    "Duration of the last checkpoint",
    "Behind the newest record",
)
"""Titles of the graphs whose last value tells a person on call where to look."""


@dataclass(frozen=True, kw_only=True)
class ShownMetric:
    """A line of a graph: its metric, and the text that names it."""

    metric: MetricDefinition
    label: str

    @property
    def other_dimensions(self) -> tuple[str, ...]:
        """The dimensions beside the application, such as its tasks or streams: the metric has a line for each value.

        Nobody knows the values before the job runs.
        """
        return self.metric.dimensions[1:]


@dataclass(frozen=True, kw_only=True)
class ShownGraph:
    """A graph.

    Parameters
    ----------
    title, unit
        Text above the graph, and at its axis.
    lines
        Its lines.
    divisor
        Number by which values are divided to have the unit. Default: 1.
    period_seconds
        Seconds between two samples. Default: 60, as MSF sends most metrics.
    other_unit, other_lines
        Lines that belong to another axis, and its unit. Default: none.
    """

    title: str
    unit: str
    lines: tuple[ShownMetric, ...]
    divisor: int = 1
    period_seconds: int = 60
    other_unit: str = ""
    other_lines: tuple[ShownMetric, ...] = ()

    def is_sent_at(self, level: MetricsLevel) -> bool:
        """Return True if an application with this metrics level sends every metric of the graph."""
        return all(line.metric.is_sent_at(level) for line in (*self.lines, *self.other_lines))


def sections_at(
    level: MetricsLevel, counters: Mapping[str, Sequence[MetricDefinition]]
) -> dict[str, tuple[ShownGraph, ...]]:
    """Return the graphs of each section without what the metrics level does not send.

    ``counters`` are titles of graphs among the errors, and the job's own counters in each.
    """
    shown = {
        section: tuple(graph for graph in graphs if graph.is_sent_at(level)) for section, graphs in _SECTIONS.items()
    }
    shown["Errors"] += tuple(
        ShownGraph(title=title, unit="count", lines=_counter_lines(metrics)) for title, metrics in counters.items()
    )
    return {section: graphs for section, graphs in shown.items() if graphs}


def _counter_lines(metrics: Sequence[MetricDefinition]) -> tuple[ShownMetric, ...]:
    # Counters of one graph begin alike, and the title says it already.
    names = [metric.name for metric in metrics]
    prefix = commonprefix(names) if len(names) > 1 else ""  # noqa: RUF071 - of characters: these are no paths
    return tuple(
        ShownMetric(metric=metric, label=metric.name.removeprefix(prefix) or metric.name) for metric in metrics
    )


def _lines(lines: Mapping[str, str]) -> tuple[ShownMetric, ...]:
    return tuple(ShownMetric(metric=msf_metric(name), label=label) for name, label in lines.items())


def _graph(title: str, unit: str, *, divisor: int = 1, period_seconds: int = 60, **lines: str) -> ShownGraph:
    return ShownGraph(title=title, unit=unit, lines=_lines(lines), divisor=divisor, period_seconds=period_seconds)


_SECTIONS: Final = {
    "Health": (
        _graph("Uptime: falls to 0 with each update and restart", "hours", divisor=3_600_000, uptime="uptime"),
        _graph("Downtime: above 0 while the job has failed", "ms", downtime="downtime"),
        _graph("Restarts since the last start or update", "count", fullRestarts="restarts"),
    ),
    "Throughput and lag": (
        # A window makes few records of many, so that they share no axis.
        ShownGraph(
            title="Records in and out",
            unit="records/s in",
            lines=_lines({"numRecordsInPerSecond": "in"}),
            other_unit="records/s out",
            other_lines=_lines({"numRecordsOutPerSecond": "out"}),
        ),
        # A job sends only the metric of its source.
        ShownGraph(
            title="Behind the newest record",
            unit="records",
            lines=_lines({"records_lag_max": "worst partition of Kafka"}),
            other_unit="ms",
            other_lines=_lines({"millisBehindLatest": "worst shard of Kinesis"}),
        ),
    ),
    "Checkpoints": (
        _graph("Duration of the last checkpoint", "ms", lastCheckpointDuration="duration"),
        _graph("Size of the last checkpoint", "bytes", lastCheckpointSize="size"),
        _graph("Failed checkpoints since the last start", "count", numberOfFailedCheckpoints="failed"),
    ),
    "Resources": (
        _graph("CPU", "%", cpuUtilization="JVMs of task managers", containerCPUUtilization="containers"),
        _graph("Memory", "%", heapMemoryUtilization="heap", containerMemoryUtilization="containers"),
        _graph("KPUs, once an hour", "KPUs", period_seconds=3600, KPUs="KPUs"),
        _graph("Collection of old garbage since the last start", "ms", oldGenerationGCTime="time"),
        _graph("Threads", "count", threadsCount="live"),
        _graph("Disk", "%", containerDiskUtilization="containers"),
    ),
    "Errors": (_graph("Late records that windows of Flink dropped", "records", numLateRecordsDropped="late records"),),
    "Tasks": (
        _graph("Busy", "ms/s", busyTimeMsPerSecond="busy"),
        _graph("Back pressure", "ms/s", backPressuredTimeMsPerSecond="back pressure"),
        _graph("Idle", "ms/s", idleTimeMsPerSecond="idle"),
    ),
}
