"""Kinesis with one stream, which it scales as it documents: its limits, and the time that a step takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.control.fake_aws import ACCOUNT, REGION, Client, World, refuse

if TYPE_CHECKING:
    from datetime import datetime

STREAM = "clicks"
STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}"
STEP_SECONDS = 300


class FakeKinesis:
    """The client's back end; one stream, ACTIVE and provisioned unless a test arranges it otherwise."""

    def __init__(self, world: World, shards: int) -> None:
        self.world = world
        self.shards = shards
        self.mode = "PROVISIONED"
        self.quota = 500
        self.of_other_streams = 20
        self.calls_at: list[datetime] = []
        self._until: datetime | None = None
        self._target = shards

    @property
    def status(self) -> str:
        if self._until is not None and self.world.time >= self._until:
            self._until, self.shards = None, self._target
        return "ACTIVE" if self._until is None else "UPDATING"

    def _check(self, name: str | None, arn: str | None) -> None:
        if name not in {None, STREAM} or arn not in {None, STREAM_ARN}:
            refuse("ResourceNotFoundException", f"Stream {name or arn} under account {ACCOUNT} not found.")

    def describe_stream_summary(
        self,
        StreamName: str | None = None,  # noqa: N803
        StreamARN: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        self._check(StreamName, StreamARN)
        status = self.status
        return {
            "StreamDescriptionSummary": {
                "StreamName": STREAM,
                "StreamARN": STREAM_ARN,
                "StreamStatus": status,
                "StreamModeDetails": {"StreamMode": self.mode},
                "RetentionPeriodHours": 168,
                "StreamCreationTimestamp": self.world.time,
                "EnhancedMonitoring": [],
                "OpenShardCount": self.shards,
                "ConsumerCount": 1,
            }
        }

    def describe_limits(self) -> dict[str, Any]:
        return {
            "ShardLimit": self.quota,
            "OpenShardCount": self.of_other_streams + self.shards,
            "OnDemandStreamCount": 0,
            "OnDemandStreamCountLimit": 50,
        }

    def update_shard_count(
        self,
        TargetShardCount: int,  # noqa: N803
        ScalingType: str,  # noqa: N803
        StreamName: str | None = None,  # noqa: N803
        StreamARN: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        self._check(StreamName, StreamARN)
        assert ScalingType == "UNIFORM_SCALING"
        if self.mode == "ON_DEMAND":
            refuse("ValidationException", "UpdateShardCount is not supported for on-demand streams")
        if self.status != "ACTIVE":
            refuse("ResourceInUseException", f"Stream {STREAM} is UPDATING")
        if not self.shards / 2 <= TargetShardCount <= self.shards * 2 or TargetShardCount == self.shards:
            refuse("InvalidArgumentException", f"TargetShardCount {TargetShardCount} for {self.shards} shards")
        recent = [each for each in self.calls_at if self.world.time - each < timedelta(hours=24)]
        if len(recent) >= 10 or self.of_other_streams + TargetShardCount > self.quota:
            refuse("LimitExceededException", f"UpdateShardCount cannot be called more than 10 times: {len(recent)}")
        self.calls_at.append(self.world.time)
        self._target, self._until = TargetShardCount, self.world.time + timedelta(seconds=STEP_SECONDS)
        return {"StreamName": STREAM, "CurrentShardCount": self.shards, "TargetShardCount": TargetShardCount}


def new_kinesis(shards: int) -> tuple[FakeKinesis, Client]:
    """Return Kinesis and a client of it, which botocore's own model checks."""
    world = World()
    kinesis = FakeKinesis(world, shards)
    return kinesis, Client("kinesis", kinesis, world)
