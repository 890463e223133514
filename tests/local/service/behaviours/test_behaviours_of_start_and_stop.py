"""MSF's behaviours: start and stop. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.system_actions import scale
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from tests.local.service.behaviours.conftest import Simulate
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

SKIP: dict[str, Any] = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}}


def restoring(name: str) -> dict[str, Any]:
    """Return a run configuration that restores a snapshot."""
    kind = "RESTORE_FROM_CUSTOM_SNAPSHOT"
    return {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": kind, "SnapshotName": name}}


def stop(account: MsfAccount, **given: Any) -> str:
    """Stop the application and return the operation."""
    operation: str = account.msf.stop_application(ApplicationName=account.name, **given)["OperationId"]
    return operation


def start(account: MsfAccount, **run: Any) -> str:
    """Start the application, wait, and return the operation."""
    given = {"RunConfiguration": run} if run else {}
    operation: str = account.msf.start_application(ApplicationName=account.name, **given)["OperationId"]
    account.settle()
    return operation


@pytest.mark.source("T")
def test_a_start_passes_starting_only_and_keeps_the_version(account: MsfAccount) -> None:
    account.create()
    operation = account.msf.start_application(ApplicationName=account.name)["OperationId"]
    assert account.statuses() == ["STARTING", "RUNNING"]
    assert account.describe()["ApplicationVersionId"] == 1
    assert account.operation(operation)["OperationStatus"] == "SUCCESSFUL"


@pytest.mark.source("T")
def test_a_start_without_run_configuration_restores_the_latest_snapshot(account: MsfAccount) -> None:
    detail = account.create(start=True)
    assert detail["ApplicationConfigurationDescription"]["RunConfigurationDescription"] == {
        "ApplicationRestoreConfigurationDescription": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        "FlinkRunConfigurationDescription": {"AllowNonRestoredState": False},
    }


@pytest.mark.source("D", "B")
def test_a_start_that_fails_ends_ready_with_the_error(account: MsfAccount) -> None:
    broken = account.put_code("broken.zip", broken=True)
    account.create(ApplicationCodeConfiguration=account.code_configuration(broken))
    operation = account.operation(start(account))
    assert account.status() == "READY"
    assert operation["OperationStatus"] == "FAILED"
    assert 0 < len(operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]) <= 512


@pytest.mark.source("D", "B")
def test_an_error_has_at_most_512_characters(local: InProcess) -> None:
    local.create()
    local.fail_launches("org.apache.flink.client.program.ProgramInvocationException: " + "x" * 1_000)
    error = local.operation(start(local))["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert error.startswith("org.apache.flink")
    assert len(error) == 512


@pytest.mark.source("D")
def test_a_start_without_code_fails(account: MsfAccount) -> None:
    account.create(ApplicationCodeConfiguration={"CodeContentType": "ZIPFILE"})
    operation = account.operation(start(account))
    assert operation["OperationStatus"] == "FAILED"
    account.check_local_text(operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"], "no code")
    assert account.status() == "READY"


@pytest.mark.source("M", "report")
def test_a_start_is_refused_unless_the_application_is_ready(account: MsfAccount) -> None:
    account.create()

    def refuse() -> None:
        with account.refused("ResourceInUseException"):
            account.msf.start_application(ApplicationName=account.name)

    account.msf.start_application(ApplicationName=account.name)
    refuse()
    account.settle()
    refuse()
    account.update(**properties(a="1"))
    refuse()
    account.settle()
    stop(account)
    refuse()


@pytest.mark.source("M", "report")
def test_a_stop_is_refused_unless_the_application_runs(account: MsfAccount) -> None:
    account.create()
    with account.refused("ResourceInUseException"):
        stop(account)
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        stop(account)
    account.settle()
    account.update(**properties(a="1"))
    with account.refused("ResourceInUseException"):
        stop(account)


@pytest.mark.source("D")
def test_a_job_that_does_not_start_within_five_minutes_fails(simulate: Simulate) -> None:
    local = simulate(launch_seconds=10_000)
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
def test_a_stop_takes_a_snapshot(account: MsfAccount) -> None:
    account.create(start=True)
    operation = stop(account)
    assert account.statuses() == ["STOPPING", "READY"]
    assert account.operation(operation)["OperationStatus"] == "SUCCESSFUL"
    assert [each["SnapshotStatus"] for each in account.snapshots()] == ["READY"]
    assert "RunConfigurationDescription" not in account.describe()["ApplicationConfigurationDescription"]


@pytest.mark.source("D")
def test_a_start_restores_the_snapshot_of_the_stop(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    stop(local)
    local.settle()
    start(local)
    assert local.job().records == 100


@pytest.mark.source("M", "D")
def test_a_start_without_any_snapshot_starts_empty(account: MsfAccount) -> None:
    account.create()
    start(account, ApplicationRestoreConfiguration={"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"})
    assert (account.status(), account.snapshots()) == ("RUNNING", [])


@pytest.mark.source("D")
def test_a_stop_without_snapshots_takes_none(account: MsfAccount) -> None:
    account.create(start=True, ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    stop(account)
    assert account.statuses() == ["STOPPING", "READY"]
    assert account.snapshots() == []


@pytest.mark.source("M")
@pytest.mark.parametrize("during", ["STARTING", "RUNNING", "UPDATING", "STOPPING"])
def test_a_forced_stop_takes_no_snapshot(account: MsfAccount, during: str) -> None:
    account.create(start=during != "STARTING")
    begin: dict[str, Callable[[], str]] = {
        "STARTING": lambda: account.msf.start_application(ApplicationName=account.name)["OperationId"],
        "RUNNING": lambda: "",
        "UPDATING": lambda: account.update(**properties(a="1"))["OperationId"],
        "STOPPING": lambda: stop(account),
    }
    before = begin[during]()
    assert account.status() == during
    operation = stop(account, Force=True)
    assert account.statuses() == ["FORCE_STOPPING", "READY"]
    assert account.operation(operation)["OperationStatus"] == "SUCCESSFUL"
    assert [each["SnapshotStatus"] for each in account.snapshots()] in ([], ["FAILED"])
    if before:
        assert account.operation(before)["OperationStatus"] == "CANCELLED"


@pytest.mark.source("M")
def test_a_forced_stop_ends_a_scaling_and_its_job(local: InProcess) -> None:
    arn = local.create(start=True)["ApplicationARN"]
    local.service.commit(scale(local.service.situation(arn), up=True))
    assert local.status() == "AUTOSCALING"
    stop(local, Force=True)
    assert local.statuses() == ["FORCE_STOPPING", "READY"]
    assert all(job.state is JobState.CANCELED for job in local.driver.jobs.values())


@pytest.mark.source("D")
def test_a_forced_stop_of_an_application_that_is_being_deleted_is_refused(account: MsfAccount) -> None:
    detail = account.create(start=True)
    account.msf.delete_application(ApplicationName=account.name, CreateTimestamp=detail["CreateTimestamp"])
    with account.refused("InvalidRequestException"):
        stop(account, Force=True)


@pytest.mark.source("report")
def test_a_forced_stop_of_a_ready_application_is_refused(account: MsfAccount) -> None:
    account.create()
    with account.refused("InvalidRequestException", "You can't force stop an application in 'READY' status"):
        stop(account, Force=True)


@pytest.mark.source("D")
def test_a_stop_of_a_job_that_can_take_no_snapshot_is_refused(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    with local.refused("InvalidApplicationConfigurationException"):
        stop(local)
    assert local.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("M", "D")
def test_a_custom_restore_is_described_with_its_snapshot(account: MsfAccount) -> None:
    account.create(start=True)
    account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName="five")
    account.settle()
    stop(account)
    account.settle()
    start(account, **restoring("five"))
    described = account.describe()["ApplicationConfigurationDescription"]["RunConfigurationDescription"]
    assert described["ApplicationRestoreConfigurationDescription"] == {
        "ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT",
        "SnapshotName": "five",
    }


@pytest.mark.source("M", "D")
def test_a_custom_restore_goes_back_to_that_snapshot(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 5)
    local.msf.create_application_snapshot(ApplicationName=local.name, SnapshotName="five")
    local.settle()
    local.driver.process(local.uid(), 5)
    stop(local)
    local.settle()
    start(local, **restoring("five"))
    assert local.job().records == 5


@pytest.mark.source("M", "D")
def test_a_custom_restore_of_an_unknown_snapshot_is_refused(account: MsfAccount) -> None:
    account.create()
    with account.refused("ResourceNotFoundException"):
        start(account, **restoring("missing"))
    assert account.describe()["ApplicationStatus"] == "READY"


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
    ("kind", "members"),
    [
        ("RESTORE_FROM_CUSTOM_SNAPSHOT", ()),
        ("RESTORE_FROM_CUSTOM_SNAPSHOT", ("SnapshotName", "SnapshotArn")),
        ("RESTORE_FROM_LATEST_SNAPSHOT", ("SnapshotName",)),
    ],
)
def test_a_custom_restore_names_exactly_one_snapshot(account: MsfAccount, kind: str, members: tuple[str, ...]) -> None:
    snapshot = {"SnapshotName": "s", "SnapshotArn": f"{account.scope}:snapshot/s"}
    account.create()
    restore = {"ApplicationRestoreType": kind, **{name: snapshot[name] for name in members}}
    with account.refused("InvalidArgumentException"):
        start(account, ApplicationRestoreConfiguration=restore)


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
        ApplicationName=local.name,
        SnapshotName=snapshot["SnapshotName"],
        SnapshotCreationTimestamp=snapshot["SnapshotCreationTimestamp"],
    )
    local.settle()
    assert local.snapshots() == []
    local.driver.close()
    local.settle()
    assert local.job().records == 5
