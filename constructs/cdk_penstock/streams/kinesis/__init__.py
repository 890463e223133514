"""Kinesis data streams for jobs on Managed Service for Apache Flink (MSF)."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kinesis.event_stream import EventStream, StreamCapacity
from cdk_penstock.streams.kinesis.event_stream_interface import IEventStream, IStreamConsumer

__all__ = (
    "EventStream",
    "IEventStream",
    "IStreamConsumer",
    "StreamCapacity",
    "StreamError",
)

check_arguments(globals())
