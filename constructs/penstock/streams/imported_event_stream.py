"""Streams that were made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Arn, ArnFormat, Token

from penstock.foundation.other_places import warn_of_other_account
from penstock.foundation.references import splittable
from penstock.streams.errors import StreamError
from penstock.streams.event_stream_base import EventStreamBase

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

__all__ = ("ImportedEventStream",)


class ImportedEventStream(EventStreamBase):
    """A stream that another stack, or nobody's stack, has created; raises StreamError for what is no stream's ARN."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stream_arn: str, encryption_key: kms.IKey | None
    ) -> None:
        super().__init__(scope, construct_id)
        if not Token.is_unresolved(stream_arn) and ":stream/" not in stream_arn:
            raise StreamError(_refusal(stream_arn))
        parts = Arn.split(splittable(stream_arn, consumer=self), ArnFormat.SLASH_RESOURCE_NAME)
        if not parts.resource_name or not parts.region:
            raise StreamError(_refusal(stream_arn))
        self._stream_arn = stream_arn
        self._stream_name = parts.resource_name
        self._region = parts.region
        self._encryption_key = encryption_key
        warn_of_other_account(
            self,
            stream_arn,
            needs="the stream's resource policy must allow the job's role kinesis:DescribeStreamSummary,"
            " kinesis:ListShards, kinesis:GetShardIterator and kinesis:GetRecords to read, kinesis:PutRecord and"
            " kinesis:PutRecords to write (streams/latest/dev, resource-based-policy-examples), and a key of its own"
            " must allow the role too",
        )


def _refusal(stream_arn: str) -> str:
    return f"expected the ARN of a stream, arn:aws:kinesis:REGION:ACCOUNT:stream/NAME, got {stream_arn!r}"
