"""MSF's behaviours: the keys of applications and snapshots. The sources are named as in the tests of creation."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.policies.evaluator import Caller, Decision, Outcome
from cdk_penstock.model.policies.operations import KeyPath, Verdict
from tests.local.service.in_process import KEY_1, KEY_2
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.model.policies.evaluator import Request
    from tests.local.service.behaviours.conftest import Simulate
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

AWS_OWNED = {"KeyType": "AWS_OWNED_KEY"}


def denied() -> Decision:
    """Return a denial."""
    return Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason="no statement")


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


def keys_of_snapshots(account: MsfAccount) -> list[dict[str, Any]]:
    """Return the encryption of each snapshot."""
    snapshots = sorted(account.snapshots(), key=itemgetter("SnapshotCreationTimestamp"))
    return [each["ApplicationEncryptionConfigurationDescription"] for each in snapshots]


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
        return Verdict(calls=tuple((each, denied()) for each in path.requests(caller, key_arn)))


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


OPERATIONS: dict[str, Callable[[InProcess], object]] = {
    "StartApplication": lambda local: local.msf.start_application(ApplicationName=local.name),
    "StopApplication": lambda local: local.msf.stop_application(ApplicationName=local.name),
    "UpdateApplication": lambda local: local.update(**properties(a="2")),
    "CreateApplicationSnapshot": take,
    "RollbackApplication": lambda local: local.roll_back(),
}


class Denying(AllowAll):
    """Everything is allowed, but for one action of a caller, and for one principal of MSF."""

    action = ""
    principal: Caller | None = None

    def decide(self, request: Request) -> Decision:
        """Deny the action."""
        return denied() if request.action == self.action else super().decide(request)

    def service_can_use_key(self, application_arn: str, key_arn: str) -> Verdict:
        """Deny the principal."""
        if self.principal is None:
            return super().service_can_use_key(application_arn, key_arn)
        request = KeyPath(application_arn=application_arn, region="eu-central-1").requests(self.principal, key_arn)[0]
        return Verdict(calls=((request, denied()),))


def running_version_2(local: InProcess, operation: str) -> None:
    """Create an application with a key in which the operation is accepted."""
    local.create(start=True, ApplicationEncryptionConfiguration=customer_managed(KEY_1))
    local.update(**properties(a="1"))
    local.settle()
    if operation == "StartApplication":
        local.msf.stop_application(ApplicationName=local.name)
        local.settle()


@pytest.mark.source("D")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "action",
    [
        "kms:DescribeKey",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:CreateGrant",
    ],
)
def test_each_operation_needs_each_action_on_the_key(simulate: Simulate, operation: str, action: str) -> None:
    policies = Denying()
    local = simulate(policies=policies)
    running_version_2(local, operation)
    before = local.database()
    policies.action = action
    with local.refused("AccessDeniedException", local_text=action):
        OPERATIONS[operation](local)
    assert local.database() == before
    policies.action = ""
    OPERATIONS[operation](local)


@pytest.mark.source("D")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "principal", ["kinesisanalytics.amazonaws.com", "infrastructure.kinesisanalytics.amazonaws.com"]
)
def test_each_operation_needs_the_key_for_msf_itself(simulate: Simulate, operation: str, principal: str) -> None:
    policies = Denying()
    local = simulate(policies=policies)
    running_version_2(local, operation)
    before = local.database()
    policies.principal = Caller.service_principal(principal)
    with local.refused("AccessDeniedException", local_text=principal):
        OPERATIONS[operation](local)
    assert local.database() == before
