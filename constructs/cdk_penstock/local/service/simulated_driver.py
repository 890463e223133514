"""A driver without Flink: jobs that count records, with checkpoints and savepoints of that count."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.simulated_flink.job_behaviour import HEALTHY, JobBehaviour
from cdk_penstock.local.service.simulated_flink.rest_pages import ERROR, FlinkPage, RestPages
from cdk_penstock.model.lifecycle.observed_job import JobObservation, JobState, Launch, SavedState, SaveState

if TYPE_CHECKING:
    from collections.abc import Callable


_ABSENT: Final = JobObservation(state=JobState.ABSENT)
_METADATA: Final = "_metadata"
_UNFINISHED: Final = ".unfinished"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(kw_only=True)
class SimulatedJob:
    """A job whose only state is a count; a test may set its fields at any time.

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
    records
        The records that it and the jobs whose state it goes on from have counted.
    saved
        Its savepoints that failed, by snapshot.
    behaviour, behaves_since
        Its behaviour once it is launched, and since when. Default: healthy, since the launch.
    """

    launch: Launch
    launched_at: datetime
    state: JobState = JobState.RUNNING
    error: str = ""
    restarts: int = 0
    records: int = 0
    saved: dict[str, SavedState] = field(default_factory=dict)
    behaviour: JobBehaviour = HEALTHY
    behaves_since: datetime = field(default=_NEVER)

    def __post_init__(self) -> None:
        """Let the job behave from its launch on."""
        if self.behaves_since is _NEVER:
            self.behaves_since = self.launched_at

    @property
    def flink_id(self) -> str:
        """Its id as Flink makes one: 32 hexadecimal digits."""
        return hashlib.sha256(self.launch.launch_id.encode()).hexdigest()[:32]

    def age(self, now: datetime) -> float:
        """Return the seconds for which the job has behaved as it does."""
        return (now - self.behaves_since).total_seconds()

    def behave(self, behaviour: JobBehaviour, since: datetime) -> None:
        """Change the behaviour; a job whose ``main()`` has run already cannot fail in it any more."""
        self.restarts += self.behaviour.failures_until(self.age(since))
        self.behaviour, self.behaves_since = behaviour, since

    def state_at(self, now: datetime) -> JobState:
        """Return the state, with the effect of the behaviour on a job that runs."""
        is_restarting = self.behaviour.loops or self.behaviour.is_down(self.age(now))
        return JobState.RESTARTING if self.state is JobState.RUNNING and is_restarting else self.state


def _complete(file: Path) -> SavedState:
    location = file.parent.absolute()
    return SavedState(state=SaveState.DONE, location=str(location), size_bytes=file.stat().st_size)


class SimulatedDriver:
    """A driver for tests of the API, and of programs that use it.

    Its savepoints and checkpoints hold the count of the job, so that another driver on the same folder goes on from
    them, as after a kill of the service.

    Parameters
    ----------
    folder
        Where savepoints and checkpoints go.
    clock
        Returns the time.
    launch_seconds
        How long a job is LAUNCHING.

    Attributes
    ----------
    behaviour_of
        Returns the behaviour of a job, given the application and the launch: for example by the content of the code.
        Default: every job is healthy.
    on_launch
        Called with each job before it is seen, which it may change.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], datetime], launch_seconds: float = 0.0) -> None:
        self.jobs: dict[str, SimulatedJob] = {}
        self.launches: list[tuple[str, Launch]] = []
        self.behaviour_of: Callable[[str, Launch], JobBehaviour] = lambda _application, _launch: HEALTHY
        self.on_launch: Callable[[str, SimulatedJob], None] | None = None
        self._folder = folder
        self._clock = clock
        self._launch_seconds = launch_seconds
        self._lock = threading.RLock()
        self._complete: dict[str, dict[str, SavedState]] = {}

    def launch(self, application: str, launch: Launch) -> None:
        """Launch a job; ``on_launch`` may change it before it is seen."""
        with self._lock:
            present = self.jobs.get(application)
            if present is not None and present.launch.launch_id == launch.launch_id:
                return
            job = self._restored(application, launch)
            self.launches.append((application, launch))
            job.behaviour = self.behaviour_of(application, launch)
            if job.behaviour.main_error:
                job.state, job.error = JobState.FAILED, job.behaviour.main_error
            if self.on_launch is not None:
                self.on_launch(application, job)
            self.jobs[application] = job

    def _restored(self, application: str, launch: Launch) -> SimulatedJob:
        job = SimulatedJob(launch=launch, launched_at=self._clock())
        checkpoint = self._checkpoint(application)
        if not launch.recover:
            checkpoint.unlink(missing_ok=True)
        try:
            if checkpoint.exists():
                job.records = json.loads(checkpoint.read_text(encoding="utf-8"))["records"]
            elif launch.savepoint is not None:
                savepoint = Path(launch.savepoint) / _METADATA
                job.records = json.loads(savepoint.read_text(encoding="utf-8"))["records"]
        except ValueError:
            # A savepoint of Flink, from an import: a simulated job takes it without reading it.
            job.records = 0
        except OSError as error:
            job.state, job.error = JobState.FAILED, f"the state to restore is not there: {error}"
        return job

    def process(self, application: str, records: int) -> None:
        """Let the job count records, if it runs."""
        with self._lock:
            if self.observe(application).state is JobState.RUNNING:
                self.jobs[application].records += records

    def checkpoint(self, application: str) -> None:
        """Take a checkpoint of the job, if it runs."""
        with self._lock:
            if self.observe(application).state is JobState.RUNNING:
                self._write(self._checkpoint(application), self.jobs[application])

    def save(self, application: str, snapshot: str, *, stop: bool) -> None:
        """Save at once, if the job runs."""
        with self._lock:
            job = self.jobs.get(application)
            if job is None or snapshot in job.saved:
                return
            if self.observe(application).state is not JobState.RUNNING:
                job.saved[snapshot] = SavedState(state=SaveState.FAILED, error=job.error or "the job does not run")
                return
            savepoints = self._savepoints(application)
            file = self._folder / application / snapshot / _METADATA
            self._write(file, job)
            savepoints[snapshot] = _complete(file)
            if stop:
                job.state = JobState.FINISHED
                self._checkpoint(application).unlink(missing_ok=True)

    def _savepoints(self, application: str) -> dict[str, SavedState]:
        if application not in self._complete:
            files = self._folder.glob(f"{application}/*/{_METADATA}")
            self._complete[application] = {file.parent.name: _complete(file) for file in files}
        return self._complete[application]

    def _checkpoint(self, application: str) -> Path:
        return self._folder / "checkpoints" / application

    def _write(self, file: Path, job: SimulatedJob) -> None:
        """Write the state of a job, all of it or nothing."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(file.name + _UNFINISHED)
        unfinished.write_text(json.dumps({"records": job.records}), encoding="utf-8")
        unfinished.replace(file)

    def cancel(self, application: str) -> None:
        """End the job, whose checkpoints go with it."""
        with self._lock:
            self._checkpoint(application).unlink(missing_ok=True)
            job = self.jobs.get(application)
            if job is not None:
                job.state = JobState.CANCELED

    def release(self, application: str) -> None:
        """Forget the job."""
        with self._lock:
            self.cancel(application)
            self.jobs.pop(application, None)
            self._complete.pop(application, None)

    def observe(self, application: str) -> JobObservation:
        """Return the job as it is."""
        with self._lock:
            saved = self._savepoints(application)
            job = self.jobs.get(application)
            if job is None:
                return replace(_ABSENT, saved=dict(saved))
            now = self._clock()
            age = (now - job.launched_at).total_seconds()
            is_launching = age < self._launch_seconds and job.state in {JobState.RUNNING, JobState.FAILED}
            return JobObservation(
                state=JobState.LAUNCHING if is_launching else job.state_at(now),
                launch_id=job.launch.launch_id,
                error=job.error or (ERROR if job.behaviour.failures_until(job.age(now)) else ""),
                restarts=job.restarts + job.behaviour.failures_until(job.age(now)),
                saved=saved | job.saved,
            )

    def dashboard(self, application: str) -> str | None:  # noqa: ARG002 - the interface
        """Return None: there is no Flink."""
        return None

    def simulated_page(self, application: str, path: str) -> FlinkPage | None:
        """Return an answer of Flink's REST API, None unless the job runs, or restarts."""
        with self._lock:
            if self.observe(application).state not in {JobState.RUNNING, JobState.RESTARTING}:
                return None
            return RestPages(self.jobs[application], self._clock()).answer(path)

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
