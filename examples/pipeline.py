"""A whole pipeline, and another one that swaps a part of it by overriding one method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.application import ApplicationCode, FlinkApplication, PyFlinkApplication
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.observability import MetricsWorkspace
from cdk_penstock.pipeline import KinesisSource, PrometheusSink, SearchSink, StreamingPipeline
from cdk_penstock.sinks.search import SearchCapacity, SearchDomain
from cdk_penstock.streams.kinesis import EventStream

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.network import IApplicationVpc
    from cdk_penstock.pipeline import Sink, Source


class ClickPipeline(StreamingPipeline):
    """Clicks from Kinesis, counted into Prometheus."""

    def __init__(self, scope: Construct, construct_id: str, *, code: ApplicationCode, network: IApplicationVpc) -> None:
        self.code = code
        self.network = network
        super().__init__(scope, construct_id)

    def build_source(self, scope: Construct) -> Source:
        """Make the stream of clicks."""
        stream = EventStream(scope, "Clicks", stream_name="clicks")
        return KinesisSource(events=stream, group="input.clicks", network=self.network)

    def build_sink(self, scope: Construct) -> Sink:
        """Make the workspace of the counts."""
        workspace = MetricsWorkspace(scope, "Counts", workspace_alias="click-counts")
        return PrometheusSink(workspace=workspace, network=self.network)

    def build_application(self, scope: Construct) -> FlinkApplication:
        """Make the job; what it reads and writes is connected to it afterwards."""
        return PyFlinkApplication(
            scope,
            "Counter",
            code=self.code,
            application_name="click-counter",
            vpc=self.network.vpc,
            vpc_subnets=self.network.application_subnets,
        )


class SearchableClickPipeline(ClickPipeline):
    """The same, with OpenSearch in place of Prometheus."""

    def build_sink(self, scope: Construct) -> Sink:
        """Make the domain of the counts."""
        domain = SearchDomain(
            scope,
            "Search",
            domain_name="click-counts",
            vpc=self.network.vpc,
            vpc_subnets=self.network.application_subnets,
            capacity=SearchCapacity.multi_az_with_standby(),
        )
        return SearchSink(domain=domain, index="click-counts", network=self.network)


def build_network(scope: Construct) -> ApplicationVpc:
    """Return a VPC without a way to the internet; pipelines add the endpoints that they need."""
    return ApplicationVpc(scope, "Network")
