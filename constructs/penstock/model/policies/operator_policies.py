"""What the operator of an application needs on its customer managed key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from penstock.model.policies.documents import PolicyDocument, Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("operator_key_policy",)

_SOURCE: Final = "managed-flink, key-management-flink: permissions of the API caller; R005, R035"


def operator_key_policy(*, application_arn: str, key_arns: Sequence[str], region: str) -> PolicyDocument:
    """Return the second of the operator's two policies: these keys, through MSF, for this application only.

    Parameters
    ----------
    application_arn
        The application.
    key_arns
        Its key, or both keys while one replaces the other (R023).
    region
        The Region of application and keys.
    """
    via = {"kms:ViaService": f"kinesisanalytics.{region}.amazonaws.com"}
    for_application = via | {"kms:EncryptionContext:aws:kinesisanalytics:arn": application_arn}
    return PolicyDocument(
        (
            Statement(
                sid="DescribeKey",
                actions=["kms:DescribeKey"],
                resources=key_arns,
                conditions={"StringEquals": via},
                source=_SOURCE,
            ),
            Statement(
                sid="UseKeyForDurableState",
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=key_arns,
                conditions={"StringEquals": for_application},
                source=_SOURCE,
            ),
            Statement(
                sid="UseKeyForRunningState",
                actions=["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
                resources=key_arns,
                conditions={"StringEquals": for_application},
                source=_SOURCE,
            ),
            Statement(
                sid="CreateGrantForRunningState",
                actions=["kms:CreateGrant"],
                resources=key_arns,
                conditions={
                    "StringEquals": for_application | {"kms:GrantConstraintType": "EncryptionContextSubset"},
                    "ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"},
                },
                source=_SOURCE,
            ),
        )
    )
