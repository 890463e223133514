"""MSF's behaviours: snapshots of applications, and keys. The sources are named as in the tests of creation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.snapshots import MAXIMUM_SNAPSHOTS
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.policies.evaluator import Decision, Outcome
from cdk_penstock.model.policies.operations import Verdict
from tests.local.service.in_process import KEY_1, KEY_2, InProcess, properties

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_penstock.model.policies.evaluator import Caller
    from cdk_penstock.model.policies.operations import KeyPath

AWS_OWNED = {"KeyType": "AWS_OWNED_KEY"}


def customer_managed(key: str) -> dict[str, str]:
    """Return an encryption with a customer managed key."""
    return {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": key}


def use_key(local: InProcess, key: str) -> None:
    """Update the application to this key."""
    update = {f"{name}Update": value for name, value in customer_managed(key).items()}
    local.update(ApplicationEncryptionConfigurationUpdate=update)


def take(local: InProcess, name: str = "s") -> None:
    """Create a snapshot."""
    local.msf.create_application_snapshot(ApplicationName="app", SnapshotName=name)


def delete(local: InProcess, name: str = "s", *, created_at: datetime | None = None) -> None:
    """Delete a snapshot."""
    known = local.msf.describe_application_snapshot(ApplicationName="app", SnapshotName=name)["SnapshotDetails"]
    local.msf.delete_application_snapshot(
        ApplicationName="app",
        SnapshotName=name,
        SnapshotCreationTimestamp=created_at or known["SnapshotCreationTimestamp"],
    )


def keys_of_snapshots(local: InProcess) -> list[dict[str, Any]]:
    """Return the encryption of each snapshot."""
    return [each["ApplicationEncryptionConfigurationDescription"] for each in local.snapshots()]


@pytest.mark.source("T", "D")
def test_a_snapshot_is_being_created_and_then_ready(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["CREATING"]
    local.settle()
    (snapshot,) = local.snapshots()
    assert (snapshot["SnapshotStatus"], snapshot["ApplicationVersionId"]) == ("READY", 1)
    assert local.describe()["ApplicationStatus"] == "RUNNING"


@pytest.mark.source("D")
def test_a_snapshot_of_a_job_that_restarts_is_refused(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    with pytest.raises(RefusedCallError) as refused:
        take(local)
    assert refused.value.code == "InvalidApplicationConfigurationException"
    assert local.snapshots() == []


@pytest.mark.source("D")
def test_a_snapshot_that_cannot_be_completed_has_failed(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    local.job().state = JobState.RESTARTING
    local.service.reconcile()
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["FAILED"]


@pytest.mark.source("D")
def test_a_snapshot_that_was_asked_for_before_a_stop_is_taken(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    local.msf.stop_application(ApplicationName="app")
    local.settle()
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["READY", "READY"]


@pytest.mark.source("M")
def test_a_name_of_a_snapshot_that_exists_is_refused(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    with pytest.raises(RefusedCallError) as refused:
        take(local)
    assert refused.value.code == "ResourceInUseException"


@pytest.mark.source("I")
def test_a_snapshot_while_snapshots_are_disabled_is_refused(local: InProcess) -> None:
    local.create(start=True, ApplicationSnapshotConfiguration={"SnapshotsEnabled": False})
    with pytest.raises(RefusedCallError) as refused:
        take(local)
    assert refused.value.code == "InvalidRequestException"


@pytest.mark.source("M", "T")
def test_a_snapshot_is_deleted_by_its_exact_time(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    created_at = local.snapshots()[0]["SnapshotCreationTimestamp"]
    with pytest.raises(RefusedCallError, match="CREATING") as refused:
        delete(local)
    assert refused.value.code == "ResourceInUseException"
    local.settle()
    with pytest.raises(RefusedCallError) as refused:
        delete(local, created_at=created_at + timedelta(milliseconds=1))
    assert refused.value.code == "InvalidArgumentException"
    delete(local)
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["DELETING"]
    local.settle()
    with pytest.raises(RefusedCallError) as refused:
        delete(local)
    assert refused.value.code == "ResourceNotFoundException"


@pytest.mark.source("D")
def test_the_data_of_a_snapshot_goes_with_it(local: InProcess, tmp_path: Path) -> None:
    local.create(start=True)
    take(local)
    local.settle()
    delete(local)
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()] == []


@pytest.mark.source("I")
def test_a_snapshot_that_is_being_restored_is_not_deleted(local: InProcess) -> None:
    local.create(start=True)
    take(local)
    local.msf.stop_application(ApplicationName="app", Force=True)
    local.settle()
    local.msf.start_application(ApplicationName="app")
    with pytest.raises(RefusedCallError, match="is being restored") as refused:
        delete(local)
    assert refused.value.code == "ResourceInUseException"
    local.settle()
    delete(local)


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
    with pytest.raises(RefusedCallError) as refused:
        take(local, "one-more")
    assert refused.value.code == "LimitExceededException"
    local.msf.stop_application(ApplicationName="app")
    local.settle()
    assert local.describe()["ApplicationStatus"] == "READY"
    assert store.count_snapshots(application) == MAXIMUM_SNAPSHOTS + 1
    newest = store.newest_snapshot(application)
    assert newest is not None
    assert (newest.is_automatic, newest.status) == (True, SnapshotStatus.READY)


@pytest.mark.source("D")
def test_a_key_takes_effect_with_the_next_start(local: InProcess) -> None:
    local.create()
    use_key(local, KEY_1)
    configured = local.describe()["ApplicationConfigurationDescription"]
    assert configured["ApplicationEncryptionConfigurationDescription"] == customer_managed(KEY_1)
    local.msf.start_application(ApplicationName="app")
    local.settle()
    take(local)
    assert keys_of_snapshots(local) == [customer_managed(KEY_1)]


@pytest.mark.source("M", "D")
def test_the_snapshot_of_an_update_has_the_old_key_and_later_ones_the_new_key(local: InProcess) -> None:
    local.create(start=True)
    use_key(local, KEY_1)
    local.settle()
    use_key(local, KEY_2)
    local.settle()
    take(local)
    assert keys_of_snapshots(local) == [AWS_OWNED, customer_managed(KEY_1), customer_managed(KEY_2)]


@pytest.mark.source("D")
def test_a_key_is_named_by_arn_id_or_alias_and_described_by_arn(tmp_path: Path) -> None:
    alias = KEY_1.replace(KEY_1.rpartition(":")[2], "alias/app")
    local = InProcess(tmp_path, policies=AllowAll(aliases={alias: KEY_1}))
    for number, name in enumerate((KEY_1, KEY_1.rpartition("/")[2], "alias/app", alias)):
        detail = local.create(f"app-{number}", ApplicationEncryptionConfiguration=customer_managed(name))
        described = detail["ApplicationConfigurationDescription"]["ApplicationEncryptionConfigurationDescription"]
        assert described == customer_managed(KEY_1)


@pytest.mark.source("M")
@pytest.mark.parametrize("encryption", [{"KeyType": "CUSTOMER_MANAGED_KEY"}, {**AWS_OWNED, "KeyId": KEY_1}])
def test_a_key_is_given_with_its_own_type_only(local: InProcess, encryption: dict[str, str]) -> None:
    with pytest.raises(RefusedCallError) as refused:
        local.create(ApplicationEncryptionConfiguration=encryption)
    assert refused.value.code == "InvalidArgumentException"


@pytest.mark.source("B", "D")
def test_a_disabled_key_fails_starts_and_leaves_the_running_job(tmp_path: Path) -> None:
    policies = AllowAll()
    local = InProcess(tmp_path, policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    policies.disabled_keys.add(KEY_1)
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().state) == ("RUNNING", JobState.RUNNING)
    calls: list[Callable[[], object]] = [
        lambda: take(local),
        lambda: local.msf.stop_application(ApplicationName="app"),
        lambda: local.update(**properties(a="1")),
    ]
    for call in calls:
        with pytest.raises(RefusedCallError, match="KMSInvalidStateException"):
            call()
    local.msf.stop_application(ApplicationName="app", Force=True)
    local.settle()
    with pytest.raises(RefusedCallError, match="KMSInvalidStateException"):
        local.msf.start_application(ApplicationName="app")
    policies.disabled_keys.clear()
    local.msf.start_application(ApplicationName="app")
    policies.disabled_keys.add(KEY_1)
    local.settle()
    (newest, *_) = local.msf.list_application_operations(ApplicationName="app")["ApplicationOperationInfoList"]
    error = local.operation(newest["OperationId"])["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert "KMSInvalidStateException" in error
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("B")
def test_a_lost_job_comes_back_once_its_key_is_enabled_again(tmp_path: Path) -> None:
    policies = AllowAll()
    local = InProcess(tmp_path, policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    local.driver.process(local.uid(), 7)
    local.driver.checkpoint(local.uid())
    policies.disabled_keys.add(KEY_1)
    local.driver.close()
    local.settle()
    assert local.driver.jobs == {}
    policies.disabled_keys.clear()
    local.settle()
    assert local.job().records == 7


@pytest.mark.source("D")
def test_a_key_that_is_disabled_after_the_savepoint_does_not_lose_it(tmp_path: Path) -> None:
    policies = AllowAll()
    local = InProcess(tmp_path, policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    local.driver.process(local.uid(), 7)
    local.msf.stop_application(ApplicationName="app")
    local.service.reconcile()
    policies.disabled_keys.add(KEY_1)
    local.settle()
    assert [each["SnapshotStatus"] for each in local.snapshots()] == ["READY"]
    assert local.describe()["ApplicationStatus"] == "READY"


class KeysOf(AllowAll):
    """Everything is allowed, but for a caller on the keys that it lacks; asked keys are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.denied: set[str] = set()
        self.asked: list[str] = []

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        """Deny every call on a key that the caller lacks."""
        self.asked.append(key_arn)
        if key_arn not in self.denied:
            return super().caller_can_use_key(caller, path, key_arn)
        denied = Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason="no statement")
        return Verdict(calls=tuple((each, denied) for each in path.requests(caller, key_arn)))


@pytest.mark.source("D")
def test_an_update_needs_permission_on_the_old_and_the_new_key(tmp_path: Path) -> None:
    policies = KeysOf()
    local = InProcess(tmp_path, policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    for missing in (KEY_1, KEY_2):
        policies.denied = {missing}
        before = local.describe()
        with pytest.raises(RefusedCallError) as refused:
            use_key(local, KEY_2)
        assert refused.value.code == "AccessDeniedException"
        assert local.describe() == before
    policies.denied = set()
    use_key(local, KEY_2)
    local.settle()
    policies.asked.clear()
    local.roll_back()
    assert set(policies.asked) == {KEY_1, KEY_2}


@pytest.mark.source("D")
def test_the_aws_owned_key_needs_no_permission(tmp_path: Path) -> None:
    policies = KeysOf()
    local = InProcess(tmp_path, policies=policies)
    local.create(start=True)
    take(local)
    local.update(**properties(a="1"))
    local.settle()
    local.msf.stop_application(ApplicationName="app")
    assert policies.asked == []
