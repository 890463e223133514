"""Faults on request: what may go wrong with an application, for tests of whoever operates it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cdk_penstock.model.lifecycle.observed_job import JobObservation, JobState, SavedState, SaveState


@dataclass(frozen=True, kw_only=True)
class Faults:
    """The faults of one application, until they are taken back.

    Parameters
    ----------
    failing_snapshots
        True: each snapshot fails.
    hanging_operations
        True: an operation in progress does not end.
    looping_job
        True: the job seems to restart without end, and cannot take a snapshot.
    throttled_calls
        How many of the next calls on the application are answered with ThrottlingException.
    transition_seconds
        How long each status such as STARTING lasts at least; None for the service's own setting.
    """

    failing_snapshots: bool = False
    hanging_operations: bool = False
    looping_job: bool = False
    throttled_calls: int = field(default=0)
    transition_seconds: float | None = None

    def seen_through(self, job: JobObservation, snapshots: tuple[str, ...]) -> JobObservation:
        """Return the observation of a job as these faults make it, with the snapshots that it was asked for."""
        if self.failing_snapshots:
            failed = SavedState(state=SaveState.FAILED, error="a fault was requested: snapshots fail")
            # What is saved already stays so: the job may have ended by it.
            job = replace(job, saved=dict.fromkeys(snapshots, failed) | dict(job.saved))
        if self.looping_job and job.state is JobState.RUNNING:
            job = replace(
                job, state=JobState.RESTARTING, restarts=job.restarts + 1_000, error="a fault was requested: a loop"
            )
        return job
