from __future__ import annotations

import json

import pytest

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys import LifecycleOperation
from cdk_penstock.model.policies.closed_key_policy import closed_key_policy
from cdk_penstock.model.policies.documents import PolicyDocument, PolicyDocumentError, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy
from cdk_penstock.model.policies.key_administration import (
    ADMINISTRATOR_ACTIONS,
    CLOUDFORMATION_ACTIONS,
    ENDING_ACTIONS,
)
from cdk_penstock.model.policies.key_policy import application_key_policy, development_key_policy
from cdk_penstock.model.policies.operations import KeyPath, can_operate, can_use_key, service_can_use_key
from cdk_penstock.model.policies.operator_policies import (
    OPERATOR_ACTIONS,
    operator_base_policy,
    operator_key_policy,
)
from cdk_penstock.model.policies.principals import KeyPrincipal, KeyPrincipalError
from tests.model.policies.documented import (
    ACCOUNT,
    APPLICATION,
    CONTROL,
    DEVELOPMENT_ACTIONS,
    EXECUTION_ROLE,
    INFRASTRUCTURE,
    KEY,
    KEY_POLICY,
    OPERATOR,
    OPERATOR_POLICY,
    REGION,
)

ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/KeyAdministrator"
CLOUDFORMATION = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role"
ACCOUNT_ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/AccountAdministrator"
EVERYTHING = NamedPolicy(
    name="AdministratorAccess",
    document=PolicyDocument(statements=(Statement(sid="All", actions=("*",), resources=("*",)),)),
)
KEY_DOCUMENT = application_key_policy(
    application_arn=APPLICATION,
    account=ACCOUNT,
    region=REGION,
    operators=[KeyPrincipal.role(OPERATOR), KeyPrincipal.role(CLOUDFORMATION)],
    administrators=[KeyPrincipal.role(ADMINISTRATOR)],
    cloudformation_role=KeyPrincipal.role(CLOUDFORMATION),
)
THE_KEY = NamedPolicy(name="key policy", document=KEY_DOCUMENT)
BASE = NamedPolicy(
    name="base", document=operator_base_policy(application_arn=APPLICATION, execution_role_arn=EXECUTION_ROLE)
)
KEY_PERMISSION = NamedPolicy(
    name="key permission",
    document=operator_key_policy(application_arn=APPLICATION, key_arns=[KEY], region=REGION),
)
OWN_PATH = KeyPath(application_arn=APPLICATION, region=REGION)


def comparable(statement: dict[str, object]) -> Statement:
    return Statement.from_json(statement)


def test_the_key_policy_has_awss_eight_statements_word_for_word() -> None:
    ours = application_key_policy(
        application_arn=APPLICATION,
        account=ACCOUNT,
        region=REGION,
        operators=[KeyPrincipal.role(OPERATOR)],
        administrators=[KeyPrincipal.role(ADMINISTRATOR)],
    )
    by_sid = {statement.sid: statement for statement in ours.statements}
    for documented in KEY_POLICY:
        assert by_sid.pop(documented["Sid"]) == comparable(documented)
    # AWS leaves the choice of administrators to the reader. The other statement is for checks before an operation.
    assert set(by_sid) == {"AllowKeyAdministratorsToManageKey", "AllowOperatorToLookAtKey"}
    assert by_sid["AllowOperatorToLookAtKey"].actions == ("kms:DescribeKey", "kms:GetKeyPolicy")


# Differences of the operator's policy from AWS's: one application instead of every resource, named actions instead of
# kinesisanalytics:*, PassRole to MSF only, and two policies, whose ids name no application.
DIFFERENT = {"AllowMSFAPICalls", "AllowPassingServiceExecutionRole"}
RENAMED = {
    "AllowMyCmkApplicationKeyOperationsForDurableState": "AllowKeyOperationsForDurableState",
    "AllowMyCmkApplicationKeyOperationsForRunningState": "AllowKeyOperationsForRunningState",
    "AllowMyCmkApplicationCreateGrantForRunningState": "AllowCreateGrantForRunningState",
}


