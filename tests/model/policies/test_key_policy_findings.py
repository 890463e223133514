from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.evaluator import NamedPolicy
from cdk_penstock.model.policies.key_policy import development_key_policy
from cdk_penstock.model.policies.key_policy_findings import JudgedKey, KeyPolicyFinding, KeyPolicyProblem
from cdk_penstock.model.policies.operator_policies import operator_key_policy
from cdk_penstock.model.policies.principals import KeyPrincipal
from tests.model.policies.documented import (
    ACCOUNT,
    APPLICATION,
    CONTROL,
    INFRASTRUCTURE,
    KEY,
    KEY_POLICY,
    OPERATOR,
    REGION,
)

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
DEFAULT_POLICY = {"Sid": "Enable IAM", "Effect": "Allow", "Principal": ROOT, "Action": "kms:*", "Resource": "*"}
BY_SID = {each["Sid"]: each for each in KEY_POLICY}
DENIED, UNKNOWN, TOO_WIDE = KeyPolicyProblem.DENIED, KeyPolicyProblem.UNKNOWN, KeyPolicyProblem.TOO_WIDE
WINDOW = NamedPolicy(
    name="window", document=operator_key_policy(application_arn=APPLICATION, key_arns=[KEY], region=REGION)
)
OF_THE_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


def judge(
    *statements: dict[str, Any],
    identity_policies: list[NamedPolicy] | None = None,
    operators: tuple[str, ...] = (OPERATOR,),
) -> list[KeyPolicyFinding]:
    policy = PolicyDocument.from_json({"Statement": list(statements)})
    judged = JudgedKey(key_arn=KEY, application_arn=APPLICATION, policy=policy)
    return list(judged.findings(operators, identity_policies=identity_policies))


def found(*statements: dict[str, Any], **options: Any) -> set[tuple[KeyPolicyProblem, str]]:
    return {(each.problem, each.who) for each in judge(*statements, **options)}


def changed(sid: str, **elements: Any) -> list[dict[str, Any]]:
    """Return AWS's policy with other elements of one statement."""
    return [{**each, **elements} if each["Sid"] == sid else each for each in KEY_POLICY]


def test_awss_policy_has_no_findings() -> None:
    assert judge(*KEY_POLICY) == []


@pytest.mark.parametrize("sid", BY_SID)
def test_each_missing_statement_is_named_as_the_fix_of_those_who_need_it(sid: str) -> None:
    findings = judge(*(each for each in KEY_POLICY if each["Sid"] != sid))
    assert {each.problem for each in findings} == {DENIED}
    assert all(str(each).endswith(f"give the key policy AWS's {sid}") for each in findings)
    principals = (
        [value for values in BY_SID[sid]["Principal"].values() for value in values]
        if isinstance(next(iter(BY_SID[sid]["Principal"].values())), list)
        else list(BY_SID[sid]["Principal"].values())
    )
    assert {each.who for each in findings} == set(principals)


def test_the_default_policy_keeps_msf_out_and_leaves_the_rest_to_iam_policies() -> None:
    anybody = "anybody in the account whose IAM policies allow it"
    assert found(DEFAULT_POLICY) == {
        (DENIED, CONTROL),
        (DENIED, INFRASTRUCTURE),
        (UNKNOWN, OPERATOR),
        (TOO_WIDE, anybody),
    }
    of_operator = next(each for each in judge(DEFAULT_POLICY) if each.who == OPERATOR)
    assert "only if its IAM policies allow it, which the key policy leaves to them" in of_operator.text


def test_the_iam_policies_of_an_operator_decide_where_the_key_policy_leaves_it_to_them() -> None:
    services = [each for each in KEY_POLICY if "Service" in each["Principal"]]
    assert (UNKNOWN, OPERATOR) in found(DEFAULT_POLICY, *services)
    assert OPERATOR not in {who for _, who in found(DEFAULT_POLICY, *services, identity_policies=[WINDOW])}
    assert (DENIED, OPERATOR) in found(DEFAULT_POLICY, *services, identity_policies=[])


@pytest.mark.parametrize(
    "sid", ["AllowMSFServiceToDecryptForDurableState", "AllowMSFServiceToGenerateDataKeyForDurableState"]
)
def test_a_condition_on_another_application_keeps_this_one_out(sid: str) -> None:
    conditions = copy.deepcopy(BY_SID[sid]["Condition"])
    conditions["StringEquals"]["kms:EncryptionContext:aws:kinesisanalytics:arn"] += "-other"
    (finding, *others) = judge(*changed(sid, Condition=conditions))
    assert (finding.problem, finding.who) == (DENIED, CONTROL)
    assert "StringEquals kms:EncryptionContext:aws:kinesisanalytics:arn is not met" in finding.text
    assert {each.problem for each in others} == {TOO_WIDE} or not others


