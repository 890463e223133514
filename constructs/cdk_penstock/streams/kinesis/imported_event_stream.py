"""Import of Kinesis streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Arn, ArnFormat, Stack, Token

from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.references import splittable
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kinesis.event_stream_base import EventStreamBase

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct


class ImportedEventStream(EventStreamBase):
    """A stream that was created outside of this app; raises StreamError for a text that is not a stream's ARN."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stream_arn: str, encryption_key: kms.IKey | None
    ) -> None:
        super().__init__(scope, construct_id)
        if not Token.is_unresolved(stream_arn) and (":stream/" not in stream_arn or ":kinesis:" not in stream_arn):
            raise StreamError(_refusal(stream_arn))
        parts = Arn.split(splittable(stream_arn, consumer=self), ArnFormat.SLASH_RESOURCE_NAME)
        if not parts.resource_name or not parts.region:
            raise StreamError(_refusal(stream_arn))
        self._stream_arn = stream_arn
        self._stream_name = parts.resource_name
        self._region = parts.region
        self._account = parts.account or Stack.of(self).account
        require_key_region(self, encryption_key, StreamError, region=parts.region)
        self._encryption_key = encryption_key


def _refusal(stream_arn: str) -> str:
    return f"expected the ARN of a stream, arn:aws:kinesis:REGION:ACCOUNT:stream/NAME, got {stream_arn!r}"
