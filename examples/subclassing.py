"""An app team's own application: its defaults, what its job reads, and what it is allowed to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from aws_cdk import Duration

from cdk_penstock.application import FlinkApplicationProps, LogLevel, PyFlinkApplication, PyFlinkApplicationProps

if TYPE_CHECKING:
    from aws_cdk import aws_kinesis as kinesis
    from constructs import Construct


class ClickCounts(PyFlinkApplication):
    """Counts the clicks of a stream."""

    defaults = FlinkApplicationProps(checkpoint_interval=Duration.seconds(30), log_level=LogLevel.WARN)

    def __init__(
        self, scope: Construct, construct_id: str, *, clicks: kinesis.IStream, **props: Unpack[PyFlinkApplicationProps]
    ) -> None:
        super().__init__(scope, construct_id, **props)
        self.add_property_group("input.clicks", {"stream.arn": clicks.stream_arn})
        clicks.grant_read(self)
