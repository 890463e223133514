"""Rules on which the sources about MSF disagree: each switch has a source, and each of its answers an effect."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.switches import SWITCH_SOURCES, FailedUpdate, RollbackRestores, Switches
from cdk_penstock.model.lifecycle.system_actions import scale
from tests.local.service.in_process import InProcess
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.local.service.simulated_driver import SimulatedJob

ROLLBACK: dict[str, Any] = {"ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True}}


def running(folder: Path, switches: Switches, **configuration: Any) -> InProcess:
    """Return a service with these switches and a running application."""
    local = InProcess(folder, switches=switches)
    local.create(start=True, **configuration)
    return local


def parallelism_of(local: InProcess) -> dict[str, Any]:
    """Return the parallelism that is described."""
    flink = local.describe()["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    found: dict[str, Any] = flink["ParallelismConfigurationDescription"]
    return found


def update(local: InProcess, value: str = "1") -> str:
    """Update a property, wait, and return the operation's status."""
    operation = local.update(**properties(a=value))["OperationId"]
    local.settle()
    status: str = local.operation(operation)["OperationStatus"]
    return status


def test_each_switch_has_a_source() -> None:
    assert set(SWITCH_SOURCES) == {each.name for each in fields(Switches)}
    assert all(SWITCH_SOURCES.values())


@pytest.mark.parametrize(("is_new", "after", "next_one"), [(True, 3, 4), (False, 1, 3)])
def test_the_version_after_a_rollback(tmp_path: Path, is_new: bool, after: int, next_one: int) -> None:
    local = running(tmp_path, Switches(rollback_makes_new_version=is_new))
    created_at = local.describe()["ApplicationVersionCreateTimestamp"]
    update(local)
    local.roll_back()
    local.settle()
    detail = local.describe()
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("RUNNING", after)
    assert (detail["ApplicationVersionRolledBackFrom"], detail["ApplicationVersionRolledBackTo"]) == (2, 1)
    assert (detail["ApplicationVersionCreateTimestamp"] == created_at) is not is_new
    # The id of a version that was rolled back is not given again.
    update(local, "2")
    assert local.describe()["ApplicationVersionId"] == next_one
    versions = local.msf.list_application_versions(ApplicationName="app")["ApplicationVersionSummaries"]
    assert {each["ApplicationVersionId"]: each["ApplicationStatus"] for each in versions}[2] == "ROLLED_BACK"


@pytest.mark.parametrize(
    ("restores", "records"), [(RollbackRestores.OF_TARGET_VERSION, 10), (RollbackRestores.NEWEST, 30)]
)
def test_the_snapshot_that_a_rollback_restores(tmp_path: Path, restores: RollbackRestores, records: int) -> None:
    local = running(tmp_path, Switches(rollback_restores=restores))
    local.driver.process(local.uid(), 10)
    update(local)
    local.driver.process(local.uid(), 20)
    local.msf.create_application_snapshot(ApplicationName="app", SnapshotName="of-version-2")
    local.settle()
    local.driver.process(local.uid(), 40)
    local.roll_back()
    local.settle()
    assert local.job().records == records


@pytest.mark.parametrize("status", list(FailedUpdate))
def test_the_status_after_an_update_that_failed(tmp_path: Path, status: FailedUpdate) -> None:
    local = running(tmp_path, Switches(failed_update=status))
    local.fail_launches()
    local.update(**properties(a="1"))
    for _ in range(10):
        local.service.reconcile()
    assert local.describe()["ApplicationStatus"] == status
    (newest, *_) = local.msf.list_application_operations(ApplicationName="app")["ApplicationOperationInfoList"]
    assert newest["OperationStatus"] == "FAILED"


@pytest.mark.parametrize("way_out", ["rollback", "forced stop"])
def test_an_application_that_is_left_updating_has_a_way_out(tmp_path: Path, way_out: str) -> None:
    local = running(tmp_path, Switches(failed_update=FailedUpdate.UPDATING))
    local.driver.process(local.uid(), 10)
    local.fail_launches()
    local.update(**properties(a="1"))
    for _ in range(10):
        local.service.reconcile()
    local.driver.on_launch = None
    if way_out == "rollback":
        local.roll_back()
        local.settle()
        assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 10)
    else:
        local.msf.stop_application(ApplicationName="app", Force=True)
        local.settle()
        assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.parametrize(("limit", "status"), [(2, "FAILED"), (3, "SUCCESSFUL")])
def test_the_restarts_after_which_an_update_has_failed(tmp_path: Path, limit: int, status: str) -> None:
    local = running(tmp_path, Switches(loop_restarts=limit), **ROLLBACK)

    def restart_twice(_: str, job: SimulatedJob) -> None:
        job.restarts = 2
        local.driver.on_launch = None

    local.driver.on_launch = restart_twice
    assert update(local) == status


