"""Whole pipelines, of which each part can be swapped."""

from __future__ import annotations

from penstock.pipeline.ports import Sink, Source
from penstock.pipeline.sinks import PrometheusSink
from penstock.pipeline.sources import KafkaSource
from penstock.pipeline.streaming_pipeline import PipelineScopes, StreamingPipeline

__all__ = ("KafkaSource", "PipelineScopes", "PrometheusSink", "Sink", "Source", "StreamingPipeline")
