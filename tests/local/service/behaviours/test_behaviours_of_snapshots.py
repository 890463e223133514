"""MSF's behaviours: snapshots of applications, and keys. The sources are named as in the tests of creation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.snapshots import MAXIMUM_SNAPSHOTS
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.policies.evaluator import Decision, Outcome
from cdk_penstock.model.policies.operations import Verdict
from tests.local.service.in_process import KEY_1, KEY_2
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_penstock.model.policies.evaluator import Caller
    from cdk_penstock.model.policies.operations import KeyPath
    from tests.local.service.behaviours.conftest import Simulate
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

AWS_OWNED = {"KeyType": "AWS_OWNED_KEY"}


def customer_managed(key: str) -> dict[str, str]:
    """Return an encryption with a customer managed key."""
    return {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": key}


def use_key(account: MsfAccount, key: str) -> None:
    """Update the application to this key."""
    update = {f"{name}Update": value for name, value in customer_managed(key).items()}
    account.update(ApplicationEncryptionConfigurationUpdate=update)


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


def keys_of_snapshots(account: MsfAccount) -> list[dict[str, Any]]:
    """Return the encryption of each snapshot."""
    snapshots = sorted(account.snapshots(), key=itemgetter("SnapshotCreationTimestamp"))
    return [each["ApplicationEncryptionConfigurationDescription"] for each in snapshots]


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


@pytest.mark.source("D")
def test_a_key_takes_effect_with_the_next_start(account: MsfAccount, keys: tuple[str, str]) -> None:
    account.create()
    use_key(account, keys[0])
    configured = account.describe()["ApplicationConfigurationDescription"]
    assert configured["ApplicationEncryptionConfigurationDescription"] == customer_managed(keys[0])
    account.msf.start_application(ApplicationName=account.name)
    account.settle()
    take(account)
    assert keys_of_snapshots(account) == [customer_managed(keys[0])]


@pytest.mark.source("M", "D")
def test_the_snapshot_of_an_update_has_the_old_key_and_later_ones_the_new_key(
    account: MsfAccount, keys: tuple[str, str]
) -> None:
    account.create(start=True)
    use_key(account, keys[0])
    account.settle()
    use_key(account, keys[1])
    account.settle()
    take(account)
    assert keys_of_snapshots(account) == [AWS_OWNED, *map(customer_managed, keys)]


@pytest.mark.source("D")
def test_a_key_is_named_by_arn_id_or_alias_and_described_by_arn(simulate: Simulate) -> None:
    alias = KEY_1.replace(KEY_1.rpartition(":")[2], "alias/app")
    local = simulate(policies=AllowAll(aliases={alias: KEY_1}))
    for number, name in enumerate((KEY_1, KEY_1.rpartition("/")[2], "alias/app", alias)):
        detail = local.create(local.another(str(number)), ApplicationEncryptionConfiguration=customer_managed(name))
        described = detail["ApplicationConfigurationDescription"]["ApplicationEncryptionConfigurationDescription"]
        assert described == customer_managed(KEY_1)


@pytest.mark.source("M")
def test_a_key_is_given_with_its_own_type_only(account: MsfAccount, keys: tuple[str, str]) -> None:
    for encryption in ({"KeyType": "CUSTOMER_MANAGED_KEY"}, {**AWS_OWNED, "KeyId": keys[0]}):
        with account.refused("InvalidArgumentException"):
            account.create(ApplicationEncryptionConfiguration=encryption)


@pytest.mark.source("B", "D")
def test_a_disabled_key_fails_starts_and_leaves_the_running_job(simulate: Simulate) -> None:
    policies = AllowAll()
    local = simulate(policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    policies.disabled_keys.add(KEY_1)
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().state) == ("RUNNING", JobState.RUNNING)
    calls: list[Callable[[], object]] = [
        lambda: take(local),
        lambda: local.msf.stop_application(ApplicationName=local.name),
        lambda: local.update(**properties(a="1")),
    ]
    for call in calls:
        with local.refused("InvalidArgumentException", "KMSInvalidStateException"):
            call()
    local.msf.stop_application(ApplicationName=local.name, Force=True)
    local.settle()
    with local.refused("InvalidArgumentException", "KMSInvalidStateException"):
        local.msf.start_application(ApplicationName=local.name)
    policies.disabled_keys.clear()
    local.msf.start_application(ApplicationName=local.name)
    policies.disabled_keys.add(KEY_1)
    local.settle()
    (newest, *_) = local.msf.list_application_operations(ApplicationName=local.name)["ApplicationOperationInfoList"]
    error = local.operation(newest["OperationId"])["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert "KMSInvalidStateException" in error
    assert local.describe()["ApplicationStatus"] == "READY"


@pytest.mark.source("B")
def test_a_lost_job_comes_back_once_its_key_is_enabled_again(simulate: Simulate) -> None:
    policies = AllowAll()
    local = simulate(policies=policies)
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
def test_a_key_that_is_disabled_after_the_savepoint_does_not_lose_it(simulate: Simulate) -> None:
    policies = AllowAll()
    local = simulate(policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    local.driver.process(local.uid(), 7)
    local.msf.stop_application(ApplicationName=local.name)
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
def test_an_update_needs_permission_on_the_old_and_the_new_key(simulate: Simulate) -> None:
    policies = KeysOf()
    local = simulate(policies=policies)
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    for missing in (KEY_1, KEY_2):
        policies.denied = {missing}
        before = local.describe()
        with local.refused("AccessDeniedException"):
            use_key(local, KEY_2)
        assert local.describe() == before
    policies.denied = set()
    use_key(local, KEY_2)
    local.settle()
    policies.asked.clear()
    local.roll_back()
    assert set(policies.asked) == {KEY_1, KEY_2}


@pytest.mark.source("D")
def test_the_aws_owned_key_needs_no_permission(simulate: Simulate) -> None:
    policies = KeysOf()
    local = simulate(policies=policies)
    local.create(start=True)
    take(local)
    local.update(**properties(a="1"))
    local.settle()
    local.msf.stop_application(ApplicationName=local.name)
    assert policies.asked == []
