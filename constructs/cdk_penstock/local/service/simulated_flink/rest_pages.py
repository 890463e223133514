"""The answers of Flink's REST API about a simulated job, as health checks and people read them.

Source: https://nightlies.apache.org/flink/flink-docs-release-1.20/docs/ops/rest_api/
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cdk_penstock.local.service.simulated_driver import SimulatedJob

ERROR: Final = "java.lang.ArithmeticException: / by zero"
"""The error of a simulated job that fails while it runs."""
_MOST_EXCEPTIONS: Final = 16
_JOB: Final = "jobs/"


@dataclass(frozen=True, kw_only=True)
class FlinkPage:
    """An answer: its HTTP status, its media type and its content."""

    status: HTTPStatus = HTTPStatus.OK
    media_type: str = "application/json"
    content: bytes


def _json(document: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> FlinkPage:
    return FlinkPage(status=status, content=json.dumps(document).encode())


def _errors(message: str) -> FlinkPage:
    return _json({"errors": [message]}, HTTPStatus.NOT_FOUND)


class RestPages:
    """Flink's REST API of one job.

    Parameters
    ----------
    job
        The job.
    now
        The time of the request.
    """

    def __init__(self, job: SimulatedJob, now: datetime) -> None:
        self._job = job
        self._launch = job.launch
        self._started = int(job.launched_at.timestamp() * 1000)
        self._now = int(now.timestamp() * 1000)
        self._age = job.age(now)
        job_page = f"{_JOB}{job.flink_id}"
        self._pages: Final[Mapping[str, Callable[[], FlinkPage]]] = {
            "": self._first_page,
            "overview": self._cluster,
            "jobs": lambda: _json({"jobs": [{"id": self._job.flink_id, "status": self._state}]}),
            "jobs/overview": lambda: _json({"jobs": [self._summary]}),
            job_page: self._details,
            f"{job_page}/exceptions": self._exceptions,
            f"{job_page}/checkpoints": self._checkpoints,
        }

    def answer(self, path: str) -> FlinkPage:
        """Return the answer to a GET of a path."""
        path = path.strip("/")
        page = self._pages.get(path)
        if page is not None:
            return page()
        if path.startswith(_JOB) and self._job.flink_id not in path.split("/"):
            return _errors(f"Job {path.split('/')[1]} not found")
        return _errors(f"the page {path} of a simulated job does not exist: it has {', '.join(sorted(self._pages))}")

    @property
    def _state(self) -> str:
        return "RESTARTING" if self._job.behaviour.is_down(self._age) else "RUNNING"

    @property
    def _running(self) -> int:
        return self._launch.parallelism if self._job.behaviour.tasks_run(self._age) else 0

    @property
    def _tasks(self) -> dict[str, int]:
        return {"RUNNING": self._running, "INITIALIZING": self._launch.parallelism - self._running}

    @property
    def _summary(self) -> dict[str, Any]:
        tasks = {"total": self._launch.parallelism} | {name.lower(): count for name, count in self._tasks.items()}
        return {
            "jid": self._job.flink_id,
            "name": "simulated job",
            "state": self._state,
            "start-time": self._started,
            "end-time": -1,
            "duration": self._now - self._started,
            "last-modification": self._started,
            "tasks": tasks,
        }

    def _cluster(self) -> FlinkPage:
        slots = self._launch.parallelism
        return _json(
            {
                "taskmanagers": math.ceil(slots / self._launch.parallelism_per_kpu),
                "slots-total": slots,
                "slots-available": 0,
                "jobs-running": 1,
                "jobs-finished": 0,
                "jobs-cancelled": 0,
                "jobs-failed": 0,
                "flink-version": self._launch.runtime.removeprefix("FLINK-").replace("_", "."),
                "flink-commit": "simulated",
            }
        )

    def _details(self) -> FlinkPage:
        vertex = {
            "id": "0" * 32,
            "name": "Source -> Sink",
            "parallelism": self._launch.parallelism,
            "status": "RUNNING" if self._running else "INITIALIZING",
            "tasks": self._tasks,
        }
        kept = ("jid", "name", "state", "start-time", "end-time", "duration")
        return _json({name: self._summary[name] for name in kept} | {"now": self._now, "vertices": [vertex]})

    def _exceptions(self) -> FlinkPage:
        behaves_since = self._job.behaves_since.timestamp()
        entries = [
            {
                "exceptionName": ERROR.partition(":")[0],
                "stacktrace": f"{ERROR}\n\tat Job.map",
                "timestamp": int((behaves_since + each) * 1000),
            }
            for each in reversed(self._job.behaviour.failure_ages(self._age)[-_MOST_EXCEPTIONS:])
        ]
        return _json({"exceptionHistory": {"entries": entries, "truncated": False}})

    def _checkpoints(self) -> FlinkPage:
        if not self._launch.checkpointing_enabled:
            return _errors("Checkpointing has not been enabled.")
        completed = self._job.behaviour.checkpoints(self._age, self._launch.checkpoint_interval_ms / 1000)
        counts = {"restored": 0, "total": completed, "in_progress": 0, "completed": completed, "failed": 0}
        return _json({"counts": counts})

    def _first_page(self) -> FlinkPage:
        links = "".join(f'<li><a href="{path}">{path}</a></li>' for path in sorted(self._pages) if path)
        text = (
            "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Simulated job</title>"
            f"<h1>A simulated job, {self._state}</h1><p>Its answers of Flink's REST API:</p><ul>{links}</ul>"
        )
        return FlinkPage(media_type="text/html; charset=utf-8", content=text.encode())
