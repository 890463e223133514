"""Constructs for what one sees of an application: metrics in Managed Prometheus, dashboards in Managed Grafana."""

from __future__ import annotations

from penstock.model.arguments import check_arguments
from penstock.observability.dashboard import Dashboard, PrometheusDataSource
from penstock.observability.dashboard_workspace import DashboardWorkspace
from penstock.observability.dashboard_workspace_base import IDashboardWorkspace
from penstock.observability.errors import DashboardError, DashboardWorkspaceError, MetricsWorkspaceError
from penstock.observability.grafana_content import GrafanaContent, GrafanaContentProps
from penstock.observability.grafana_version import GrafanaVersion
from penstock.observability.identity_source import IdentitySource
from penstock.observability.metrics_workspace import MetricsWorkspace
from penstock.observability.metrics_workspace_base import IMetricsWorkspace
from penstock.observability.metrics_workspace_props import LabelSetLimit

__all__ = (
    "Dashboard",
    "DashboardError",
    "DashboardWorkspace",
    "DashboardWorkspaceError",
    "GrafanaContent",
    "GrafanaContentProps",
    "GrafanaVersion",
    "IDashboardWorkspace",
    "IMetricsWorkspace",
    "IdentitySource",
    "LabelSetLimit",
    "MetricsWorkspace",
    "MetricsWorkspaceError",
    "PrometheusDataSource",
)

check_arguments(globals())
