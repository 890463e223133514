from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.local.errors import JobError
from cdk_penstock.local.flink.distribution import find_flink
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.local.service.flink import FlinkDriver
from cdk_penstock.model.lifecycle.observed_job import JobObservation, JobState, SaveState
from tests.local.service.flink_jobs import Bench, counting_jar, counting_zip, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.local.service.flink.application_job import ApplicationJob

pytestmark = pytest.mark.pipeline

APPLICATION = "app"
FAST = 100_000


@pytest.fixture(scope="module")
def driver(job_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkDriver]:
    """Return the driver whose one cluster all tests share."""
    driver = FlinkDriver(tmp_path_factory.mktemp("driver") / "a+b%41", python=job_python, main_timeout_seconds=120)
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


def test_a_rescaled_job_goes_on_exactly(bench: Bench, driver: FlinkDriver, code: dict[str, Path]) -> None:
    bench.count = 3_000
    bench.launch(rate=60)
    bench.wait(JobState.RUNNING)
    bench.wait_rows(50)
    pid, location = job_manager_pid(driver), bench.saved("one-task", stop=True)
    bench.launch(code=code["two"], parallelism=2, savepoint=location, rate=60)
    bench.wait(JobState.RUNNING)
    bench.wait_rows(50, "two")
    assert len(task_manager_pids(driver)) == 2
    location = bench.saved("two-tasks", stop=True)
    bench.launch(savepoint=location, rate=FAST)
    bench.wait(JobState.FINISHED)
    assert len(task_manager_pids(driver)) == 1
    assert job_manager_pid(driver) == pid
    bench.assert_exact()


def test_after_the_death_of_its_cluster_the_job_recovers_from_its_newest_checkpoint(
    bench: Bench, driver: FlinkDriver, code: dict[str, Path]
) -> None:
    bench.count = 8_000
    location = bench.launch(rate=100) and bench.wait(JobState.RUNNING) and bench.saved("older", stop=False)
    rows = len(bench.rows())
    bench.wait_rows(rows + 200)
    os.kill(job_manager_pid(driver) or 0, signal.SIGKILL)
    dead = wait_for(lambda: seen if (seen := bench.observe()).state is JobState.ABSENT else None, bench.observe)
    assert dead.error == "the JobManager ended"
    assert driver.dashboard(APPLICATION) is None
    bench.launch(code=code["two"], recover=True, savepoint=location, rate=FAST)
    bench.wait(JobState.FINISHED)
    bench.assert_exact()
    assert not list((job_of(driver)._places.checkpoints).iterdir())


@pytest.mark.parametrize(
    ("changes", "begin"),
    [
        ({"fail": "no luck in Python"}, 'ValueError: no luck in Python\nFile "'),
        ({"python": "nothing.py"}, "org.apache.flink.runtime.rest.handler.RestHandlerException: No jobs included in"),
        ({"python": "absent.py"}, "the zip has no absent.py, which python of the property group kinesis."),
        ({"python": ""}, "the code one.zip is no jar, and no Python job either"),
        ({"jobs": 2}, "org.apache.flink.util.FlinkRuntimeException: Cannot have more than one execute()"),
        ({"runtime": "FLINK-1_19"}, "runtime FLINK-1_19 needs Flink 1.19, but "),
        ({"savepoint": "/nonexistent"}, "java.io.FileNotFoundException: Cannot find checkpoint or savepoint file"),
    ],
)
def test_a_launch_fails_with_the_reason(
    bench: Bench, driver: FlinkDriver, changes: dict[str, object], begin: str
) -> None:
    launch = bench.launch(**changes)  # type: ignore[arg-type]
    failed = wait_for(lambda: seen if (seen := bench.observe()).state is JobState.FAILED else None, bench.observe)
    assert failed.error.startswith(begin)
    assert len(failed.error) <= 512
    assert failed.launch_id == launch.launch_id
    url = driver.dashboard(APPLICATION)
    running = [] if url is None else [job for job in JsonClient(url).get("/jobs")["jobs"] if job["status"] == "RUNNING"]
    assert running == []


def test_a_job_that_fails_again_and_again_takes_no_snapshot_and_can_be_canceled(
    bench: Bench, driver: FlinkDriver
) -> None:
    bench.launch(poison=20, checkpointing_enabled=False)
    looping = wait_for(lambda: seen if (seen := bench.observe()).restarts >= 2 else None, bench.observe)
    assert looping.error.startswith("java.lang.ArithmeticException: / by zero")
    assert looping.state in {JobState.RESTARTING, JobState.RUNNING}
    bench.wait(JobState.RESTARTING)
    driver.save(APPLICATION, "in-vain", stop=True)
    assert bench.observe().saved["in-vain"].state is SaveState.IN_PROGRESS
    save = wait_for(
        lambda: save if (save := bench.observe().saved["in-vain"]).state is SaveState.FAILED else None, bench.observe
    )
    assert save.error
    restarts = bench.observe().restarts
    wait_for(lambda: bench.observe().restarts > restarts or None, bench.observe)
    driver.cancel(APPLICATION)
    bench.wait(JobState.CANCELED)


