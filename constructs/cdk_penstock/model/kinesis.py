"""Limits of Kinesis Data Streams, as pure decisions.

Sources: AWS::Kinesis::Stream; Kinesis Data Streams, CreateStream, IncreaseStreamRetentionPeriod, UpdateShardCount and
"Quotas and limits".
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
_MIN_RETENTION_HOURS, _MAX_RETENTION_HOURS = 24, 8760
_MAX_SHARDS: Final = 100_000
_MAX_FACTOR: Final = 2


class KinesisError(PenstockError):
    """A name or a number that Kinesis would refuse."""


def check_stream_name(name: str) -> str:
    """Return the name of a stream or of a consumer, or raise KinesisError."""
    if not _NAME.fullmatch(name):
        raise KinesisError(f"a name in Kinesis must be 1 to 128 letters, digits, '_', '.' or '-', got {name!r}")
    return name


def check_shard_count(shards: int) -> int:
    """Return the number of shards, or raise KinesisError."""
    if not 1 <= shards <= _MAX_SHARDS:
        raise KinesisError(f"a provisioned stream has 1 to {_MAX_SHARDS} shards, got {shards}")
    return shards


def check_retention_hours(hours: float) -> int:
    """Return the retention, or raise KinesisError."""
    if not _MIN_RETENTION_HOURS <= hours <= _MAX_RETENTION_HOURS or hours != int(hours):
        raise KinesisError(
            f"retention must be {_MIN_RETENTION_HOURS} to {_MAX_RETENTION_HOURS} whole hours, got {hours:g}"
        )
    return int(hours)


def check_alarm_hours(hours: float, *, retention_hours: float) -> None:
    """Raise KinesisError for an alarm that fires at once, or only after the records have expired."""
    if not 0 < hours < retention_hours:
        raise KinesisError(
            f"threshold must be more than 0 and less than the retention of {retention_hours:g} hours, after which"
            f" records expire unread, got {hours:g} hours"
        )


def check_steps(scheduled: Sequence[int], *, start: int) -> None:
    """Raise KinesisError if a schedule could never take effect.

    UpdateShardCount at most doubles the shards, and at most halves them. Whatever the order of the schedules, each can
    take effect only if no two neighbouring numbers are further apart, and one is as near to the initial number.
    """
    ordered = sorted(set(scheduled))
    for small, large in pairwise(ordered):
        if large > _MAX_FACTOR * small:
            raise KinesisError(
                f"Kinesis at most doubles or halves the shards in one step, got schedules for {small} and {large} and"
                f" none between: add one for {_MAX_FACTOR * small}"
            )
    if ordered and not any(_is_step(start, each) for each in ordered):
        numbers = ", ".join(str(each) for each in ordered)
        raise KinesisError(
            f"Kinesis at most doubles or halves the shards in one step, got {start} to start with and schedules for"
            f" {numbers}: add one between"
        )


def _is_step(shards: int, other: int) -> bool:
    return max(shards, other) <= _MAX_FACTOR * min(shards, other)
