"""MSF's behaviours: snapshots of applications. The sources are named as in the tests of creation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.snapshots import MAXIMUM_SNAPSHOTS
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount


def take(account: MsfAccount, name: str = "s") -> None:
    """Create a snapshot."""
    account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName=name)


def delete(account: MsfAccount, name: str = "s", *, created_at: datetime | None = None) -> None:
    """Delete a snapshot."""
    answer = account.msf.describe_application_snapshot(ApplicationName=account.name, SnapshotName=name)
    account.msf.delete_application_snapshot(
        ApplicationName=account.name,
        SnapshotName=name,
        SnapshotCreationTimestamp=created_at or answer["SnapshotDetails"]["SnapshotCreationTimestamp"],
    )


@pytest.mark.source("T", "D")
def test_a_snapshot_is_being_created_and_then_ready(account: MsfAccount) -> None:
    account.create(start=True)
    take(account)
    assert [each["SnapshotStatus"] for each in account.snapshots()] == ["CREATING"]
    account.settle()
    (snapshot,) = account.snapshots()
    assert (snapshot["SnapshotStatus"], snapshot["ApplicationVersionId"]) == ("READY", 1)
    assert account.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("D")
def test_a_snapshot_needs_a_running_application(account: MsfAccount) -> None:
    account.create()
    with account.refused("ResourceInUseException"):
        take(account)
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        take(account)
    account.settle()
    take(account)


@pytest.mark.source("D")
def test_a_snapshot_of_a_job_that_restarts_is_refused(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    with local.refused("InvalidApplicationConfigurationException"):
        take(local)
    assert local.snapshots() == []


@pytest.mark.source("D")
def test_a_snapshot_that_cannot_be_completed_has_failed(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    local.job().state = JobState.RESTARTING
    local.service.reconcile()
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["FAILED"]


@pytest.mark.source("D")
def test_a_snapshot_that_was_asked_for_before_a_stop_is_taken(account: MsfAccount) -> None:
    account.create(start=True)
    take(account)
    account.msf.stop_application(ApplicationName=account.name)
    account.settle()
    assert [each["SnapshotStatus"] for each in account.snapshots()] == ["READY", "READY"]


@pytest.mark.source("M")
def test_a_name_of_a_snapshot_that_exists_is_refused(account: MsfAccount) -> None:
    account.create(start=True)
    take(account)
    with account.refused("ResourceInUseException"):
        take(account)


@pytest.mark.source("I")
def test_a_snapshot_while_snapshots_are_disabled_is_refused(account: MsfAccount) -> None:
    account.create(start=True, ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    with account.refused("InvalidRequestException"):
        take(account)


@pytest.mark.source("M", "T")
def test_a_snapshot_is_deleted_by_its_exact_time(account: MsfAccount) -> None:
    account.create(start=True)
    take(account)
    created_at = account.snapshots()[0]["SnapshotCreationTimestamp"]
    with account.refused("ResourceInUseException", local_text="CREATING"):
        delete(account)
    account.settle()
    with account.refused("InvalidArgumentException"):
        delete(account, created_at=created_at + timedelta(seconds=1))
    delete(account)
    assert [each["SnapshotStatus"] for each in account.snapshots()] == ["DELETING"]
    account.settle()
    with account.refused("ResourceNotFoundException"):
        delete(account)


@pytest.mark.source("D")
def test_the_data_of_a_snapshot_goes_with_it(local: InProcess, tmp_path: Path) -> None:
    local.create(start=True)
    take(local)
    local.settle()
    delete(local)
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()] == []


@pytest.mark.source("I")
def test_a_snapshot_that_is_being_restored_is_not_deleted(account: MsfAccount) -> None:
    account.create(start=True)
    take(account)
    account.msf.stop_application(ApplicationName=account.name, Force=True)
    account.settle()
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException", local_text="is being restored"):
        delete(account)
    account.settle()
    delete(account)


@pytest.mark.source("D")
def test_at_the_limit_only_automatic_snapshots_are_taken(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    local.settle()
    store = local.service.store
    application = store.application(local.describe()["ApplicationARN"])
    (known,) = (each for _, each in store.legacy_snapshots(application))
    copies = tuple(replace(known, uid=f"{n:032x}", name=f"copy-{n}") for n in range(1, MAXIMUM_SNAPSHOTS))
    store.write(Change(application=application, snapshots=copies))
    with local.refused("LimitExceededException"):
        take(local, "one-more")
    local.msf.stop_application(ApplicationName=local.name)
    local.settle()
    assert local.describe()["ApplicationStatus"] == "READY"
    assert store.count_snapshots(application) == MAXIMUM_SNAPSHOTS + 1
    newest = store.newest_snapshot(application)
    assert newest is not None
    assert (newest.is_automatic, newest.status) == (True, SnapshotStatus.READY)
