"""A topic of a Kafka cluster, as a resource of the stack."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from aws_cdk import Duration, RemovalPolicy, Token
from aws_cdk import aws_iam as iam
from aws_cdk.aws_msk import CfnTopic
from constructs import Construct

from penstock.model.kafka import check_topic_name, encode_properties
from penstock.streams.errors import StreamError
from penstock.streams.kafka_access import GROUP_ACTIONS, READ_ACTIONS, WRITE_ACTIONS, resource_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.streams.kafka_cluster_base import IKafkaCluster

__all__ = ("CleanupPolicy", "IKafkaTopic", "KafkaTopic")

_MILLISECONDS: Final = 1000
_SERVERLESS_REPLICAS: Final = 3
_SERVERLESS_CONFIGURATION: Final = frozenset(
    {
        "cleanup.policy",
        "compression.type",
        "max.message.bytes",
        "message.timestamp.difference.max.ms",
        "message.timestamp.type",
        "retention.bytes",
        "retention.ms",
    }
)
"""What topics of MSK Serverless take (MSK, "Configuration properties for MSK Serverless clusters")."""


class CleanupPolicy(StrEnum):
    """What becomes of old records."""

    DELETE = "delete"
    """They go after the retention."""
    COMPACT = "compact"
    """The last one of each key stays for ever."""
    COMPACT_AND_DELETE = "compact,delete"
    """The last one of each key stays, until the retention is over."""


class IKafkaTopic(Protocol):
    """A topic, created in this app or elsewhere."""

    @property
    def topic_name(self) -> str:
        """The topic's name."""

    @property
    def cluster(self) -> IKafkaCluster:
        """The cluster that it is in."""

    def grant_read(self, grantee: iam.IGrantable, *, consumer_group: str) -> iam.Grant:
        """Allow the grantee to read the topic in this consumer group."""

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to write to the topic."""

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job finds the topic."""


class _TopicBase(Construct):
    _topic_name: str
    _cluster: IKafkaCluster

    @property
    def topic_name(self) -> str:
        """The topic's name."""
        return self._topic_name

    @property
    def cluster(self) -> IKafkaCluster:
        """The cluster that it is in."""
        return self._cluster

    @property
    def topic_arn(self) -> str:
        """The ARN by which IAM names it."""
        return resource_arn(self._cluster.cluster_arn, "topic", self.topic_name)

    def grant_read(self, grantee: iam.IGrantable, *, consumer_group: str) -> iam.Grant:
        """Allow the grantee to connect, and to read this topic in this consumer group, and nothing else."""
        group_arn = resource_arn(self._cluster.cluster_arn, "group", consumer_group)
        connect = self._cluster.grant_connect(grantee)
        read = self._grant(grantee, READ_ACTIONS, self.topic_arn)
        return connect.combine(read).combine(self._grant(grantee, GROUP_ACTIONS, group_arn))

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to connect, and to write to this topic, idempotently as well, and nothing else."""
        connect = self._cluster.grant_connect(grantee).combine(self._cluster.grant_idempotent_write(grantee))
        return connect.combine(self._grant(grantee, WRITE_ACTIONS, self.topic_arn))

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job finds the topic, as the bundled jobs name them (docs/job.md)."""
        return {
            "bootstrap.servers": self._cluster.bootstrap_servers,
            "topic": self.topic_name,
            "authentication": "iam",
        }

    @staticmethod
    def _grant(grantee: iam.IGrantable, actions: tuple[str, ...], arn: str) -> iam.Grant:
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[arn])


