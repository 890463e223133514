from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cdk_penstock.control.errors import ControlError, KeyUnusableError, MissingPermissionError
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.model.keys import AWS_OWNED, KeyAssignment, KeyUse, LifecycleOperation
from cdk_penstock.model.policies.closed_key_policy import closed_key_policy
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.principals import KeyPrincipal
from tests.control.fake_aws import ACCOUNT, APPLICATION_ARN, KEY_1, KEY_2, OPERATOR, error
from tests.control.fake_session import FakeAws

START, STOP, UPDATE = LifecycleOperation.START, LifecycleOperation.STOP, LifecycleOperation.UPDATE
SNAPSHOT, ROLLBACK = LifecycleOperation.SNAPSHOT, LifecycleOperation.ROLLBACK
UNDER_1, UNDER_2 = KeyAssignment.customer_managed(KEY_1), KeyAssignment.customer_managed(KEY_2)
RUNNING_UNDER_1 = KeyUse(configured=UNDER_1, effective=UNDER_1)
READING = {"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListKeyRotations"}


def check(
    aws: FakeAws, operation: LifecycleOperation, use: KeyUse, *, operator: str | None = OPERATOR
) -> tuple[str, ...]:
    keys = KmsKeys(aws.client("kms"), clock=aws.world.clock)
    try:
        return KeyPreflight(keys, operator_arn=operator).check(operation, use, application_arn=APPLICATION_ARN)
    finally:
        assert {name for name, _ in aws.world.calls} <= READING


def deny(aws: FakeAws, *operations: str) -> None:
    def refuse(called: str, _request: dict[str, Any]) -> None:
        if called in operations:
            raise error("AccessDeniedException", "no policy allows it")

    aws.world.on_call = refuse


@pytest.mark.parametrize("operation", LifecycleOperation)
def test_an_operation_whose_keys_are_good_is_let_through(operation: LifecycleOperation) -> None:
    aws = FakeAws()
    assert check(aws, operation, KeyUse(configured=UNDER_1, effective=UNDER_1, new=UNDER_2)) == ()
    assert aws.world.named("DescribeKey")


@pytest.mark.parametrize("operation", LifecycleOperation)
def test_the_aws_owned_key_needs_no_call(operation: LifecycleOperation) -> None:
    aws = FakeAws()
    assert check(aws, operation, KeyUse(effective=AWS_OWNED, new=AWS_OWNED)) == ()
    assert not aws.world.calls


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "PendingImport", "Unavailable"])
@pytest.mark.parametrize(
    ("operation", "use", "verb"),
    [
        (START, KeyUse(configured=UNDER_1), "start"),
        (START, KeyUse(configured=UNDER_2, restored_snapshot=UNDER_1), "start"),
        (STOP, RUNNING_UNDER_1, "stop"),
        (UPDATE, RUNNING_UNDER_1, "update"),
        (UPDATE, KeyUse(configured=UNDER_1, new=AWS_OWNED), "update"),
        (UPDATE, KeyUse(configured=UNDER_2, new=UNDER_1), "update"),
        (SNAPSHOT, RUNNING_UNDER_1, "take a snapshot of"),
        (ROLLBACK, KeyUse(configured=UNDER_2, effective=UNDER_2, previous_version=UNDER_1), "roll back"),
        (ROLLBACK, KeyUse(configured=UNDER_2, effective=UNDER_2, restored_snapshot=UNDER_1), "roll back"),
    ],
)
def test_a_key_that_is_not_enabled_stops_each_operation_that_involves_it(
    state: str, operation: LifecycleOperation, use: KeyUse, verb: str
) -> None:
    aws = FakeAws()
    aws.kms.metadata[KEY_1]["KeyState"] = state
    with pytest.raises(KeyUnusableError) as refusal:
        check(aws, operation, use)
    for words in (f"cannot {verb} {APPLICATION_ARN}", KEY_1, f"it is {state}", "re-enable", "nothing was changed"):
        assert words in str(refusal.value)
    assert KEY_2 not in str(refusal.value)


