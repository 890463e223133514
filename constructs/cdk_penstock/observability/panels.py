"""Queries and panels for dashboards of a job's metrics; importing this imports grafana-foundation-sdk.

A series of a job has a sample only for windows with events; for five minutes, Prometheus would repeat the last one. So
every query reads the last sample of a minute, and a series without a sample in that minute does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models.common import BigValueGraphMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableOption, VariableRefresh, VariableSort

from cdk_penstock.observability.dashboard import Dashboard
from cdk_penstock.observability.grafana_builders import (
    CHART_HEIGHT,
    HALF,
    add_panels,
    bare_chart,
    bare_dashboard,
    bare_number,
    by_name,
    reference_to,
    thresholds,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.observability.dashboard import PrometheusDataSource
    from cdk_penstock.observability.grafana_builders import Panel


@dataclass(frozen=True, kw_only=True)
class LabelledMetrics:
    """Metrics with the same labels, and PromQL over them; each label is a variable of the dashboard.

    Parameters
    ----------
    metrics, labels
        The names.
    stale_after
        Age from which a sample no longer counts, in PromQL's form. Default: a minute.
    """

    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    stale_after: str = "1m"

    def total(self, metric: str) -> str:
        """Return the sum over all labels."""
        return f"sum({self._last(metric)})"

    def by(self, metric: str, label: str) -> str:
        """Return the sum for each value of a label."""
        return f"sum by ({label}) ({self._last(metric)})"

    def ratio(self, metric: str, other: str, label: str | None = None) -> str:
        """Return a metric's sum per unit of another's, in all or by label; none where the other is 0 or missing."""
        if label is None:
            return f"{self.total(metric)} / ({self.total(other)} > 0)"
        return f"{self.by(metric, label)} / ({self.by(other, label)} > 0)"

    def share(self, metric: str, label: str, value: str) -> str:
        """Return the part of a metric's sum that has a label's value, 0 if nothing has it; none without samples."""
        selected = f'{label}="{value}"'
        part = f"sum({self._last(metric, selected)})"
        return f"({part} or {self.total(metric)} * 0) / ({self.total(metric)} > 0)"

    def series(self) -> str:
        """Return the number of series that have a sample now."""
        # "or" would count two metrics with the same labels once.
        name = f'__name__=~"{"|".join(self.metrics)}"'
        return f"count({self._last('', name)})"

    def age(self) -> str:
        """Return the seconds since the newest sample of any of the metrics, if it is of the last hour."""
        # A selector looks back for five minutes, and is exact; a subquery looks back further.
        newest = [self._newest("timestamp({})"), self._newest("max_over_time(timestamp({})[1h:1m])")]
        return f"time() - ({' or '.join(newest)})"

    def age_over_time(self) -> str:
        """Return the seconds since the newest sample, none after five minutes: an hour's search costs too much."""
        return f"time() - {self._newest('timestamp({})')}"

    def count(self, label: str) -> str:
        """Return how many values of a label report any of the metrics."""
        either = " or ".join(self.by(metric, label) for metric in self.metrics)
        return f"count({either})"

    def variables(self, source: DataSourceRef) -> list[dashboards.QueryVariable]:
        """Return a variable for each label, with several values or all."""
        return [self._variable(label, source) for label in self.labels]

    def _last(self, metric: str, *more: str) -> str:
        return f"last_over_time({self._selected(metric, *more)}[{self.stale_after}])"

    def _newest(self, form: str) -> str:
        # Times of two metrics with the same labels would be the same series to "or".
        times = [
            f'label_replace({form.format(self._selected(metric))}, "metric", "{metric}", "", "")'
            for metric in self.metrics
        ]
        return f"max({' or '.join(times)})"

    def _selected(self, metric: str, *more: str) -> str:
        selection = ", ".join([*more, *(f'{label}=~"${label}"' for label in self.labels)])
        return f"{metric}{{{selection}}}" if selection else metric

    def _variable(self, label: str, source: DataSourceRef) -> dashboards.QueryVariable:
        return (
            dashboards.QueryVariable(label)
            .label(label.capitalize())
            .datasource(source)
            .query(f'label_values({{__name__=~"{"|".join(self.metrics)}"}}, {label})')
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
            .multi(True)  # noqa: FBT003 - the builder's own way
            .include_all(True)  # noqa: FBT003
            .all_value(".*")
            .current(VariableOption(text=["All"], value=["$__all"], selected=True))
        )


def dashboard_of(
    name: str,
    *,
    title: str,
    description: str,
    metrics: LabelledMetrics,
    data_source: PrometheusDataSource,
    panels: Sequence[Panel] = (),
    rows: Mapping[str, Sequence[Panel]] | None = None,
    links: Mapping[str, str] | None = None,
) -> Dashboard:
    """Return a dashboard of panels and then of rows with panels, by the title of each row.

    It refreshes every ten seconds and is copied rather than edited. ``links`` are URLs by their title. Annotations of
    Grafana with the tag ``deployment`` are vertical lines.
    """
    source = reference_to(data_source)
    builder = bare_dashboard(name, title=title, description=description, links=links or {})
    builder.time("now-15m", "now").refresh("10s")
    for variable in metrics.variables(source):
        builder.with_variable(variable)
    ids = count(1)
    add_panels(builder, [each.datasource(source) for each in panels], ids)
    for row, inside in (rows or {}).items():
        builder.with_row(dashboards.Row(row).id(next(ids)))
        add_panels(builder, [each.datasource(source) for each in inside], ids)
    return Dashboard.from_builder(name, builder)


def number(
    title: str,
    query: str,
    description: str,
    *,
    unit: str = "short",
    decimals: int = 0,
    steps: Mapping[float, str] | None = None,
) -> stat.Panel:
    """Return a panel with one figure, a quarter of the page wide.

    It has no line of the past: that would need the values of a time, of which Grafana shows the last one as of now,
    however old it is. ``steps`` are the colors of values from a number on.
    """
    return (
        bare_number(title, description, steps=steps)
        .with_target(_query(query, instant=True))
        .unit(unit)
        .decimals(decimals)
        .graph_mode(BigValueGraphMode.NONE)
    )


def bars(
    title: str, query: str, label: str, description: str = "", *, decimals: int = 0, width: int = HALF
) -> bargauge.Panel:
    """Return a panel with a bar for each value of a label, half the page wide."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .with_target(_query(query, instant=True, legend=f"{{{{{label}}}}}"))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(VizOrientation.HORIZONTAL)
        .thresholds(thresholds({}))
        .color_scheme(by_name())
        .unit("short")
        .decimals(decimals)
        .min(0)
        .height(CHART_HEIGHT)
        .span(width)
    )


def over_time(
    title: str,
    query: str,
    legend: str,
    *,
    window_seconds: int,
    description: str = "",
    unit: str = "short",
    width: int = HALF,
) -> timeseries.Panel:
    """Return a panel with lines over time, half the page wide; no point is closer to the next than a window."""
    return (
        bare_chart(title, description, width=width)
        .with_target(_query(query, instant=False, legend=legend))
        .interval(f"{window_seconds}s")
        .unit(unit)
        .decimals(0)
    )


def _query(expression: str, *, instant: bool, legend: str = "") -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id("A")
    return query.instant() if instant else query.range()
