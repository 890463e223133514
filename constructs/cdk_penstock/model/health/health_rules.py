"""The evidence that a job has to give before it counts as healthy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cdk_penstock.model.errors import PenstockError

_INTERVALS = 2
_LEAST_STABLE_SECONDS = 60.0
_MOST_STABLE_SECONDS = 300.0
_INITIALIZING_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class HealthRules:
    """Rules by which a job is judged after a start or an update.

    The defaults find a job that fails again and again with its second failure: MSF restarts a job after ten seconds, so
    that less than thirty pass between the first failing subtask and the verdict. A job that fails once, because it has
    lost a worker, gets a new chance.

    Parameters
    ----------
    poll_seconds
        Time between two looks at the job. Default: 5.
    consecutive_samples
        Looks in a row at which every subtask has to run. Default: 3.
    stable_seconds
        Time without a failure, from the first of these looks on. Default: 60; see ``for_checkpoints``.
    tolerated_failures
        Failures after which the job is still waited for. Default: 1.
    needs_checkpoint
        True if a checkpoint has to be completed. Default: True.
    initializing_seconds
        Time from the begin of the operation until every subtask runs, the snapshot and the restored state included.
        Default: 900.
    checkpoint_seconds
        Time from the begin of the operation until a checkpoint is completed. Default: 1,020; see ``for_checkpoints``.

    Raises PenstockError for a value below its minimum.
    """

    poll_seconds: float = 5.0
    consecutive_samples: int = 3
    stable_seconds: float = _LEAST_STABLE_SECONDS
    tolerated_failures: int = 1
    needs_checkpoint: bool = True
    initializing_seconds: float = _INITIALIZING_SECONDS
    checkpoint_seconds: float = _INITIALIZING_SECONDS + 120

    def __post_init__(self) -> None:
        """Refuse what would find every job healthy, or none."""
        lowest = {
            "poll_seconds": 0.1,
            "consecutive_samples": 1,
            "stable_seconds": 0,
            "tolerated_failures": 0,
            "initializing_seconds": 1,
            "checkpoint_seconds": 1,
        }
        for name, least in lowest.items():
            if getattr(self, name) < least:
                raise PenstockError(f"{name} must be at least {least}, got {getattr(self, name)}")

    @classmethod
    def for_checkpoints(cls, interval_seconds: float | None, *, stable_seconds: float | None = None) -> Self:
        """Return the rules for a checkpoint interval, None without checkpoints.

        A job is stable after ``stable_seconds``; by default after two intervals, but not before one minute, and at last
        after five.
        """
        intervals = _INTERVALS * (interval_seconds or 0)
        usual = min(max(_LEAST_STABLE_SECONDS, intervals), _MOST_STABLE_SECONDS)
        return cls(
            stable_seconds=usual if stable_seconds is None else stable_seconds,
            needs_checkpoint=interval_seconds is not None,
            checkpoint_seconds=_INITIALIZING_SECONDS + intervals,
        )
