"""Interface and base class of Kafka clusters, created or imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from cdk_penstock.foundation.metric_options import MetricMethod, MetricOptions, build_metric, with_defaults
from cdk_penstock.foundation.references import are_accounts_apart, mark_revision
from cdk_penstock.foundation.security_groups import open_ports
from cdk_penstock.model.kafka_rules import IAM_PORT
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.topic_arns import CONNECT_ACTIONS, IDEMPOTENT_WRITE_ACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.model.kafka_storage import PlannedTopic
    from cdk_penstock.streams.kafka.broker_options import KafkaVersion

_RULE: Final = "Kafka with IAM and TLS"


class IKafkaCluster(IConstruct, Protocol):
    """An MSK cluster for clients that use IAM and TLS."""

    @property
    def cluster_arn(self) -> str:
        """The Amazon Resource Name."""

    @property
    def bootstrap_servers(self) -> str:
        """The brokers' addresses for clients with IAM and TLS, separated by commas."""

    @property
    def iam_enabled(self) -> bool:
        """True if the cluster authenticates clients with IAM; grants and CloudFormation topics require it."""

    @property
    def is_serverless(self) -> bool:
        """True for MSK Serverless, where only a Kafka client can create topics."""

    @property
    def kafka_version(self) -> KafkaVersion | None:
        """The version of Kafka; None if it is not known, as for an imported cluster."""

    @property
    def zones(self) -> int:
        """Number of the brokers' availability zones, of which each gets a replica of a partition."""

    def plan_topic(self, topic: PlannedTopic) -> None:
        """Check the brokers' storage against what the topic keeps."""

    def allow_clients(self, *clients: ec2.IConnectable) -> None:
        """Allow the clients to reach the brokers."""

    def grant_connect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to connect, and nothing on any topic."""

    def grant_idempotent_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee idempotent writes to the topics that it may write to."""


class KafkaClusterBase(Construct):
    """The common part of clusters: it needs only ARN, bootstrap servers and security groups."""

    _cluster_arn: str
    _cluster_name: str
    _bootstrap_servers: str
    _security_groups: Sequence[ec2.ISecurityGroup]
    _iam_enabled: bool = True
    _is_serverless: bool = False
    _kafka_version: KafkaVersion | None = None
    _revision: str = ""
    _zones: int = 3
    _ports: tuple[int, int] = (IAM_PORT, IAM_PORT)

    @property
    def cluster_arn(self) -> str:
        """The Amazon Resource Name."""
        return self._cluster_arn

    @property
    def cluster_name(self) -> str:
        """The physical name."""
        return self._cluster_name

    @property
    def bootstrap_servers(self) -> str:
        """The brokers' addresses for clients with IAM and TLS, separated by commas."""
        return self._bootstrap_servers

    @property
    def iam_enabled(self) -> bool:
        """True if the cluster authenticates clients with IAM."""
        return self._iam_enabled

    @property
    def is_serverless(self) -> bool:
        """True for MSK Serverless, where only a Kafka client can create topics."""
        return self._is_serverless

    @property
    def kafka_version(self) -> KafkaVersion | None:
        """The version of Kafka; None if it is not known, as for an imported cluster."""
        return self._kafka_version

    @property
    def zones(self) -> int:
        """Number of the brokers' availability zones."""
        return self._zones

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the brokers."""
        first, last = self._ports
        port = ec2.Port.tcp(first) if first == last else ec2.Port.tcp_range(first, last)
        return ec2.Connections(security_groups=list(self._security_groups), default_port=port)

    def allow_clients(self, *clients: ec2.IConnectable) -> None:
        """Allow the clients to reach the brokers, only on the port for IAM and TLS or those of ``bootstrap_servers``.

        Each rule is a separate resource in the client's stack. So the cluster's security group never changes, which
        would replace the cluster, and its stack never depends on a client's. A client that may not call everywhere also
        gets an outbound rule to the brokers.

        The template of a client in another stack gets the brokers' revision, so that an update reads their addresses
        again when they may have changed.
        """
        for client in clients:
            mark_revision(client, self, self._revision)
            for client_group in client.connections.security_groups:
                for group in self._security_groups:
                    open_ports(client_group, group, ports=self._ports, description=_RULE)

    def plan_topic(self, topic: PlannedTopic) -> None:
        """Raise StreamError: only the storage of a provisioned cluster that this app creates is known."""
        raise StreamError(
            f"the storage of cluster {self.node.path} is not known here, so topic {topic.name!r} cannot be checked"
            " against it: leave out expected_load"
        )

    def grant_connect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to connect, and nothing on any topic."""
        return self._grant(grantee, CONNECT_ACTIONS)

    def grant_idempotent_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee idempotent writes to the topics that it may write to."""
        return self._grant(grantee, IDEMPOTENT_WRITE_ACTIONS)

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the cluster in ``AWS/Kafka``; by default its average over five minutes."""
        return build_metric(self, "AWS/Kafka", name, dimensions={"Cluster Name": self.cluster_name}, options=options)

    metric_offline_partitions = MetricMethod(
        "OfflinePartitionsCount", "Maximum", "Partitions without a leader, which are not available."
    )
    metric_active_controllers = MetricMethod("ActiveControllerCount", "Maximum", "Active controllers; always one.")

    def metric_disk_used(self, broker_id: int, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Use of a broker's disk for data logs, in percent; Express brokers have no such metric."""
        dimensions = {"Broker ID": str(broker_id)}
        return self.metric(
            "KafkaDataLogsDiskUsed", **with_defaults(options, statistic="Maximum", dimensions=dimensions)
        )

    def metric_consumer_lag(
        self, topic_name: str, consumer_group: str, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Records that a consumer group is behind, in the topic's partition with the most."""
        dimensions = {"Consumer Group": consumer_group, "Topic": topic_name}
        return self.metric("MaxOffsetLag", **with_defaults(options, statistic="Maximum", dimensions=dimensions))

    def _grant(self, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        self._refuse_other_account(grantee.grant_principal)
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.cluster_arn])

    def _refuse_other_account(self, principal: iam.IPrincipal) -> None:
        """Refuse a role of another account, whose VPC reaches the brokers under other addresses."""
        if isinstance(principal, Construct) and are_accounts_apart(self, principal):
            raise StreamError(
                f"cluster {self.node.path} is in another account than {principal.node.path}: import the cluster there"
                " with from_cluster_arn, and the bootstrap_servers of its managed VPC connection"
            )
