"""The job of an application: the order to launch it, and what is observed of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class JobState(StrEnum):
    """The state of an application's job, as far as MSF's statuses depend on it.

    A job is LAUNCHING until Flink has accepted it: ``main()`` runs, and may fail. From then on MSF calls the
    application RUNNING, although tasks may still restore their state.
    """

    ABSENT = "ABSENT"
    """No job and no cluster: it was never launched, was cancelled, or its process died."""
    LAUNCHING = "LAUNCHING"
    RUNNING = "RUNNING"
    """Flink accepted the job and does not restart it; tasks may still be initializing."""
    RESTARTING = "RESTARTING"
    """The job fails and is restarted by Flink, which cannot take a savepoint meanwhile."""
    FINISHED = "FINISHED"
    """All sources came to an end, or the job was stopped with a savepoint."""
    FAILED = "FAILED"
    """``main()`` failed, or made no job, or the job was refused; ``JobObservation.error`` says why."""
    CANCELED = "CANCELED"


class SaveState(StrEnum):
    """The state of a savepoint that was asked for."""

    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class SavedState:
    """A savepoint that was asked for: where it is once it is DONE, or why it FAILED."""

    state: SaveState
    location: str = ""
    size_bytes: int = 0
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """The order to launch an application's job.

    Parameters
    ----------
    launch_id
        Identifies the order: repeated with the same id, it has no effect.
    code
        Path of the version's own copy of its code: a zip or a jar.
    runtime
        MSF's name of the Flink version, for example ``FLINK-1_20``.
    property_groups
        Properties by group.
    parallelism, parallelism_per_kpu
        As configured; the second is the number of task slots of a TaskManager.
    checkpointing_enabled, checkpoint_interval_ms, min_pause_between_checkpoints_ms
        As configured.
    savepoint
        Location of the savepoint to restore, None to start empty.
    recover
        True to go on from the newest checkpoint instead, if there is one: its process has died. Only checkpoints count
        that were taken since the last launch with False: older ones may be older than ``savepoint``.
    allow_non_restored_state
        True to leave out state that no operator of the new code takes.
    """

    launch_id: str
    code: str
    runtime: str
    property_groups: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    parallelism: int = 1
    parallelism_per_kpu: int = 1
    checkpointing_enabled: bool = True
    checkpoint_interval_ms: int = 60_000
    min_pause_between_checkpoints_ms: int = 5_000
    savepoint: str | None = None
    recover: bool = False
    allow_non_restored_state: bool = False


@dataclass(frozen=True, kw_only=True)
class JobObservation:
    """The job of an application, as it is known at one moment.

    Parameters
    ----------
    state
        Its state.
    launch_id
        The order that it comes from; empty if there is none.
    error
        Why it failed, or restarts: the first lines of the exception.
    restarts
        How often Flink restarted it.
    saved
        The savepoints that were asked for, by the name of their snapshot; complete ones also if another process of the
        service asked for them, since a job that ended by one has no checkpoints any more.
    plan
        Flink's plan of the job as JSON text, once it runs; else empty.
    """

    state: JobState
    launch_id: str = ""
    error: str = ""
    restarts: int = 0
    saved: Mapping[str, SavedState] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    plan: str = ""