@pytest.mark.parametrize(("seconds", "status"), [(5.0, "SUCCESSFUL"), (30.0, "FAILED")])
def test_the_time_for_which_an_update_watches_its_job(tmp_path: Path, seconds: float, status: str) -> None:
    local = InProcess(tmp_path, switches=Switches(loop_watch_seconds=seconds), launch_seconds=60)
    local.create(start=True, **ROLLBACK)
    operation = local.update(**properties(a="1"))["OperationId"]
    # It watches from the moment Flink accepts the job, however long the launch takes.
    for _ in range(63):
        local.service.reconcile()
        local.clock.advance(1)
    assert local.operation(operation)["OperationStatus"] == "IN_PROGRESS"
    for _ in range(10):
        local.service.reconcile()
        local.clock.advance(1)
    local.job().restarts = 3
    local.settle()
    assert local.operation(operation)["OperationStatus"] == status


@pytest.mark.parametrize(("ignores", "parallelism"), [(True, 1), (False, 4)])
def test_the_values_that_are_ignored_with_type_default(tmp_path: Path, ignores: bool, parallelism: int) -> None:
    local = InProcess(tmp_path, switches=Switches(default_ignores_all_values=ignores))
    local.create(
        FlinkApplicationConfiguration={
            "ParallelismConfiguration": {"ConfigurationType": "DEFAULT", "Parallelism": 4},
            "CheckpointConfiguration": {"ConfigurationType": "DEFAULT", "CheckpointInterval": 1_000},
        }
    )
    assert parallelism_of(local)["Parallelism"] == parallelism
    flink = local.describe()["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"]
    assert flink["CheckpointConfigurationDescription"]["CheckpointInterval"] == 60_000


@pytest.mark.parametrize(("keeps", "parallelism"), [(True, 2), (False, 1)])
def test_the_parallelism_after_an_update_that_does_not_name_it(tmp_path: Path, keeps: bool, parallelism: int) -> None:
    local = running(tmp_path, Switches(update_keeps_current_parallelism=keeps))
    local.service.commit(scale(local.service.situation(local.describe()["ApplicationARN"]), up=True))
    local.settle()
    assert parallelism_of(local)["CurrentParallelism"] == 2
    update(local)
    assert parallelism_of(local)["CurrentParallelism"] == local.job().launch.parallelism == parallelism


@pytest.mark.parametrize("refuses", [True, False])
def test_a_run_configuration_in_an_update_of_a_ready_application(tmp_path: Path, refuses: bool) -> None:
    local = InProcess(tmp_path, switches=Switches(refuses_run_configuration_when_ready=refuses))
    local.create()
    run = {"FlinkRunConfiguration": {"AllowNonRestoredState": True}}
    if refuses:
        with pytest.raises(RefusedCallError) as refused:
            local.update(run=run, **properties(a="1"))
        assert refused.value.code == "InvalidArgumentException"
        assert local.describe()["ApplicationVersionId"] == 1
    else:
        local.update(run=run, **properties(a="1"))
        assert local.describe()["ApplicationVersionId"] == 2
        assert "RunConfigurationDescription" not in local.describe()["ApplicationConfigurationDescription"]


@pytest.mark.parametrize("limit", [1, 2])
def test_the_number_of_applications(tmp_path: Path, limit: int) -> None:
    local = InProcess(tmp_path, switches=Switches(maximum_applications=limit))
    for number in range(limit):
        local.create(f"app-{number}")
    with pytest.raises(RefusedCallError) as refused:
        local.create("one-more")
    assert refused.value.code == "LimitExceededException"


@pytest.mark.parametrize("limit", [2, 4])
def test_the_number_of_kpus(tmp_path: Path, limit: int) -> None:
    local = InProcess(tmp_path, switches=Switches(maximum_kpus=limit))

    def flink(parallelism: int) -> dict[str, Any]:
        block = {"ConfigurationType": "CUSTOM", "Parallelism": parallelism, "ParallelismPerKPU": 2}
        return {"ParallelismConfiguration": block}

    local.create(start=True, FlinkApplicationConfiguration=flink(2 * limit))
    assert local.job().state is JobState.RUNNING
    with pytest.raises(RefusedCallError) as refused:
        local.create("larger", FlinkApplicationConfiguration=flink(2 * limit + 1))
    assert refused.value.code == "LimitExceededException"
    with pytest.raises(RefusedCallError):
        scale(local.service.situation(local.describe()["ApplicationARN"]), up=True)
