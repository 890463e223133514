"""Applications of an app team: one with its own folder, one with its defaults and the right to read its stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from aws_cdk import Duration

from penstock.application import FlinkApplicationProps, LogLevel, PyFlinkApplication, PyFlinkApplicationProps

if TYPE_CHECKING:
    from aws_cdk import aws_kinesis as kinesis
    from constructs import Construct


class ClickSessions(PyFlinkApplication):
    """Joins clicks to sessions; its job is in a folder beside this file, so users of the class name none."""

    def __init__(self, scope: Construct, construct_id: str, **props: Unpack[FlinkApplicationProps]) -> None:
        super().__init__(scope, construct_id, folder=Path(__file__).parent / "click_sessions", **props)


class ClickCounts(PyFlinkApplication):
    """Counts the clicks of a stream."""

    defaults = FlinkApplicationProps(checkpoint_interval=Duration.seconds(30), log_level=LogLevel.WARN)

    def __init__(
        self, scope: Construct, construct_id: str, *, clicks: kinesis.IStream, **props: Unpack[PyFlinkApplicationProps]
    ) -> None:
        super().__init__(scope, construct_id, **props)
        self.add_property_group("input.clicks", {"stream.arn": clicks.stream_arn})
        clicks.grant_read(self)
