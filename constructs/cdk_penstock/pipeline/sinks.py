"""Sinks of results that connect themselves to an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.pipeline.service_access import reach_service

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.network import IApplicationVpc
    from cdk_penstock.observability.metrics_workspace_base import IMetricsWorkspace
    from cdk_penstock.sinks.archive import IArchiveBucket
    from cdk_penstock.sinks.firehose import IDeliveryToS3
    from cdk_penstock.sinks.search import ISearchDomain
    from cdk_penstock.streams.kafka import IKafkaTopic
    from cdk_penstock.streams.kinesis import IEventStream


@dataclass(frozen=True, kw_only=True)
class ArchiveSink:
    """Objects below a prefix of an archive in S3, written by Flink's file sink.

    Parameters
    ----------
    archive
        The archive.
    prefix
        The folder of this job's objects, which ends with ``/``.
    group
        The property group that the job reads.
    network
        The VPC that the application is in, which gets a gateway endpoint for S3. Default: none.
    """

    archive: IArchiveBucket
    prefix: str
    group: str = "output.archive"
    network: IApplicationVpc | None = None

    def connect_writer(self, application: FlinkApplication) -> None:
        """Allow the application to write below the prefix, and to finish or delete its files in progress."""
        reach_service(application, self.network, AwsService.S3)
        self.archive.grant_file_sink(application, self.prefix)
        application.add_property_group(self.group, self.archive.connection_properties(self.prefix))


@dataclass(frozen=True, kw_only=True)
class FirehoseSink:
    """Records that Amazon Data Firehose delivers to S3, at least once.

    Parameters
    ----------
    delivery
        The delivery stream, with direct put.
    group
        The property group that the job reads.
    network
        The VPC that the application is in, which gets an endpoint for the service. Default: none.
    """

    delivery: IDeliveryToS3
    group: str = "output.delivery"
    network: IApplicationVpc | None = None

    def connect_writer(self, application: FlinkApplication) -> None:
        """Allow the application to put records."""
        reach_service(application, self.network, AwsService.FIREHOSE)
        self.delivery.grant_put_records(application)
        application.add_property_group(self.group, self.delivery.connection_properties())


@dataclass(frozen=True, kw_only=True)
class KafkaSink:
    """Records in a topic.

    Parameters
    ----------
    topic
        The topic.
    group
        The property group that the job reads.
    transactional_id_prefix
        Prefix of the job's transactional ids, for an exactly-once sink; each job needs another one.
        Default: no transactions.
    """

    topic: IKafkaTopic
    group: str = "output.events"
    transactional_id_prefix: str | None = None

    def connect_writer(self, application: FlinkApplication) -> None:
        """Allow the application to write; the properties have the names of the bundled jobs and of Flink."""
        properties = self.topic.connection_properties()
        if self.transactional_id_prefix is None:
            self.topic.grant_write(application)
        else:
            self.topic.grant_transactional_write(application, transactional_id_prefix=self.transactional_id_prefix)
            properties["sink.transactional-id-prefix"] = self.transactional_id_prefix
        self.topic.cluster.allow_clients(application)
        application.add_run_dependency(self.topic)
        application.add_property_group(self.group, properties)


@dataclass(frozen=True, kw_only=True)
class KinesisSink:
    """Records in a stream of Kinesis.

    Parameters
    ----------
    stream
        The stream.
    group
        The property group that the job reads.
    network
        The VPC that the application is in, which gets an endpoint for the service. Default: none.
    """

    stream: IEventStream
    group: str = "output.events"
    network: IApplicationVpc | None = None

    def connect_writer(self, application: FlinkApplication) -> None:
        """Allow the application to write."""
        reach_service(application, self.network, AwsService.KINESIS_STREAMS)
        self.stream.grant_write(application)
        application.add_property_group(self.group, self.stream.connection_properties())


@dataclass(frozen=True, kw_only=True)
class SearchSink:
    """Documents in an index of a search domain; the application must be in the domain's VPC.

    Parameters
    ----------
    domain
        The domain.
    index
        The index.
    group
        The property group that the job reads.
    network
        The VPC of domain and application, which gets an endpoint for STS: the handler of the domain's roles and
        dashboards runs in the VPC and calls STS. Default: none, for a VPC that reaches STS already.
    """

    domain: ISearchDomain
    index: str
    group: str = "output.search"
    network: IApplicationVpc | None = None

    def connect_writer(self, application: FlinkApplication) -> None:
        """Allow the application to write to the index, and to no other."""
        endpoint = None if self.network is None else self.network.add_endpoint(AwsService.STS)
        if endpoint is not None:
            self.domain.reach_sts_through(endpoint)
        self.domain.allow_clients(application)
        self.domain.grant_index_write(application, self.index)
        application.add_property_group(self.group, self.domain.connection_properties(self.index))


@dataclass(frozen=True, kw_only=True)
class PrometheusSink:
    """Metrics in a workspace of Amazon Managed Service for Prometheus.

    Parameters
    ----------
    workspace
        The workspace.
    network
        The VPC that the application is in, which gets an endpoint for the service. Default: none.
    """

    workspace: IMetricsWorkspace
    network: IApplicationVpc | None = None

    def connect_writer(self, application: FlinkApplication) -> None:
        """Allow the application to write; the property group has the name of the bundled job."""
        reach_service(application, self.network, AwsService.PROMETHEUS)
        self.workspace.grant_remote_write(application)
        for group, entries in self.workspace.property_groups().items():
            application.add_property_group(group, entries)
