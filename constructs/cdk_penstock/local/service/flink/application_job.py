"""The job of one application: one thread carries out orders, and looks at Flink in between."""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import RestError
from cdk_penstock.local.service.flink.application_cluster import ApplicationCluster
from cdk_penstock.local.service.flink.launcher import InterruptedLaunchError, start_job
from cdk_penstock.local.service.flink.saves import Saves
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.flink_answers import ERROR_LENGTH
from cdk_penstock.model.lifecycle.observed_job import JobObservation, JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.flink.application_cluster import ClusterChoices
    from cdk_penstock.local.service.flink.places import ApplicationPlaces
    from cdk_penstock.local.service.flink.running_job import RunningJob
    from cdk_penstock.model.lifecycle.observed_job import Launch


BUSY_INTERVAL_SECONDS = 0.1
INTERVAL_SECONDS = 1.0
_ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELED})


class ApplicationJob:
    """The job of one application and its cluster.

    The public methods may be called from any thread: they note an order, and the thread carries it out. Only that
    thread touches the cluster.

    Parameters
    ----------
    places
        The folders of the application.
    choices
        The choices for all clusters.
    main_timeout_seconds
        How long ``main()`` may take.
    """

    def __init__(self, places: ApplicationPlaces, choices: ClusterChoices, *, main_timeout_seconds: float) -> None:
        self._places = places
        self._main_timeout_seconds = main_timeout_seconds
        self._cluster = ApplicationCluster(places, choices)
        self._saves = Saves(places.savepoints)
        self._job: RunningJob | None = None
        self._job_launch_id = ""
        self._ready = False
        self._busy = False
        self._url: str | None = None
        self._lock = threading.Lock()
        self._observation = JobObservation(state=JobState.ABSENT, saved=self._saves.states)
        self._given_up = threading.Event()
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"flink-{places.folder.name}", daemon=True)
        self._thread.start()

    # Orders, from any thread.

    def observe(self) -> JobObservation:
        """Return what was last seen."""
        with self._lock:
            return self._observation

    def dashboard(self) -> str | None:
        """Return the address of the cluster, None while none runs."""
        return self._url

    def launch(self, launch: Launch) -> None:
        """Note the order to launch a job; a launch that is under way is given up, unless it is the same."""
        with self._lock:
            seen = self._observation
            if seen.launch_id == launch.launch_id and seen.state is not JobState.ABSENT:
                return
            self._observation = replace(
                seen, state=JobState.LAUNCHING, launch_id=launch.launch_id, error="", restarts=0, plan=""
            )
            given_up = self._give_up_launch()
            self._orders.put(lambda: self._launch(launch, given_up))

    def save(self, snapshot: str, *, stop: bool) -> None:
        """Note the order to take a savepoint."""
        self._saves.ask(snapshot, stop=stop)
        self._publish(saved=self._saves.states)
        self._orders.put(_nothing)

    def cancel(self) -> None:
        """Note the order to end the job; a launch that is under way is given up."""
        with self._lock:
            self._give_up_launch()
            launch_id = self._observation.launch_id
            self._orders.put(lambda: self._cancel(launch_id))

    def release(self) -> None:
        """Note the order to end everything and to delete all but savepoints."""
        with self._lock:
            self._give_up_launch()
            self._orders.put(self._release)

    def kill_task_manager(self) -> None:
        """Note the order to kill a TaskManager and to start another one."""
        self._orders.put(self._cluster.kill_task_manager)

    def close(self) -> None:
        """Have everything ended, without waiting for it; see :meth:`join`."""
        with self._lock:
            self._give_up_launch()
            self._orders.put(None)

    def join(self) -> None:
        """Wait until everything has ended after :meth:`close`."""
        self._thread.join()

    def _give_up_launch(self) -> threading.Event:
        """Interrupt the launch that is under way or waits, and return the event that will interrupt the next one."""
        self._given_up.set()
        self._given_up = threading.Event()
        return self._given_up

    # The thread.

    def _work(self) -> None:
        try:
            while self._work_once():
                self._note_url()
        finally:
            self._cluster.stop()

    def _note_url(self) -> None:
        running = self._cluster.running
        self._url = None if running is None else running.url

    def _work_once(self) -> bool:
        try:
            order = self._orders.get(timeout=self._interval())
        except queue.Empty:
            order = _nothing
        if order is None:
            return False
        try:
            order()
            self._look()
        except (PenstockError, OSError) as error:
            self._publish(error=str(error)[:ERROR_LENGTH])
        return True

    def _interval(self) -> float | None:
        if self._job is None and not self._saves.pending:
            return None
        return BUSY_INTERVAL_SECONDS if self._busy or self._saves.pending else INTERVAL_SECONDS

    def _publish(self, of: str | None = None, /, **changes: object) -> None:
        """Change the observation, unless it is about one launch and another one has been ordered meanwhile."""
        with self._lock:
            if of is None or of == self._observation.launch_id:
                self._observation = replace(self._observation, **changes)  # type: ignore[arg-type]

    def _launch(self, launch: Launch, given_up: threading.Event) -> None:
        if given_up.is_set():
            self._publish(launch.launch_id, state=JobState.CANCELED)
            return
        try:
            self._end_job("another job is launched", keep_checkpoints=launch.recover)
            job = start_job(
                launch, self._places, self._cluster, given_up=given_up, main_timeout_seconds=self._main_timeout_seconds
            )
        except InterruptedLaunchError:
            self._publish(launch.launch_id, state=JobState.CANCELED)
        except (PenstockError, OSError) as error:
            if self._cluster.running is None:
                self._cluster.stop()
            self._publish(launch.launch_id, state=JobState.FAILED, error=str(error)[:ERROR_LENGTH])
        else:
            self._job, self._job_launch_id = job, launch.launch_id
            self._ready, self._busy = False, True
            self._note_url()
            self._publish(launch.launch_id, state=JobState.RUNNING)

    def _end_job(self, reason: str, *, keep_checkpoints: bool = False) -> None:
        self._saves.fail_all(reason)
        if self._job is not None and self._cluster.running is not None and not self._job.cancel():
            self._cluster.stop()
        self._job = None
        if not keep_checkpoints:
            self._places.delete_checkpoints()
        self._publish(saved=self._saves.states)

    def _cancel(self, launch_id: str) -> None:
        self._end_job("the job was canceled")
        if self.observe().state not in _ENDED | {JobState.ABSENT}:
            self._publish(launch_id, state=JobState.CANCELED)

    def _release(self) -> None:
        self._saves.fail_all("the application was deleted")
        self._cluster.stop()
        self._job = None
        self._places.delete_all_but_savepoints()
        self._publish(state=JobState.ABSENT, launch_id="", error="", restarts=0, plan="", saved=self._saves.states)

    def _look(self) -> None:
        job = self._job
        if job is None:
            self._fail_saves("no job runs")
        elif self._cluster.running is None:
            self._job = None
            self._cluster.stop()
            self._fail_saves("the JobManager ended")
            self._publish(self._job_launch_id, state=JobState.ABSENT, error="the JobManager ended")
        else:
            with contextlib.suppress(RestError):
                self._look_at(job)

    def _look_at(self, job: RunningJob) -> None:
        self._cluster.replace_lost_task_managers()
        saving = self._saves.pending
        self._saves.advance(job.client, job.path, ready=self._ready)
        look = job.look()
        self._ready = look.all_tasks_run
        self._busy = saving or not look.all_tasks_run
        ended = look.state in _ENDED | {JobState.ABSENT}
        if ended or look.state is JobState.RESTARTING:
            reason = f"the job is {look.state.value.lower()}: {look.error}"
            self._saves.fail_waiting(reason[:ERROR_LENGTH])
        plan = self.observe().plan or job.plan()
        if ended and not self._saves.pending:
            self._job = None
            if look.state is not JobState.FAILED:
                self._places.delete_checkpoints()
        self._publish(
            self._job_launch_id, state=look.state, error=look.error, restarts=look.restarts, plan=plan,
            saved=self._saves.states,
        )  # fmt: skip

    def _fail_saves(self, error: str) -> None:
        if self._saves.pending:
            self._saves.fail_all(error)
            self._publish(saved=self._saves.states)


def _nothing() -> None:
    """Carry out no order: the thread only looks."""
