"""Streams and topics for jobs on Managed Service for Apache Flink (MSF).

``DeliveryToS3`` is in ``penstock.streams.delivery_to_s3``, since it loads parts of the CDK that topics don't need.
"""

from __future__ import annotations

from penstock.model.arguments import check_arguments
from penstock.streams.errors import StreamError
from penstock.streams.event_stream import EventStream, StreamCapacity
from penstock.streams.event_stream_base import IEventStream
from penstock.streams.imported_kafka_cluster import ImportedKafkaCluster
from penstock.streams.kafka_cluster_base import IKafkaCluster
from penstock.streams.kafka_options import BrokerInstance, KafkaMonitoring, KafkaVersion
from penstock.streams.kafka_topic import CleanupPolicy, KafkaTopic
from penstock.streams.kafka_topic_base import IKafkaTopic
from penstock.streams.provisioned_kafka_cluster import ProvisionedKafkaCluster
from penstock.streams.serverless_kafka_cluster import ServerlessKafkaCluster

__all__ = (
    "BrokerInstance",
    "CleanupPolicy",
    "EventStream",
    "IEventStream",
    "IKafkaCluster",
    "IKafkaTopic",
    "ImportedKafkaCluster",
    "KafkaMonitoring",
    "KafkaTopic",
    "KafkaVersion",
    "ProvisionedKafkaCluster",
    "ServerlessKafkaCluster",
    "StreamCapacity",
    "StreamError",
)

check_arguments(globals())
