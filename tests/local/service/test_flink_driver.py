from __future__ import annotations

import itertools
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.errors import JobError
from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.local.service.flink import FlinkDriver
from cdk_penstock.model.lifecycle.jobs import JobObservation, JobState, SaveState
from tests.local.service.flink_jobs import Bench, counting_jar, counting_zip, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_penstock.local.service.flink.application_job import ApplicationJob

pytestmark = pytest.mark.pipeline

APPLICATION = "app"
FAST = 100_000


@pytest.fixture(scope="module")
def driver(job_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkDriver]:
    """Return the driver whose one cluster all tests share."""
    driver = FlinkDriver(tmp_path_factory.mktemp("driver"), python=job_python, main_timeout_seconds=120)
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the zips of two versions of the counting job."""
    folder = tmp_path_factory.mktemp("code")
    return {version: counting_zip(folder / f"{version}.zip", version) for version in ("one", "two")}


NUMBERS = itertools.count()


@pytest.fixture
def bench(driver: FlinkDriver, code: dict[str, Path], tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(driver=driver, code=code["one"], out=tmp_path / f"out-{next(NUMBERS)}")
    yield bench
    driver.cancel(APPLICATION)


def job_of(driver: FlinkDriver) -> ApplicationJob:
    return driver._jobs[APPLICATION]


def job_manager_pid(driver: FlinkDriver) -> int | None:
    cluster = job_of(driver)._cluster.running
    return None if cluster is None or cluster._job_manager is None else cluster._job_manager.pid


def task_manager_pids(driver: FlinkDriver) -> set[int | None]:
    cluster = job_of(driver)._cluster.running
    return set() if cluster is None else {process.pid for process in cluster._task_managers}


def test_an_update_restores_the_state_on_the_kept_cluster(
    bench: Bench, driver: FlinkDriver, code: dict[str, Path]
) -> None:
    bench.count = 20_000
    first = bench.launch(rate=200)
    assert bench.observe().state is JobState.LAUNCHING
    assert bench.observe().launch_id == first.launch_id
    bench.wait(JobState.RUNNING)
    bench.wait_rows(100)
    pid = job_manager_pid(driver)
    driver.launch(APPLICATION, first)  # a repeated order has no effect
    assert bench.observe().state is JobState.RUNNING
    location = bench.saved("before-update", stop=True)
    bench.wait(JobState.FINISHED)
    bench.launch(code=code["two"], savepoint=location, rate=FAST, checkpoint_interval_ms=700)
    running = wait_for(lambda: seen if (seen := bench.observe()).plan else None, bench.observe)
    assert "OverAggregate" in running.plan
    bench.wait(JobState.FINISHED)
    assert job_manager_pid(driver) == pid
    assert bench.rows("one")
    assert bench.rows("two")
    bench.assert_exact()


def test_checkpoints_are_those_of_each_launch(bench: Bench, driver: FlinkDriver) -> None:
    for changes, expected in (
        ({"checkpoint_interval_ms": 1234, "min_pause_between_checkpoints_ms": 77}, (1234, 77)),
        ({"checkpointing_enabled": False}, None),
    ):
        bench.launch(**changes)  # type: ignore[arg-type]
        bench.wait(JobState.RUNNING)
        client = JsonClient(driver.dashboard(APPLICATION) or "")
        (job,) = [job["id"] for job in client.get("/jobs")["jobs"] if job["status"] == "RUNNING"]
        if expected is None:
            assert client.get(f"/jobs/{job}/checkpoints/config")["interval"] >= 2**62
        else:
            settings = client.get(f"/jobs/{job}/checkpoints/config")
            assert (settings["interval"], settings["min_pause"]) == expected