def test_a_key_that_the_operation_does_not_involve_stops_nothing() -> None:
    aws = FakeAws()
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    assert check(aws, STOP, KeyUse(configured=UNDER_1, effective=UNDER_2)) == ()


def test_a_key_that_is_gone_stops_an_operation_with_another_fix_for_a_new_one() -> None:
    aws = FakeAws()
    del aws.kms.metadata[KEY_1]
    with pytest.raises(KeyUnusableError, match="not there: it was deleted.*what it encrypted cannot be read"):
        check(aws, STOP, RUNNING_UNDER_1)
    with pytest.raises(KeyUnusableError, match="use a key that exists"):
        check(aws, UPDATE, KeyUse(new=UNDER_1))


def test_only_a_new_key_is_refused_for_its_kind() -> None:
    aws = FakeAws()
    aws.kms.automatic = {KEY_1}
    aws.kms.metadata[KEY_1]["MultiRegion"] = True
    assert check(aws, STOP, RUNNING_UNDER_1) == ()
    assert check(aws, UPDATE, RUNNING_UNDER_1) == ()
    with pytest.raises(ControlError, match="multi-Region.*rotates automatically"):
        check(aws, UPDATE, KeyUse(new=UNDER_1))


@pytest.mark.parametrize(
    ("old", "new", "what"), [("eu-central-1", "eu-west-1", "Region"), (ACCOUNT, "444455556666", "account")]
)
def test_a_key_elsewhere_is_refused_without_a_call(old: str, new: str, what: str) -> None:
    aws = FakeAws()
    with pytest.raises(ControlError, match=f"it is in {what} {new}"):
        check(aws, UPDATE, KeyUse(new=KeyAssignment.customer_managed(KEY_1.replace(old, new))))
    assert not aws.world.calls


def test_an_alias_that_msf_describes_is_resolved() -> None:
    aws = FakeAws()
    aws.kms.aliases = {"alias/flink": KEY_1}
    alias = KEY_1.partition("key/")[0] + "alias/flink"
    under_alias = KeyAssignment.described("CUSTOMER_MANAGED_KEY", alias, application_arn=APPLICATION_ARN)
    assert check(aws, START, KeyUse(configured=under_alias)) == ()
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    with pytest.raises(KeyUnusableError, match=KEY_1):
        check(aws, START, KeyUse(configured=under_alias))
    deny(aws, "DescribeKey")
    (note,) = check(aws, START, KeyUse(configured=under_alias))
    assert note.startswith(f"the key of {alias} is unknown")


def test_a_policy_that_keeps_msf_and_the_operator_out_stops_an_operation_before_it_begins() -> None:
    aws = FakeAws()
    administrator = KeyPrincipal.role(f"arn:aws:iam::{ACCOUNT}:role/key-administrator")
    aws.kms.policies[KEY_1] = closed_key_policy(administrators=[administrator], cloudformation_role=administrator)
    with pytest.raises(MissingPermissionError) as refusal:
        check(aws, STOP, RUNNING_UNDER_1)
    for words in (OPERATOR, "infrastructure.kinesisanalytics", "AllowMSFServiceToDescribeKey", "nothing was changed"):
        assert words in str(refusal.value)


def test_an_operator_whom_the_policy_does_not_name_is_refused_unless_the_caller_is_not_known() -> None:
    aws = FakeAws()
    aws.kms.principals[KEY_1] = [f"{OPERATOR}-of-another-application"]
    with pytest.raises(MissingPermissionError, match="AllowOperatorToConfigureAppToUseKeyForApplicationState"):
        check(aws, START, KeyUse(configured=UNDER_1))
    assert check(aws, START, KeyUse(configured=UNDER_1), operator=None) == ()


