"""Sinks of results that connect themselves to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.model.aws_services import AwsService

if TYPE_CHECKING:
    from penstock.application import FlinkApplication
    from penstock.network import IApplicationVpc
    from penstock.observability.metrics_workspace_base import IMetricsWorkspace

__all__ = ("PrometheusSink",)


class PrometheusSink:
    """Metrics in a workspace of Amazon Managed Service for Prometheus.

    Parameters
    ----------
    workspace
        The workspace.
    network
        The VPC that the application is in, which gets an endpoint for the service. Default: none.
    """

    def __init__(self, *, workspace: IMetricsWorkspace, network: IApplicationVpc | None = None) -> None:
        self.workspace = workspace
        self.network = network

    def connect_writer(self, application: FlinkApplication) -> None:
        """Let the application write: the property group as the bundled job names it."""
        if self.network is not None:
            self.network.add_endpoint(AwsService.PROMETHEUS)
        self.workspace.grant_remote_write(application)
        for group, entries in self.workspace.property_groups().items():
            application.add_property_group(group, entries)
