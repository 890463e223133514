"""An operation in progress: its phase, and what it needs to go on after an interruption."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """The event that an operation in progress waits for."""

    SAVE = "SAVE"
    """The running job takes a savepoint and ends by it."""
    LAUNCH = "LAUNCH"
    """Flink accepts a job."""
    CANCEL = "CANCEL"
    """The job ends without a savepoint."""
    STUCK = "STUCK"
    """A person: the operation failed, and its status stays."""


@dataclass(frozen=True, kw_only=True)
class RunConfiguration:
    """The last start of the job: MSF's restore type, with the snapshot of a custom restore."""

    restore_type: str = "RESTORE_FROM_LATEST_SNAPSHOT"
    snapshot_name: str = ""
    snapshot_arn: str = ""
    allow_non_restored_state: bool = False


@dataclass(frozen=True, kw_only=True)
class Transit:
    """An operation in progress, with all that is needed to go on after an interruption.

    Parameters
    ----------
    operation_id
        The operation that it carries out; empty if MSF does not list it.
    phase
        The present phase.
    since
        When the operation began.
    phase_since
        When the phase began.
    snapshot
        The uid of the snapshot that SAVE takes; empty without one.
    restore
        The uid of the snapshot that LAUNCH restores; empty to start without state.
    run
        The run configuration of the job to launch; None if that of the job before stays.
    parallelism
        The parallelism of the job to launch.
    accepted_at
        When Flink accepted the launched job; None if it did not yet, or if nobody watches for it.
    """

    operation_id: str
    phase: Phase
    since: datetime
    phase_since: datetime
    snapshot: str = ""
    restore: str = ""
    run: RunConfiguration | None = None
    parallelism: int = 1
    accepted_at: datetime | None = None
