"""Whole pipelines, of which each part can be swapped."""

from __future__ import annotations

from penstock.model.arguments import check_arguments
from penstock.pipeline.ports import Sink, Source
from penstock.pipeline.sinks import ArchiveSink, FirehoseSink, KafkaSink, KinesisSink, PrometheusSink, SearchSink
from penstock.pipeline.sources import KafkaSource, KinesisSource
from penstock.pipeline.streaming_pipeline import PipelineScopes, StreamingPipeline

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
