"""Pipeline of a source, an application and a sink, each built by a method that a subclass may override."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs import Construct

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.pipeline.interfaces import Sink, Source


@dataclass(frozen=True, kw_only=True)
class PipelineScopes:
    """Scopes of a pipeline's parts, which may be in different stacks.

    Parameters
    ----------
    ingestion, presentation, processing
        Scope of the source, of the sink and of the application, which is created after both.
    """

    ingestion: Construct
    presentation: Construct
    processing: Construct


class StreamingPipeline(Construct):
    """Events of a source through an application into a sink, with exactly the permissions and properties needed.

    A subclass overrides a builder method to replace a part. Nothing else changes, because source and sink connect
    themselves to any application.

    Parameters
    ----------
    scopes
        Scopes of the parts. Default: all in this construct.
    """

    def __init__(self, scope: Construct, construct_id: str, *, scopes: PipelineScopes | None = None) -> None:
        super().__init__(scope, construct_id)
        places = scopes or PipelineScopes(ingestion=self, presentation=self, processing=self)
        self.source = self.build_source(places.ingestion)
        self.sink = self.build_sink(places.presentation)
        self.application = self.build_application(places.processing)
        self.source.connect_reader(self.application)
        self.sink.connect_writer(self.application)

    @abstractmethod
    def build_source(self, scope: Construct) -> Source:
        """Build the source of events."""

    @abstractmethod
    def build_sink(self, scope: Construct) -> Sink:
        """Build the sink for results."""

    @abstractmethod
    def build_application(self, scope: Construct) -> FlinkApplication:
        """Build the application; source and sink are connected to it afterwards."""
