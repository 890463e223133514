"""Errors of the observability constructs."""

from __future__ import annotations

from cdk_penstock.model.errors import PenstockError


class MetricsWorkspaceError(PenstockError):
    """A property of a workspace that Managed Service for Prometheus would refuse."""


class DashboardWorkspaceError(PenstockError):
    """A property of a workspace that Managed Grafana would refuse."""


class DashboardError(PenstockError):
    """A dashboard that Grafana would refuse, or that could not be distinguished from another owner's."""


class AlarmError(PenstockError):
    """An alarm that could never be raised, or that nobody could read."""
