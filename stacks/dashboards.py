"""The dashboards of an environment in CloudWatch: one for each application, and one for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk_penstock.encryption import KeyGuard
from cdk_penstock.model.metrics import MetricsLevel
from cdk_penstock.observability import ApplicationDashboard, EnvironmentDashboard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.model.metrics import MetricDefinition
    from stacks.environment import ApplicationSettings, Environment
    from stacks.operations import ApplicationOperations

_KEY_EVENTS: Final = (
    "fields @timestamp, detail.eventName, detail.userIdentity.arn, detail.errorCode",
    "sort @timestamp desc",
)


class EnvironmentDashboards(Construct):
    """The dashboards of all applications of an environment; call ``finish`` after the last application."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._applications: list[FlinkApplication] = []
        self._alarms: list[cloudwatch.IAlarm] = []

    def add_application(
        self,
        application: FlinkApplication,
        settings: ApplicationSettings,
        *,
        operations: ApplicationOperations,
        counters: Mapping[str, Sequence[MetricDefinition]],
    ) -> ApplicationDashboard:
        """Make the dashboard of an application, with the alarms and the key events of its operations.

        All alarms must have been added.
        """
        alarms = [operations.alarms.page_alarm, operations.alarms.ticket_alarm, *operations.alarms.alarms]
        dashboard = ApplicationDashboard(
            self,
            application.node.id,
            application=application,
            alarms=alarms,
            metrics_level=MetricsLevel(settings.metrics_level or MetricsLevel.APPLICATION),
            counters=counters,
        )
        for guard in (each for each in operations.node.find_all() if isinstance(each, KeyGuard)):
            log = cloudwatch.LogQueryWidget(
                title="Calls that close or change the key, newest first",
                log_group_names=[guard.log_group.log_group_name],
                query_lines=list(_KEY_EVENTS),
                width=24,
                height=6,
            )
            dashboard.add_row("Key events", log)
        self._applications.append(application)
        self._alarms += alarms
        return dashboard

    def finish(self) -> None:
        """Make the dashboard of the environment, with the alarms of its applications."""
        EnvironmentDashboard(
            self,
            "Overview",
            dashboard_name=f"penstock-{self._environment.name}",
            applications=self._applications,
            alarms=self._alarms,
        )
