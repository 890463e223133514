"""The start of a job: its program runs in the JobManager, for a limited time, and can be interrupted."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import JobError, RestError
from cdk_penstock.local.flink.submission import python_traceback, run_program
from cdk_penstock.local.job_package import write_properties
from cdk_penstock.local.processes import log_tail
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.local.service.flink.flink_program import prepare_program
from cdk_penstock.local.service.flink.running_job import RunningJob, answered_error
from cdk_penstock.model.lifecycle.flink_answers import python_error

if TYPE_CHECKING:
    from cdk_penstock.local.flink.cluster import FlinkCluster
    from cdk_penstock.local.flink.submission import JobSubmission
    from cdk_penstock.local.service.flink.application_cluster import ApplicationCluster
    from cdk_penstock.local.service.flink.places import ApplicationPlaces
    from cdk_penstock.model.lifecycle.observed_job import Launch


CLUSTER_TIMEOUT_SECONDS = 300.0
POLL_SECONDS = 0.05
LEAST_CHECKPOINT_INTERVAL_MS = 10  # Flink takes no less


class InterruptedLaunchError(JobError):
    """The launch was given up for another order."""


def start_job(
    launch: Launch,
    places: ApplicationPlaces,
    application_cluster: ApplicationCluster,
    *,
    given_up: threading.Event,
    main_timeout_seconds: float,
) -> RunningJob:
    """Run the program of an application version on the application's cluster, and return the job that it made.

    Raises
    ------
    InterruptedLaunchError
        The launch was given up.
    TimeoutError
        ``main()`` took too long.
    PenstockError
        The program failed or made no job; the message begins with the reason.
    """
    checkpoint = places.newest_checkpoint() if launch.recover else None
    places.delete_checkpoints(keep=checkpoint)
    program = replace(
        prepare_program(Path(launch.code), launch.property_groups, places),
        parallelism=launch.parallelism,
        savepoint=launch.savepoint if checkpoint is None else str(checkpoint),
        allow_non_restored_state=launch.allow_non_restored_state,
        settings=_checkpoint_settings(launch),
    )
    write_properties(places.properties, launch.property_groups)
    cluster = application_cluster.fit(launch)
    _wait_for_cluster(cluster, given_up)
    try:
        return RunningJob(cluster, _run_program(cluster, program, given_up, main_timeout_seconds))
    except (InterruptedLaunchError, TimeoutError):
        # A main() that does not return ends only with the JobManager.
        application_cluster.stop()
        raise
    except JobError:
        _cancel_leftovers(cluster)
        raise


def _checkpoint_settings(launch: Launch) -> dict[str, str]:
    """Return the settings of a job's checkpoints; without an interval it takes none."""
    if not launch.checkpointing_enabled:
        return {}
    return {
        "execution.checkpointing.interval": f"{max(launch.checkpoint_interval_ms, LEAST_CHECKPOINT_INTERVAL_MS)} ms",
        "execution.checkpointing.min-pause": f"{launch.min_pause_between_checkpoints_ms} ms",
    }


def _wait_for_cluster(cluster: FlinkCluster, given_up: threading.Event) -> None:
    deadline = time.monotonic() + CLUSTER_TIMEOUT_SECONDS
    while not cluster.ready():
        _require_going_on(cluster, given_up)
        if time.monotonic() >= deadline:
            raise JobError(f"Flink offered not all slots within {CLUSTER_TIMEOUT_SECONDS:g} s")
        time.sleep(POLL_SECONDS)


def _require_going_on(cluster: FlinkCluster, given_up: threading.Event) -> None:
    if given_up.is_set():
        raise InterruptedLaunchError("the launch was given up")
    if not cluster.job_manager_alive:
        raise JobError(
            f"the JobManager ended by itself; the end of its log:\n{log_tail(cluster.job_manager_log, lines=5)}"
        )


def _run_program(
    cluster: FlinkCluster, program: JobSubmission, given_up: threading.Event, timeout_seconds: float
) -> str:
    log_start = cluster.job_manager_log.stat().st_size
    answer: Future[str] = Future()
    threading.Thread(
        target=_answer, args=(cluster, program, timeout_seconds, answer), name="flink-submission", daemon=True
    ).start()
    deadline = time.monotonic() + timeout_seconds
    while not answer.done():
        _require_going_on(cluster, given_up)
        if time.monotonic() >= deadline:
            raise TimeoutError(f"Flink job did not start within a total timeout of {timeout_seconds / 60:g} minutes")
        time.sleep(POLL_SECONDS)
    try:
        return answer.result()
    except RestError as error:
        _require_going_on(cluster, given_up)
        raise JobError(_reason(cluster.job_manager_log, log_start, error)) from error


def _answer(cluster: FlinkCluster, program: JobSubmission, timeout_seconds: float, answer: Future[str]) -> None:
    try:
        # Its own time limit comes later than that of the one who waits, which has the right message.
        client = JsonClient(cluster.url, timeout_seconds=timeout_seconds + 60.0)
        answer.set_result(run_program(client, cluster.distribution, program))
    except (RestError, OSError) as error:
        answer.set_exception(error)


def _reason(log_file: Path, log_start: int, error: RestError) -> str:
    with log_file.open("rb") as log:
        log.seek(log_start)
        traceback = python_traceback(log.read().decode(errors="replace"), lines=None)
    return python_error(traceback) if traceback else answered_error(error)


def _cancel_leftovers(cluster: FlinkCluster) -> None:
    """Cancel what a program started before it failed, such as the first of two jobs."""
    with contextlib.suppress(RestError):
        for job in JsonClient(cluster.url).get("/jobs")["jobs"]:
            RunningJob(cluster, str(job["id"])).cancel()