def test_every_problem_is_named_at_once_and_a_disabled_key_counts_most() -> None:
    aws = FakeAws()
    aws.kms.principals[KEY_1] = [f"{OPERATOR}-of-another-application"]
    aws.kms.metadata[KEY_2]["KeyState"] = "Disabled"
    with pytest.raises(KeyUnusableError) as refusal:
        check(aws, UPDATE, KeyUse(configured=UNDER_1, effective=UNDER_1, new=UNDER_2))
    assert KEY_1 in str(refusal.value)
    assert KEY_2 in str(refusal.value)


@pytest.mark.parametrize(
    ("denied", "unknown"),
    [
        (["DescribeKey"], ["state"]),
        (["GetKeyPolicy"], ["policy"]),
        (["DescribeKey", "GetKeyPolicy"], ["state", "policy"]),
        (["GetKeyRotationStatus"], ["rotation"]),
        (["ListKeyRotations"], ["rotation"]),
    ],
)
def test_what_the_caller_may_not_look_at_is_named_and_stops_nothing(denied: list[str], unknown: list[str]) -> None:
    aws = FakeAws()
    deny(aws, *denied)
    notes = check(aws, UPDATE, KeyUse(new=UNDER_1))
    assert len(notes) == len(unknown)
    for note, what in zip(notes, unknown, strict=True):
        assert note.startswith(f"the {what} of key {KEY_1} is unknown")
        assert "kms:" in note


def test_before_each_operation_the_unknown_is_reported_once_and_the_aws_owned_key_costs_no_call() -> None:
    aws = FakeAws()
    deny(aws, "DescribeKey", "GetKeyPolicy")
    reported: list[str] = []
    preflight = KeyPreflight(KmsKeys(aws.client("kms"), clock=aws.world.clock), operator_arn=OPERATOR)
    before = preflight.before_each(aws.control(), reported.append)
    before(START, KeyUse(configured=AWS_OWNED))
    assert not aws.world.calls
    before(START, KeyUse(configured=UNDER_1))
    before(STOP, RUNNING_UNDER_1)
    assert len(reported) == 2
    assert all(each.startswith("not checked: ") for each in reported)
    aws.world.on_call = None
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    with pytest.raises(KeyUnusableError, match=f"cannot stop {APPLICATION_ARN}"):
        before(STOP, RUNNING_UNDER_1)


def test_kms_that_is_out_of_reach_stops_nothing() -> None:
    aws = FakeAws()

    def unreachable(_called: str, _request: dict[str, Any]) -> None:
        raise EndpointConnectionError(endpoint_url="https://kms.eu-central-1.amazonaws.com")

    aws.world.on_call = unreachable
    assert len(check(aws, START, KeyUse(configured=UNDER_1))) == 2


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "InvalidArnException"])
def test_a_failure_that_says_nothing_about_the_key_stops_nothing(code: str) -> None:
    aws = FakeAws()
    aws.world.fail("DescribeKey", error(code, "sorry"))
    (note,) = check(aws, START, KeyUse(configured=UNDER_1))
    assert note.startswith(f"the state of key {KEY_1} is unknown")


def test_a_key_that_is_asserted_again_is_not_refused_for_its_kind() -> None:
    aws = FakeAws()
    aws.kms.automatic = {KEY_1}
    assert check(aws, UPDATE, KeyUse(configured=UNDER_1, effective=UNDER_1, new=UNDER_1)) == ()


def test_a_policy_that_leaves_the_operator_to_iam_stops_nothing() -> None:
    aws = FakeAws()
    root = {"AWS": (f"arn:aws:iam::{ACCOUNT}:root",)}
    services = tuple(
        each
        for each in PolicyDocument.from_json(json.loads(aws.kms.get_key_policy(KEY_1, "default")["Policy"])).statements
        if each.principals and "Service" in each.principals
    )
    delegation = Statement(sid="Delegate", principals=root, actions=("kms:*",), resources=("*",))
    aws.kms.policies[KEY_1] = PolicyDocument(statements=(delegation, *services))
    (note,) = check(aws, STOP, RUNNING_UNDER_1)
    assert OPERATOR in note
    assert "IAM policies" in note
