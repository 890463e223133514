"""A job that Flink has accepted: looks at it, and its end."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import RestError
from cdk_penstock.local.flink.jobs import TERMINAL_STATES, tasks_running
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.model.lifecycle.flink_answers import java_error, job_state
from cdk_penstock.model.lifecycle.observed_job import JobState

if TYPE_CHECKING:
    from cdk_penstock.local.flink.cluster import FlinkCluster


ANSWER_TIMEOUT_SECONDS = 30.0
CANCEL_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05


def answered_error(error: RestError) -> str:
    """Return the useful part of the error that Flink's REST API answered with."""
    try:
        return java_error(str(json.loads(error.answer)["errors"][-1]))
    except (ValueError, KeyError, IndexError, TypeError):
        return java_error(error.answer or str(error))


@dataclass(frozen=True, kw_only=True)
class JobLook:
    """The state of a job at one moment."""

    state: JobState
    all_tasks_run: bool
    restarts: int
    error: str


class RunningJob:
    """A job on the cluster of an application.

    Parameters
    ----------
    cluster
        The cluster.
    job_id
        Flink's id of the job.
    """

    def __init__(self, cluster: FlinkCluster, job_id: str) -> None:
        self.client = JsonClient(cluster.url, timeout_seconds=ANSWER_TIMEOUT_SECONDS)
        self.path = f"/jobs/{job_id}"
        self._restarts = 0
        self._restarts_when_running = 0
        self._error = ""

    def look(self) -> JobLook:
        """Ask Flink for the state of the job.

        Raises
        ------
        RestError
            Flink does not answer.
        """
        details = self.client.get(self.path)
        all_run = tasks_running(details)
        restarts = self._read_restarts()
        if all_run:
            self._restarts_when_running = restarts
        state = job_state(
            str(details["state"]), all_tasks_run=all_run, restarted=restarts > self._restarts_when_running
        )
        if restarts > self._restarts or state in {JobState.RESTARTING, JobState.FAILED}:
            self._error = self._read_error()
        self._restarts = restarts
        return JobLook(state=state, all_tasks_run=all_run, restarts=restarts, error=self._error)

    def _read_restarts(self) -> int:
        values = self.client.get(f"{self.path}/metrics", {"get": "numRestarts"})
        # The metric is absent before the job runs and after its end.
        return max(self._restarts, int(float(values[0]["value"])) if values else 0)

    def _read_error(self) -> str:
        entries = self.client.get(f"{self.path}/exceptions")["exceptionHistory"]["entries"]
        return java_error(str(entries[0]["stacktrace"])) if entries else self._error

    def plan(self) -> str:
        """Return Flink's plan of the job as JSON text.

        Raises
        ------
        RestError
            Flink does not answer.
        """
        return json.dumps(self.client.get(f"{self.path}/plan")["plan"])

    def cancel(self) -> bool:
        """Cancel the job and wait for its end; return False if that cannot be seen."""
        deadline = time.monotonic() + CANCEL_TIMEOUT_SECONDS
        try:
            if self._ended():
                return True
            # It may end by itself meanwhile, and Flink then refuses to cancel it.
            with contextlib.suppress(RestError):
                self.client.send("PATCH", f"{self.path}?mode=cancel")
            while not self._ended():
                if time.monotonic() >= deadline:
                    return False
                time.sleep(POLL_SECONDS)
        except RestError:
            return False
        return True

    def _ended(self) -> bool:
        return str(self.client.get(self.path)["state"]) in TERMINAL_STATES
