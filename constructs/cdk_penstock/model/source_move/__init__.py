"""The move of a job from the legacy Kinesis consumer to the KinesisStreamsSource."""

from cdk_penstock.model.source_move.source_move import MoveStage, SourceMove

__all__ = ("MoveStage", "SourceMove")
