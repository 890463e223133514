"""Interfaces of a stream and of its consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from constructs import IConstruct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_iam as iam

    from cdk_penstock.foundation.metric_options import MetricOptions


class IEventStream(IConstruct, Protocol):
    """A stream, created in this app or elsewhere."""

    @property
    def stream_name(self) -> str:
        """The physical name."""

    @property
    def stream_arn(self) -> str:
        """The Amazon Resource Name."""

    def grant(self, grantee: iam.IGrantable, actions: Sequence[str], *, key_actions: Sequence[str]) -> iam.Grant:
        """Allow the grantee these actions on the stream, and those on its key."""

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to read by polling."""

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to write."""

    def add_consumer(self, consumer_name: str) -> IStreamConsumer:
        """Add a consumer with enhanced fan-out."""

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job finds the stream."""

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return one of the stream's metrics."""


class IStreamConsumer(IConstruct, Protocol):
    """A registered consumer of a stream, with enhanced fan-out."""

    @property
    def consumer_name(self) -> str:
        """The name, which is unique in the stream."""

    @property
    def consumer_arn(self) -> str:
        """The Amazon Resource Name."""

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to subscribe as this consumer."""

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job subscribes."""

    def metric_millis_behind_latest(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return the milliseconds that this consumer is behind."""