def test_the_operators_policies_are_awss_except_for_the_explained_differences() -> None:
    ours = {s.sid: s for policy in (BASE, KEY_PERMISSION) for s in policy.document.statements}
    for documented in OPERATOR_POLICY:
        sid = RENAMED.get(documented["Sid"], documented["Sid"])
        if sid not in DIFFERENT:
            assert ours[sid] == comparable(documented | {"Sid": sid})
    calls, pass_role = ours["AllowMSFAPICalls"], ours["AllowPassingServiceExecutionRole"]
    assert calls.resources == (APPLICATION,)
    assert all(action.startswith("kinesisanalytics:") and "*" not in action for action in calls.actions)
    assert pass_role.resources == (EXECUTION_ROLE,)
    assert pass_role.conditions == {"StringEquals": {"iam:PassedToService": (CONTROL,)}}
    assert set(ours) == {RENAMED.get(s["Sid"], s["Sid"]) for s in OPERATOR_POLICY} | {"AllowLookAtKey"}
    assert ours["AllowLookAtKey"].actions == ("kms:DescribeKey", "kms:GetKeyPolicy")


def test_the_operator_neither_creates_nor_deletes_and_the_base_policy_has_no_key() -> None:
    assert not {"kinesisanalytics:CreateApplication", "kinesisanalytics:DeleteApplication"} & set(OPERATOR_ACTIONS)
    assert {f"kinesisanalytics:{operation.value}" for operation in LifecycleOperation} <= set(OPERATOR_ACTIONS)
    assert "kms:" not in json.dumps(BASE.document.to_json())


def test_the_development_policy_is_awss() -> None:
    document = development_key_policy(administrators=[KeyPrincipal.role(ADMINISTRATOR)])
    admin, service = document.statements
    assert document.to_json()["Id"] == "key-policy-permissive-for-dev-only"
    assert (admin.actions, admin.conditions) == (("kms:*",), {})
    assert service.principals == {"Service": (CONTROL, INFRASTRUCTURE)}
    assert (set(service.actions), service.conditions) == (DEVELOPMENT_ACTIONS, {})


@pytest.mark.parametrize("actions", [ADMINISTRATOR_ACTIONS, CLOUDFORMATION_ACTIONS])
def test_managing_a_key_allows_no_cryptographic_operation(actions: tuple[str, ...]) -> None:
    forbidden = ("Decrypt", "Encrypt", "GenerateData", "GenerateMac", "ReEncrypt", "Sign", "CreateGrant", "*")
    assert not [action for action in actions if any(word in action for word in forbidden)]
    assert "kms:EnableKeyRotation" not in actions
    assert "kms:PutKeyPolicy" in actions


@pytest.mark.parametrize("retained", [True, False])
@pytest.mark.parametrize("is_closed", [True, False])
def test_cloudformation_may_delete_a_key_only_if_it_is_not_retained(retained: bool, is_closed: bool) -> None:
    managers = {
        "administrators": [KeyPrincipal.role(ADMINISTRATOR)],
        "cloudformation_role": KeyPrincipal.role(CLOUDFORMATION),
        "is_retained": retained,
    }
    document = (
        closed_key_policy(**managers)  # type: ignore[arg-type]
        if is_closed
        else application_key_policy(
            application_arn=APPLICATION,
            account=ACCOUNT,
            region=REGION,
            operators=[KeyPrincipal.role(OPERATOR)],
            **managers,  # type: ignore[arg-type]
        )
    )
    by_sid = {statement.sid: set(statement.actions) for statement in document.statements}
    ending = by_sid["AllowCloudFormationToManageKey"] & set(ENDING_ACTIONS)
    assert ending == (set() if retained else set(ENDING_ACTIONS))
    assert set(ENDING_ACTIONS) <= by_sid["AllowKeyAdministratorsToManageKey"]


@pytest.mark.parametrize("operation", LifecycleOperation)
@pytest.mark.parametrize("identity", [[BASE], [BASE, KEY_PERMISSION]])
def test_the_operator_may_do_every_operation(operation: LifecycleOperation, identity: list[NamedPolicy]) -> None:
    verdict = can_operate(operation, Caller.role(OPERATOR), OWN_PATH, keys={KEY: THE_KEY}, identity_policies=identity)
    assert verdict.allowed, verdict.first_denial
    assert "key policy: AllowOperatorToDescribeKey" in verdict.statements


