"""A job at one moment, as Flink's REST API describes it.

Source: https://nightlies.apache.org/flink/flink-docs-release-1.20/docs/ops/rest_api/
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from cdk_penstock.model.lifecycle.flink_answers import java_error

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDED_STATES: Final = frozenset({"FINISHED", "FAILED", "CANCELED", "SUSPENDED"})
"""Flink's states of a job that does not go on."""
_SETTLED: Final = ("RUNNING", "FINISHED")


@dataclass(frozen=True, kw_only=True)
class VertexSample:
    """One vertex of the job's graph, with the number of its subtasks in each of Flink's states."""

    name: str
    parallelism: int
    subtasks: Mapping[str, int]

    @property
    def running(self) -> int:
        """Subtasks that run, or of a bounded source that has come to its end."""
        return sum(self.subtasks.get(state, 0) for state in _SETTLED)


@dataclass(frozen=True, kw_only=True)
class JobFailure:
    """A failure after which Flink restarted the job, or gave it up; ``reason`` is the useful part of its exception."""

    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class JobSample:
    """A job at one moment.

    Parameters
    ----------
    at
        The moment.
    job_id, state
        As Flink has them.
    vertices
        The vertices of its graph.
    failures
        Those that Flink remembers, the newest first; it remembers sixteen.
    completed_checkpoints
        Since the job was submitted.
    """

    at: datetime
    job_id: str
    state: str
    vertices: tuple[VertexSample, ...]
    failures: tuple[JobFailure, ...] = ()
    completed_checkpoints: int = 0

    @classmethod
    def parse(
        cls, at: datetime, details: Mapping[str, Any], exceptions: Mapping[str, Any], checkpoints: Mapping[str, Any]
    ) -> Self:
        """Return the sample of the answers to ``/jobs/<id>`` and its ``/exceptions`` and ``/checkpoints``."""
        return cls(
            at=at,
            job_id=details["jid"],
            state=details["state"],
            vertices=tuple(
                VertexSample(name=each["name"], parallelism=each["parallelism"], subtasks=each["tasks"])
                for each in details["vertices"]
            ),
            failures=tuple(
                JobFailure(
                    at=datetime.fromtimestamp(each["timestamp"] / 1000, UTC), reason=java_error(each["stacktrace"])
                )
                for each in exceptions.get("exceptionHistory", {}).get("entries", ())
            ),
            # Without checkpoints, Flink answers with an error, which the caller takes for an empty answer.
            completed_checkpoints=checkpoints.get("counts", {}).get("completed", 0),
        )

    @property
    def has_ended(self) -> bool:
        """True if the job does not go on."""
        return self.state in ENDED_STATES

    @property
    def subtasks(self) -> int:
        """All subtasks."""
        return sum(each.parallelism for each in self.vertices)

    @property
    def running_subtasks(self) -> int:
        """Subtasks that run, or have finished."""
        return sum(each.running for each in self.vertices)

    @property
    def runs(self) -> bool:
        """True if every subtask runs; the state of the job says RUNNING long before that."""
        return (
            self.state == "RUNNING"
            and bool(self.vertices)
            and all(each.running == each.parallelism for each in self.vertices)
        )

    def describe(self) -> str:
        """Return the state in words."""
        waiting: Counter[str] = Counter()
        for each in self.vertices:
            waiting.update({state: number for state, number in each.subtasks.items() if state not in _SETTLED})
        others = "".join(f", {number} {state}" for state, number in sorted(waiting.items()) if number)
        return f"job {self.state}, {self.running_subtasks} of {self.subtasks} subtasks run{others}"
