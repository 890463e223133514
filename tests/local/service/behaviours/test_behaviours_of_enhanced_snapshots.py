"""MSF's behaviours: enhanced snapshots. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local.service.msf_account import MsfAccount

ENHANCED: dict[str, Any] = {
    "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True, "SnapshotMode": "ENHANCED_SNAPSHOTS"}
}


def take(account: MsfAccount, application: str, snapshot: str) -> Mapping[str, Any]:
    """Create a snapshot, wait for it, and return its description."""
    account.msf.create_snapshot(ApplicationName=application, SnapshotName=snapshot)
    account.settle()
    return describe(account, snapshot)


def describe(account: MsfAccount, snapshot: str) -> Mapping[str, Any]:
    """Return the description of a snapshot."""
    details: Mapping[str, Any] = account.msf.describe_snapshot(SnapshotName=snapshot)["SnapshotInfoDetails"]
    return details


@pytest.mark.source("D")
def test_a_name_is_unique_in_the_account(account: MsfAccount) -> None:
    first, second, snapshot = account.another("first"), account.another("second"), f"{account.name}-snapshot"
    account.create(first, start=True, **ENHANCED)
    account.create(second, start=True, **ENHANCED)
    assert take(account, first, snapshot)["SnapshotStatus"] == "READY"
    with account.refused("ResourceInUseException"):
        account.msf.create_snapshot(ApplicationName=second, SnapshotName=snapshot)


@pytest.mark.source("D")
def test_the_prefix_of_the_system_is_refused(account: MsfAccount) -> None:
    account.create(start=True, **ENHANCED)
    with account.refused("InvalidArgumentException"):
        account.msf.create_snapshot(ApplicationName=account.name, SnapshotName=f"SYSTEMSNAPSHOT-{account.name}")


@pytest.mark.source("D")
def test_a_snapshot_survives_its_application_and_starts_another_one(account: MsfAccount) -> None:
    first, second, snapshot = account.another("first"), account.another("second"), f"{account.name}-snapshot"
    detail = account.create(first, start=True, **ENHANCED)
    arn = take(account, first, snapshot)["SnapshotArn"]
    account.msf.delete_application(ApplicationName=first, CreateTimestamp=detail["CreateTimestamp"])
    account.settle()
    assert describe(account, snapshot)["SnapshotStatus"] == "READY"
    account.create(second, **ENHANCED)
    restore = {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT", "SnapshotArn": arn}
    account.msf.start_application(ApplicationName=second, RunConfiguration={"ApplicationRestoreConfiguration": restore})
    account.settle()
    assert account.status(second) == "RUNNING"


@pytest.mark.source("D")
def test_a_stop_takes_a_snapshot_of_the_system(account: MsfAccount) -> None:
    account.create(start=True, **ENHANCED)
    account.msf.stop_application(ApplicationName=account.name)
    account.settle()
    (snapshot,) = account.msf.list_snapshots(SourceApplicationName=account.name)["SnapshotInfoList"]
    assert snapshot["SnapshotName"].startswith("SYSTEMSNAPSHOT")
    assert (snapshot["SnapshotInitiator"], snapshot["SnapshotStatus"]) == ("SYSTEM", "READY")


@pytest.mark.source("D")
def test_each_kind_of_snapshot_has_its_own_calls(account: MsfAccount) -> None:
    enhanced, legacy = account.another("enhanced"), account.another("legacy")
    account.create(enhanced, start=True, **ENHANCED)
    account.create(legacy, start=True)
    with account.refused("InvalidApplicationConfigurationException"):
        account.msf.create_application_snapshot(ApplicationName=enhanced, SnapshotName="s")
    with account.refused("InvalidApplicationConfigurationException"):
        account.msf.create_snapshot(ApplicationName=legacy, SnapshotName=f"{account.name}-snapshot")
