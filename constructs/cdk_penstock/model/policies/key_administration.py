"""Permissions to manage a key without using it, for administrators and for CloudFormation.

Sources: KMS, "Allows key administrators to administer the KMS key" (default key policy) and the service authorization
reference of KMS; the permissions of the resource type AWS::KMS::Key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.policies.documents import Statement
from cdk_penstock.model.policies.principals import named_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.model.policies.documents import Values
    from cdk_penstock.model.policies.principals import KeyPrincipal

ALIAS_ACTIONS: Final = ("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")

ADMINISTRATOR_ACTIONS: Final = (
    "kms:CancelKeyDeletion",
    *ALIAS_ACTIONS,
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
"""KMS's documented actions of a key administrator, one by one, for a symmetric key with key material of KMS.

Left out are CreateGrant, which the documented ``kms:Create*`` lets through and with which an administrator could grant
itself Decrypt; EnableKeyRotation, since MSF does not support automatic rotation (managed-flink, key-management-flink);
and actions only for imported, asymmetric and multi-Region keys. PutKeyPolicy must remain: an administrator can change
the policy, and an alarm on that call guards it.
"""

CLOUDFORMATION_ACTIONS: Final = (
    "kms:DescribeKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
"""Calls of CloudFormation on a key of a stack after CreateKey, which no key policy can allow.

Left out is EnableKeyRotation, so that a template which turns automatic rotation on fails.
"""

ENDING_ACTIONS: Final = ("kms:DisableKey", "kms:ScheduleKeyDeletion")
"""Further calls of CloudFormation to delete a key, which it never makes for a retained one."""

_EVERY_RESOURCE: Final = ("*",)  # in a key policy, this key
_ADMINISTRATOR_SOURCE: Final = "kms, key-policy-default: allows key administrators to administer the KMS key"
_CLOUDFORMATION_SOURCE: Final = "cloudformation, AWS::KMS::Key: permissions of the handlers; kms, PutKeyPolicy: lockout"


def administrator_statements(administrators: Sequence[KeyPrincipal]) -> tuple[Statement, ...]:
    """Return the statements of a key policy with which the administrators manage the key."""
    return tuple(
        Statement(
            sid=f"AllowKeyAdministratorsToManageKey{group.suffix}",
            principals=group.principals,
            actions=ADMINISTRATOR_ACTIONS,
            resources=_EVERY_RESOURCE,
            conditions=group.conditions,
            source=_ADMINISTRATOR_SOURCE,
        )
        for group in named_together(administrators)
    )


def cloudformation_statements(role: KeyPrincipal, *, has_alias: bool, is_retained: bool) -> tuple[Statement, ...]:
    """Return the statement of a key policy with which CloudFormation creates, changes and possibly deletes the key.

    It may not delete a key that is retained. Otherwise one change of a template could make every snapshot under the key
    useless.
    """
    actions: Values = (
        *CLOUDFORMATION_ACTIONS,
        *(ALIAS_ACTIONS if has_alias else ()),
        *(() if is_retained else ENDING_ACTIONS),
    )
    return tuple(
        Statement(
            sid=f"AllowCloudFormationToManageKey{group.suffix}",
            principals=group.principals,
            actions=actions,
            resources=_EVERY_RESOURCE,
            conditions=group.conditions,
            source=_CLOUDFORMATION_SOURCE,
        )
        for group in named_together([role])
    )
