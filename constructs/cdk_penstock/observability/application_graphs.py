"""Graphs of an application's metrics in CloudWatch, by section (``model/metrics/dashboard_sections.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.model.metrics.dashboard_sections import OVERVIEW, sections_at
from cdk_penstock.observability.dashboard_widgets import PERIOD, Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.application.flink_application_base import FlinkApplicationBase
    from cdk_penstock.model.metrics import MetricDefinition, MetricsLevel
    from cdk_penstock.model.metrics.dashboard_sections import ShownGraph, ShownMetric


def application_graphs(
    application: FlinkApplicationBase,
    *,
    metrics_level: MetricsLevel,
    counters: Mapping[str, Sequence[MetricDefinition]],
) -> dict[str, list[Graph]]:
    """Return the graphs of each section, without metrics that the application does not send at its metrics level."""
    sections = sections_at(metrics_level, counters)
    return {section: [_graph(application, each) for each in graphs] for section, graphs in sections.items()}


def overview_graphs(application: FlinkApplicationBase, *, metrics_level: MetricsLevel) -> list[Graph]:
    """Return the graphs of an application among others: restarts, records and lag."""
    sections = application_graphs(application, metrics_level=metrics_level, counters={})
    graphs = {graph.title: graph for section in sections.values() for graph in section}
    return [graphs[title] for title in OVERVIEW]


def _graph(application: FlinkApplicationBase, graph: ShownGraph) -> Graph:
    return Graph(
        title=graph.title,
        unit=graph.unit,
        metrics=[_line(application, line, graph, divisor=graph.divisor) for line in graph.lines],
        right=[_line(application, line, graph) for line in graph.other_lines],
        right_unit=graph.other_unit,
    )


def _line(
    application: FlinkApplicationBase, line: ShownMetric, graph: ShownGraph, *, divisor: int = 1
) -> cloudwatch.IMetric:
    definition = line.metric
    if line.other_dimensions:
        return _searched(application, definition)
    period = Duration.seconds(graph.period_seconds)
    parts = [
        application.metric(name, statistic=definition.statistic, label=line.label, period=period)
        for name in definition.names_on(application.runtime)
    ]
    if len(parts) == 1 and divisor == 1:
        return parts[0]
    total = " + ".join(f"m{i}" for i in range(len(parts)))
    return cloudwatch.MathExpression(
        expression=total if divisor == 1 else f"({total}) / {divisor}",
        using_metrics={f"m{i}": part for i, part in enumerate(parts)},
        label=line.label,
        period=period,
    )


def _searched(application: FlinkApplicationBase, definition: MetricDefinition) -> cloudwatch.MathExpression:
    # The names of tasks are Flink's, and are not known before the job runs; nor are the streams that a job reads.
    schema = ",".join((definition.namespace, *definition.dimensions))
    search = f'{{{schema}}} MetricName="{definition.name}" Application="{application.application_name}"'
    expression = f"SEARCH('{search}', '{definition.statistic}', {PERIOD.to_seconds()})"
    return cloudwatch.MathExpression(
        expression=expression, using_metrics={}, label=f"${{PROP('Dim.{definition.dimensions[-1]}')}}", period=PERIOD
    )
