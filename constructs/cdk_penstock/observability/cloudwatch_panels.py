"""Panels of Grafana for an application's metrics in CloudWatch; importing this imports grafana-foundation-sdk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import cloudwatch
from grafana_foundation_sdk.models.cloudwatch import CloudWatchQueryMode, MetricEditorMode, MetricQueryType
from grafana_foundation_sdk.models.common import AxisPlacement, BigValueGraphMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from cdk_penstock.observability.grafana_builders import THIRD, bare_chart, bare_number, reference_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grafana_foundation_sdk.builders import stat, timeseries

    from cdk_penstock.model.metrics import MetricDefinition
    from cdk_penstock.model.metrics.dashboard_sections import ShownGraph, ShownMetric
    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.observability.dashboard import CloudWatchDataSource

_UNITS: Final = {
    "Milliseconds": "ms",
    "Bytes": "bytes",
    "Percent": "percent",
    "Count": "short",
    "Count/Second": "short",
}
"""Grafana's name of each unit of CloudWatch."""

_FRESH: Final = "15m"
"""The time of which a figure is the last value: MSF sends a sample a minute, some minutes late."""


@dataclass(frozen=True, kw_only=True)
class ApplicationMetrics:
    """The metrics of an application in a data source for CloudWatch, as panels.

    Parameters
    ----------
    application_name, runtime
        The application, and its runtime, which has names for metrics.
    data_source
        The data source.
    """

    application_name: str
    runtime: FlinkRuntime
    data_source: CloudWatchDataSource

    def number(self, graph: ShownGraph, *, steps: Mapping[float, str] | None = None) -> stat.Panel:
        """Return the last values of a graph's metrics within 15 minutes, a quarter of the page wide."""
        panel = (
            bare_number(_short(graph.title), _description(graph), steps=steps)
            .unit(_unit(graph.lines[0].metric))
            .decimals(0)
            .graph_mode(BigValueGraphMode.AREA)
            .time_from(_FRESH)
            .datasource(reference_to(self.data_source))
        )
        for query in self._queries(graph):
            panel.with_target(query)
        for ref_id, line in _others(graph):
            panel.override_by_query(ref_id, [DynamicConfigValue("unit", _unit(line.metric))])
        return panel

    def chart(self, graph: ShownGraph, *, width: int = THIRD) -> timeseries.Panel:
        """Return a graph's metrics over time, a third of the page wide."""
        unit = _unit(graph.lines[0].metric)
        panel = (
            bare_chart(graph.title, _description(graph), width=width)
            .unit(unit)
            .datasource(reference_to(self.data_source))
        )
        if unit == _UNITS["Count"]:
            panel.decimals(0)
        if graph.other_lines:
            panel.axis_label(graph.unit)
        for query in self._queries(graph):
            panel.with_target(query)
        for ref_id, line in _others(graph):
            panel.override_by_query(
                ref_id,
                [
                    DynamicConfigValue("unit", _unit(line.metric)),
                    DynamicConfigValue("custom.axisPlacement", AxisPlacement.RIGHT),
                    DynamicConfigValue("custom.axisLabel", graph.other_unit),
                ],
            )
        return panel

    def _queries(self, graph: ShownGraph) -> list[cloudwatch.CloudWatchMetricsQuery]:
        lines = [*graph.lines, *graph.other_lines]
        return [
            query
            for index, line in enumerate(lines)
            for query in self._of_line(line, _ref_id(index), period_seconds=graph.period_seconds)
        ]

    def _of_line(
        self, line: ShownMetric, ref_id: str, *, period_seconds: int
    ) -> list[cloudwatch.CloudWatchMetricsQuery]:
        names = line.metric.names_on(self.runtime)
        if len(names) == 1:
            return [self._query(line, names[0], ref_id, period_seconds=period_seconds)]
        ids = [f"{ref_id}p{part}" for part in range(len(names))]
        parts = [
            self._query(line, name, part, period_seconds=period_seconds).hide(True)  # noqa: FBT003 - the builder's own way
            for name, part in zip(names, ids, strict=True)
        ]
        total = _base(ref_id, line.label).metric_editor_mode(MetricEditorMode.CODE).expression(" + ".join(ids))
        return [*parts, total.period(str(period_seconds))]

    def _query(
        self, line: ShownMetric, name: str, ref_id: str, *, period_seconds: int
    ) -> cloudwatch.CloudWatchMetricsQuery:
        dimensions: dict[str, str | list[str]] = {"Application": [self.application_name]}
        others = line.other_dimensions
        dimensions |= {other: ["*"] for other in others}
        return (
            _base(ref_id, f"${{PROP('Dim.{others[-1]}')}}" if others else line.label)
            .metric_editor_mode(MetricEditorMode.BUILDER)
            .namespace(line.metric.namespace)
            .metric_name(name)
            .dimensions(dimensions)
            .match_exact(True)  # noqa: FBT003
            .statistic(line.metric.statistic)
            .period(str(period_seconds))
        )


def _base(ref_id: str, label: str) -> cloudwatch.CloudWatchMetricsQuery:
    return (
        cloudwatch.CloudWatchMetricsQuery()
        .query_mode(CloudWatchQueryMode.METRICS)
        .metric_query_type(MetricQueryType.SEARCH)
        .region("default")
        .id(ref_id)
        .ref_id(ref_id)
        .label(label)
    )


def _ref_id(index: int) -> str:
    return f"m{index}"


def _others(graph: ShownGraph) -> list[tuple[str, ShownMetric]]:
    """Return the lines of the other axis with their queries; a name in the legend may be known only to CloudWatch."""
    return [(_ref_id(len(graph.lines) + index), line) for index, line in enumerate(graph.other_lines)]


def _short(title: str) -> str:
    return title.partition(":")[0]


def _unit(metric: MetricDefinition) -> str:
    return _UNITS[metric.unit]


def _description(graph: ShownGraph) -> str:
    """Return what the metrics of a graph mean, and what a gap in them means, in the words of the table of metrics."""
    metrics = [line.metric for line in (*graph.lines, *graph.other_lines)]
    meanings = dict.fromkeys(metric.meaning for metric in metrics)
    gaps = dict.fromkeys(metric.missing.value for metric in metrics)
    pages = dict.fromkeys(metric.page for metric in metrics)
    return f"{' '.join(meanings)} No data: {', or '.join(gaps)}. {' '.join(f'[AWS]({page})' for page in pages)}"
