"""The steps from one number of shards to another.

Source: Kinesis Data Streams, UpdateShardCount: by default a call at most doubles the shards, at least halves them,
leads to 10,000 at most, and is possible ten times in 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cdk_penstock.model.kinesis import KinesisError, check_shard_count

CALLS_A_DAY: Final = 10
MOST_SHARDS: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class AccountShards:
    """The shards of all provisioned streams of an account in a Region: the quota, and those in use."""

    quota: int
    in_use: int


def plan_shards(present: int, target: int, *, account: AccountShards | None = None) -> tuple[int, ...]:
    """Return the number of shards after each call of UpdateShardCount; empty where nothing is to be done.

    Parameters
    ----------
    present, target
        The number of shards now, and in the end.
    account
        The account's shards; None where they are not known.

    Raises KinesisError for a number of shards that Kinesis would refuse, and for more calls than it takes in a day.
    """
    check_shard_count(target)
    if target > max(MOST_SHARDS, present):
        raise KinesisError(
            f"UpdateShardCount leads to {MOST_SHARDS} shards at most, got {target}: have this limit raised for the"
            " account, or spread the records over several streams"
        )
    if account is not None and account.in_use - present + target > account.quota:
        raise KinesisError(
            f"{target} shards are more than the account has left: its quota in this Region is {account.quota}, and"
            f" other streams use {account.in_use - present}: lower the number, or have the quota raised"
            " (Service Quotas, Kinesis Data Streams, shards per Region)"
        )
    steps: list[int] = []
    while present != target:
        present = min(2 * present, target) if target > present else max(-(-present // 2), target)
        if target < MOST_SHARDS <= present:
            raise KinesisError(
                f"Kinesis scales a stream of more than {MOST_SHARDS} shards down only to fewer than that in one step,"
                f" and a step at least halves it, got {present} on the way to {target}: ask AWS support"
            )
        steps.append(present)
    if len(steps) > CALLS_A_DAY:
        raise KinesisError(
            f"from here to {target} shards it takes {len(steps)} steps, and Kinesis takes {CALLS_A_DAY} in 24 hours:"
            f" scale to {steps[CALLS_A_DAY - 1]} shards first, and further a day later"
        )
    return tuple(steps)
