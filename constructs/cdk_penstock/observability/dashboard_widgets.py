"""Widgets of CloudWatch dashboards: graphs with a unit and the thresholds of alarms, tables, and sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_WIDTH: Final = 24
_GRAPH_HEIGHT: Final = 6
_TITLE_HEIGHT: Final = 1
_ALARMS_PER_ROW: Final = 6
_MOST_ALARMS_OF_A_WIDGET: Final = 100
_THRESHOLD_COLOR: Final = cloudwatch.Color.RED
PERIOD: Final = Duration.minutes(1)
"""MSF sends its metrics once a minute."""

_Identity: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The threshold of an alarm that watches a metric as it is, not as an expression."""

    metric: _Identity
    value: float
    label: str | None


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph before it has a width: its metrics, and what the values on its axis are.

    Parameters
    ----------
    title
        Text above the graph.
    unit
        Text at the axis on the left, such as ``ms`` or ``records/s``.
    metrics
        Lines of the graph.
    right, right_unit
        Lines that belong to another axis, on the right, and its unit. Default: none.
    """

    title: str
    unit: str
    metrics: Sequence[cloudwatch.IMetric]
    right: Sequence[cloudwatch.IMetric] = ()
    right_unit: str = ""

    def widget(
        self,
        *,
        width: int,
        thresholds: Sequence[Threshold] = (),
        deployments: Sequence[cloudwatch.VerticalAnnotation] = (),
    ) -> cloudwatch.GraphWidget:
        """Return the widget, with a line for each alarm on one of its metrics, and one for each deployment."""
        return cloudwatch.GraphWidget(
            title=self.title,
            left=list(self.metrics),
            right=list(self.right),
            left_y_axis=_axis(self.unit),
            right_y_axis=_axis(self.right_unit) if self.right else None,
            left_annotations=_lines_of(self.metrics, thresholds),
            right_annotations=_lines_of(self.right, thresholds),
            vertical_annotations=list(deployments),
            legend_position=cloudwatch.LegendPosition.BOTTOM,
            period=PERIOD,
            width=width,
            height=_GRAPH_HEIGHT,
        )


def section_title(text: str) -> cloudwatch.TextWidget:
    """Return a title over the whole width, above the widgets of a section."""
    return cloudwatch.TextWidget(
        markdown=f"## {text}",
        width=PAGE_WIDTH,
        height=_TITLE_HEIGHT,
        background=cloudwatch.TextWidgetBackground.TRANSPARENT,
    )


def states_on_top(alarms: Sequence[cloudwatch.IAlarm]) -> list[cloudwatch.AlarmStatusWidget]:
    """Return the states of composite alarms, of which one is an incident, and then those of all others."""
    composites = [alarm for alarm in alarms if isinstance(alarm, cloudwatch.CompositeAlarm)]
    others = [alarm for alarm in alarms if not isinstance(alarm, cloudwatch.CompositeAlarm)]
    return [*alarm_states("Incidents", composites), *alarm_states("Alarms", others)]


def alarm_states(title: str, alarms: Sequence[cloudwatch.IAlarm]) -> list[cloudwatch.AlarmStatusWidget]:
    """Return the states of all alarms, those in alarm first; a widget takes a hundred."""
    parts = [
        alarms[start : start + _MOST_ALARMS_OF_A_WIDGET] for start in range(0, len(alarms), _MOST_ALARMS_OF_A_WIDGET)
    ]
    return [
        cloudwatch.AlarmStatusWidget(
            title=title,
            alarms=list(part),
            sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
            width=PAGE_WIDTH,
            # A row for the title.
            height=1 + -(-len(part) // _ALARMS_PER_ROW),
        )
        for part in parts
    ]


def columns(count: int) -> int:
    """Return the width of each of several widgets that share a row; a third of the page is the least."""
    return PAGE_WIDTH // min(max(count, 1), 3)


def _axis(unit: str) -> cloudwatch.YAxisProps:
    # The unit that comes with the metrics is left out: MSF sends "None" for some, and the job's counters have none.
    return cloudwatch.YAxisProps(label=unit, min=0, show_units=False)


def thresholds_of(alarms: Sequence[cloudwatch.Alarm]) -> list[Threshold]:
    """Return the thresholds that graphs can show; once for all graphs, because each look at an alarm takes its time."""
    found = []
    for alarm in alarms:
        metric = _identity(alarm.metric)
        # An alarm on missing data has a threshold that no value crosses.
        if metric is not None and not _is_below(alarm):
            line = alarm.to_annotation()
            found.append(Threshold(metric=metric, value=line.value, label=line.label))
    return found


def _lines_of(
    metrics: Sequence[cloudwatch.IMetric], thresholds: Sequence[Threshold]
) -> list[cloudwatch.HorizontalAnnotation]:
    """Return the first threshold of each of these metrics.

    A further threshold, often many times higher, would press the values together at the bottom.
    """
    shown = {_identity(metric) for metric in metrics}
    first: dict[_Identity, Threshold] = {}
    for line in thresholds:
        if line.metric in shown:
            first[line.metric] = min(first.get(line.metric, line), line, key=lambda each: each.value)
    return [
        cloudwatch.HorizontalAnnotation(value=line.value, label=line.label, color=_THRESHOLD_COLOR)
        for line in first.values()
    ]


def _is_below(alarm: cloudwatch.Alarm) -> bool:
    resource = alarm.node.default_child
    return isinstance(resource, cloudwatch.CfnAlarm) and (resource.comparison_operator or "").startswith("LessThan")


def _identity(metric: cloudwatch.IMetric) -> _Identity | None:
    """Return what tells one metric from another; None for an expression."""
    stat = metric.to_metric_config().metric_stat
    if stat is None:
        return None
    dimensions = sorted(f"{each.name}={each.value}" for each in stat.dimensions or [])
    return (stat.namespace, stat.metric_name, *dimensions)
