"""The policy of a key that was replaced: administrators can manage it, and nobody can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.key_administration import administrator_statements, cloudformation_statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.model.policies.principals import KeyPrincipal


def closed_key_policy(
    *, administrators: Sequence[KeyPrincipal], cloudformation_role: KeyPrincipal, is_retained: bool = True
) -> PolicyDocument:
    """Return the key policy that closes the permission window of a previous key.

    A key policy that names the operator role allows it the key without any identity policy, so detaching the operator
    role's policy is not enough as long as the key's policy stays unchanged. Snapshots under a closed key cannot be
    restored until it is opened again.
    """
    return PolicyDocument(
        id="penstock-closed-key-policy",
        statements=(
            *administrator_statements(administrators),
            *cloudformation_statements(cloudformation_role, has_alias=False, is_retained=is_retained),
        ),
    )
