"""MSF's behaviours: rollbacks, versions, operations and scaling. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

ROLLBACK: dict[str, Any] = {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True}}
WIDE: dict[str, Any] = {"ParallelismConfiguration": {"ConfigurationType": "CUSTOM", "Parallelism": 2}}


def versions(account: MsfAccount) -> dict[int, str]:
    """Return the versions that are listed, with their statuses."""
    listed = account.msf.list_application_versions(ApplicationName=account.name)["ApplicationVersionSummaries"]
    return {each["ApplicationVersionId"]: each["ApplicationStatus"] for each in listed}


def job_properties(local: InProcess) -> dict[str, Any]:
    """Return the property groups of the running job."""
    return dict(local.job().launch.property_groups)


def autoscale(local: InProcess, *, up: bool = True) -> None:
    """Let MSF scale the application."""
    arn = local.describe()["ApplicationARN"]
    local.service.commit(scale(local.service.situation(arn), up=up))


def current_parallelism(local: InProcess) -> int:
    """Return the parallelism that is described, and that the job has."""
    flink = local.describe()["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    current: int = flink["ParallelismConfigurationDescription"]["CurrentParallelism"]
    assert local.job().launch.parallelism == current
    return current


def fail_the_next_launch(local: InProcess) -> None:
    """Let the next launch fail, and those after it succeed."""

    def fail(_: str, job: SimulatedJob) -> None:
        job.state, job.error = JobState.FAILED, "boom"
        local.driver.on_launch = None

    local.driver.on_launch = fail


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
    account.msf.stop_application(ApplicationName=account.name)
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
    assert (local.job().records, job_properties(local)) == (100, {})


@pytest.mark.source("I")
def test_the_previous_running_version_is_not_one_that_never_ran(account: MsfAccount) -> None:
    account.create(start=True)
    account.msf.stop_application(ApplicationName=account.name)
    account.settle()
    account.update(**properties(a="never ran"))
    account.update(**properties(a="runs"))
    account.msf.start_application(ApplicationName=account.name)
    account.settle()
    assert account.roll_back()["ApplicationDetail"]["ApplicationVersionRolledBackTo"] == 1


@pytest.mark.source("I")
def test_a_second_rollback_goes_one_version_further(local: InProcess) -> None:
    local.create(start=True)
    for value in ("1", "2"):
        local.update(**properties(a=value))
        local.settle()
    local.roll_back()
    local.settle()
    assert job_properties(local) == {"job": {"a": "1"}}
    assert local.roll_back()["ApplicationDetail"]["ApplicationVersionRolledBackTo"] == 1
    local.settle()
    assert job_properties(local) == {}


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
    assert job_properties(local) == {}


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
    fail_the_next_launch(local)
    operation = local.update(**properties(a="1"))["OperationId"]
    local.settle()
    assert local.operation(operation)["OperationFailureDetails"]["ErrorInfo"]["ErrorString"] == "boom"
    assert (job_properties(local), local.job().records) == ({}, 100)


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
    assert (local.describe()["ApplicationStatus"], job_properties(local)) == ("RUNNING", {})


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
    local.msf.start_application(ApplicationName=local.name)
    local.settle()
    assert local.job().records == 100


@pytest.mark.source("D", "M")
def test_versions_that_were_rolled_back_are_listed_so(account: MsfAccount) -> None:
    account.create(start=True)
    account.update(**properties(a="1"))
    account.settle()
    account.roll_back()
    account.settle()
    assert versions(account) == {1: "READY", 2: "ROLLED_BACK", 3: "RUNNING"}
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


@pytest.mark.source("D")
def test_scaling_doubles_and_halves_the_parallelism_and_keeps_version_and_state(local: InProcess) -> None:
    local.create(start=True, FlinkApplicationConfiguration=WIDE)
    local.driver.process(local.uid(), 100)
    seen = []
    for up in (True, True, False, False):
        autoscale(local, up=up)
        assert local.describe()["ApplicationStatus"] == "AUTOSCALING"
        local.settle()
        seen.append(current_parallelism(local))
    assert seen == [4, 8, 4, 2]
    assert (local.describe()["ApplicationVersionId"], local.job().records) == (1, 100)
    with pytest.raises(RefusedCallError):
        autoscale(local, up=False)


@pytest.mark.source("D")
@pytest.mark.parametrize("by_hand", [False, True], ids=["by MSF", "by a call"])
def test_a_scaling_that_is_rolled_back_keeps_version_and_parallelism(local: InProcess, *, by_hand: bool) -> None:
    local.create(start=True, FlinkApplicationConfiguration=WIDE, **ROLLBACK)
    local.update(**properties(a="1"))
    local.settle()
    autoscale(local)
    local.settle()
    local.driver.process(local.uid(), 100)
    if by_hand:
        autoscale(local)
        local.roll_back()
    else:
        fail_the_next_launch(local)
        autoscale(local)
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.describe()["ApplicationVersionId"]) == ("RUNNING", 2)
    assert (current_parallelism(local), local.job().records) == (4, 100)
    assert job_properties(local) == {"job": {"a": "1"}}
    assert versions(local) == {1: "READY", 2: "RUNNING"}


@pytest.mark.source("I")
@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (lambda local: local.update(**properties(a="1")), 4),
        (lambda local: _parallelism(local, 2), 2),
        (lambda local: _parallelism(local, 3), 3),
    ],
    ids=["another block", "the same parallelism", "another parallelism"],
)
def test_an_update_that_names_the_parallelism_ends_what_scaling_made_of_it(
    local: InProcess, update: Callable[[InProcess], None], expected: int
) -> None:
    local.create(start=True, FlinkApplicationConfiguration=WIDE)
    autoscale(local)
    local.settle()
    update(local)
    local.settle()
    assert current_parallelism(local) == expected


def _parallelism(account: MsfAccount, parallelism: int) -> None:
    update = {"ParallelismConfigurationUpdate": {"ParallelismUpdate": parallelism}}
    account.update(FlinkApplicationConfigurationUpdate=update)


@pytest.mark.source("D")
def test_maintenance_restarts_the_application_with_its_state(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.service.commit(maintain(local.service.situation(local.describe()["ApplicationARN"])))
    assert local.describe()["ApplicationStatus"] == "MAINTENANCE"
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 100)
    assert local.describe()["ApplicationVersionId"] == 1