def test_a_service_that_may_use_the_key_for_every_application_is_too_wide() -> None:
    (finding,) = judge(*changed("AllowMSFServiceToUseKeyForRunningState", Condition={}))
    assert (finding.problem, finding.who) == (TOO_WIDE, "MSF")
    assert "by AllowMSFServiceToUseKeyForRunningState" in finding.text
    assert f"kms:EncryptionContext:aws:kinesisanalytics:arn = {APPLICATION}" in finding.fix


def test_the_development_policy_is_too_wide_and_denies_nothing() -> None:
    document = development_key_policy(administrators=[KeyPrincipal.role(OPERATOR)])
    assert found(*document.to_json()["Statement"]) == {(TOO_WIDE, "MSF"), (TOO_WIDE, OPERATOR)}


@pytest.mark.parametrize("account", [ACCOUNT, "999988887777"])
def test_a_role_that_may_use_the_key_without_msf_is_too_wide(account: str) -> None:
    administrator = f"arn:aws:iam::{account}:role/Admin"
    statement = {"Sid": "Admin", "Effect": "Allow", "Principal": {"AWS": administrator}, "Resource": "*"}
    manage = ["kms:PutKeyPolicy", "kms:DescribeKey"]
    assert judge(*KEY_POLICY, {**statement, "Action": manage}) == []
    (finding,) = judge(*KEY_POLICY, {**statement, "Action": [*manage, "kms:Decrypt"]})
    assert (finding.problem, finding.who) == (TOO_WIDE, administrator)


def test_everybody_as_the_principal_is_too_wide() -> None:
    statement = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    assert {problem for problem, _ in found(statement)} == {TOO_WIDE}


def test_a_recreated_operator_is_denied() -> None:
    lost = [
        {**each, "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}} if "AWS" in each["Principal"] else each
        for each in KEY_POLICY
    ]
    assert found(*lost) == {(DENIED, OPERATOR)}


def test_without_operators_only_msf_is_judged() -> None:
    services = [each for each in KEY_POLICY if "Service" in each["Principal"]]
    assert judge(*services, operators=()) == []


@pytest.mark.parametrize(
    "condition",
    [
        OF_THE_ORGANIZATION,
        {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
        {"StringEquals": {"kms:ViaService": "${aws:PrincipalTag/service}"}},
        {"NumericEquals": {"kms:ViaService": "many"}},
    ],
)
def test_a_condition_that_cannot_be_evaluated_is_unknown_and_not_denied(condition: dict[str, Any]) -> None:
    conditional = [
        {**each, "Condition": {**each["Condition"], **condition}} if "AWS" in each["Principal"] else each
        for each in KEY_POLICY
    ]
    (finding,) = judge(*conditional)
    assert (finding.problem, finding.who) == (UNKNOWN, OPERATOR)
    key = next(iter(next(iter(condition.values()))))
    assert f"the conditions on {key} of the key policy: AllowOperatorToDescribeKey let it" in finding.text


def test_a_deny_decides_as_far_as_its_conditions_are_known() -> None:
    deny = {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    assert {problem for problem, _ in found(*KEY_POLICY, deny)} == {DENIED}
    outside = {**deny, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}
    assert {problem for problem, _ in found(*KEY_POLICY, outside)} == {UNKNOWN}
    others = {**deny, "NotPrincipal": {"AWS": OPERATOR}}
    del others["Principal"]
    assert {problem for problem, _ in found(*KEY_POLICY, others)} == {UNKNOWN}


def test_a_deny_by_account_never_concerns_an_operator_of_it() -> None:
    deny: dict[str, Any] = {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    deny["Condition"] = {"StringNotEquals": {"kms:CallerAccount": ACCOUNT}}
    assert OPERATOR not in {who for _, who in found(*KEY_POLICY, deny)}


@given(kept=st.sets(st.sampled_from(sorted(BY_SID))), conditional=st.sets(st.sampled_from(sorted(BY_SID))))
def test_unknown_conditions_only_turn_what_is_allowed_into_unknown(kept: set[str], conditional: set[str]) -> None:
    def denied(*, with_conditions: bool) -> set[str]:
        statements = []
        for sid in kept:
            statement = copy.deepcopy(BY_SID[sid])
            if with_conditions and sid in conditional:
                statement["Condition"] |= {"StringLike": {"aws:SourceVpce": "vpce-1"}}
            statements.append(statement)
        return {each.text for each in judge(*statements) if each.problem is DENIED}

    assert denied(with_conditions=True) == denied(with_conditions=False)
