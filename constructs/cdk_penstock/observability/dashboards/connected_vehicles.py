"""The dashboard of the bundled vehicle job: what moves and what warns, now and over time.

The queries are plain PromQL over the job's two metrics (docs/job.md). A series has a sample every five seconds while
its model and region report, and none while they do not; Prometheus would then repeat the last one for five minutes. So
every query reads the last sample of a minute: what has not reported for that long is not counted as being there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from cdk_penstock.observability.dashboard import Dashboard

if TYPE_CHECKING:
    from cdk_penstock.observability.dashboard import PrometheusDataSource

__all__ = (
    "MODEL",
    "REGION",
    "VEHICLES_IN_MOTION",
    "WARNINGS",
    "connected_vehicles",
)

VEHICLES_IN_MOTION: Final = "vehicles_in_motion"
WARNINGS: Final = "warnings"
MODEL: Final = "model"
REGION: Final = "region"

_NAME: Final = "connected-vehicles"
_Panel = stat.Panel | timeseries.Panel | bargauge.Panel

_LABELS: Final = (MODEL, REGION)
_STALE_AFTER: Final = "1m"
_SELECTION: Final = ", ".join(f'{label}=~"${label}"' for label in _LABELS)
_WINDOW: Final = "5s"
_NUMBER_HEIGHT: Final = 5
_CHART_HEIGHT: Final = 9
_QUARTER: Final = 6
_HALF: Final = 12


def connected_vehicles(data_source: PrometheusDataSource) -> Dashboard:
    """Return the dashboard over a data source with the job's metrics.

    It has the variables ``model`` and ``region``, each with several values or all, and refreshes every ten seconds.
    """
    ref = DataSourceRef(uid=data_source.uid, type_val=data_source.type)
    builder = (
        dashboards.Dashboard("Connected vehicles")
        .description("Vehicles in motion and warnings, by model and region, from the vehicle job")
        .tags(["connected-vehicles"])
        .readonly()
        .time("now-15m", "now")
        .refresh("10s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    for label in _LABELS:
        builder = builder.with_variable(_variable(label, ref))
    moving, warning = _total(VEHICLES_IN_MOTION), _total(WARNINGS)
    panels: list[_Panel] = [
        _number("Vehicles in motion now", moving, "Vehicles of which a motor turned in the last window"),
        _number("Warnings now", warning, "Active warnings of the vehicles that reported in the last window"),
        _number("Models", _count(MODEL), "Models of which vehicles report"),
        _number("Regions", _count(REGION), "Regions from which vehicles report"),
        _over_time("Vehicles in motion over time", moving, "in motion"),
        _over_time("Warnings over time", warning, "warnings"),
    ]
    for label in _LABELS:
        for metric, title in ((VEHICLES_IN_MOTION, "Vehicles in motion"), (WARNINGS, "Warnings")):
            query = _by(metric, label)
            panels.append(_bars(f"{title} now by {label}", query, label))
            panels.append(_over_time(f"{title} over time by {label}", query, f"{{{{{label}}}}}"))
    for number, panel in enumerate(panels, start=1):
        builder = builder.with_panel(panel.id(number).datasource(ref))
    return Dashboard.from_builder(_NAME, builder)


def _last(metric: str) -> str:
    return f"last_over_time({metric}{{{_SELECTION}}}[{_STALE_AFTER}])"


def _total(metric: str) -> str:
    return f"sum({_last(metric)})"


def _by(metric: str, label: str) -> str:
    return f"sum by ({label}) ({_last(metric)})"


def _count(label: str) -> str:
    # A model without motor events may have warnings, and the reverse.
    either = " or ".join(_by(metric, label) for metric in (VEHICLES_IN_MOTION, WARNINGS))
    return f"count({either})"


def _variable(label: str, ref: DataSourceRef) -> dashboards.QueryVariable:
    return (
        dashboards.QueryVariable(label)
        .label(label.capitalize())
        .datasource(ref)
        .query(f'label_values({{__name__=~"{VEHICLES_IN_MOTION}|{WARNINGS}"}}, {label})')
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)  # noqa: FBT003 - the builder's own way
        .include_all(True)  # noqa: FBT003
        .all_value(".*")
        .current(VariableOption(text=["All"], value=["$__all"], selected=True))
    )


def _number(title: str, query: str, description: str) -> stat.Panel:
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


def _bars(title: str, query: str, label: str) -> bargauge.Panel:
    return (
        bargauge.Panel()
        .title(title)
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


def _over_time(title: str, query: str, legend: str) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .title(title)
        .with_target(_query(query, instant=False, legend=legend))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)  # noqa: FBT003
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .interval(_WINDOW)
        .unit("short")
        .decimals(0)
        .min(0)
        .height(_CHART_HEIGHT)
        .span(_HALF)
    )


def _query(expression: str, *, instant: bool, legend: str = "") -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id("A")
    return query.instant() if instant else query.range()


def _no_thresholds() -> dashboards.ThresholdsConfig:
    # Without any, Grafana draws what is above 80 in red.
    return dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color="blue")])
