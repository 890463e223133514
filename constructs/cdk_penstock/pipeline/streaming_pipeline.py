"""A source, an application and a sink, each made by a method that a subclass may override."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs import Construct

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.pipeline.interfaces import Sink, Source

__all__ = ("PipelineScopes", "StreamingPipeline")


@dataclass(frozen=True, kw_only=True)
class PipelineScopes:
    """Where the parts of a pipeline are made: in as many stacks as one likes.

    Parameters
    ----------
    ingestion, presentation, processing
        The scope of the source, of the sink and of the application, which comes after both.
    """

    ingestion: Construct
    presentation: Construct
    processing: Construct


class StreamingPipeline(Construct):
    """Events of a source through an application into a sink, with exactly the permissions and properties it takes.

    A subclass overrides a builder method to swap a part, and nothing else changes: source and sink connect themselves
    to whatever application there is.

    Parameters
    ----------
    scopes
        Where the parts are made. Default: all in this construct.
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
        """Make where events come from."""

    @abstractmethod
    def build_sink(self, scope: Construct) -> Sink:
        """Make where results go."""

    @abstractmethod
    def build_application(self, scope: Construct) -> FlinkApplication:
        """Make the application; source and sink are connected to it afterwards."""
