"""Observability of applications: metrics in Managed Prometheus, dashboards in Managed Grafana and CloudWatch."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.grafana import GrafanaNameError
from cdk_penstock.observability.application_dashboard import ApplicationDashboard, EnvironmentDashboard
from cdk_penstock.observability.dashboard import CloudWatchDataSource, Dashboard, PrometheusDataSource
from cdk_penstock.observability.dashboard_widgets import Graph
from cdk_penstock.observability.dashboard_workspace import DashboardWorkspace
from cdk_penstock.observability.dashboard_workspace_base import IDashboardWorkspace
from cdk_penstock.observability.errors import DashboardError, DashboardWorkspaceError, MetricsWorkspaceError
from cdk_penstock.observability.grafana_version import GrafanaVersion
from cdk_penstock.observability.identity_source import IdentitySource
from cdk_penstock.observability.log_queries import ApplicationLogQueries
from cdk_penstock.observability.metrics_workspace import MetricsWorkspace
from cdk_penstock.observability.metrics_workspace_base import IMetricsWorkspace
from cdk_penstock.observability.metrics_workspace_props import LabelSetLimit
from cdk_penstock.observability.transition_alarm import TransitionAlarm
from cdk_penstock.observability.workspace_content import GrafanaContent, GrafanaContentProps

__all__ = (
    "ApplicationDashboard",
    "ApplicationLogQueries",
    "CloudWatchDataSource",
    "Dashboard",
    "DashboardError",
    "DashboardWorkspace",
    "DashboardWorkspaceError",
    "EnvironmentDashboard",
    "GrafanaContent",
    "GrafanaContentProps",
    "GrafanaNameError",
    "GrafanaVersion",
    "Graph",
    "IDashboardWorkspace",
    "IMetricsWorkspace",
    "IdentitySource",
    "LabelSetLimit",
    "MetricsWorkspace",
    "MetricsWorkspaceError",
    "PrometheusDataSource",
    "TransitionAlarm",
)

check_arguments(globals())
