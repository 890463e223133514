"""Amazon Data Firehose: delivery of events to S3."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.delivery import DeliveryError
from cdk_penstock.sinks.firehose.delivery_base import IDeliveryToS3
from cdk_penstock.sinks.firehose.delivery_options import (
    Compression,
    DeliveryBackup,
    DeliveryFormat,
    DeliveryPartitions,
    GlueTable,
    ParquetCompression,
)
from cdk_penstock.sinks.firehose.delivery_source import DeliverySource, MskConnectivity, SourceTopic
from cdk_penstock.sinks.firehose.delivery_to_s3 import DeliveryToS3
from cdk_penstock.streams.errors import StreamError

__all__ = (
    "Compression",
    "DeliveryBackup",
    "DeliveryError",
    "DeliveryFormat",
    "DeliveryPartitions",
    "DeliverySource",
    "DeliveryToS3",
    "GlueTable",
    "IDeliveryToS3",
    "MskConnectivity",
    "ParquetCompression",
    "SourceTopic",
    "StreamError",
)

check_arguments(globals())
