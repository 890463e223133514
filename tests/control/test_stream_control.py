"""Scaling of a stream, with Kinesis's own limits, interruptions and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_penstock.control.errors import BusyError, ControlError, MissingPermissionError
from cdk_penstock.control.stream_control import StreamControl
from cdk_penstock.model.kinesis import KinesisError
from tests.control.fake_aws import Killed, error
from tests.control.fake_kinesis import STREAM, STREAM_ARN, FakeKinesis, new_kinesis

if TYPE_CHECKING:
    from tests.control.fake_aws import Client


def control(kinesis: FakeKinesis, client: Client, stream: str = STREAM) -> StreamControl:
    return StreamControl(client, stream, clock=kinesis.world.clock)


def scaled(kinesis: FakeKinesis, client: Client, target: int, *, seconds: float = 3600) -> list[int]:
    """Scale, and return the number of shards that each step led to."""
    steps: list[int] = []
    done = control(kinesis, client).scale(
        target, step_timeout_seconds=seconds, progress=lambda _stream, to: steps.append(to)
    )
    assert (done.shards, done.status) == (target, "ACTIVE")
    return steps


@pytest.mark.parametrize(("present", "target", "steps"), [(6, 12, [12]), (6, 40, [12, 24, 40]), (9, 2, [5, 3, 2])])
def test_it_goes_beyond_the_double_and_below_the_half_step_by_step(present: int, target: int, steps: list[int]) -> None:
    kinesis, client = new_kinesis(present)
    assert scaled(kinesis, client, target) == steps
    assert kinesis.shards == target


def test_nothing_is_done_where_the_stream_has_the_shards() -> None:
    kinesis, client = new_kinesis(6)
    assert scaled(kinesis, client, 6) == []
    assert not kinesis.world.named("UpdateShardCount")


def test_a_stream_is_found_by_its_arn_too() -> None:
    kinesis, client = new_kinesis(6)
    by_arn = control(kinesis, client, STREAM_ARN)
    assert by_arn.describe().name == STREAM
    assert by_arn.scale(3, step_timeout_seconds=600).shards == 3
    assert all(request.get("StreamARN") == STREAM_ARN for request in kinesis.world.named("UpdateShardCount"))


def test_killed_at_any_call_and_run_again_it_reaches_the_same_end() -> None:
    kinesis, client = new_kinesis(3)
    scaled(kinesis, client, 20)
    for number in range(1, len(kinesis.world.calls) + 1):
        for kill in ("kill_before", "kill_after"):
            again, client = new_kinesis(3)
            setattr(again.world, kill, number)
            with pytest.raises(Killed):
                scaled(again, client, 20)
            again.world.kill_before = again.world.kill_after = None
            scaled(again, client, 20)
            assert len(again.calls_at) == len(kinesis.calls_at)


def test_it_waits_for_another_change_first() -> None:
    kinesis, client = new_kinesis(6)
    client.update_shard_count(StreamName=STREAM, TargetShardCount=12, ScalingType="UNIFORM_SCALING")
    assert scaled(kinesis, client, 24) == [24]


def test_a_change_that_begins_in_between_is_waited_for_and_planned_around() -> None:
    kinesis, client = new_kinesis(6)
    kinesis.world.fail("UpdateShardCount", error("ResourceInUseException", "Stream clicks is UPDATING"))
    assert scaled(kinesis, client, 12) == [12, 12]


def test_somebody_who_always_scales_it_back_does_not_keep_it_busy_without_end() -> None:
    kinesis, client = new_kinesis(6)

    def scale_back(name: str, _: object) -> None:
        if name == "DescribeStreamSummary" and kinesis.status == "ACTIVE":
            kinesis.shards = 6
            kinesis.calls_at.clear()

    kinesis.world.on_call = scale_back
    with pytest.raises(ControlError, match="has not reached 12 shards in 10 steps: somebody else scales it too"):
        scaled(kinesis, client, 12)


def test_the_limit_of_a_day_ends_it_with_the_way_to_go_on() -> None:
    kinesis, client = new_kinesis(4)
    for target in (8, 4, 8, 4, 8, 4, 8, 4, 8):
        scaled(kinesis, client, target)
    with pytest.raises(ControlError, match="no more steps for stream clicks now, which has 16 shards: .* goes on from"):
        scaled(kinesis, client, 32)
    kinesis.world.sleep(24 * 3600)
    assert scaled(kinesis, client, 32) == [32]


def test_a_stream_on_demand_is_refused() -> None:
    kinesis, client = new_kinesis(4)
    kinesis.mode = "ON_DEMAND"
    with pytest.raises(ControlError, match="clicks is on demand: Kinesis scales it by itself"):
        control(kinesis, client).plan(8)
    with pytest.raises(ControlError, match="on demand"):
        scaled(kinesis, client, 8)
    assert not kinesis.world.named("UpdateShardCount")


def test_the_accounts_quota_is_looked_at_before_anything_is_done() -> None:
    kinesis, client = new_kinesis(400)
    with pytest.raises(KinesisError, match="481 shards are more than the account has left"):
        scaled(kinesis, client, 481)
    assert not kinesis.world.named("UpdateShardCount")
    denied = error("AccessDeniedException", "not authorized to perform: kinesis:DescribeLimits")
    kinesis.world.fail("DescribeLimits", *[denied] * 10)
    assert scaled(kinesis, client, 480) == [480]


def test_a_step_that_takes_too_long_goes_on_by_itself() -> None:
    kinesis, client = new_kinesis(4)
    with pytest.raises(ControlError, match="still UPDATING with 4 shards after 60 s, and goes on by itself"):
        scaled(kinesis, client, 8, seconds=60)
    kinesis.world.sleep(300)
    assert scaled(kinesis, client, 8) == []


@pytest.mark.parametrize(
    ("operation", "code", "kind", "message"),
    [
        ("DescribeStreamSummary", "AccessDeniedException", MissingPermissionError, "kinesis:DescribeStreamSummary"),
        ("UpdateShardCount", "AccessDeniedException", MissingPermissionError, "scale stream clicks to 8 shards"),
        ("DescribeLimits", "ThrottlingException", BusyError, "AWS throttles"),
        ("UpdateShardCount", "InvalidArgumentException", ControlError, "nothing was changed. Kinesis answered Invalid"),
    ],
)
def test_a_refusal_says_what_was_refused(operation: str, code: str, kind: type[Exception], message: str) -> None:
    kinesis, client = new_kinesis(4)
    kinesis.world.fail(operation, error(code, "no"))
    with pytest.raises(kind, match=message):
        scaled(kinesis, client, 8)
    assert kinesis.shards == 4


def test_a_stream_that_is_not_there_is_named() -> None:
    kinesis, client = new_kinesis(4)
    with pytest.raises(ControlError, match="no such stream in this account and Region: .* Stream visits under account"):
        control(kinesis, client, "visits").describe()
