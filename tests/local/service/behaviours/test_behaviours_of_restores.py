"""MSF's behaviours: the state that a job begins with. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState

if TYPE_CHECKING:
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

SKIP: dict[str, Any] = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}}


def restoring(name: str) -> dict[str, Any]:
    """Return a run configuration that restores a snapshot."""
    kind = "RESTORE_FROM_CUSTOM_SNAPSHOT"
    return {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": kind, "SnapshotName": name}}


@pytest.mark.source("M", "D")
def test_a_custom_restore_is_described_with_its_snapshot(account: MsfAccount) -> None:
    account.create(start=True)
    account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName="five")
    account.settle()
    account.stop()
    account.settle()
    account.start(**restoring("five"))
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
    local.stop()
    local.settle()
    local.start(**restoring("five"))
    assert local.job().records == 5


@pytest.mark.source("M", "D")
def test_a_custom_restore_of_an_unknown_snapshot_is_refused(account: MsfAccount) -> None:
    account.create()
    with account.refused("ResourceNotFoundException"):
        account.start(**restoring("missing"))
    assert account.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("M", "D")
def test_skipping_the_restore_starts_empty(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.stop()
    local.settle()
    local.start(**SKIP)
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
        account.start(ApplicationRestoreConfiguration=restore)


@pytest.mark.source("D")
def test_a_start_passes_on_that_state_may_be_left_out(local: InProcess) -> None:
    local.create()
    local.start(FlinkRunConfiguration={"AllowNonRestoredState": True})
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
    local.stop()
    local.settle()
    local.start()
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
