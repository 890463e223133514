"""Policies that AWS documents, as data: the key policy, the operator's policy and the permissive key policy.

Source: managed-flink, manage-cmk-api, "Create a KMS key policy", "Application lifecycle operator permissions" and the
key policy for demonstration and testing.
"""

from __future__ import annotations

from typing import Any

OPERATOR = "arn:aws:iam::123456789012:role/Operator"
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/MyCmkApplicationRole"
APPLICATION = "arn:aws:kinesisanalytics:us-east-1:123456789012:application/MyCmkApplication"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACCOUNT, REGION = "123456789012", "us-east-1"

CONTEXT = {"kms:EncryptionContext:aws:kinesisanalytics:arn": APPLICATION}
VIA = {"kms:ViaService": "kinesisanalytics.us-east-1.amazonaws.com"}
SOURCE = {"aws:SourceArn": APPLICATION, "aws:SourceAccount": ACCOUNT}
SUBSET = {"kms:GrantConstraintType": "EncryptionContextSubset"}
DECRYPT_ONLY = {"ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"}}
CONTROL, INFRASTRUCTURE = "kinesisanalytics.amazonaws.com", "infrastructure.kinesisanalytics.amazonaws.com"


def _statement(sid: str, actions: str | list[str], conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Condition": conditions, **more}


KEY_POLICY: list[dict[str, Any]] = [
    _statement(sid, actions, conditions, Principal=principal, Resource="*")
    for sid, principal, actions, conditions in (
        ("AllowOperatorToDescribeKey", {"AWS": OPERATOR}, "kms:DescribeKey", {"StringEquals": VIA}),
        (
            "AllowOperatorToConfigureAppToUseKeyForApplicationState",
            {"AWS": OPERATOR},
            ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"],
            {"StringEquals": CONTEXT | VIA},
        ),
        (
            "AllowOperatorToConfigureAppToCreateGrantForRunningState",
            {"AWS": OPERATOR},
            "kms:CreateGrant",
            {"StringEquals": CONTEXT | VIA | SUBSET, **DECRYPT_ONLY},
        ),
        (
            "AllowMSFServiceToDescribeKey",
            {"Service": [CONTROL, INFRASTRUCTURE]},
            "kms:DescribeKey",
            {"StringEquals": SOURCE},
        ),
        (
            "AllowMSFServiceToGenerateDataKeyForDurableState",
            {"Service": CONTROL},
            ["kms:GenerateDataKey"],
            {"StringEquals": SOURCE | CONTEXT},
        ),
        ("AllowMSFServiceToDecryptForDurableState", {"Service": CONTROL}, ["kms:Decrypt"], {"StringEquals": CONTEXT}),
        (
            "AllowMSFServiceToUseKeyForRunningState",
            {"Service": [INFRASTRUCTURE]},
            ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
            {"StringEquals": CONTEXT},
        ),
        (
            "AllowMSFServiceToCreateGrantForRunningState",
            {"Service": INFRASTRUCTURE},
            "kms:CreateGrant",
            {"StringEquals": CONTEXT | SUBSET, **DECRYPT_ONLY},
        ),
    )
]

OPERATOR_POLICY: list[dict[str, Any]] = [
    {"Sid": "AllowMSFAPICalls", "Effect": "Allow", "Action": "kinesisanalytics:*", "Resource": "*"},
    {
        "Sid": "AllowPassingServiceExecutionRole",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": EXECUTION_ROLE,
    },
    _statement("AllowDescribeKey", ["kms:DescribeKey"], {"StringEquals": VIA}, Resource=KEY),
    _statement(
        "AllowMyCmkApplicationKeyOperationsForDurableState",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        {"StringEquals": VIA | CONTEXT},
        Resource=KEY,
    ),
    _statement(
        "AllowMyCmkApplicationKeyOperationsForRunningState",
        ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
        {"StringEquals": VIA | CONTEXT},
        Resource=KEY,
    ),
    _statement(
        "AllowMyCmkApplicationCreateGrantForRunningState",
        "kms:CreateGrant",
        {**DECRYPT_ONLY, "StringEquals": VIA | CONTEXT | SUBSET},
        Resource=KEY,
    ),
]

DEVELOPMENT_ACTIONS = {
    "kms:DescribeKey",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:CreateGrant",
}
