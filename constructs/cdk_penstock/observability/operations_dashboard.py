"""The dashboard of Grafana for people on call; importing this imports grafana-foundation-sdk."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import dashboard as dashboards

from cdk_penstock.model.metrics import MetricsLevel
from cdk_penstock.model.metrics.dashboard_sections import NOW, sections_at
from cdk_penstock.observability.cloudwatch_panels import ApplicationMetrics
from cdk_penstock.observability.dashboard import Dashboard
from cdk_penstock.observability.grafana_builders import PAGE, add_panels, bare_dashboard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.metrics import MetricDefinition
    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.observability.dashboard import CloudWatchDataSource
    from cdk_penstock.observability.grafana_builders import Panel

_BAD_FROM: Final[Mapping[str, Mapping[float, str]]] = {
    "Downtime: above 0 while the job has failed": {1: "red"},
    "Failed checkpoints since the last start": {1: "yellow"},
}
"""Colors of figures that are good only at 0; what is good of the others depends on the job, and has alarms."""


def operations_dashboard(
    name: str,
    *,
    title: str,
    application_name: str,
    runtime: FlinkRuntime,
    data_source: CloudWatchDataSource,
    metrics_level: MetricsLevel = MetricsLevel.APPLICATION,
    counters: Mapping[str, Sequence[MetricDefinition]] | None = None,
    numbers: Sequence[Panel] = (),
    rows: Mapping[str, Sequence[Panel]] | None = None,
    links: Mapping[str, str] | None = None,
) -> Dashboard:
    """Return the dashboard of an application for people on call: its last values on top, then a row for each section.

    Names, statistics, units and descriptions are those of the table of metrics. It shows the last three hours and
    refreshes every minute, as often as MSF sends metrics.

    Parameters
    ----------
    name, title
        Name and title of the dashboard.
    application_name, runtime
        The application, and its runtime, which has names for metrics.
    data_source
        The data source for CloudWatch of the application's account and Region.
    metrics_level
        The application's metrics level: tasks have panels from ``TASK`` on. Default: ``APPLICATION``.
    counters
        Titles of panels among the errors, and the job's own counters in each (``workload_counter``). Default: none.
    numbers, rows
        More figures on top, and more rows of panels by their title, each panel with its data source. Default: none.
    links
        URLs by their title. Default: none.
    """
    sections = sections_at(metrics_level, counters or {})
    metrics = ApplicationMetrics(application_name=application_name, runtime=runtime, data_source=data_source)
    graphs = {graph.title: graph for section in sections.values() for graph in section}
    now = [metrics.number(graphs[each], steps=_BAD_FROM.get(each)) for each in NOW]
    shown: dict[str, Sequence[Panel]] = {"Now": [*now, *numbers]}
    shown |= {
        section: [metrics.chart(graph, width=PAGE // min(len(inside), 3)) for graph in inside]
        for section, inside in sections.items()
    }
    builder = bare_dashboard(
        name,
        title=title,
        description=f"Health of {application_name}, for people on call: MSF's metrics in CloudWatch",
        links=links or {},
    )
    builder.time("now-3h", "now").refresh("1m")
    ids = count(1)
    for row, panels in (shown | dict(rows or {})).items():
        builder.with_row(dashboards.Row(row).id(next(ids)))
        add_panels(builder, panels, ids)
    return Dashboard.from_builder(name, builder)
