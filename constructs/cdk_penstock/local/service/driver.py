"""The interface to what runs the jobs of applications: Flink, or a simulation that needs no Java."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cdk_penstock.local.service.simulated_flink.rest_pages import FlinkPage
    from cdk_penstock.model.lifecycle.observed_job import JobObservation, Launch


class JobDriver(Protocol):
    """Runs one job per application.

    No method waits for Flink: each begins something, and :meth:`observe` tells how far it is. All may be called from
    any thread, and repeated. ``application`` is a key without meaning, the same for all versions of an application;
    it is safe as the name of a folder.
    """

    def launch(self, application: str, launch: Launch) -> None:
        """Begin to launch a job, after cancelling the one that runs, if its launch id is another.

        Unless the launch recovers, checkpoints of the jobs before do not count any more.
        """

    def save(self, application: str, snapshot: str, *, stop: bool) -> None:
        """Begin to take a savepoint of the running job, and with ``stop`` let it end by that.

        If the savepoint fails, the job goes on, also with ``stop``.
        """

    def cancel(self, application: str) -> None:
        """Begin to end the job without a savepoint, whatever its state is; its checkpoints are deleted."""

    def release(self, application: str) -> None:
        """End the job and everything that runs for the application, and delete its files but for savepoints."""

    def observe(self, application: str) -> JobObservation:
        """Return what is known of the job now, without waiting."""

    def dashboard(self, application: str) -> str | None:
        """Return the address of Flink's REST API and pages of the application, None while nothing runs."""

    def simulated_page(self, application: str, path: str) -> FlinkPage | None:
        """Return the answer to a GET of Flink's REST API; None while nothing runs, and from a driver of Flink itself.

        Flink's own pages are at the address of ``dashboard``.
        """

    def kill_task_manager(self, application: str) -> None:
        """Kill one TaskManager, as the loss of a machine would, and start another one in its place."""

    def close(self) -> None:
        """End everything that runs; files stay."""
