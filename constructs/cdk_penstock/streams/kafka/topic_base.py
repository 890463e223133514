"""Interface and base class of Kafka topics, created or imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.physical_names import check_unless_token
from cdk_penstock.model.kafka_rules import check_group_name, check_topic_name, check_transactional_id_prefix
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.topic_arns import (
    GROUP_ACTIONS,
    READ_ACTIONS,
    TRANSACTION_ACTIONS,
    WRITE_ACTIONS,
    resource_arn,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.streams.kafka.cluster_base import IKafkaCluster

TRANSACTIONS: Final = (
    "Flink makes transactional ids from the prefix, the subtask and the checkpoint; the statement is limited to this"
    " cluster and the prefix"
)


class IKafkaTopic(IConstruct, Protocol):
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

    def grant_transactional_write(self, grantee: iam.IGrantable, *, transactional_id_prefix: str) -> iam.Grant:
        """Allow the grantee to write to the topic in transactions."""

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job finds the topic."""

    def input_properties(self, *, consumer_group: str) -> dict[str, str]:
        """Return the properties with which a job reads the topic."""


class KafkaTopicBase(Construct):
    """The common part of topics: it needs only cluster and name."""

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
        """The ARN in IAM policies."""
        return resource_arn(self._cluster.cluster_arn, "topic", self.topic_name)

    def grant_read(self, grantee: iam.IGrantable, *, consumer_group: str) -> iam.Grant:
        """Allow the grantee to connect, and to read this topic in this consumer group, and nothing else.

        Raises KafkaError for a group with a wildcard, which would allow several groups.
        """
        group_arn = resource_arn(
            self._cluster.cluster_arn, "group", check_unless_token(consumer_group, check_group_name)
        )
        connect = self._cluster.grant_connect(grantee)
        read = self._grant(grantee, READ_ACTIONS, self.topic_arn)
        return connect.combine(read).combine(self._grant(grantee, GROUP_ACTIONS, group_arn))

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to connect, and to write to this topic, also idempotently, and nothing else."""
        connect = self._cluster.grant_connect(grantee).combine(self._cluster.grant_idempotent_write(grantee))
        return connect.combine(self._grant(grantee, WRITE_ACTIONS, self.topic_arn))

    def grant_transactional_write(self, grantee: iam.IGrantable, *, transactional_id_prefix: str) -> iam.Grant:
        """Allow what ``grant_write`` does, and transactions with ids ``PREFIX-...``, as Flink's exactly-once sink has.

        The sink needs the same prefix (``setTransactionalIdPrefix``, ``sink.transactional-id-prefix``); two jobs with
        one prefix would abort each other's transactions. Transactions of clients that use IAM need Kafka 3.8 or later
        (MSK, "Semantics of IAM authorization policy actions and resources").

        Raises KafkaError for a prefix that is empty or has a wildcard, GrantError for a grantee without a policy.
        """
        prefix = check_unless_token(transactional_id_prefix, check_transactional_id_prefix)
        arn = resource_arn(self._cluster.cluster_arn, "transactional-id", f"{prefix}-*")
        granted = allow(grantee, actions=TRANSACTION_ACTIONS, resources=[arn], wildcard_reason=TRANSACTIONS)
        return self.grant_write(grantee).combine(granted)

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job finds the topic, by the names of the bundled jobs (docs/job.md).

        Raises StreamError for a cluster without IAM, to which these jobs cannot connect.
        """
        if not self._cluster.iam_enabled:
            raise StreamError(
                f"topic {self.topic_name!r} needs IAM authentication, but its cluster has it disabled: enable it and"
                " import the cluster with iam_enabled=True"
            )
        return {
            "bootstrap.servers": self._cluster.bootstrap_servers,
            "topic": self.topic_name,
            "authentication": "iam",
        }

    def input_properties(self, *, consumer_group: str) -> dict[str, str]:
        """Return the properties with which a job reads the topic, such as group ``input.events`` (docs/job.md).

        The consumer group must be the one of ``grant_read``.
        """
        return {
            **self.connection_properties(),
            "consumer.group": check_unless_token(consumer_group, check_group_name),
        }

    @staticmethod
    def _grant(grantee: iam.IGrantable, actions: Sequence[str], arn: str) -> iam.Grant:
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[arn])


class ImportedKafkaTopic(KafkaTopicBase):
    """A topic that was created outside of this app."""

    def __init__(self, scope: Construct, construct_id: str, *, cluster: IKafkaCluster, topic_name: str) -> None:
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._topic_name = check_unless_token(topic_name, check_topic_name)
