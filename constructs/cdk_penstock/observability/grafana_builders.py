"""The common parts of dashboards and panels in Grafana; importing this imports grafana-foundation-sdk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import bargauge, common, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_penstock.observability.dashboard import CloudWatchDataSource, PrometheusDataSource

Panel = stat.Panel | timeseries.Panel | bargauge.Panel

QUARTER: Final = 6
THIRD: Final = 8
HALF: Final = 12
PAGE: Final = 24
"""Widths in Grafana's columns."""

NUMBER_HEIGHT: Final = 4
CHART_HEIGHT: Final = 8

_TAG: Final = "penstock"
_MOST_DEPLOYMENTS: Final = 100


def bare_dashboard(name: str, *, title: str, description: str, links: Mapping[str, str]) -> dashboards.Dashboard:
    """Return a dashboard without panels, with its links, those to other dashboards of penstock, and deployments."""
    builder = (
        dashboards.Dashboard(title)
        .description(description)
        .tags([name, _TAG])
        .readonly()
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .annotation(_deployments())
        .link(
            dashboards.DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([_TAG]).keep_time(True)  # noqa: FBT003 - the builder's own way
        )
    )
    for text, url in links.items():
        builder.link(dashboards.DashboardLink(text).url(url).target_blank(True))  # noqa: FBT003
    return builder


def add_panels(builder: dashboards.Dashboard, panels: Sequence[Panel], ids: Iterator[int]) -> None:
    """Add panels with the next ids."""
    for panel in panels:
        builder.with_panel(panel.id(next(ids)))


def reference_to(data_source: PrometheusDataSource | CloudWatchDataSource) -> DataSourceRef:
    """Return the reference of a panel to its data source."""
    return DataSourceRef(uid=data_source.uid, type_val=data_source.type)


def bare_number(title: str, description: str, *, steps: Mapping[float, str] | None = None) -> stat.Panel:
    """Return a panel for one figure, without a query."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(thresholds(steps or {}))
        .no_value("no data")
        .height(NUMBER_HEIGHT)
        .span(QUARTER)
    )


def bare_chart(title: str, description: str, *, width: int) -> timeseries.Panel:
    """Return a panel for lines over time, without a query: its legend has the last and the largest values."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .calcs(["last", "max"])
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)  # noqa: FBT003
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .color_scheme(by_name())
        .min(0)
        .height(CHART_HEIGHT)
        .span(width)
    )


def _deployments() -> dashboards.AnnotationQuery:
    return (
        dashboards.AnnotationQuery()
        .name("Deployments")
        .datasource(DataSourceRef(uid="-- Grafana --", type_val="grafana"))
        .enable(True)  # noqa: FBT003
        .icon_color("blue")
        .target(dashboards.AnnotationTarget().type("tags").tags(["deployment"]).limit(_MOST_DEPLOYMENTS))
    )


def by_name() -> dashboards.FieldColor:
    """Return colors that belong to names: a name keeps its color, whichever others are selected."""
    return dashboards.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def thresholds(steps: Mapping[float, str]) -> dashboards.ThresholdsConfig:
    """Return the colors of values from a number on, green below; blue for all values without steps."""
    # Without thresholds, Grafana draws values above 80 in red.
    colors = [Threshold(value=None, color="green" if steps else "blue")]
    colors += [Threshold(value=value, color=color) for value, color in steps.items()]
    return dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(colors)
