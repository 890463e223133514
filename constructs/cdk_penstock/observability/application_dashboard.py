"""Dashboards of applications in CloudWatch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aws_cdk import Token
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_penstock.model.metrics import MetricsLevel
from cdk_penstock.observability.application_graphs import application_graphs, overview_graphs
from cdk_penstock.observability.dashboard_widgets import columns, section_title, states_on_top, thresholds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.application.flink_application_base import FlinkApplicationBase
    from cdk_penstock.model.metrics import MetricDefinition
    from cdk_penstock.observability.dashboard_widgets import Graph

_START: Final = "-PT3H"


class ApplicationDashboard(Construct):
    """A dashboard of an application in CloudWatch.

    The states of its alarms are on top, those of composite alarms first. Sections follow on health, throughput and lag,
    checkpoints, resources and errors; on tasks only if the metrics level has them. The lowest threshold of the alarms
    on a metric is a line in the metric's graph. An alarm on an expression has a graph in the section of alarms, because
    its threshold is not a value of the metric.

    Parameters
    ----------
    application
        The application.
    alarms
        Alarms to show. Default: none.
    metrics_level
        The application's metrics level. Default: ``APPLICATION``.
    counters
        Titles of graphs among the errors, and the job's own counters in each (``workload_counter``). Default: none.
    deployments
        Lines at the times of deployments. CloudWatch draws lines only at times that stand in the dashboard, so that
        whoever deploys must give them. Default: none; each update shows as a fall of the uptime.
    dashboard_name
        Name in the console, which is unique in the account, also across Regions. Default: the application's name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: FlinkApplicationBase,
        alarms: Sequence[cloudwatch.IAlarm] = (),
        metrics_level: MetricsLevel = MetricsLevel.APPLICATION,
        counters: Mapping[str, Sequence[MetricDefinition]] | None = None,
        deployments: Sequence[cloudwatch.VerticalAnnotation] = (),
        dashboard_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._deployments = deployments
        metric_alarms = [alarm for alarm in alarms if isinstance(alarm, cloudwatch.Alarm)]
        self._thresholds = thresholds_of(metric_alarms)
        name = dashboard_name or _name_of(application)
        self.dashboard = cloudwatch.Dashboard(self, "Resource", dashboard_name=name, start=_START)
        """The dashboard of the CDK, for widgets without a section."""
        for widget in states_on_top(alarms):
            self.dashboard.add_widgets(widget)
        sections = application_graphs(application, metrics_level=metrics_level, counters=counters or {})
        for title, graphs in sections.items():
            self.add_graphs(title, *graphs)
        computed = [alarm for alarm in metric_alarms if alarm.metric.to_metric_config().metric_stat is None]
        if computed:
            self.add_row("Alarms on rates and other expressions", *(_alarm_graph(each) for each in computed))

    def add_graphs(self, title: str, *graphs: Graph) -> None:
        """Add a section with graphs, which get the thresholds of the alarms on their metrics and the deployments."""
        width = columns(len(graphs))
        self.add_row(
            title,
            *(each.widget(width=width, thresholds=self._thresholds, deployments=self._deployments) for each in graphs),
        )

    def add_row(self, title: str, *widgets: cloudwatch.IWidget) -> None:
        """Add a section with widgets of the CDK at the end; they continue on the next line where they do not fit."""
        self.dashboard.add_widgets(section_title(title))
        self.dashboard.add_widgets(*widgets)


class EnvironmentDashboard(Construct):
    """A dashboard of all applications of an environment in CloudWatch.

    The states of all alarms are on top. A row of each application follows: restarts, records, and lag.

    Parameters
    ----------
    applications
        The applications, each with a row.
    dashboard_name
        Name in the console, which is unique in the account, also across Regions.
    alarms
        Alarms to show. Default: none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        applications: Sequence[FlinkApplicationBase],
        dashboard_name: str,
        alarms: Sequence[cloudwatch.IAlarm] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.dashboard = cloudwatch.Dashboard(self, "Resource", dashboard_name=dashboard_name, start=_START)
        """The dashboard of the CDK, for more widgets."""
        for widget in states_on_top(alarms):
            self.dashboard.add_widgets(widget)
        thresholds = thresholds_of([alarm for alarm in alarms if isinstance(alarm, cloudwatch.Alarm)])
        for application in applications:
            graphs = overview_graphs(application, metrics_level=MetricsLevel.APPLICATION)
            width = columns(len(graphs))
            self.dashboard.add_widgets(section_title(application.application_name))
            self.dashboard.add_widgets(*(each.widget(width=width, thresholds=thresholds) for each in graphs))


def _name_of(application: FlinkApplicationBase) -> str | None:
    """Return the application's name with the characters that a dashboard's name may have; None if it is unknown."""
    name = application.application_name
    return None if Token.is_unresolved(name) else name.replace(".", "-")


def _alarm_graph(alarm: cloudwatch.Alarm) -> cloudwatch.AlarmWidget:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", alarm.node.id)
    return cloudwatch.AlarmWidget(title=words.capitalize(), alarm=alarm, width=columns(3))
