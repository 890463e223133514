"""Streams and topics for jobs on Managed Service for Apache Flink (MSF).

``DeliveryToS3`` and its options are loaded when they are first asked for: they need parts of the CDK that topics don't.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from penstock.model.arguments import check_arguments
from penstock.model.kafka_storage import TopicLoad
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

if TYPE_CHECKING:
    from penstock.streams.delivery_to_s3 import (
        Compression,
        DeliveryBackup,
        DeliveryFormat,
        DeliveryPartitions,
        DeliverySource,
        DeliveryToS3,
        GlueTable,
        IDeliveryToS3,
        MskConnectivity,
        ParquetCompression,
        SourceTopic,
    )

__all__ = (
    "BrokerInstance",
    "CleanupPolicy",
    "Compression",
    "DeliveryBackup",
    "DeliveryFormat",
    "DeliveryPartitions",
    "DeliverySource",
    "DeliveryToS3",
    "EventStream",
    "GlueTable",
    "IDeliveryToS3",
    "IEventStream",
    "IKafkaCluster",
    "IKafkaTopic",
    "ImportedKafkaCluster",
    "KafkaMonitoring",
    "KafkaTopic",
    "KafkaVersion",
    "MskConnectivity",
    "ParquetCompression",
    "ProvisionedKafkaCluster",
    "ServerlessKafkaCluster",
    "SourceTopic",
    "StreamCapacity",
    "StreamError",
    "TopicLoad",
)


check_arguments(globals())


def __getattr__(name: str) -> object:
    """Load what delivers to S3 when it is first asked for (PEP 562)."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module("penstock.streams.delivery_to_s3"), name)
