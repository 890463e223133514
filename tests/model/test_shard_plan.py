from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.kinesis import KinesisError
from cdk_penstock.model.shard_plan import AccountShards, plan_shards

shards = st.integers(1, 10_000)


@given(shards, shards)
def test_each_step_is_one_that_kinesis_takes_and_the_last_one_is_the_target(present: int, target: int) -> None:
    try:
        steps = plan_shards(present, target)
    except KinesisError as error:
        assert "scale to" in str(error)  # noqa: PT017 - more than ten steps
        assert max(present, target) > 2**10 * min(present, target)
        return
    way = (present, *steps)
    assert way[-1] == target
    assert len(steps) <= 10
    for before, after in pairwise(way):
        assert before / 2 <= after <= 2 * before
        assert after != before
    assert steps == tuple(sorted(steps, reverse=target < present))


@given(shards, shards)
def test_no_way_is_shorter(present: int, target: int) -> None:
    try:
        steps = plan_shards(present, target)
    except KinesisError:
        return
    least = max(present, target) / min(present, target)
    assert len(steps) == 0 or 2 ** (len(steps) - 1) < least


@pytest.mark.parametrize(
    ("present", "target", "steps"),
    [
        (6, 12, (12,)),
        (6, 20, (12, 20)),
        (5, 2, (3, 2)),
        (12, 12, ()),
        (1, 1000, (2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)),
        (12_000, 5000, (6000, 5000)),
    ],
)
def test_the_way_to_a_number(present: int, target: int, steps: tuple[int, ...]) -> None:
    assert plan_shards(present, target) == steps


@pytest.mark.parametrize(
    ("present", "target", "message"),
    [
        (4, 0, "a provisioned stream has 1 to 100000 shards, got 0"),
        (8000, 10_001, "leads to 10000 shards at most, got 10001"),
        (30_000, 5000, "only to fewer than that in one step, .* got 15000 on the way to 5000"),
        (1, 1025, "takes 11 steps, and Kinesis takes 10 in 24 hours: scale to 1024 shards first"),
    ],
)
def test_numbers_that_kinesis_does_not_reach_are_refused(present: int, target: int, message: str) -> None:
    with pytest.raises(KinesisError, match=message):
        plan_shards(present, target)


def test_the_accounts_quota_counts_the_other_streams() -> None:
    account = AccountShards(quota=100, in_use=60)
    assert plan_shards(20, 60, account=account) == (40, 60)
    with pytest.raises(KinesisError, match="61 shards are more than the account has left: .* streams use 40"):
        plan_shards(20, 61, account=account)
