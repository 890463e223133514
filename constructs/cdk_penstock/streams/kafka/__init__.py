"""Amazon MSK: clusters and topics for jobs on Managed Service for Apache Flink (MSF)."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kafka.broker_options import BrokerInstance, KafkaMonitoring, KafkaVersion
from cdk_penstock.streams.kafka.cluster_base import IKafkaCluster
from cdk_penstock.streams.kafka.imported_cluster import ImportedKafkaCluster
from cdk_penstock.streams.kafka.provisioned_cluster import ProvisionedKafkaCluster
from cdk_penstock.streams.kafka.serverless_cluster import ServerlessKafkaCluster
from cdk_penstock.streams.kafka.topic import CleanupPolicy, KafkaTopic
from cdk_penstock.streams.kafka.topic_base import IKafkaTopic

__all__ = (
    "BrokerInstance",
    "CleanupPolicy",
    "IKafkaCluster",
    "IKafkaTopic",
    "ImportedKafkaCluster",
    "KafkaMonitoring",
    "KafkaTopic",
    "KafkaVersion",
    "ProvisionedKafkaCluster",
    "ServerlessKafkaCluster",
    "StreamError",
)

check_arguments(globals())
