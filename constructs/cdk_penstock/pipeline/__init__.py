"""Pipelines of a source, an application and a sink, each of which can be replaced."""

from __future__ import annotations

from cdk_penstock.model.arguments import check_arguments
from cdk_penstock.pipeline.interfaces import Sink, Source
from cdk_penstock.pipeline.sinks import ArchiveSink, FirehoseSink, KafkaSink, KinesisSink, PrometheusSink, SearchSink
from cdk_penstock.pipeline.sources import KafkaSource, KinesisSource
from cdk_penstock.pipeline.streaming_pipeline import PipelineScopes, StreamingPipeline

__all__ = (
    "ArchiveSink",
    "FirehoseSink",
    "KafkaSink",
    "KafkaSource",
    "KinesisSink",
    "KinesisSource",
    "PipelineScopes",
    "PrometheusSink",
    "SearchSink",
    "Sink",
    "Source",
    "StreamingPipeline",
)

check_arguments(globals())
