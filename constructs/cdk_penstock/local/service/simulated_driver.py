"""A driver without Flink: jobs that do what they are asked for, as fast as they are told to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.jobs import JobObservation, JobState, Launch, SavedState, SaveState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

__all__ = ("SimulatedDriver", "SimulatedJob")

_ABSENT = JobObservation(state=JobState.ABSENT)


@dataclass(kw_only=True)
class SimulatedJob:
    """A job that does nothing; a test may set its fields at any time.

    Parameters
    ----------
    launch
        The order that it comes from.
    launched_at
        When.
    state
        Its state once it is launched.
    error, restarts
        As observed.
    saved
        Its savepoints, by snapshot.
    """

    launch: Launch
    launched_at: datetime
    state: JobState = JobState.RUNNING
    error: str = ""
    restarts: int = 0
    saved: dict[str, SavedState] = field(default_factory=dict)


class SimulatedDriver:
    """A driver for tests of the API, and of programs that use it.

    Its savepoints are files with the launch that they come from, so that a service that is started again finds them.

    Parameters
    ----------
    folder
        Where savepoints go; None to let jobs remember them, without files.
    clock
        Returns the time.
    launch_seconds
        How long a job is LAUNCHING.
    """

    def __init__(self, folder: Path | None, *, clock: Callable[[], datetime], launch_seconds: float = 0.0) -> None:
        self.jobs: dict[str, SimulatedJob] = {}
        self.launches: list[tuple[str, Launch]] = []
        self.on_launch: Callable[[str, SimulatedJob], None] | None = None
        self._folder = folder
        self._clock = clock
        self._launch_seconds = launch_seconds
        self._lock = threading.RLock()

    def launch(self, application: str, launch: Launch) -> None:
        """Launch a job; ``on_launch`` may change it before it is seen."""
        with self._lock:
            present = self.jobs.get(application)
            if present is not None and present.launch.launch_id == launch.launch_id:
                return
            job = SimulatedJob(launch=launch, launched_at=self._clock())
            self.launches.append((application, launch))
            if self.on_launch is not None:
                self.on_launch(application, job)
            self.jobs[application] = job

    def save(self, application: str, snapshot: str, *, stop: bool) -> None:
        """Save at once, if the job runs."""
        with self._lock:
            job = self.jobs.get(application)
            if job is None or snapshot in job.saved:
                return
            if self.observe(application).state is not JobState.RUNNING:
                job.saved[snapshot] = SavedState(state=SaveState.FAILED, error=job.error or "the job does not run")
                return
            if self._folder is None:
                job.saved[snapshot] = SavedState(state=SaveState.DONE, location=f"simulated://{snapshot}")
            else:
                file = self._folder / application / snapshot
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps({"launch_id": job.launch.launch_id}), encoding="utf-8")
            if stop:
                job.state = JobState.FINISHED

    def _saved(self, application: str) -> dict[str, SavedState]:
        if self._folder is None:
            return {}
        return {
            file.name: SavedState(
                state=SaveState.DONE, location=file.absolute().as_uri(), size_bytes=file.stat().st_size
            )
            for file in self._folder.glob(f"{application}/*")
        }

    def cancel(self, application: str) -> None:
        """End the job."""
        with self._lock:
            job = self.jobs.get(application)
            if job is not None:
                job.state = JobState.CANCELED

    def release(self, application: str) -> None:
        """Forget the job."""
        with self._lock:
            self.jobs.pop(application, None)

    def observe(self, application: str) -> JobObservation:
        """Return the job as it is."""
        with self._lock:
            saved = self._saved(application)
            job = self.jobs.get(application)
            if job is None:
                return replace(_ABSENT, saved=saved)
            age = (self._clock() - job.launched_at).total_seconds()
            is_launching = age < self._launch_seconds and job.state in {JobState.RUNNING, JobState.FAILED}
            return JobObservation(
                state=JobState.LAUNCHING if is_launching else job.state,
                launch_id=job.launch.launch_id,
                error=job.error,
                restarts=job.restarts,
                saved=saved | job.saved,
            )

    def dashboard(self, application: str) -> str | None:  # noqa: ARG002 - the interface
        """Return None: there are no pages."""
        return None

    def kill_task_manager(self, application: str) -> None:
        """Count a restart."""
        with self._lock:
            job = self.jobs.get(application)
            if job is not None:
                job.restarts += 1

    def close(self) -> None:
        """Forget all jobs, as the end of their processes would."""
        with self._lock:
            self.jobs.clear()