def test_a_jar_runs_to_its_end_with_the_properties_of_the_application(
    bench: Bench, driver: FlinkDriver, job_python: Path, tmp_path: Path
) -> None:
    jar = counting_jar(tmp_path / "java", find_flink(job_python).home)
    bench.launch(code=jar, python="", hint="java fails")
    failed = wait_for(lambda: seen if (seen := bench.observe()).state is JobState.FAILED else None, bench.observe)
    assert failed.error.startswith("java.lang.IllegalStateException: no luck in Java\nat Main.main(Main.java:16)")
    bench.launch(code=jar, python="", hint="java runs")
    bench.wait(JobState.FINISHED)
    jobs = JsonClient(driver.dashboard(APPLICATION) or "").get("/jobs/overview")["jobs"]
    assert max(jobs, key=lambda job: job["start-time"])["name"] == "jar true"


def test_a_main_that_hangs_is_ended_by_another_launch_by_a_cancel_and_in_time(
    bench: Bench, driver: FlinkDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        launch = bench.launch(hang=tmp_path / name)
        bench.wait_file(tmp_path / name)
        seen = bench.observe()
        assert (seen.state, seen.launch_id) == (JobState.LAUNCHING, launch.launch_id)
    driver.cancel(APPLICATION)
    assert bench.wait(JobState.CANCELED).launch_id == launch.launch_id
    monkeypatch.setattr(job_of(driver), "_main_timeout_seconds", 3.0)
    bench.launch(hang=tmp_path / "third")
    failed = wait_for(lambda: seen if (seen := bench.observe()).state is JobState.FAILED else None, bench.observe)
    assert failed.error == "Flink job did not start within a total timeout of 0.05 minutes"


def test_checkpoints_are_those_of_each_launch(bench: Bench, driver: FlinkDriver) -> None:
    for changes, expected in (
        ({"checkpoint_interval_ms": 1234, "min_pause_between_checkpoints_ms": 77}, (1234, 77)),
        ({"checkpointing_enabled": False}, None),
    ):
        bench.launch(**changes)
        bench.wait(JobState.RUNNING)
        client = JsonClient(driver.dashboard(APPLICATION) or "")
        (job,) = [job["id"] for job in client.get("/jobs")["jobs"] if job["status"] == "RUNNING"]
        if expected is None:
            assert client.get(f"/jobs/{job}/checkpoints/config")["interval"] >= 2**62
        else:
            settings = client.get(f"/jobs/{job}/checkpoints/config")
            assert (settings["interval"], settings["min_pause"]) == expected


def test_release_leaves_nothing_but_savepoints(bench: Bench, driver: FlinkDriver) -> None:
    bench.launch()
    bench.wait(JobState.RUNNING)
    location = Path(bench.saved("kept", stop=False))
    assert bench.observe().state is JobState.RUNNING
    assert bench.saved("kept", stop=False) == str(location)  # a repeated order has no effect
    driver.release(APPLICATION)
    wait_for(lambda: bench.observe().state is JobState.ABSENT or None, bench.observe)
    wait_for(lambda: driver.dashboard(APPLICATION) is None or None, bench.observe)
    assert (location / "_metadata").is_file()
    assert [place.name for place in job_of(driver)._places.folder.iterdir()] == ["savepoints"]
    driver.save(APPLICATION, "of-nothing", stop=False)
    save = wait_for(
        lambda: save if (save := bench.observe().saved["of-nothing"]).state is SaveState.FAILED else None, bench.observe
    )
    assert save.error == "no job runs"


def test_after_the_end_of_the_driver_another_one_goes_on_exactly(
    job_python: Path, code: dict[str, Path], tmp_path: Path
) -> None:
    first = FlinkDriver(tmp_path / "driver", python=job_python)
    bench = Bench(driver=first, code=code["one"], out=tmp_path / "out", count=6_000)
    try:
        bench.launch(rate=100)
        bench.wait(JobState.RUNNING)
        bench.wait_rows(100)
        pids = {job_manager_pid(first), *task_manager_pids(first)}
    finally:
        first.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    with pytest.raises(JobError, match="the driver is closed, and takes no order for app"):
        bench.launch()
    second = FlinkDriver(tmp_path / "driver", python=job_python)
    try:
        assert second.observe(APPLICATION) == JobObservation(state=JobState.ABSENT)
        bench.driver = second
        bench.launch(code=code["two"], recover=True, rate=FAST)
        bench.wait(JobState.FINISHED)
    finally:
        second.close()
    assert bench.rows("two")
    bench.assert_exact()
