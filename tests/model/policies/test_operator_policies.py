from __future__ import annotations

from typing import Any

from penstock.model.policies.operator_policies import operator_key_policy

APPLICATION = "arn:aws:kinesisanalytics:us-east-1:123456789012:application/MyCmkApplication"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VIA = {"kms:ViaService": "kinesisanalytics.us-east-1.amazonaws.com"}
CONTEXT = {**VIA, "kms:EncryptionContext:aws:kinesisanalytics:arn": APPLICATION}

# The statements about the key on AWS's page; their ids differ, because AWS's name the page's own application.
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


def test_the_key_policy_of_an_operator_is_the_documented_one() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY], region="us-east-1")
    rendered = document.to_json()["Statement"]
    assert [{k: v for k, v in s.items() if k != "Sid"} for s in rendered] == [
        {"Effect": "Allow", "Resource": KEY, **statement} for statement in DOCUMENTED
    ]
    assert all(statement.source for statement in document.statements)


def test_both_keys_are_allowed_while_one_replaces_the_other() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY, f"{KEY}-2"], region="us-east-1")
    assert all(statement["Resource"] == [KEY, f"{KEY}-2"] for statement in document.to_json()["Statement"])


def test_nothing_is_allowed_outside_of_msf_or_on_other_resources() -> None:
    document = operator_key_policy(application_arn=APPLICATION, key_arns=[KEY], region="us-east-1")
    for statement in document.to_json()["Statement"]:
        assert statement["Condition"]["StringEquals"]["kms:ViaService"].startswith("kinesisanalytics.")
        assert "*" not in str(statement)
