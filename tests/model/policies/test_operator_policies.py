from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.operator_policies import keys_allowed, operator_key_policy

APPLICATION = "arn:aws:kinesisanalytics:us-east-1:123456789012:application/MyCmkApplication"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VIA = {"kms:ViaService": "kinesisanalytics.us-east-1.amazonaws.com"}
CONTEXT = {**VIA, "kms:EncryptionContext:aws:kinesisanalytics:arn": APPLICATION}

# The statements about the key on AWS's page; their ids differ, because AWS's ids name the application of the page.
DOCUMENTED: list[dict[str, Any]] = [
    {"Action": "kms:DescribeKey", "Condition": {"StringEquals": VIA}},
    {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Condition": {"StringEquals": CONTEXT}},
    {"Action": ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"], "Condition": {"StringEquals": CONTEXT}},
    {
        "Action": "kms:CreateGrant",
        "Condition": {
            "StringEquals": {**CONTEXT, "kms:GrantConstraintType": "EncryptionContextSubset"},
            "ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"},
        },
    },
]


def test_the_key_policy_of_an_operator_is_the_documented_one_and_a_look_at_the_key() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY], region="us-east-1")
    look, *rendered = document.to_json()["Statement"]
    assert (look["Action"], look["Resource"]) == (["kms:DescribeKey", "kms:GetKeyPolicy"], KEY)
    assert [{k: v for k, v in s.items() if k != "Sid"} for s in rendered] == [
        {"Effect": "Allow", "Resource": KEY, **statement} for statement in DOCUMENTED
    ]
    assert all(statement.source for statement in document.statements)


def test_both_keys_are_allowed_while_one_replaces_the_other() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY, f"{KEY}-2"], region="us-east-1")
    assert all(statement["Resource"] == [KEY, f"{KEY}-2"] for statement in document.to_json()["Statement"])


def test_no_use_of_the_key_is_allowed_outside_msf_and_nothing_on_other_resources() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY], region="us-east-1")
    for statement in document.to_json()["Statement"]:
        if statement["Sid"] != "AllowLookAtKey":
            assert statement["Condition"]["StringEquals"]["kms:ViaService"].startswith("kinesisanalytics.")
        assert "*" not in str(statement)


def allowed(**statement: Any) -> frozenset[str]:
    document = PolicyDocument.from_json({"Statement": {"Effect": "Allow", "Action": "kms:*", **statement}})
    return keys_allowed(document, application_arn=APPLICATION)


def test_the_key_policy_of_an_operator_allows_its_keys_to_its_application_only() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY, f"{KEY}-2"], region="us-east-1")
    assert keys_allowed(document, application_arn=APPLICATION) == {KEY, f"{KEY}-2"}
    assert not keys_allowed(document, application_arn=f"{APPLICATION}-2")


@pytest.mark.parametrize("action", ["kms:*", "*", "kms:decrypt", ["kms:DescribeKey", "kms:Decrypt"]])
def test_a_policy_of_any_origin_that_names_a_key_allows_it(action: Any) -> None:
    assert allowed(Action=action, Resource=[KEY, "arn:aws:s3:::bucket"]) == {KEY}


@pytest.mark.parametrize(
    "statement",
    [
        {"Resource": KEY, "Effect": "Deny"},
        {"Resource": KEY, "Action": "kms:DescribeKey"},
        {"Resource": "*"},
        {"Resource": "arn:aws:kms:us-east-1:123456789012:key/*"},
        {"Resource": "arn:aws:kms:us-east-1:123456789012:alias/flink"},
    ],
)
def test_a_statement_that_does_not_use_its_key_allows_none(statement: dict[str, Any]) -> None:
    assert not allowed(**statement)
