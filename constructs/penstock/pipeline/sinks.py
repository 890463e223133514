"""Sinks of results that connect themselves to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.model.aws_services import AwsService

if TYPE_CHECKING:
    from penstock.application import FlinkApplication
    from penstock.network import IApplicationVpc
    from penstock.observability.metrics_workspace_base import IMetricsWorkspace
    from penstock.sinks import ISearchDomain

__all__ = ("PrometheusSink", "SearchSink")


class SearchSink:
    """Documents in an index of a search domain, in whose VPC the application has to be.

    Parameters
    ----------
    domain
        The domain.
    index
        The index.
    group
        The property group in which the job looks for it.
    network
        The VPC that domain and application are in, which gets an endpoint for STS: whatever keeps roles and dashboards
        in the domain runs in the VPC and calls STS. Default: none, for a VPC with a way to STS of its own.
    """

    def __init__(
        self,
        *,
        domain: ISearchDomain,
        index: str,
        group: str = "output.search",
        network: IApplicationVpc | None = None,
    ) -> None:
        self.domain = domain
        self.index = index
        self.group = group
        self.network = network

    def connect_writer(self, application: FlinkApplication) -> None:
        """Let the application write to the index, and to no other one."""
        endpoint = None if self.network is None else self.network.add_endpoint(AwsService.STS)
        if endpoint is not None:
            self.domain.reach_sts_through(endpoint)
        self.domain.allow_clients(application)
        self.domain.grant_index_write(application, self.index)
        application.add_property_group(self.group, self.domain.connection_properties(self.index))


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
            application.add_run_dependency(self.network.add_endpoint(AwsService.PROMETHEUS))
        self.workspace.grant_remote_write(application)
        for group, entries in self.workspace.property_groups().items():
            application.add_property_group(group, entries)
