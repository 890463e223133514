"""One look at the job of an application, for people: its subtasks, restarts and last completed checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from cdk_penstock.model.health import JobSample
from cdk_penstock.model.metrics import msf_metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RESTART_METRICS: Final = tuple(reversed(msf_metric("fullRestarts").all_names))
"""Flink's metrics of the number of restarts; Flink 2 has the first only."""


@dataclass(frozen=True, kw_only=True)
class CompletedCheckpoint:
    """A completed checkpoint."""

    checkpoint_id: int
    completed_at: datetime
    duration_ms: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class JobOverview:
    """A job at one moment.

    Parameters
    ----------
    name
        Flink's name of it.
    sample
        Its subtasks, and its failures.
    restarts
        The number of restarts since it was submitted; None if Flink does not tell.
    checkpoint
        The last completed checkpoint; None if there is none.
    failed_checkpoints
        The number of failed ones.
    """

    name: str
    sample: JobSample
    restarts: int | None
    checkpoint: CompletedCheckpoint | None
    failed_checkpoints: int

    @classmethod
    def parse(
        cls,
        at: datetime,
        *,
        details: Mapping[str, Any],
        exceptions: Mapping[str, Any],
        checkpoints: Mapping[str, Any],
        metrics: Sequence[Mapping[str, Any]],
    ) -> Self:
        """Return the overview of Flink's answers to ``/jobs/<id>`` and below it.

        ``checkpoints`` and ``metrics`` may be empty, as Flink answers without checkpoints and before the job runs.
        """
        values = {each["id"]: each["value"] for each in metrics}
        restarts = next((values[name] for name in RESTART_METRICS if name in values), None)
        completed = (checkpoints.get("latest") or {}).get("completed")
        return cls(
            name=str(details.get("name", "")),
            sample=JobSample.parse(at, details, exceptions, checkpoints),
            restarts=None if restarts is None else int(float(restarts)),
            checkpoint=None
            if completed is None
            else CompletedCheckpoint(
                checkpoint_id=completed["id"],
                completed_at=datetime.fromtimestamp(completed["latest_ack_timestamp"] / 1000, UTC),
                duration_ms=completed["end_to_end_duration"],
                size_bytes=completed["state_size"],
            ),
            failed_checkpoints=checkpoints.get("counts", {}).get("failed", 0),
        )

    def fields(self) -> dict[str, Any]:
        """Return the overview for scripts."""
        sample, checkpoint = self.sample, self.checkpoint
        return {
            "jobId": sample.job_id,
            "name": self.name,
            "state": sample.state,
            "allSubtasksRun": sample.runs,
            "vertices": [
                {"name": each.name, "parallelism": each.parallelism, "subtasks": _counted(each.subtasks)}
                for each in sample.vertices
            ],
            "restarts": self.restarts,
            "lastCheckpoint": None
            if checkpoint is None
            else {
                "id": checkpoint.checkpoint_id,
                "completedAt": checkpoint.completed_at.isoformat(),
                "durationMs": checkpoint.duration_ms,
                "sizeBytes": checkpoint.size_bytes,
            },
            "failedCheckpoints": self.failed_checkpoints,
            "lastFailure": None
            if not sample.failures
            else {"at": sample.failures[0].at.isoformat(), "reason": sample.failures[0].reason},
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the overview for people, as names and values."""
        sample, checkpoint = self.sample, self.checkpoint
        yield "job", sample.describe()
        for each in sample.vertices:
            states = ", ".join(f"{number} {state}" for state, number in _counted(each.subtasks).items())
            yield "vertex", f"{each.name}: {states or 'no subtask yet'} of {each.parallelism}"
        yield "restarts", "unknown" if self.restarts is None else str(self.restarts)
        if checkpoint is None:
            yield "last checkpoint", f"none completed, {self.failed_checkpoints} failed"
        else:
            age = (sample.at - checkpoint.completed_at).total_seconds()
            size = f"{checkpoint.size_bytes / 1024**2:.1f} MiB in {checkpoint.duration_ms / 1000:.1f} s"
            yield (
                "last checkpoint",
                f"{checkpoint.checkpoint_id}, {shown_age(age)} ago, {size}; {self.failed_checkpoints} failed",
            )
        if sample.failures:
            failure = sample.failures[0]
            yield "last failure", f"{failure.at:%Y-%m-%d %H:%M:%SZ} {' | '.join(failure.reason.splitlines())}"


def _counted(subtasks: Mapping[str, int]) -> dict[str, int]:
    return {state: number for state, number in sorted(subtasks.items()) if number}


_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def shown_age(seconds: float) -> str:
    """Return a time span in its largest unit, such as ``3 h``; a clock that is behind gives 0 s."""
    for unit_seconds, unit in _UNITS:
        if seconds >= unit_seconds:
            return f"{seconds / unit_seconds:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
