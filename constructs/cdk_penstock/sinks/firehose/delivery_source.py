"""Source of a delivery's records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream

from cdk_penstock.foundation.elsewhere import warn_of_other_account
from cdk_penstock.model.regions import via_service
from cdk_penstock.streams.kafka.topic_arns import resource_arn

if TYPE_CHECKING:
    from datetime import datetime

    from aws_cdk import aws_kinesis as kinesis
    from aws_cdk import aws_kms as kms

KAFKA_GROUPS: Final = (
    "Firehose makes the name of its consumer group; the statement is limited to groups of the source's cluster"
)

_READ_ACTIONS: Final = (
    "kinesis:DescribeStream",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)


class MskConnectivity(StrEnum):
    """Network path of Firehose to an MSK cluster."""

    PRIVATE = "PRIVATE"
    """MSK's multi-VPC private connectivity, which must be enabled on the cluster."""
    PUBLIC = "PUBLIC"
    """The cluster's public endpoints."""


class SourceCluster(Protocol):
    """The part of an MSK cluster that Firehose needs."""

    @property
    def cluster_arn(self) -> str:
        """The Amazon Resource Name."""


class SourceTopic(Protocol):
    """The part of a topic, such as a KafkaTopic, that Firehose needs."""

    @property
    def topic_name(self) -> str:
        """The topic's name."""

    @property
    def cluster(self) -> SourceCluster:
        """The cluster that it is in."""


class DeliverySource(ABC):
    """A source of records; created by the static factories. Changing it replaces the delivery stream."""

    stream_type: str

    @staticmethod
    def direct_put() -> DeliverySource:
        """Accept records from producers, such as Flink's Firehose sink."""
        return _DirectPut()

    @staticmethod
    def kinesis_stream(stream: kinesis.IStream) -> DeliverySource:
        """Read a Kinesis data stream from its newest record on; the role may use its key, if the construct knows it."""
        return _KinesisStream(stream)

    @staticmethod
    def msk_topic(
        topic: SourceTopic,
        *,
        connectivity: MskConnectivity = MskConnectivity.PRIVATE,
        read_from: datetime | None = None,
    ) -> DeliverySource:
        """Read a topic of an MSK cluster with IAM authentication.

        The cluster's policy must allow ``firehose.amazonaws.com`` to call ``kafka:CreateVpcConnection``, and a private
        cluster needs multi-VPC connectivity with IAM (firehose, controlling-access). ``read_from`` is the time to start
        at; by default Firehose starts with the newest record.
        """
        return _MskTopic(topic, connectivity, read_from)

    @abstractmethod
    def statements(self, scope: Any) -> list[iam.PolicyStatement]:
        """Return the permissions that the delivery's role needs to read."""

    @abstractmethod
    def configuration(self, role_arn: str, key: kms.IKey) -> dict[str, Any]:
        """Return the delivery stream's properties."""

    def wildcards(self, scope: Any) -> dict[str, list[str]]:
        """Return the wildcard resources of the statements, with their actions."""
        del scope
        return {}

    def warn_of_other_account(self, role: iam.Role) -> None:
        """Warn where the source is of another account, which has to let the role read as well."""
        del role


class _DirectPut(DeliverySource):
    stream_type = "DirectPut"

    def statements(self, scope: Any) -> list[iam.PolicyStatement]:
        del scope
        return []

    def configuration(self, role_arn: str, key: kms.IKey) -> dict[str, Any]:
        del role_arn
        return {
            "delivery_stream_encryption_configuration_input": (
                CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
                    key_type="CUSTOMER_MANAGED_CMK", key_arn=key.key_arn
                )
            )
        }


@dataclass(frozen=True)
class _KinesisStream(DeliverySource):
    stream: kinesis.IStream
    stream_type = "KinesisStreamAsSource"

    def statements(self, scope: Any) -> list[iam.PolicyStatement]:
        read = iam.PolicyStatement(
            sid="ReadStream",
            actions=list(_READ_ACTIONS),
            resources=[self.stream.stream_arn],
        )
        if self.stream.encryption_key is None:
            return [read]
        decrypt = iam.PolicyStatement(
            sid="DecryptStream",
            actions=["kms:Decrypt"],
            resources=[self.stream.encryption_key.key_arn],
            conditions={
                "StringEquals": {
                    **via_service("kinesis", Stack.of(scope).region),
                    "kms:EncryptionContext:aws:kinesis:arn": self.stream.stream_arn,
                }
            },
        )
        return [read, decrypt]

    def warn_of_other_account(self, role: iam.Role) -> None:
        warn_of_other_account(
            self.stream,
            role,
            account=self.stream.env.account,
            policy="its resource policy (kinesis:PutResourcePolicy)",
            actions=_READ_ACTIONS,
            resources=[self.stream.stream_arn],
        )

    def configuration(self, role_arn: str, key: kms.IKey) -> dict[str, Any]:
        del key
        return {
            "kinesis_stream_source_configuration": CfnDeliveryStream.KinesisStreamSourceConfigurationProperty(
                kinesis_stream_arn=self.stream.stream_arn, role_arn=role_arn
            )
        }


@dataclass(frozen=True)
class _MskTopic(DeliverySource):
    topic: SourceTopic
    connectivity: MskConnectivity
    read_from: datetime | None
    stream_type = "MSKAsSource"

    def statements(self, scope: Any) -> list[iam.PolicyStatement]:
        del scope
        return [
            iam.PolicyStatement(
                sid="ConnectToCluster",
                actions=[
                    "kafka-cluster:Connect",
                    "kafka:DescribeCluster",
                    "kafka:DescribeClusterV2",
                    "kafka:GetBootstrapBrokers",
                ],
                resources=[self.topic.cluster.cluster_arn],
            ),
            iam.PolicyStatement(
                sid="ReadTopic",
                actions=[
                    "kafka-cluster:DescribeTopic",
                    "kafka-cluster:DescribeTopicDynamicConfiguration",
                    "kafka-cluster:ReadData",
                ],
                resources=[self._arn("topic", self.topic.topic_name)],
            ),
            iam.PolicyStatement(
                sid="DescribeConsumerGroup",
                actions=["kafka-cluster:DescribeGroup"],
                resources=[self._arn("group", "*")],
            ),
        ]

    def configuration(self, role_arn: str, key: kms.IKey) -> dict[str, Any]:
        del key
        return {
            "msk_source_configuration": CfnDeliveryStream.MSKSourceConfigurationProperty(
                msk_cluster_arn=self.topic.cluster.cluster_arn,
                topic_name=self.topic.topic_name,
                authentication_configuration=CfnDeliveryStream.AuthenticationConfigurationProperty(
                    connectivity=self.connectivity.value, role_arn=role_arn
                ),
                read_from_timestamp=None if self.read_from is None else self.read_from.isoformat(),
            )
        }

    def wildcards(self, scope: Any) -> dict[str, list[str]]:
        del scope
        return {self._arn("group", "*"): ["kafka-cluster:DescribeGroup"]}

    def _arn(self, kind: str, name: str) -> str:
        return resource_arn(self.topic.cluster.cluster_arn, kind, name)
