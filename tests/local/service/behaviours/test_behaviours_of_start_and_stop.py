"""MSF's behaviours: start and stop. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from tests.local.service.in_process import InProcess, properties

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_penstock.local.service.simulated_driver import SimulatedJob

SKIP: dict[str, Any] = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}}


def restoring(name: str) -> dict[str, Any]:
    """Return a run configuration that restores a snapshot."""
    kind = "RESTORE_FROM_CUSTOM_SNAPSHOT"
    return {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": kind, "SnapshotName": name}}


def stop(local: InProcess, **given: Any) -> str:
    """Stop the application and return the operation."""
    operation: str = local.msf.stop_application(ApplicationName="app", **given)["OperationId"]
    return operation


def start(local: InProcess, **run: Any) -> str:
    """Start the application, wait, and return the operation."""
    given = {"RunConfiguration": run} if run else {}
    operation: str = local.msf.start_application(ApplicationName="app", **given)["OperationId"]
    local.settle()
    return operation


def statuses(local: InProcess) -> list[str]:
    """Return the statuses from now on, each once."""
    seen = [local.describe()["ApplicationStatus"]]
    while local.service.reconcile():
        seen.append(local.describe()["ApplicationStatus"])
    return list(dict.fromkeys(seen))


@pytest.mark.source("T")
def test_a_start_passes_starting_only_and_keeps_the_version(local: InProcess) -> None:
    local.create()
    operation = local.msf.start_application(ApplicationName="app")["OperationId"]
    assert statuses(local) == ["STARTING", "RUNNING"]
    assert local.describe()["ApplicationVersionId"] == 1
    assert local.operation(operation)["OperationStatus"] == "SUCCESSFUL"


@pytest.mark.source("T")
def test_a_start_without_run_configuration_restores_the_latest_snapshot(local: InProcess) -> None:
    detail = local.create(start=True)
    assert detail["ApplicationConfigurationDescription"]["RunConfigurationDescription"] == {
        "ApplicationRestoreConfigurationDescription": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        "FlinkRunConfigurationDescription": {"AllowNonRestoredState": False},
    }


@pytest.mark.source("D", "B")
def test_a_main_that_fails_ends_ready_with_the_error(local: InProcess) -> None:
    local.create()
    local.fail_launches("org.apache.flink.client.program.ProgramInvocationException: " + "x" * 1_000)
    operation = local.operation(start(local))
    assert local.describe()["ApplicationStatus"] == "READY"
    assert operation["OperationStatus"] == "FAILED"
    error = operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert error.startswith("org.apache.flink")
    assert len(error) == 512


@pytest.mark.source("D")
def test_a_start_without_code_fails(local: InProcess) -> None:
    local.create(ApplicationCodeConfiguration={"CodeContentType": "ZIPFILE"})
    operation = local.operation(start(local))
    assert "no code" in operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert local.describe()["ApplicationStatus"] == "READY"
    assert local.driver.jobs == {}


@pytest.mark.source("D")
def test_a_job_that_does_not_start_within_five_minutes_fails(tmp_path: Path) -> None:
    local = InProcess(tmp_path, launch_seconds=10_000)
    local.create()
    before = local.clock.now
    operation = local.operation(start(local))
    assert 299 < (local.clock.now - before).total_seconds() < 310
    assert "within a total timeout of 5 minutes" in operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("I")
def test_a_job_that_is_cancelled_while_it_starts_fails_the_start(local: InProcess) -> None:
    local.create()

    def cancel(_: str, job: SimulatedJob) -> None:
        job.state = JobState.CANCELED

    local.driver.on_launch = cancel
    assert local.operation(start(local))["OperationStatus"] == "FAILED"
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("B")
def test_a_job_that_loops_after_its_start_is_no_failure_of_the_operation(local: InProcess) -> None:
    local.create()

    def loop(_: str, job: SimulatedJob) -> None:
        job.state, job.restarts = JobState.RESTARTING, 99

    local.driver.on_launch = loop
    assert local.operation(start(local))["OperationStatus"] == "SUCCESSFUL"
    assert local.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("T", "D")
def test_a_stop_takes_a_snapshot_that_the_next_start_restores(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    operation = stop(local)
    assert statuses(local) == ["STOPPING", "READY"]
    assert local.operation(operation)["OperationStatus"] == "SUCCESSFUL"
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["READY"]
    assert "RunConfigurationDescription" not in local.describe()["ApplicationConfigurationDescription"]
    start(local)
    assert local.job().records == 100


@pytest.mark.source("D")
def test_a_stop_without_snapshots_takes_none(local: InProcess) -> None:
    local.create(start=True, ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    stop(local)
    assert statuses(local) == ["STOPPING", "READY"]
    assert local.snapshots() == []


@pytest.mark.source("M")
@pytest.mark.parametrize("during", ["STARTING", "RUNNING", "UPDATING", "STOPPING"])
def test_a_forced_stop_takes_no_snapshot(local: InProcess, during: str) -> None:
    local.create(start=during != "STARTING")
    begin: dict[str, Callable[[], str]] = {
        "STARTING": lambda: local.msf.start_application(ApplicationName="app")["OperationId"],
        "RUNNING": lambda: "",
        "UPDATING": lambda: local.update(**properties(a="1"))["OperationId"],
        "STOPPING": lambda: stop(local),
    }
    before = begin[during]()
    assert local.describe()["ApplicationStatus"] == during
    operation = stop(local, Force=True)
    assert statuses(local) == ["FORCE_STOPPING", "READY"]
    assert local.operation(operation)["OperationStatus"] == "SUCCESSFUL"
    assert [each["SnapshotStatus"] for each in local.snapshots()] in ([], ["FAILED"])
    if before:
        assert local.operation(before)["OperationStatus"] == "CANCELLED"
    assert all(job.state is JobState.CANCELED for job in local.driver.jobs.values())


@pytest.mark.source("report")
def test_a_forced_stop_of_a_ready_application_is_refused(local: InProcess) -> None:
    local.create()
    with pytest.raises(RefusedCallError, match="You can't force stop an application in 'READY' status"):
        stop(local, Force=True)


@pytest.mark.source("D")
def test_a_stop_of_a_job_that_can_take_no_snapshot_is_refused(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    with pytest.raises(RefusedCallError) as refused:
        stop(local)
    assert refused.value.code == "InvalidApplicationConfigurationException"
    assert local.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("M", "D")
def test_a_custom_restore_goes_back_to_that_snapshot(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 5)
    local.msf.create_application_snapshot(ApplicationName="app", SnapshotName="five")
    local.settle()
    local.driver.process(local.uid(), 5)
    stop(local)
    local.settle()
    start(local, **restoring("five"))
    assert local.job().records == 5
    described = local.describe()["ApplicationConfigurationDescription"]["RunConfigurationDescription"]
    assert described["ApplicationRestoreConfigurationDescription"]["SnapshotName"] == "five"


@pytest.mark.source("M", "D")
def test_a_custom_restore_of_an_unknown_snapshot_is_refused(local: InProcess) -> None:
    local.create()
    with pytest.raises(RefusedCallError) as refused:
        start(local, **restoring("missing"))
    assert refused.value.code == "ResourceNotFoundException"
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("M", "D")
def test_skipping_the_restore_starts_empty(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    stop(local)
    local.settle()
    start(local, **SKIP)
    assert local.job().records == 0


@pytest.mark.source("D")
@pytest.mark.parametrize(
    "restore",
    [
        {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT"},
        {
            "ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT",
            "SnapshotName": "s",
            "SnapshotArn": "arn:aws:kinesisanalytics:eu-central-1:123456789012:snapshot/s",
        },
        {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT", "SnapshotName": "s"},
    ],
)
def test_a_custom_restore_names_exactly_one_snapshot(local: InProcess, restore: dict[str, str]) -> None:
    local.create()
    with pytest.raises(RefusedCallError) as refused:
        start(local, ApplicationRestoreConfiguration=restore)
    assert refused.value.code == "InvalidArgumentException"


@pytest.mark.source("D")
def test_a_start_passes_on_that_state_may_be_left_out(local: InProcess) -> None:
    local.create()
    start(local, FlinkRunConfiguration={"AllowNonRestoredState": True})
    assert local.job().launch.allow_non_restored_state


@pytest.mark.source("D")
def test_a_job_that_finishes_leaves_the_application_ready(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.FINISHED
    local.settle()
    assert local.describe()["ApplicationStatus"] == "READY"
    assert "RunConfigurationDescription" not in local.describe()["ApplicationConfigurationDescription"]


@pytest.mark.source("D")
def test_the_loss_of_a_task_manager_changes_no_status(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 5)
    local.driver.kill_task_manager(local.uid())
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 5)


@pytest.mark.source("D")
def test_a_job_whose_process_died_comes_back_from_its_newest_checkpoint(local: InProcess) -> None:
    local.create(start=True)
    uid = local.uid()
    local.driver.process(uid, 5)
    local.driver.checkpoint(uid)
    local.driver.process(uid, 5)
    local.driver.close()
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 5)


@pytest.mark.source("D")
def test_a_job_without_checkpoint_comes_back_from_the_snapshot_of_its_start(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 5)
    local.driver.checkpoint(local.uid())
    stop(local)
    local.settle()
    start(local)
    (snapshot,) = local.snapshots()
    local.msf.delete_application_snapshot(
        ApplicationName="app",
        SnapshotName=snapshot["SnapshotName"],
        SnapshotCreationTimestamp=snapshot["SnapshotCreationTimestamp"],
    )
    local.settle()
    assert local.snapshots() == []
    local.driver.close()
    local.settle()
    assert local.job().records == 5
