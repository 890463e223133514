"""MSF's behaviours: delete applications, and maintenance windows. The sources are named as in the tests of creation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount


@pytest.mark.source("T", "M")
@pytest.mark.parametrize("start", [False, True], ids=["ready", "running"])
def test_an_application_is_deleted_also_while_it_runs(account: MsfAccount, *, start: bool) -> None:
    account.delete(account.create(start=start))
    assert account.status() == "DELETING"
    account.settle()
    assert account.applications() == []
    with account.refused("ResourceNotFoundException"):
        account.describe()


@pytest.mark.source("M")
def test_the_job_of_a_deleted_application_ends(local: InProcess) -> None:
    local.delete(local.create(start=True))
    local.settle()
    assert local.driver.jobs == {}


@pytest.mark.source("T")
def test_the_time_of_creation_counts_by_the_second(account: MsfAccount) -> None:
    created_at: datetime = account.create()["CreateTimestamp"]
    with account.refused("InvalidArgumentException"):
        account.msf.delete_application(ApplicationName=account.name, CreateTimestamp=created_at + timedelta(seconds=1))
    account.msf.delete_application(ApplicationName=account.name, CreateTimestamp=created_at.replace(microsecond=0))
    assert account.describe()["ApplicationStatus"] == "DELETING"


@pytest.mark.source("T")
def test_a_name_that_was_just_deleted_takes_no_tags_for_a_while(local: InProcess) -> None:
    local.delete(local.create_bare())
    local.settle()
    tags = [{"Key": "team", "Value": "fleet"}]
    with local.refused("ConcurrentModificationException", "Tags are already registered"):
        local.create_bare(Tags=tags)
    local.clock.advance(61)
    local.create_bare(Tags=tags)


@pytest.mark.source("T")
def test_a_name_that_was_just_deleted_is_free_without_tags(account: MsfAccount) -> None:
    account.delete(account.create_bare())
    account.settle()
    assert account.create_bare()["ApplicationVersionId"] == 1


@pytest.mark.source("M")
def test_snapshots_of_a_deleted_application_are_gone(account: MsfAccount) -> None:
    account.create(start=True)
    account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName="s")
    account.settle()
    account.delete(account.describe())
    account.settle()
    account.create()
    assert account.snapshots() == []


@pytest.mark.source("M")
def test_files_of_a_deleted_application_are_gone(local: InProcess, tmp_path: Path) -> None:
    local.create(start=True)
    local.msf.create_application_snapshot(ApplicationName=local.name, SnapshotName="s")
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()]
    local.delete(local.describe())
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()] == []


def set_window(account: MsfAccount, start: str = "21:30") -> dict[str, str]:
    """Set the maintenance window, and return it."""
    answer = account.msf.update_application_maintenance_configuration(
        ApplicationName=account.name,
        ApplicationMaintenanceConfigurationUpdate={"ApplicationMaintenanceWindowStartTimeUpdate": start},
    )
    window: dict[str, str] = answer["ApplicationMaintenanceConfigurationDescription"]
    return window


@pytest.mark.source("T", "D")
def test_the_maintenance_window_lasts_eight_hours_from_its_start(account: MsfAccount) -> None:
    account.create(start=True)
    window = {"ApplicationMaintenanceWindowStartTime": "21:30", "ApplicationMaintenanceWindowEndTime": "05:30"}
    assert set_window(account, "21:30") == window
    detail = account.describe()
    assert detail["ApplicationMaintenanceConfigurationDescription"] == window
    assert detail["ApplicationVersionId"] == 1


@pytest.mark.source("T", "D")
def test_the_maintenance_window_is_set_in_a_steady_status_only(account: MsfAccount) -> None:
    account.create()
    set_window(account)
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        set_window(account)
    account.settle()
    set_window(account)


@pytest.mark.source("M")
@pytest.mark.parametrize("time", ["24:00", "07:60", "night"])
def test_the_maintenance_window_starts_at_a_time_of_day(account: MsfAccount, time: str) -> None:
    account.create()
    with account.refused("InvalidArgumentException"):
        set_window(account, time)