def test_cloudformation_may_use_the_key_only_through_msf() -> None:
    def ask(path: KeyPath) -> bool:
        return can_use_key(
            Caller.role(CLOUDFORMATION), path, key_arn=KEY, key_policy=THE_KEY, identity_policies=[EVERYTHING]
        ).allowed

    assert ask(OWN_PATH)
    assert not ask(KeyPath(application_arn=APPLICATION, region=REGION, through_service=False))


OTHER_PATHS = {
    "another application": KeyPath(application_arn=APPLICATION + "2", region=REGION),
    "another Region": KeyPath(application_arn=APPLICATION, region="eu-central-1"),
    "not through MSF": KeyPath(application_arn=APPLICATION, region=REGION, through_service=False),
}


@pytest.mark.parametrize("path", OTHER_PATHS.values(), ids=OTHER_PATHS)
@pytest.mark.parametrize("operation", LifecycleOperation)
def test_the_operator_may_do_nothing_on_another_path(operation: LifecycleOperation, path: KeyPath) -> None:
    for identity in ([BASE, KEY_PERMISSION], [EVERYTHING]):
        verdict = can_operate(operation, Caller.role(OPERATOR), path, keys={KEY: THE_KEY}, identity_policies=identity)
        assert not verdict.allowed
    data = [d for r, d in verdict.calls if r.action != "kms:DescribeKey" and r.action.startswith("kms:")]
    assert not any(decision.allowed for decision in data)


@pytest.mark.parametrize("caller", [EXECUTION_ROLE, ACCOUNT_ADMINISTRATOR, "arn:aws:iam::999999999999:role/Operator"])
@pytest.mark.parametrize("path", [OWN_PATH, *OTHER_PATHS.values()])
def test_nobody_else_may_use_the_key_even_if_iam_allows_it(caller: str, path: KeyPath) -> None:
    verdict = can_use_key(Caller.role(caller), path, key_arn=KEY, key_policy=THE_KEY, identity_policies=[EVERYTHING])
    assert verdict.denied_entirely


def test_an_administrator_manages_and_cannot_use() -> None:
    verdict = can_use_key(
        Caller.role(ADMINISTRATOR), OWN_PATH, key_arn=KEY, key_policy=THE_KEY, identity_policies=[EVERYTHING]
    )
    assert [request.action for request, decision in verdict.calls if decision.allowed] == ["kms:DescribeKey"]


def test_msf_uses_the_key_for_this_application_and_no_other() -> None:
    assert service_can_use_key(APPLICATION, ACCOUNT, key_arn=KEY, key_policy=THE_KEY).allowed
    assert service_can_use_key(APPLICATION + "2", ACCOUNT, key_arn=KEY, key_policy=THE_KEY).denied_entirely
    other_account = service_can_use_key(APPLICATION, "999999999999", key_arn=KEY, key_policy=THE_KEY)
    assert not other_account.allowed


def test_a_closed_key_can_be_managed_but_not_used() -> None:
    closed = NamedPolicy(
        name="closed",
        document=closed_key_policy(
            administrators=[KeyPrincipal.role(ADMINISTRATOR)], cloudformation_role=KeyPrincipal.role(CLOUDFORMATION)
        ),
    )
    operator = can_use_key(
        Caller.role(OPERATOR), OWN_PATH, key_arn=KEY, key_policy=closed, identity_policies=[BASE, KEY_PERMISSION]
    )
    assert operator.denied_entirely
    assert service_can_use_key(APPLICATION, ACCOUNT, key_arn=KEY, key_policy=closed).denied_entirely


