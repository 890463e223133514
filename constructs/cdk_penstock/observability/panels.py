"""Queries and panels for dashboards of a job's metrics; importing this imports grafana-foundation-sdk.

A series of a job has a sample only for windows with events; for five minutes, Prometheus would repeat the last one. So
every query reads the last sample of a minute, and a series without a sample in that minute does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from cdk_penstock.observability.dashboard import Dashboard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.observability.dashboard import PrometheusDataSource

Panel = stat.Panel | timeseries.Panel | bargauge.Panel

_NUMBER_HEIGHT: Final = 5
_CHART_HEIGHT: Final = 9
_QUARTER: Final = 6
_HALF: Final = 12


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

    def count(self, label: str) -> str:
        """Return how many values of a label report any of the metrics."""
        either = " or ".join(self.by(metric, label) for metric in self.metrics)
        return f"count({either})"

    def variables(self, source: DataSourceRef) -> list[dashboards.QueryVariable]:
        """Return a variable for each label, with several values or all."""
        return [self._variable(label, source) for label in self.labels]

    def _last(self, metric: str) -> str:
        selection = ", ".join(f'{label}=~"${label}"' for label in self.labels)
        return f"last_over_time({metric}{{{selection}}}[{self.stale_after}])"

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
    panels: Sequence[Panel],
    data_source: PrometheusDataSource,
) -> Dashboard:
    """Return a dashboard of panels, which refreshes every ten seconds and is copied rather than edited."""
    source = DataSourceRef(uid=data_source.uid, type_val=data_source.type)
    builder = (
        dashboards.Dashboard(title)
        .description(description)
        .tags([name])
        .readonly()
        .time("now-15m", "now")
        .refresh("10s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    for variable in metrics.variables(source):
        builder = builder.with_variable(variable)
    for panel_id, panel in enumerate(panels, start=1):
        builder = builder.with_panel(panel.id(panel_id).datasource(source))
    return Dashboard.from_builder(name, builder)


def number(title: str, query: str, description: str) -> stat.Panel:
    """Return a panel with one figure, a quarter of the page wide."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .with_target(_query(query, instant=True))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(BigValueGraphMode.NONE)
        .thresholds(_no_thresholds())
        .unit("short")
        .decimals(0)
        .height(_NUMBER_HEIGHT)
        .span(_QUARTER)
    )


def bars(title: str, query: str, label: str, description: str = "") -> bargauge.Panel:
    """Return a panel with a bar for each value of a label, half the page wide."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .with_target(_query(query, instant=True, legend=f"{{{{{label}}}}}"))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(VizOrientation.HORIZONTAL)
        .thresholds(_no_thresholds())
        .unit("short")
        .decimals(0)
        .min(0)
        .height(_CHART_HEIGHT)
        .span(_HALF)
    )


def over_time(title: str, query: str, legend: str, *, window_seconds: int, description: str = "") -> timeseries.Panel:
    """Return a panel with lines over time, half the page wide; no point is closer to the next than a window."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .with_target(_query(query, instant=False, legend=legend))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .calcs(["last", "max"])
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)  # noqa: FBT003
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .color_scheme(_by_name())
        .interval(f"{window_seconds}s")
        .unit("short")
        .decimals(0)
        .min(0)
        .height(_CHART_HEIGHT)
        .span(_HALF)
    )


def _query(expression: str, *, instant: bool, legend: str = "") -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id("A")
    return query.instant() if instant else query.range()


def _by_name() -> dashboards.FieldColor:
    # A model keeps its color, whichever others are selected.
    return dashboards.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def _no_thresholds() -> dashboards.ThresholdsConfig:
    # Without thresholds, Grafana draws values above 80 in red.
    return dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color="blue")])
