"""The state of the service as one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.keys.key_assignment import KeyAssignment
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.records import SnapshotRecord
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotChange
from tests.local.service.admin_service import ACCOUNT, HOSTILE, KEY, REGION, AdminService

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> AdminService:
    return AdminService(tmp_path)


def state(service: AdminService) -> Any:
    return service.call("GET", "/_admin/state").document


def application(service: AdminService) -> Any:
    (found,) = state(service)["applications"]
    return found


def update(service: AdminService, version: int, **changes: Any) -> None:
    changed = changes or {"EnvironmentPropertyUpdates": {"PropertyGroups": []}}
    service.do(
        "UpdateApplication",
        ApplicationName="orders",
        CurrentApplicationVersionId=version,
        ApplicationConfigurationUpdate=changed,
    )


def test_without_applications_the_state_is_empty(service: AdminService) -> None:
    found = state(service)
    assert (found["applications"], found["snapshots_without_application"], found["disabled_keys"]) == ([], [], [])


def test_an_application_has_its_status_versions_and_keys(service: AdminService) -> None:
    service.create("orders", key=KEY, ApplicationDescription=HOSTILE)
    found = application(service)
    shown = {name: found[name] for name in ("name", "account", "region", "status", "version", "runtime", "parallelism")}
    assert shown == {
        "name": "orders",
        "account": ACCOUNT,
        "region": REGION,
        "status": "READY",
        "version": 1,
        "runtime": "FLINK-1_20",
        "parallelism": 1,
    }
    assert (found["running_version"], found["job"], found["description"]) == (None, None, HOSTILE)
    assert (found["configured_key"], found["effective_key"], found["has_effective_key"]) == (KEY, None, False)


def test_the_effective_key_is_that_of_the_running_job(service: AdminService) -> None:
    service.run("orders")
    service.call("PUT", "/_admin/applications/orders/faults", {"hanging_operations": True})
    encryption = {"KeyTypeUpdate": "CUSTOMER_MANAGED_KEY", "KeyIdUpdate": KEY}
    update(service, 1, ApplicationEncryptionConfigurationUpdate=encryption)
    found = application(service)
    assert (found["configured_key"], found["effective_key"], found["has_effective_key"]) == (KEY, None, True)
    assert (found["version"], found["running_version"], found["status"]) == (2, 1, "UPDATING")
    assert found["faults"]["hanging_operations"] is True


def test_operations_snapshots_and_versions_are_listed_from_the_newest_on(service: AdminService) -> None:
    service.run("orders", key=KEY)
    service.do("CreateApplicationSnapshot", ApplicationName="orders", SnapshotName="nightly")
    service.carry_on()
    update(service, 1)
    service.carry_on()
    found = application(service)
    assert [each["version"] for each in found["versions"]] == [2, 1]
    assert [each["updated_from"] for each in found["versions"]] == [1, None]
    assert [each["name"] for each in found["operations"]] == ["UpdateApplication", "StartApplication"]
    assert found["operations"][0]["status"] == "SUCCESSFUL"
    assert found["operations"][0]["ended_at"] > found["operations"][0]["started_at"]
    assert [(each["is_automatic"], each["key"], each["version"]) for each in found["snapshots"]] == [
        (True, KEY, 1),
        (False, KEY, 1),
    ]
    assert found["snapshots"][1]["name"] == "nightly"


def test_a_failed_operation_has_its_reason(service: AdminService) -> None:
    service.create("orders")

    def fail(_application: str, job: Any) -> None:
        job.state, job.error = JobState.FAILED, HOSTILE

    service.driver.on_launch = fail
    service.do("StartApplication", ApplicationName="orders")
    service.carry_on()
    (operation,) = application(service)["operations"]
    assert (operation["status"], HOSTILE in operation["error"]) == ("FAILED", True)


def test_a_job_that_fails_is_seen_although_its_application_runs(service: AdminService) -> None:
    service.run("orders")
    assert application(service)["job"] == {"state": "RUNNING", "error": "", "restarts": 0, "has_page": True}
    job = service.driver.jobs[service.uid("orders")]
    job.state, job.error, job.restarts = JobState.RESTARTING, "no more disk", 3
    found = application(service)
    assert found["status"] == "RUNNING"
    assert found["job"] == {"state": "RESTARTING", "error": "no more disk", "restarts": 3, "has_page": True}


def test_a_key_that_is_not_enabled_is_marked_also_if_only_a_snapshot_has_it(service: AdminService) -> None:
    service.run("orders", key=KEY)
    service.do("CreateApplicationSnapshot", ApplicationName="orders", SnapshotName="nightly")
    service.carry_on()
    update(service, 1, ApplicationEncryptionConfigurationUpdate={"KeyTypeUpdate": "AWS_OWNED_KEY"})
    service.carry_on()
    assert application(service)["unusable_keys"] == []
    service.call("PUT", f"/_admin/keys/{KEY}/disabled")
    assert (application(service)["configured_key"], application(service)["unusable_keys"]) == (None, [KEY])
    assert state(service)["disabled_keys"] == [KEY]


def test_the_state_follows_every_change_also_in_an_application_of_the_same_name(service: AdminService) -> None:
    service.create("orders")
    before = application(service)
    service.do(
        "DeleteApplication",
        ApplicationName="orders",
        CreateTimestamp=service.msf.store.all_applications()[0].created_at,
    )
    assert application(service)["status"] == "DELETING"
    service.carry_on()
    assert state(service)["applications"] == []
    service.create("orders", ApplicationDescription="another one")
    after = application(service)
    assert (before["description"], after["description"]) == ("", "another one")
    assert after["created_at"] > before["created_at"]


def test_an_application_that_is_deleted_while_the_state_is_read_is_left_out(
    service: AdminService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.create("orders")
    listed = service.msf.store.application_arns()
    created_at = service.msf.store.all_applications()[0].created_at
    service.do("DeleteApplication", ApplicationName="orders", CreateTimestamp=created_at)
    service.carry_on()
    monkeypatch.setattr(service.msf.store, "application_arns", lambda: listed)
    assert state(service)["applications"] == []
    service.create("orders")
    assert state(service)["applications"] == []


def test_what_has_not_changed_is_not_read_again(service: AdminService, monkeypatch: pytest.MonkeyPatch) -> None:
    service.create("orders")
    service.create("returns")
    first = state(service)["applications"]
    read: list[str] = []
    versions = service.msf.store.recent_versions
    monkeypatch.setattr(
        service.msf.store, "recent_versions", lambda of, limit: read.append(of.name) or versions(of, limit)
    )
    assert state(service)["applications"] == first
    assert read == []
    service.do("TagResource", ResourceARN=first[1]["arn"], Tags=[{"Key": "a", "Value": "b"}])
    assert state(service)["applications"] == first
    assert read == ["returns"]


def enhanced(service: AdminService, name: str, application_uid: str) -> SnapshotRecord:
    return SnapshotRecord(
        uid=name,
        application_uid=application_uid,
        application_name="orders",
        name=name,
        created_at=service.clock(),
        version_id=1,
        runtime="FLINK-1_20",
        encryption=KeyAssignment.customer_managed(KEY),
        is_enhanced=True,
    )


def test_an_enhanced_snapshot_is_with_its_application_and_outlives_it(service: AdminService) -> None:
    service.create("orders")
    scope = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}"
    service.msf.store.write_snapshots(
        SnapshotChange(scope=scope, snapshots=(enhanced(service, "of-orders", service.uid("orders")),))
    )
    assert [each["name"] for each in application(service)["snapshots"]] == ["of-orders"]
    service.msf.store.write_snapshots(SnapshotChange(scope=scope, snapshots=(enhanced(service, "of-nobody", "gone"),)))
    (orphan,) = state(service)["snapshots_without_application"]
    assert (orphan["name"], orphan["account"], orphan["region"], orphan["key"]) == ("of-nobody", ACCOUNT, REGION, KEY)
    service.msf.store.write_snapshots(
        SnapshotChange(scope=scope, removed_snapshots=(enhanced(service, "of-orders", service.uid("orders")),))
    )
    assert application(service)["snapshots"] == []


def test_only_the_newest_records_are_in_the_state(service: AdminService) -> None:
    service.create("orders")
    for version in range(1, 25):
        update(service, version)
    found = application(service)
    assert [each["version"] for each in found["versions"]] == list(range(25, 5, -1))
    assert found["has_older"] == {"versions": True, "snapshots": False, "operations": True}
