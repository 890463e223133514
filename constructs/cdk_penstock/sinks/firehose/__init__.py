"""Amazon Data Firehose: delivery of events to S3."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.model.delivery import DeliveryError
from cdk_penstock.sinks.firehose.delivery import (
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
