"""MSF's behaviours: rollbacks, versions, operations and scaling. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

ROLLBACK: dict[str, Any] = {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True}}


@pytest.mark.source("M")
def test_a_rollback_without_an_earlier_version_is_refused(account: MsfAccount) -> None:
    account.create(start=True)
    with account.refused("InvalidRequestException"):
        account.roll_back()


@pytest.mark.source("M")
def test_a_rollback_without_a_snapshot_is_refused(account: MsfAccount) -> None:
    account.create(start=True, ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    account.update(**properties(a="1"))
    account.settle()
    with account.refused("InvalidRequestException", local_text="no snapshot"):
        account.roll_back()
    assert account.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("M")
def test_a_rollback_needs_a_job_that_runs(account: MsfAccount) -> None:
    account.create(start=True)
    account.update(**properties(a="1"))
    account.settle()
    account.stop()
    with account.refused("ResourceInUseException"):
        account.roll_back()
    account.settle()
    with account.refused("ResourceInUseException"):
        account.roll_back()
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        account.roll_back()


@pytest.mark.source("I")
def test_a_rollback_makes_a_version_with_the_settings_of_the_previous_running_one(account: MsfAccount) -> None:
    first = account.create(start=True)["ApplicationConfigurationDescription"]
    account.update(**properties(a="1"))
    account.settle()
    answer = account.roll_back()
    detail = answer["ApplicationDetail"]
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("ROLLING_BACK", 3)
    assert (detail["ApplicationVersionRolledBackFrom"], detail["ApplicationVersionRolledBackTo"]) == (2, 1)
    assert account.statuses() == ["ROLLING_BACK", "RUNNING"]
    assert account.describe()["ApplicationConfigurationDescription"] == first
    assert account.operation(answer["OperationId"])["OperationStatus"] == "SUCCESSFUL"


@pytest.mark.source("I")
def test_a_rollback_restores_the_state_of_the_previous_running_version(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.update(**properties(a="1"))
    local.settle()
    local.driver.process(local.uid(), 50)
    local.roll_back()
    local.settle()
    assert (local.job().records, local.job_properties()) == (100, {})


@pytest.mark.source("I")
def test_the_previous_running_version_is_not_one_that_never_ran(account: MsfAccount) -> None:
    account.create(start=True)
    account.stop()
    account.settle()
    account.update(**properties(a="never ran"))
    account.update(**properties(a="runs"))
    account.start()
    assert account.roll_back()["ApplicationDetail"]["ApplicationVersionRolledBackTo"] == 1


@pytest.mark.source("I")
def test_a_second_rollback_goes_one_version_further(local: InProcess) -> None:
    local.create(start=True)
    for value in ("1", "2"):
        local.update(**properties(a=value))
        local.settle()
    local.roll_back()
    local.settle()
    assert local.job_properties() == {"job": {"a": "1"}}
    assert local.roll_back()["ApplicationDetail"]["ApplicationVersionRolledBackTo"] == 1
    local.settle()
    assert local.job_properties() == {}


@pytest.mark.source("M")
def test_a_rollback_during_an_update_makes_it_cancelled(account: MsfAccount) -> None:
    first = account.create(start=True)["ApplicationConfigurationDescription"]
    update = account.update(**properties(a="1"))["OperationId"]
    assert account.status() == "UPDATING"
    account.roll_back()
    account.settle()
    assert account.operation(update)["OperationStatus"] == "CANCELLED"
    assert account.describe()["ApplicationConfigurationDescription"] == first


@pytest.mark.source("M")
@pytest.mark.parametrize("launched", [False, True], ids=["while it saves", "while it launches"])
def test_a_rollback_during_an_update_cancels_it(local: InProcess, *, launched: bool) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    update = local.update(**properties(a="1"))["OperationId"]
    if launched:

        def stay(_: str, job: SimulatedJob) -> None:
            job.state = JobState.LAUNCHING
            local.driver.on_launch = None

        local.driver.on_launch = stay
        while local.service.reconcile():
            pass
        assert local.job().launch.property_groups == {"job": {"a": "1"}}
    assert local.describe()["ApplicationStatus"] == "UPDATING"
    local.roll_back()
    assert local.operation(update)["OperationStatus"] == "CANCELLED"
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 100)
    assert local.job_properties() == {}


@pytest.mark.source("D")
def test_an_update_that_fails_is_rolled_back_if_enabled(account: MsfAccount) -> None:
    first = account.create(start=True, **ROLLBACK)["ApplicationConfigurationDescription"]
    operation_id = account.update_code(account.put_code("broken.zip", broken=True))["OperationId"]
    assert account.statuses() == ["UPDATING", "ROLLING_BACK", "RUNNING"]
    operation = account.operation(operation_id)
    assert operation["OperationStatus"] == "FAILED"
    failure = operation["OperationFailureDetails"]
    assert failure["ErrorInfo"]["ErrorString"]
    rollback = account.operation(failure["RollbackOperationId"])
    assert (rollback["Operation"], rollback["OperationStatus"]) == ("RollbackApplication", "SUCCESSFUL")
    assert account.describe()["ApplicationConfigurationDescription"] == first


@pytest.mark.source("D")
def test_a_rollback_of_a_failed_update_keeps_the_state(local: InProcess) -> None:
    local.create(start=True, **ROLLBACK)
    local.driver.process(local.uid(), 100)
    local.fail_next_launch()
    operation = local.update(**properties(a="1"))["OperationId"]
    local.settle()
    assert local.operation(operation)["OperationFailureDetails"]["ErrorInfo"]["ErrorString"] == "boom"
    assert (local.job_properties(), local.job().records) == ({}, 100)


@pytest.mark.source("B")
def test_an_update_whose_job_loops_at_once_is_rolled_back_if_enabled(local: InProcess) -> None:
    local.create(start=True, **ROLLBACK)

    def loop(_: str, job: SimulatedJob) -> None:
        job.state, job.restarts, job.error = JobState.RESTARTING, 3, "division by zero"
        local.driver.on_launch = None

    local.driver.on_launch = loop
    operation = local.update(**properties(a="1"))["OperationId"]
    local.settle()
    error = local.operation(operation)["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert "division by zero" in error
    assert (local.describe()["ApplicationStatus"], local.job_properties()) == ("RUNNING", {})


@pytest.mark.source("D")
def test_a_rollback_that_fails_ends_ready(local: InProcess) -> None:
    local.create(start=True, **ROLLBACK)
    local.fail_launches()
    failure = local.update(**properties(a="1"))["OperationId"]
    local.settle()
    assert local.describe()["ApplicationStatus"] == "READY"
    rollback = local.operation(failure)["OperationFailureDetails"]["RollbackOperationId"]
    assert local.operation(rollback)["OperationStatus"] == "FAILED"


@pytest.mark.source("D")
def test_an_update_that_fails_ends_ready_without_rollback(account: MsfAccount) -> None:
    account.create(start=True)
    operation = account.update_code(account.put_code("broken.zip", broken=True))["OperationId"]
    assert account.statuses() == ["UPDATING", "READY"]
    assert account.describe()["ApplicationVersionId"] == 2
    assert "RollbackOperationId" not in account.operation(operation)["OperationFailureDetails"]


@pytest.mark.source("D")
def test_a_start_after_an_update_that_failed_restores_its_snapshot(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.fail_launches()
    local.update(**properties(a="1"))
    local.settle()
    local.driver.on_launch = None
    local.start()
    assert local.job().records == 100


@pytest.mark.source("D", "M")
def test_versions_that_were_rolled_back_are_listed_so(account: MsfAccount) -> None:
    account.create(start=True)
    account.update(**properties(a="1"))
    account.settle()
    account.roll_back()
    account.settle()
    assert account.versions() == {1: "READY", 2: "ROLLED_BACK", 3: "RUNNING"}
    old = account.msf.describe_application_version(ApplicationName=account.name, ApplicationVersionId=2)
    detail = old["ApplicationVersionDetail"]
    assert detail["ApplicationConfigurationDescription"]["EnvironmentPropertyDescriptions"] == {
        "PropertyGroupDescriptions": [{"PropertyGroupId": "job", "PropertyMap": {"a": "1"}}]
    }


@pytest.mark.source("M", "B")
def test_operations_are_listed_from_the_newest_on_by_name_and_status(account: MsfAccount) -> None:
    account.create()
    account.msf.start_application(ApplicationName=account.name)
    (running,) = account.msf.list_application_operations(ApplicationName=account.name)["ApplicationOperationInfoList"]
    assert running["OperationStatus"] == "IN_PROGRESS"
    assert running["EndTime"]
    account.settle()
    account.update_code(account.put_code("broken.zip", broken=True))
    account.settle()

    def listed(**given: Any) -> list[tuple[str, str]]:
        answer = account.msf.list_application_operations(ApplicationName=account.name, **given)
        return [(each["Operation"], each["OperationStatus"]) for each in answer["ApplicationOperationInfoList"]]

    start, update = ("StartApplication", "SUCCESSFUL"), ("UpdateApplication", "FAILED")
    assert listed() == [update, start]
    assert listed(Operation="StartApplication") == [start]
    assert listed(OperationStatus="FAILED") == [update]
    assert listed(Operation="StartApplication", OperationStatus="FAILED") == []