class KafkaTopic(_TopicBase):
    """A topic through ``AWS::MSK::Topic``: no client, no Lambda function, no plugin.

    CloudFormation's role calls the cluster as a Kafka client does, so the cluster has to take IAM, and the role has to
    be allowed ``kafka-cluster`` actions on it (that of ``cdk bootstrap`` is).

    Partitions can only be added; Kafka refuses fewer, and the deployment fails. Another name or replication factor
    makes a new, empty topic; the old one stays.

    Parameters
    ----------
    cluster
        The cluster.
    topic_name
        The name, which producers and consumers know.
    partitions
        How many; at least the parallelism of the job that reads.
    replication_factor
        On how many brokers each partition is. Default: 3.
    retention
        How long records stay. Default: 7 days.
    cleanup_policy
        What becomes of old records. Default: they go after the retention.
    min_insync_replicas
        How many replicas must have a record before it is acknowledged. Default: one less than the replication factor,
        so that one broker may fail. MSK Serverless decides on it itself.
    configuration
        Further topic configurations, by Kafka's own keys.
    removal_policy
        Default: RETAIN.

    Raises StreamError for a cluster without IAM, for numbers that do not fit together, and for what MSK Serverless does
    not let topics be configured with; KafkaError for a name or configuration that Kafka would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: IKafkaCluster,
        topic_name: str,
        partitions: int,
        replication_factor: int = 3,
        retention: Duration | None = None,
        cleanup_policy: CleanupPolicy = CleanupPolicy.DELETE,
        min_insync_replicas: int | None = None,
        configuration: Mapping[str, str] | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        if not cluster.takes_iam:
            message = "a native topic needs a cluster whose clients come with IAM: CloudFormation is one of them"
            raise StreamError(message)
        self._cluster = cluster
        self._topic_name = topic_name if Token.is_unresolved(topic_name) else check_topic_name(topic_name)
        in_sync = max(1, replication_factor - 1) if min_insync_replicas is None else min_insync_replicas
        _check_numbers(partitions, replication_factor, in_sync)
        if cluster.is_serverless:
            _check_serverless(replication_factor, min_insync_replicas, configuration or {})
        self.resource = CfnTopic(
            self,
            "Resource",
            cluster_arn=cluster.cluster_arn,
            topic_name=self._topic_name,
            partition_count=partitions,
            replication_factor=replication_factor,
            configs=encode_properties(
                {
                    "cleanup.policy": cleanup_policy.value,
                    **({} if cluster.is_serverless else {"min.insync.replicas": str(in_sync)}),
                    "retention.ms": str((retention or Duration.days(7)).to_seconds() * _MILLISECONDS),
                    **(configuration or {}),
                }
            ),
        )
        self.resource.apply_removal_policy(removal_policy)

    @staticmethod
    def from_topic_name(scope: Construct, construct_id: str, *, cluster: IKafkaCluster, topic_name: str) -> IKafkaTopic:
        """Import a topic of a cluster."""
        return _ImportedTopic(scope, construct_id, cluster=cluster, topic_name=topic_name)


class _ImportedTopic(_TopicBase):
    def __init__(self, scope: Construct, construct_id: str, *, cluster: IKafkaCluster, topic_name: str) -> None:
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._topic_name = topic_name if Token.is_unresolved(topic_name) else check_topic_name(topic_name)


def _check_serverless(
    replication_factor: int, min_insync_replicas: int | None, configuration: Mapping[str, str]
) -> None:
    if replication_factor != _SERVERLESS_REPLICAS or min_insync_replicas is not None:
        message = (
            f"MSK Serverless keeps {_SERVERLESS_REPLICAS} replicas and decides how many have to be in sync, got"
            f" replication_factor {replication_factor} and min_insync_replicas {min_insync_replicas}: leave both out"
        )
        raise StreamError(message)
    unknown = sorted(configuration.keys() - _SERVERLESS_CONFIGURATION)
    if unknown:
        message = (
            f"topics of MSK Serverless can be configured with {', '.join(sorted(_SERVERLESS_CONFIGURATION))}, got"
            f" {', '.join(unknown)}"
        )
        raise StreamError(message)


def _check_numbers(partitions: int, replication_factor: int, in_sync: int) -> None:
    if partitions < 1 or replication_factor < 1:
        message = f"a topic has at least one partition and one replica, got {partitions} and {replication_factor}"
        raise StreamError(message)
    if not 1 <= in_sync <= replication_factor:
        message = (
            f"min_insync_replicas must be 1 to the replication factor {replication_factor}, got {in_sync}: nothing"
            " could be written"
        )
        raise StreamError(message)
