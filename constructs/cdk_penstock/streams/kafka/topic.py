"""Topic of a Kafka cluster, as a resource of the stack."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Size, Token
from aws_cdk.aws_msk import CfnTopic

from cdk_penstock.foundation.elsewhere import is_of_other_account, is_of_other_region
from cdk_penstock.foundation.physical_names import check_unless_token
from cdk_penstock.model.kafka_rules import check_retention_ms, check_topic_name, encode_properties
from cdk_penstock.model.kafka_storage import PlannedTopic, TopicLoad
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.topic_base import ImportedKafkaTopic, KafkaTopicBase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from cdk_penstock.streams.kafka.cluster_base import IKafkaCluster
    from cdk_penstock.streams.kafka.topic_base import IKafkaTopic


class CleanupPolicy(StrEnum):
    """Treatment of old records."""

    DELETE = "delete"
    """Old records are deleted after the retention."""
    COMPACT = "compact"
    """The last record of each key is kept."""
    COMPACT_AND_DELETE = "compact,delete"
    """The last record of each key is kept, until the end of the retention."""


class KafkaTopic(KafkaTopicBase):
    """A topic through ``AWS::MSK::Topic``: no client, no Lambda function, no plugin.

    CloudFormation's role calls the cluster as a Kafka client does. So the cluster must authenticate clients with IAM,
    and the role needs ``kafka-cluster`` actions on it (the role of ``cdk bootstrap`` has them). MSK has this API for
    provisioned clusters with Kafka 3.6 or later, not for MSK Serverless (MSK, "Topic Operations").

    Partitions can only be added; with fewer the deployment fails. Another name or replication factor creates a new,
    empty topic; the old one is kept.

    Parameters
    ----------
    cluster
        The cluster.
    topic_name
        The name by which producers and consumers find it.
    partitions
        Number of partitions, at least the parallelism of the job that reads.
    replication_factor
        Number of brokers with a replica of each partition. Default: one in each availability zone of the cluster.
    retention
        Time for which records are kept. Default: 7 days.
    retention_per_partition
        Most data that a partition keeps, whatever ``retention`` is, plus one segment of 1 GiB. It protects the brokers'
        disks: the oldest records are deleted first. Default: no limit.
    expected_load
        What is written to the topic. Synthesis fails if the brokers' storage is too small for it. Default: not known,
        and not checked.
    cleanup_policy
        Treatment of old records. Default: they are deleted after the retention.
    min_insync_replicas
        Number of replicas that must have a record before it is acknowledged. Default: one less than the replication
        factor, so that one broker may fail.
    configuration
        Further topic configurations, by Kafka's keys.
    removal_policy
        Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises StreamError for a cluster without IAM, of MSK Serverless or with a Kafka version that is too old, for numbers
    that contradict each other, and for a load that cannot be checked; KafkaError for a name or configuration that Kafka
    would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: IKafkaCluster,
        topic_name: str,
        partitions: int,
        replication_factor: int | None = None,
        retention: Duration | None = None,
        retention_per_partition: Size | None = None,
        expected_load: TopicLoad | None = None,
        cleanup_policy: CleanupPolicy = CleanupPolicy.DELETE,
        min_insync_replicas: int | None = None,
        configuration: Mapping[str, str] | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        _check_cluster(cluster)
        self._refuse_other_place(cluster.cluster_arn)
        self._cluster = cluster
        self._topic_name = check_unless_token(topic_name, check_topic_name)
        replicas = cluster.zones if replication_factor is None else replication_factor
        in_sync = max(1, replicas - 1) if min_insync_replicas is None else min_insync_replicas
        _check_numbers(partitions, replicas, in_sync)
        kept = retention or Duration.days(7)
        kept_bytes = None if retention_per_partition is None else int(retention_per_partition.to_bytes())
        if expected_load is not None:
            _check_plan(cleanup_policy, configuration or {})
            cluster.plan_topic(
                PlannedTopic(
                    name=self._topic_name,
                    load=expected_load,
                    partitions=partitions,
                    replication_factor=replicas,
                    retention_hours=kept.to_hours(integral=False),
                    retention_bytes=kept_bytes,
                )
            )
        self.resource = CfnTopic(
            self,
            "Resource",
            cluster_arn=cluster.cluster_arn,
            topic_name=self._topic_name,
            partition_count=partitions,
            replication_factor=replicas,
            configs=encode_properties(
                {
                    "cleanup.policy": cleanup_policy.value,
                    "min.insync.replicas": str(in_sync),
                    "retention.ms": str(check_retention_ms(kept.to_milliseconds())),
                    **({} if kept_bytes is None else {"retention.bytes": str(kept_bytes)}),
                    **(configuration or {}),
                }
            ),
        )
        self.resource.apply_removal_policy(removal_policy)

    def _refuse_other_place(self, cluster_arn: str) -> None:
        if Token.is_unresolved(cluster_arn):
            return
        region, account = cluster_arn.split(":")[3:5]
        if is_of_other_region(self, region) or is_of_other_account(self, account):
            raise StreamError(
                f"CloudFormation creates topics only in clusters of its own account and Region, got {cluster_arn}:"
                " create the topic there and import it with KafkaTopic.from_topic_name"
            )

    @staticmethod
    def from_topic_name(scope: Construct, construct_id: str, *, cluster: IKafkaCluster, topic_name: str) -> IKafkaTopic:
        """Import a topic of a cluster."""
        return ImportedKafkaTopic(scope, construct_id, cluster=cluster, topic_name=topic_name)


def _check_cluster(cluster: IKafkaCluster) -> None:
    if cluster.is_serverless:
        raise StreamError(
            "CloudFormation cannot create topics of MSK Serverless: create them with a Kafka client and import them"
            " with KafkaTopic.from_topic_name, or use a ProvisionedKafkaCluster"
        )
    version = cluster.kafka_version
    if version is not None and not version.native_topics_allowed:
        raise StreamError(
            f"CloudFormation creates topics from Kafka 3.6 on, got a cluster with {version.version}: update it, or"
            " create the topic with a Kafka client and import it with KafkaTopic.from_topic_name"
        )
    if not cluster.iam_enabled:
        raise StreamError(
            "CloudFormation creates topics only in a cluster with IAM authentication: enable it, or import the topic"
        )


def _check_plan(policy: CleanupPolicy, configuration: Mapping[str, str]) -> None:
    """Raise StreamError if the size of the topic does not follow from its properties."""
    if policy is CleanupPolicy.COMPACT:
        raise StreamError("what a compacted topic keeps depends on its keys, not on expected_load: leave it out")
    set_elsewhere = sorted({"retention.ms", "retention.bytes", "segment.bytes", "segment.ms"} & configuration.keys())
    if set_elsewhere:
        raise StreamError(
            f"with expected_load, how much is kept is planned with retention and retention_per_partition, got"
            f" configuration with {' and '.join(set_elsewhere)}: leave one out"
        )


def _check_numbers(partitions: int, replication_factor: int, in_sync: int) -> None:
    if partitions < 1 or replication_factor < 1:
        raise StreamError(
            f"a topic has at least one partition and one replica, got {partitions} and {replication_factor}"
        )
    if not 1 <= in_sync <= replication_factor:
        raise StreamError(
            f"min_insync_replicas must be 1 to the replication factor {replication_factor}, got {in_sync}: nothing"
            " could be written"
        )
