"""Snapshots of the account: rules, what survives, and the operations on them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.model.lifecycle.observed_job import SavedState, SaveState
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from tests.local.service.in_process_msf import ACCOUNT, CALLER, REGION, SCOPE, InProcessMsf, in_process_msf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TO_ENHANCED: dict[str, Any] = {"ApplicationSnapshotConfigurationUpdate": {"SnapshotModeUpdate": "ENHANCED_SNAPSHOTS"}}
TO_LEGACY: dict[str, Any] = {
    "ApplicationSnapshotConfigurationUpdate": {"SnapshotModeUpdate": "APPLICATION_SNAPSHOTS_LEGACY"}
}
SAVING = SavedState(state=SaveState.IN_PROGRESS)


@pytest.fixture
def msf(tmp_path: Path) -> Iterator[InProcessMsf]:
    yield from in_process_msf(tmp_path)


def take(msf: InProcessMsf, name: str, application: str = "app", **options: Any) -> dict[str, Any]:
    """Create a snapshot and wait for it."""
    answer = msf.call("CreateSnapshot", ApplicationName=application, SnapshotName=name, **options)
    msf.settle()
    return answer


def described(msf: InProcessMsf, name: str) -> dict[str, Any]:
    return dict(msf.call("DescribeSnapshot", SnapshotName=name)["SnapshotInfoDetails"])


def operations(msf: InProcessMsf, name: str, **options: Any) -> list[dict[str, Any]]:
    return list(msf.call("ListSnapshotOperations", SnapshotName=name, **options)["SnapshotOperationInfoList"])


def operation(msf: InProcessMsf, name: str, operation_id: str) -> dict[str, Any]:
    answer = msf.call("DescribeSnapshotOperation", SnapshotName=name, SnapshotOperationId=operation_id)
    return dict(answer["SnapshotOperationInfoDetails"])


def names(msf: InProcessMsf, **options: Any) -> list[str]:
    return [each["SnapshotName"] for each in msf.call("ListSnapshots", **options)["SnapshotInfoList"]]


def delete(msf: InProcessMsf, name: str) -> str:
    created = described(msf, name)["SnapshotCreationTimestamp"]
    answer = msf.call("DeleteSnapshot", SnapshotName=name, SnapshotCreationTimestamp=created)
    return str(answer["SnapshotOperationId"])


# Create


def test_a_snapshot_is_created_with_what_the_call_gives_and_what_the_job_is(msf: InProcessMsf) -> None:
    msf.run(enhanced=True, ApplicationEncryptionConfiguration={"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": KEY})
    tags = [{"Key": "stage", "Value": "prod"}]
    begun = msf.call(
        "CreateSnapshot", ApplicationName="app", SnapshotName="one", SnapshotDescription="before", Tags=tags
    )
    assert begun["SnapshotStatus"] == "CREATING"
    assert described(msf, "one")["SnapshotSizeInBytes"] == 0
    assert operation(msf, "one", begun["SnapshotOperationId"])["SnapshotOperationStatus"] == "IN_PROGRESS"
    msf.settle()
    detail = described(msf, "one")
    assert detail.pop("SnapshotSizeInBytes") > 0
    assert detail == {
        "SnapshotName": "one",
        "SnapshotArn": f"{SCOPE}:snapshot/one",
        "SnapshotDescription": "before",
        "SnapshotStatus": "READY",
        "SnapshotCreationTimestamp": detail["SnapshotCreationTimestamp"],
        "RuntimeEnvironment": "FLINK-1_20",
        "SnapshotEncryptionConfigurationDescription": {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": KEY},
        "SnapshotInitiator": "USER",
        "SnapshotInitiatorOperation": "CreateSnapshot",
        "SnapshotSourceDescription": {
            "SourceApplicationDescription": {
                "ApplicationName": "app",
                "ApplicationCreationTimestamp": msf.detail()["CreateTimestamp"],
                "ApplicationVersionId": 1,
            }
        },
        "SnapshotFormat": "CANONICAL",
    }
    assert msf.call("ListTagsForResource", ResourceARN=detail["SnapshotArn"]) == {"Tags": tags}
    ended = operation(msf, "one", begun["SnapshotOperationId"])
    assert (ended["SnapshotOperation"], ended["SnapshotOperationStatus"]) == ("CreateSnapshot", "SUCCESSFUL")
    assert ended["StartTime"] < ended["EndTime"]


def test_disabled_snapshots_do_not_concern_those_that_somebody_asks_for(msf: InProcessMsf) -> None:
    disabled = {"SnapshotsEnabled": False, "SnapshotMode": "ENHANCED_SNAPSHOTS"}
    msf.run(ApplicationSnapshotConfiguration=disabled)
    take(msf, "one")
    assert described(msf, "one")["SnapshotStatus"] == "READY"


@pytest.mark.parametrize("name", ["SYSTEMSNAPSHOT", "SYSTEMSNAPSHOT-1", "SystemSnapshot.x"])
def test_the_reserved_prefix_is_refused_in_any_case(msf: InProcessMsf, name: str) -> None:
    msf.run(enhanced=True)
    refusal = msf.refusal("CreateSnapshot", ApplicationName="app", SnapshotName=name)
    assert refusal is RefusalCode.INVALID_ARGUMENT
    assert names(msf) == []


def test_a_name_is_unique_among_the_applications_of_account_and_region(msf: InProcessMsf) -> None:
    msf.run("first", enhanced=True)
    msf.run("second", enhanced=True)
    take(msf, "one", "first")
    refusal = msf.refusal("CreateSnapshot", ApplicationName="second", SnapshotName="one")
    assert refusal is RefusalCode.RESOURCE_IN_USE
    other = ApiCaller(account=ACCOUNT, region="us-east-1", principal_arn=CALLER.principal_arn)
    assert msf.call("ListSnapshots", caller=other)["SnapshotInfoList"] == []
    assert msf.refusal("DescribeSnapshot", caller=other, SnapshotName="one") is RefusalCode.RESOURCE_NOT_FOUND


def test_a_failed_name_is_taken_until_it_is_deleted(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    begun = msf.call("CreateSnapshot", ApplicationName="app", SnapshotName="one")
    (snapshot,) = msf.msf.store.unsettled_snapshots(msf.msf.store.application(f"{SCOPE}:application/app"))
    msf.job().saved[snapshot.uid] = SavedState(state=SaveState.FAILED, error="disk full")
    msf.settle()
    assert described(msf, "one")["SnapshotStatus"] == "FAILED"
    failure = operation(msf, "one", begun["SnapshotOperationId"])["SnapshotOperationFailureDetails"]
    assert failure["ErrorInfo"] == {"ErrorCode": "SnapshotFailed", "ErrorString": "disk full"}
    assert msf.refusal("CreateSnapshot", ApplicationName="app", SnapshotName="one") is RefusalCode.RESOURCE_IN_USE
    delete(msf, "one")
    msf.settle()
    take(msf, "one")
    assert described(msf, "one")["SnapshotStatus"] == "READY"


def test_an_application_creates_one_snapshot_at_a_time(msf: InProcessMsf) -> None:
    msf.run("first", enhanced=True)
    msf.run("second", enhanced=True)
    msf.call("CreateSnapshot", ApplicationName="first", SnapshotName="one")
    assert msf.refusal("CreateSnapshot", ApplicationName="first", SnapshotName="two") is RefusalCode.LIMIT_EXCEEDED
    msf.call("CreateSnapshot", ApplicationName="second", SnapshotName="three")
    msf.settle()
    take(msf, "two", "first")
    assert sorted(names(msf, SnapshotStatus="READY")) == ["one", "three", "two"]


def test_create_needs_a_running_application_with_enhanced_snapshots(msf: InProcessMsf) -> None:
    msf.create("ready", enhanced=True)
    msf.run("legacy")
    for name, expected in (
        ("ready", RefusalCode.RESOURCE_IN_USE),
        ("legacy", RefusalCode.INVALID_APPLICATION_CONFIGURATION),
        ("missing", RefusalCode.RESOURCE_NOT_FOUND),
    ):
        assert msf.refusal("CreateSnapshot", ApplicationName=name, SnapshotName="one") is expected
    assert names(msf) == []


def test_the_legacy_call_refuses_an_application_with_enhanced_snapshots(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    refusal = msf.refusal("CreateApplicationSnapshot", ApplicationName="app", SnapshotName="one")
    assert refusal is RefusalCode.INVALID_APPLICATION_CONFIGURATION


def test_permissions_are_asked_on_the_resource_that_aws_names(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    take(msf, "one")
    application, snapshot = f"{SCOPE}:application/app", f"{SCOPE}:snapshot/one"
    created = described(msf, "one")["SnapshotCreationTimestamp"]
    for call, resource, parameters in (
        ("CreateSnapshot", application, {"ApplicationName": "app", "SnapshotName": "two"}),
        ("DescribeSnapshot", snapshot, {"SnapshotName": "one"}),
        ("DeleteSnapshot", snapshot, {"SnapshotName": "one", "SnapshotCreationTimestamp": created}),
        ("ListSnapshotOperations", snapshot, {"SnapshotName": "one"}),
        ("DescribeSnapshotOperation", snapshot, {"SnapshotName": "one", "SnapshotOperationId": "x"}),
        ("ListSnapshots", "*", {}),
    ):
        msf.policies.denied = {(f"kinesisanalytics:{call}", resource)}
        assert msf.refusal(call, **parameters) is RefusalCode.ACCESS_DENIED, call
    msf.policies.denied = set()
    assert names(msf) == ["one"]


# Automatic ones


def test_a_stop_takes_a_system_snapshot_with_its_operation(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    stop = msf.call("StopApplication", ApplicationName="app")
    msf.settle()
    (name,) = names(msf)
    assert name.startswith("SYSTEMSNAPSHOT")
    detail = described(msf, name)
    assert (detail["SnapshotInitiator"], detail["SnapshotInitiatorOperation"]) == ("SYSTEM", "SystemCreateSnapshot")
    (made,) = operations(msf, name)
    assert operation(msf, name, made["SnapshotOperationId"])["ApplicationOperationDescription"] == {
        "ApplicationOperationId": stop["OperationId"],
        "ApplicationName": "app",
    }
    assert (made["SnapshotOperation"], made["SnapshotOperationStatus"]) == ("SystemCreateSnapshot", "SUCCESSFUL")


def test_a_system_snapshot_needs_a_permission_of_its_caller(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    msf.run("legacy")
    msf.policies.denied = {("kinesisanalytics:CreateSystemSnapshot", "*")}
    assert msf.refusal("StopApplication", ApplicationName="app") is RefusalCode.ACCESS_DENIED
    assert msf.detail()["ApplicationStatus"] == "RUNNING"
    msf.call("StopApplication", ApplicationName="legacy")
    msf.call("StopApplication", ApplicationName="app", Force=True)


def test_a_forced_stop_fails_the_snapshot_of_the_update_that_it_ends(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    msf.update()
    msf.call("StopApplication", ApplicationName="app", Force=True)
    msf.settle()
    (name,) = names(msf)
    (made,) = operations(msf, name, SnapshotOperationStatus="FAILED")
    failure = operation(msf, name, made["SnapshotOperationId"])["SnapshotOperationFailureDetails"]["ErrorInfo"]
    assert failure["ErrorString"].startswith("another operation took the place")


# Life


def test_snapshots_survive_their_application_and_start_another_one(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    arn = take(msf, "one")["SnapshotArn"]
    msf.call("DeleteApplication", ApplicationName="app", CreateTimestamp=msf.detail()["CreateTimestamp"])
    msf.settle()
    assert described(msf, "one")["SnapshotStatus"] == "READY"
    msf.create("other", enhanced=True)
    msf.start("other", ApplicationRestoreType="RESTORE_FROM_CUSTOM_SNAPSHOT", SnapshotArn=arn)
    savepoint = msf.driver.launches[-1][1].savepoint
    assert savepoint is not None
    assert savepoint.startswith("file:")
    assert msf.detail("other")["ApplicationStatus"] == "RUNNING"
    delete(msf, "one")
    msf.settle()
    assert names(msf) == []


def test_a_snapshot_in_progress_fails_if_its_application_is_deleted(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    msf.call("CreateSnapshot", ApplicationName="app", SnapshotName="one")
    (snapshot,) = msf.msf.store.unsettled_snapshots(msf.msf.store.application(f"{SCOPE}:application/app"))
    msf.job().saved[snapshot.uid] = SAVING
    msf.call("DeleteApplication", ApplicationName="app", CreateTimestamp=msf.detail()["CreateTimestamp"])
    msf.settle()
    assert described(msf, "one")["SnapshotStatus"] == "FAILED"
    assert [each["SnapshotOperationStatus"] for each in operations(msf, "one")] == ["FAILED"]


def test_restore_refuses_a_snapshot_of_another_mode_account_or_state(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    arn = take(msf, "one")["SnapshotArn"]
    msf.create("legacy")
    msf.create("enhanced", enhanced=True)
    custom = {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT"}
    foreign = arn.replace(ACCOUNT, "999999999999")
    for name, restore, expected in (
        ("legacy", {"SnapshotArn": arn}, RefusalCode.INVALID_ARGUMENT),
        ("enhanced", {"SnapshotName": "one"}, RefusalCode.INVALID_ARGUMENT),
        ("enhanced", {"SnapshotArn": foreign}, RefusalCode.INVALID_ARGUMENT),
        ("enhanced", {"SnapshotArn": arn.replace(":snapshot/", ":application/")}, RefusalCode.INVALID_ARGUMENT),
        ("enhanced", {"SnapshotArn": f"{arn}-missing"}, RefusalCode.RESOURCE_NOT_FOUND),
    ):
        run = {"ApplicationRestoreConfiguration": custom | restore}
        assert msf.refusal("StartApplication", ApplicationName=name, RunConfiguration=run) is expected, restore


# Delete


def test_delete_needs_the_exact_time_of_creation(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    take(msf, "one")
    created = described(msf, "one")["SnapshotCreationTimestamp"]
    wrong = {"SnapshotName": "one", "SnapshotCreationTimestamp": created + timedelta(seconds=1)}
    assert msf.refusal("DeleteSnapshot", **wrong) is RefusalCode.INVALID_ARGUMENT
    missing = {"SnapshotName": "two", "SnapshotCreationTimestamp": created}
    assert msf.refusal("DeleteSnapshot", **missing) is RefusalCode.RESOURCE_NOT_FOUND
    assert described(msf, "one")["SnapshotStatus"] == "READY"


def test_delete_removes_data_and_name_but_not_the_operations(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    take(msf, "one")
    operation_id = delete(msf, "one")
    assert described(msf, "one")["SnapshotStatus"] == "DELETING"
    again = {"SnapshotName": "one", "SnapshotCreationTimestamp": described(msf, "one")["SnapshotCreationTimestamp"]}
    assert msf.refusal("DeleteSnapshot", **again) is RefusalCode.RESOURCE_IN_USE
    msf.settle()
    assert msf.refusal("DescribeSnapshot", SnapshotName="one") is RefusalCode.RESOURCE_NOT_FOUND
    assert list((msf.folder / "savepoints").rglob("_metadata")) == []
    assert operation(msf, "one", operation_id)["SnapshotOperationStatus"] == "SUCCESSFUL"
    assert [each["SnapshotOperation"] for each in operations(msf, "one")] == ["DeleteSnapshot", "CreateSnapshot"]


def test_a_snapshot_that_is_being_created_cannot_be_deleted(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    msf.call("CreateSnapshot", ApplicationName="app", SnapshotName="one")
    created = described(msf, "one")["SnapshotCreationTimestamp"]
    refusal = msf.refusal("DeleteSnapshot", SnapshotName="one", SnapshotCreationTimestamp=created)
    assert refusal is RefusalCode.RESOURCE_IN_USE


def test_a_deletion_waits_for_the_application_that_restores_the_snapshot(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    arn = take(msf, "one")["SnapshotArn"]
    msf.create("other", enhanced=True)
    run = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT",
                                               "SnapshotArn": arn}}  # fmt: skip
    msf.call("StartApplication", ApplicationName="other", RunConfiguration=run)
    delete(msf, "one")
    msf.step()
    assert described(msf, "one")["SnapshotStatus"] == "DELETING"
    msf.settle()
    assert msf.detail("other")["ApplicationStatus"] == "RUNNING"
    assert msf.refusal("DescribeSnapshot", SnapshotName="one") is RefusalCode.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("is_deleting", [False, True])
def test_operations_go_on_after_a_restart(msf: InProcessMsf, *, is_deleting: bool) -> None:
    msf.run(enhanced=True)
    if is_deleting:
        take(msf, "one")
        operation_id = delete(msf, "one")
    else:
        begun = msf.call("CreateSnapshot", ApplicationName="app", SnapshotName="one")
        operation_id = begun["SnapshotOperationId"]
    msf.restart()
    assert operation(msf, "one", operation_id)["SnapshotOperationStatus"] == "IN_PROGRESS"
    msf.settle()
    # The job that took the snapshot is gone with its process.
    expected = "SUCCESSFUL" if is_deleting else "FAILED"
    assert operation(msf, "one", operation_id)["SnapshotOperationStatus"] == expected


# Lists


def test_snapshots_are_listed_from_the_newest_on_by_one_filter(msf: InProcessMsf) -> None:
    msf.run("first", enhanced=True)
    msf.run("second", enhanced=True)
    take(msf, "a", "first")
    take(msf, "b", "second")
    msf.call("StopApplication", ApplicationName="second")
    msf.settle()
    system = names(msf)[0]
    assert names(msf) == [system, "b", "a"]
    assert names(msf, SourceApplicationName="first") == ["a"]
    assert names(msf, SourceApplicationName="third") == []
    assert names(msf, SnapshotInitiator="SYSTEM") == [system]
    assert names(msf, SnapshotInitiator="USER") == ["b", "a"]
    assert names(msf, SnapshotInitiatorOperation="CreateSnapshot") == ["b", "a"]
    assert names(msf, SnapshotInitiatorOperation="ImportSnapshot") == []
    assert names(msf, SnapshotStatus="READY") == [system, "b", "a"]
    assert names(msf, SnapshotStatus="FAILED") == []
    with pytest.raises(RefusedCallError, match="one filter at a time, got SourceApplicationName and SnapshotStatus"):
        msf.call("ListSnapshots", SourceApplicationName="first", SnapshotStatus="READY")


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_have_every_snapshot_and_operation_once(msf: InProcessMsf, limit: int) -> None:
    msf.run(enhanced=True)
    for name in ("a", "b", "c"):
        take(msf, name)
        delete(msf, "a") if name == "a" else None
        msf.settle()
    take(msf, "a")
    of_a: dict[str, Any] = {"SnapshotName": "a"}
    for call, member, key, parameters, expected in (
        ("ListSnapshots", "SnapshotInfoList", "SnapshotName", {}, ["a", "c", "b"]),
        ("ListSnapshotOperations", "SnapshotOperationInfoList", "SnapshotOperation", of_a,
         ["CreateSnapshot", "DeleteSnapshot", "CreateSnapshot"]),
    ):  # fmt: skip
        found: list[str] = []
        token: dict[str, Any] = {}
        while True:
            answer = msf.call(call, Limit=limit, **parameters, **token)
            found += [each[key] for each in answer[member]]
            assert len(answer[member]) <= limit
            if "NextToken" not in answer:
                break
            token = {"NextToken": answer["NextToken"]}
        assert found == expected


def test_operations_are_listed_by_one_filter_for_ninety_days(msf: InProcessMsf) -> None:
    msf.run(enhanced=True)
    operation_id = take(msf, "one")["SnapshotOperationId"]
    assert len(operations(msf, "one", SnapshotOperation="CreateSnapshot")) == 1
    assert operations(msf, "one", SnapshotOperation="ExportSnapshot") == []
    assert operations(msf, "one", SnapshotOperationStatus="IN_PROGRESS") == []
    both: dict[str, Any] = {"SnapshotOperation": "CreateSnapshot", "SnapshotOperationStatus": "FAILED"}
    assert msf.refusal("ListSnapshotOperations", SnapshotName="one", **both) is RefusalCode.INVALID_ARGUMENT
    assert msf.refusal("ListSnapshotOperations", SnapshotName="two") is RefusalCode.RESOURCE_NOT_FOUND
    msf.clock.advance(90 * 24 * 3600)
    assert operations(msf, "one") == []
    described_late: dict[str, Any] = {"SnapshotName": "one", "SnapshotOperationId": operation_id}
    assert msf.refusal("DescribeSnapshotOperation", **described_late) is RefusalCode.RESOURCE_NOT_FOUND


# The mode of an application


def test_the_change_to_enhanced_snapshots_takes_an_enhanced_one_and_has_no_way_back(msf: InProcessMsf) -> None:
    msf.run()
    msf.update(**TO_ENHANCED)
    msf.settle()
    assert names(msf, SnapshotInitiator="SYSTEM") == names(msf)
    assert len(names(msf)) == 1
    assert msf.driver.launches[-1][1].savepoint is not None
    with pytest.raises(RefusedCallError, match="cannot go back to APPLICATION_SNAPSHOTS_LEGACY"):
        msf.update(**TO_LEGACY)


def test_a_rollback_goes_back_to_legacy_snapshots_until_the_next_update(msf: InProcessMsf) -> None:
    def mode() -> str:
        block = msf.detail()["ApplicationConfigurationDescription"]["ApplicationSnapshotConfigurationDescription"]
        return str(block["SnapshotMode"])

    msf.run()
    msf.update(**TO_ENHANCED)
    msf.settle()
    msf.call("RollbackApplication", ApplicationName="app", CurrentApplicationVersionId=2)
    msf.settle()
    assert (mode(), msf.detail()["ApplicationStatus"]) == ("APPLICATION_SNAPSHOTS_LEGACY", "RUNNING")
    msf.call("StopApplication", ApplicationName="app")
    msf.settle()
    msf.update(**TO_ENHANCED)
    msf.update()
    msf.start()
    assert mode() == "ENHANCED_SNAPSHOTS"
    with pytest.raises(RefusedCallError, match="was updated since it changed to ENHANCED_SNAPSHOTS"):
        msf.call("RollbackApplication", ApplicationName="app", CurrentApplicationVersionId=5)


def test_an_update_of_mode_and_runtime_needs_two_calls(msf: InProcessMsf) -> None:
    msf.create()
    msf.call(
        "UpdateApplication",
        ApplicationName="app",
        CurrentApplicationVersionId=1,
        RuntimeEnvironmentUpdate="FLINK-1_19",
    )
    both = {"RuntimeEnvironmentUpdate": "FLINK-1_20", "ApplicationConfigurationUpdate": TO_ENHANCED}
    for update in (both, {"ApplicationConfigurationUpdate": TO_ENHANCED}):
        call: dict[str, Any] = {"ApplicationName": "app", "CurrentApplicationVersionId": 2, **update}
        assert msf.refusal("UpdateApplication", **call) is RefusalCode.INVALID_ARGUMENT
    msf.call("UpdateApplication", ApplicationName="app", CurrentApplicationVersionId=2,
             RuntimeEnvironmentUpdate="FLINK-1_20")  # fmt: skip
    msf.update(**TO_ENHANCED)
