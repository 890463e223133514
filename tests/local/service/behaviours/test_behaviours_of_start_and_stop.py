"""MSF's behaviours: start and stop. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    operation = account.operation(account.start())
    assert account.status() == "READY"
    assert operation["OperationStatus"] == "FAILED"
    assert 0 < len(operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]) <= 512


@pytest.mark.source("D", "B")
def test_an_error_has_at_most_512_characters(local: InProcess) -> None:
    local.create()
    local.fail_launches("org.apache.flink.client.program.ProgramInvocationException: " + "x" * 1_000)
    error = local.operation(local.start())["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert error.startswith("org.apache.flink")
    assert len(error) == 512


@pytest.mark.source("D")
def test_a_start_without_code_fails(account: MsfAccount) -> None:
    account.create(ApplicationCodeConfiguration={"CodeContentType": "ZIPFILE"})
    operation = account.operation(account.start())
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
    account.stop()
    refuse()


@pytest.mark.source("M", "report")
def test_a_stop_is_refused_unless_the_application_runs(account: MsfAccount) -> None:
    account.create()
    with account.refused("ResourceInUseException"):
        account.stop()
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        account.stop()
    account.settle()
    account.update(**properties(a="1"))
    with account.refused("ResourceInUseException"):
        account.stop()


@pytest.mark.source("D")
def test_a_job_that_does_not_start_within_five_minutes_fails(simulate: Simulate) -> None:
    local = simulate(launch_seconds=10_000)
    local.create()
    before = local.clock.now
    operation = local.operation(local.start())
    assert 299 < (local.clock.now - before).total_seconds() < 310
    assert "within a total timeout of 5 minutes" in operation["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("I")
def test_a_job_that_is_cancelled_while_it_starts_fails_the_start(local: InProcess) -> None:
    local.create()

    def cancel(_: str, job: SimulatedJob) -> None:
        job.state = JobState.CANCELED

    local.driver.on_launch = cancel
    assert local.operation(local.start())["OperationStatus"] == "FAILED"
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("B")
def test_a_job_that_loops_after_its_start_is_no_failure_of_the_operation(local: InProcess) -> None:
    local.create()

    def loop(_: str, job: SimulatedJob) -> None:
        job.state, job.restarts = JobState.RESTARTING, 99

    local.driver.on_launch = loop
    assert local.operation(local.start())["OperationStatus"] == "SUCCESSFUL"
    assert local.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("T", "D")
def test_a_stop_takes_a_snapshot(account: MsfAccount) -> None:
    account.create(start=True)
    operation = account.stop()
    assert account.statuses() == ["STOPPING", "READY"]
    assert account.operation(operation)["OperationStatus"] == "SUCCESSFUL"
    assert [each["SnapshotStatus"] for each in account.snapshots()] == ["READY"]
    assert "RunConfigurationDescription" not in account.describe()["ApplicationConfigurationDescription"]


@pytest.mark.source("D")
def test_a_start_restores_the_snapshot_of_the_stop(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.stop()
    local.settle()
    local.start()
    assert local.job().records == 100


@pytest.mark.source("M", "D")
def test_a_start_without_any_snapshot_starts_empty(account: MsfAccount) -> None:
    account.create()
    account.start(ApplicationRestoreConfiguration={"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"})
    assert (account.status(), account.snapshots()) == ("RUNNING", [])


@pytest.mark.source("D")
def test_a_stop_without_snapshots_takes_none(account: MsfAccount) -> None:
    account.create(start=True, ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    account.stop()
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
        "STOPPING": account.stop,
    }
    before = begin[during]()
    assert account.status() == during
    operation = account.stop(Force=True)
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
    local.stop(Force=True)
    assert local.statuses() == ["FORCE_STOPPING", "READY"]
    assert all(job.state is JobState.CANCELED for job in local.driver.jobs.values())


@pytest.mark.source("D")
def test_a_forced_stop_of_an_application_that_is_being_deleted_is_refused(account: MsfAccount) -> None:
    detail = account.create(start=True)
    account.msf.delete_application(ApplicationName=account.name, CreateTimestamp=detail["CreateTimestamp"])
    with account.refused("InvalidRequestException"):
        account.stop(Force=True)


@pytest.mark.source("report")
def test_a_forced_stop_of_a_ready_application_is_refused(account: MsfAccount) -> None:
    account.create()
    with account.refused("InvalidRequestException", "You can't force stop an application in 'READY' status"):
        account.stop(Force=True)


@pytest.mark.source("D")
def test_a_stop_of_a_job_that_can_take_no_snapshot_is_refused(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    with local.refused("InvalidApplicationConfigurationException"):
        local.stop()
    assert local.describe()["ApplicationStatus"] == "RUNNING"