def test_people_of_identity_center_are_matched_by_their_permission_set() -> None:
    document = application_key_policy(
        application_arn=APPLICATION,
        account=ACCOUNT,
        region=REGION,
        operators=[KeyPrincipal.role(OPERATOR), KeyPrincipal.identity_center(ACCOUNT, "FlinkOperator")],
        administrators=[KeyPrincipal.identity_center(ACCOUNT, "KeyAdministrator")],
    )
    key = NamedPolicy(name="key policy", document=document)
    roles = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com"
    for region in ("", "/eu-central-1"):
        person = Caller.role(f"{roles}{region}/AWSReservedSSO_FlinkOperator_0123456789abcdef")
        assert can_use_key(person, OWN_PATH, key_arn=KEY, key_policy=key, identity_policies=[KEY_PERMISSION]).allowed
        # The key policy only delegates the decision, so the permission set has to allow it as well.
        assert can_use_key(person, OWN_PATH, key_arn=KEY, key_policy=key, identity_policies=[]).denied_entirely
    other = Caller.role(f"{roles}/AWSReservedSSO_ReadOnly_0123456789abcdef")
    assert can_use_key(other, OWN_PATH, key_arn=KEY, key_policy=key, identity_policies=[EVERYTHING]).denied_entirely
    impostor = Caller.role(f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_FlinkOperator_0123456789abcdef")
    assert can_use_key(impostor, OWN_PATH, key_arn=KEY, key_policy=key, identity_policies=[EVERYTHING]).denied_entirely


def test_statements_for_people_of_two_accounts_keep_different_ids() -> None:
    document = development_key_policy(
        administrators=[
            KeyPrincipal.role(ADMINISTRATOR),
            KeyPrincipal.identity_center(ACCOUNT, "A"),
            KeyPrincipal.identity_center("999999999999", "A"),
        ]
    )
    sids = [statement.sid for statement in document.statements]
    assert len(set(sids)) == len(sids) == 4


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("*", "without wildcards"),
        ("", "without wildcards"),
        (f"arn:aws:iam::{ACCOUNT}:role/*", "without wildcards"),
        (f"arn:aws:iam::{ACCOUNT}:root", "whole account"),
        (ACCOUNT, "whole account"),
    ],
)
def test_a_wildcard_or_an_account_in_a_key_policy_is_refused(arn: str, message: str) -> None:
    with pytest.raises(KeyPrincipalError, match=message):
        KeyPrincipal.role(arn)


def test_a_permission_set_with_a_wildcard_is_refused() -> None:
    with pytest.raises(KeyPrincipalError, match="one permission set"):
        KeyPrincipal.identity_center(ACCOUNT, "*")


def test_a_key_without_administrator_or_operator_is_refused() -> None:
    role = [KeyPrincipal.role(OPERATOR)]
    for operators, administrators, message in (([], role, "one operator"), (role, [], "one administrator")):
        with pytest.raises(PenstockError, match=message):
            application_key_policy(
                application_arn=APPLICATION,
                account=ACCOUNT,
                region=REGION,
                operators=operators,
                administrators=administrators,
            )
    with pytest.raises(PenstockError, match="at least one key"):
        operator_key_policy(application_arn=APPLICATION, key_arns=[], region=REGION)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("text", "must be a JSON object"),
        ({"Statement": "x"}, "must be a list"),
        ({"Version": "2020-01-01", "Statement": []}, "version of a policy must be 2012-10-17"),
        ({"Statement": [], "Extra": 1}, "got Extra as well"),
        ({"Statement": [{"Effect": "Maybe"}]}, "must be Allow or Deny"),
        ({"Statement": [{"Effect": "Allow", "Action": "a", "NotAction": "b"}]}, "has Action and NotAction"),
        ({"Statement": [{"Effect": "Allow", "Resource": {"Ref": "Key"}}]}, "resolve references"),
        ({"Statement": [{"Effect": "Allow", "Principal": "me"}]}, "stand under their kind"),
    ],
)
def test_a_document_that_is_not_a_policy_is_refused(document: object, message: str) -> None:
    with pytest.raises(PolicyDocumentError, match=message):
        PolicyDocument.from_json(document)  # type: ignore[arg-type]


def test_json_numbers_and_booleans_are_read_as_iam_compares_them() -> None:
    statement = Statement.from_json(
        {"Effect": "Deny", "NotPrincipal": "*", "Condition": {"Bool": {"a": True}, "NumericEquals": {"b": 5}}}
    )
    assert statement.conditions == {"Bool": {"a": ("true",)}, "NumericEquals": {"b": ("5",)}}
    assert PolicyDocument.from_json({"Statement": statement.to_json()}).statements == (statement,)
