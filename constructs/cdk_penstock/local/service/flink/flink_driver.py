"""The driver that runs the jobs of applications on Flink."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import JobError
from cdk_penstock.local.flink.settings import FlinkOptions, usable_folder
from cdk_penstock.local.service.flink.application_cluster import ClusterChoices
from cdk_penstock.local.service.flink.application_job import ApplicationJob
from cdk_penstock.local.service.flink.places import ApplicationPlaces
from cdk_penstock.model.lifecycle.observed_job import JobObservation, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_penstock.local.service.simulated_flink.rest_pages import FlinkPage
    from cdk_penstock.model.lifecycle.observed_job import Launch


SMALL = FlinkOptions(job_manager_memory_mib=832, task_manager_memory_mib=1088)
"""The memory of an application that is not told otherwise: enough for the bundled job."""
MAIN_TIMEOUT_SECONDS = 300.0
"""The time that MSF gives ``main()`` to submit its job."""


class FlinkDriver:
    """Runs each application's job on a Flink cluster of processes on loopback; a :class:`JobDriver`.

    The cluster is kept across the versions of an application as long as the task slots of its TaskManagers stay the
    same: a restored job then runs after a few seconds, where new processes take half a minute. MSF makes new ones.

    Parameters
    ----------
    folder
        Where the applications' files go, one folder for each. Savepoints and the newest checkpoints in it outlive the
        driver.
    python
        The interpreter of an environment with ``apache-flink``. Its version decides which runtimes can be launched.
    options
        Memory of the processes and additional Flink settings; TaskManagers, slots and checkpoints are those of the
        launch.
    fresh_cluster_per_version
        True to start new processes for each launch, as MSF does.
    main_timeout_seconds
        How long ``main()`` may take to submit its job.
    environment_of
        Returns the environment variables of an application's processes, beside those of this process.
    """

    def __init__(
        self,
        folder: Path,
        *,
        python: Path,
        options: FlinkOptions | None = None,
        fresh_cluster_per_version: bool = False,
        main_timeout_seconds: float = MAIN_TIMEOUT_SECONDS,
        environment_of: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        self._folder = usable_folder(folder)
        self._choices = ClusterChoices(
            python=python, options=options or SMALL, fresh_cluster_per_version=fresh_cluster_per_version
        )
        self._main_timeout_seconds = main_timeout_seconds
        self._environment_of_processes = environment_of or (lambda _application: {})
        self._lock = threading.Lock()
        self._jobs: dict[str, ApplicationJob] = {}
        self._closed = False

    def launch(self, application: str, launch: Launch) -> None:
        """Begin to launch a job, after cancelling the one that runs, if its launch id is another.

        The same id has an effect again once the job is ABSENT.

        Raises
        ------
        JobError
            The driver is closed.
        """
        self._job(application).launch(launch)

    def save(self, application: str, snapshot: str, *, stop: bool) -> None:
        """Begin to take a savepoint of the running job, and with ``stop`` let it end by that.

        It waits until all tasks run. While a savepoint of that name is in progress, and once it is done as long as its
        files are there, a repeated call has no effect.
        """
        self._job(application).save(snapshot, stop=stop)

    def cancel(self, application: str) -> None:
        """Begin to end the job without a savepoint; a ``main()`` that still runs ends with its cluster."""
        self._job(application).cancel()

    def release(self, application: str) -> None:
        """End the job and its cluster, and delete the application's files but for savepoints."""
        self._job(application).release()

    def observe(self, application: str) -> JobObservation:
        """Return what was last seen of the job, at most about a second ago."""
        with self._lock:
            job = self._jobs.get(application)
        if job is None and (self._folder / application).is_dir():
            # The savepoints of an earlier process are seen as well: an operation may wait for one of them.
            job = self._job(application)
        return JobObservation(state=JobState.ABSENT) if job is None else job.observe()

    def dashboard(self, application: str) -> str | None:
        """Return the address of Flink's REST API and pages of the application, None while nothing runs."""
        with self._lock:
            job = self._jobs.get(application)
        return None if job is None else job.dashboard()

    def simulated_page(self, application: str, path: str) -> FlinkPage | None:  # noqa: ARG002 - the interface
        """Return None: Flink has its own pages."""
        return None

    def kill_task_manager(self, application: str) -> None:
        """Kill one TaskManager, as the loss of a machine would, and start another one in its place."""
        self._job(application).kill_task_manager()

    def close(self) -> None:
        """End everything that runs, and wait for it; files stay."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.close()
        for job in jobs:
            job.join()

    def _job(self, application: str) -> ApplicationJob:
        with self._lock:
            if self._closed:
                raise JobError(f"the driver is closed, and takes no order for {application}")
            if application not in self._jobs:
                self._jobs[application] = ApplicationJob(
                    ApplicationPlaces(self._folder / application),
                    replace(self._choices, environment=self._environment_of_processes(application)),
                    main_timeout_seconds=self._main_timeout_seconds,
                )
            return self._jobs[application]
