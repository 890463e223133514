"""Jobs on a Flink cluster, through its REST API."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.errors import JobError
from cdk_penstock.local.processes import log_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cdk_penstock.local.rest import JsonClient


RUNNING_TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.2
TERMINAL_STATES = frozenset({"FINISHED", "FAILED", "CANCELED", "SUSPENDED"})


@dataclass(frozen=True, kw_only=True)
class CheckpointStatistics:
    """Completed and failed checkpoints of a job; durations in milliseconds and size in bytes of completed ones."""

    completed: int
    failed: int
    duration_min_ms: int = 0
    duration_average_ms: int = 0
    duration_max_ms: int = 0
    size_max_bytes: int = 0


def tasks_running(details: Mapping[str, Any]) -> bool:
    """Tell whether every task of a job runs; the job's own state says RUNNING long before that.

    Parameters
    ----------
    details
        What Flink's REST API says of the job.
    """
    vertices = details["vertices"]
    return (
        details["state"] == "RUNNING"
        and bool(vertices)
        # A bounded source may finish while the rest still runs.
        and all(
            vertex["tasks"].get("RUNNING", 0) + vertex["tasks"].get("FINISHED", 0) == vertex["parallelism"]
            for vertex in vertices
        )
    )


class FlinkJob:
    """One job on a cluster.

    Parameters
    ----------
    client
        Speaks with the cluster.
    job_id
        The job's id.
    log_file
        Where a message sends the reader.
    """

    def __init__(self, *, client: JsonClient, job_id: str, log_file: Path) -> None:
        self._client = client
        self._log_file = log_file
        self.job_id = job_id

    @property
    def cluster_url(self) -> str:
        """The address of the cluster that it runs on."""
        return self._client.base_url

    def details(self) -> Any:
        """Return what Flink says of the job."""
        return self._client.get(f"/jobs/{self.job_id}")

    def state(self) -> str:
        """Return the job's state, for example RUNNING."""
        return str(self.details()["state"])

    def restarts(self) -> int:
        """Return how often the job was restarted."""
        values = self._client.get(f"/jobs/{self.job_id}/metrics", {"get": "numRestarts"})
        return int(float(values[0]["value"])) if values else 0

    def root_cause(self) -> str:
        """Return the newest exception of the job, an empty text if there is none."""
        entries = self._client.get(f"/jobs/{self.job_id}/exceptions")["exceptionHistory"]["entries"]
        return str(entries[0]["stacktrace"]) if entries else ""

    def wait_running(self, *, timeout_seconds: float = RUNNING_TIMEOUT_SECONDS) -> None:
        """Wait until all tasks run, or have finished.

        Raises
        ------
        JobError
            The job failed, keeps restarting, or took too long.
        """
        self._wait(
            lambda details: tasks_running(details) or details["state"] == "FINISHED",
            goal="run", timeout_seconds=timeout_seconds,
        )  # fmt: skip

    def wait_finished(self, *, timeout_seconds: float) -> None:
        """Wait until the job has finished by itself.

        Raises
        ------
        JobError
            The job failed or took too long.
        """
        self._wait(lambda details: details["state"] == "FINISHED", goal="finish", timeout_seconds=timeout_seconds)

    def _wait(self, reached: Callable[[Any], bool], *, goal: str, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            details = self.details()
            if reached(details):
                return
            if details["state"] in TERMINAL_STATES or time.monotonic() >= deadline:
                cause = self.root_cause() or log_tail(self._log_file)
                raise JobError(
                    f"job {details['name']} should {goal} within {timeout_seconds:g} s, but is {details['state']} "
                    f"(log: {self._log_file}):\n{cause[:4000]}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self, *, drain: bool, timeout_seconds: float = 120.0) -> str:
        """Stop the job with a savepoint and return the savepoint's location.

        Parameters
        ----------
        drain
            Send the highest watermark through the job first, so that every window closes and every sink flushes.
        timeout_seconds
            How long it may take.

        Raises
        ------
        JobError
            It could not be stopped so, or took too long.
        """
        request = self._client.send("POST", f"/jobs/{self.job_id}/stop", {"drain": drain})["request-id"]
        location = self._await_savepoint(str(request), timeout_seconds=timeout_seconds)
        self.wait_finished(timeout_seconds=timeout_seconds)
        return location

    def savepoint(self, *, timeout_seconds: float = 120.0) -> str:
        """Take a savepoint, let the job run on, and return the savepoint's location.

        Raises
        ------
        JobError
            It failed or took too long.
        """
        request = self._client.send("POST", f"/jobs/{self.job_id}/savepoints", {"cancel-job": False})["request-id"]
        return self._await_savepoint(str(request), timeout_seconds=timeout_seconds)

    def checkpoint(self, *, timeout_seconds: float = 120.0) -> None:
        """Take a checkpoint now, beside those that are taken at intervals.

        Raises
        ------
        JobError
            It failed or took too long.
        """
        request = self._client.send("POST", f"/jobs/{self.job_id}/checkpoints", {})["request-id"]
        self._await_operation(f"checkpoints/{request}", "checkpoint", timeout_seconds=timeout_seconds)

    def _await_savepoint(self, request: str, *, timeout_seconds: float) -> str:
        operation = self._await_operation(f"savepoints/{request}", "savepoint", timeout_seconds=timeout_seconds)
        return str(operation["location"])

    def _await_operation(self, path: str, what: str, *, timeout_seconds: float) -> Any:
        deadline = time.monotonic() + timeout_seconds
        while True:
            answer = self._client.get(f"/jobs/{self.job_id}/{path}")
            if answer["status"]["id"] == "COMPLETED":
                break
            if time.monotonic() >= deadline:
                raise JobError(f"the {what} of job {self.job_id} was not done within {timeout_seconds:g} s")
            time.sleep(POLL_SECONDS)
        operation = answer["operation"]
        cause = operation.get("failure-cause")
        if cause is not None:
            raise JobError(f"the {what} of job {self.job_id} failed: {cause['stack-trace'][:4000]}")
        return operation

    def cancel(self, *, timeout_seconds: float = 60.0) -> None:
        """Cancel the job; one that has ended already stays as it is.

        Raises
        ------
        JobError
            It took too long.
        """
        if self.state() not in TERMINAL_STATES:
            self._client.send("PATCH", f"/jobs/{self.job_id}?mode=cancel")
            self._wait(lambda details: details["state"] in TERMINAL_STATES, goal="end", timeout_seconds=timeout_seconds)

    def checkpoints(self) -> CheckpointStatistics:
        """Return the statistics of the job's checkpoints."""
        answer = self._client.get(f"/jobs/{self.job_id}/checkpoints")
        counts = answer["counts"]
        completed, failed = int(counts["completed"]), int(counts["failed"])
        if not completed:
            return CheckpointStatistics(completed=0, failed=failed)
        summary = answer["summary"]
        duration, size = summary["end_to_end_duration"], summary["state_size"]
        return CheckpointStatistics(
            completed=completed,
            failed=failed,
            duration_min_ms=int(duration["min"]),
            duration_average_ms=int(duration["avg"]),
            duration_max_ms=int(duration["max"]),
            size_max_bytes=int(size["max"]),
        )

    def metric_sums(self, suffixes: Sequence[str]) -> dict[str, float]:
        """Return counters of all tasks, summed over tasks and operators.

        Parameters
        ----------
        suffixes
            Ends of the metrics' names, for example ``numSamplesDropped``.
        """
        sums = dict.fromkeys(suffixes, 0.0)
        for vertex in self.details()["vertices"]:
            path = f"/jobs/{self.job_id}/vertices/{vertex['id']}/subtasks/metrics"
            names = [str(metric["id"]) for metric in self._client.get(path)]
            wanted = [name for name in names if name.rpartition(".")[2] in sums]
            if wanted:
                for value in self._client.get(path, {"get": ",".join(wanted), "agg": "sum"}):
                    sums[str(value["id"]).rpartition(".")[2]] += float(value["sum"])
        return sums
