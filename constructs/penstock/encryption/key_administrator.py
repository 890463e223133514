"""Who manages a key, and never uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from penstock.application.wildcards import record_wildcard
from penstock.encryption.principals import require_named
from penstock.model.policies.key_administration import key_administrator_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from constructs import Construct

__all__ = ("KeyAdministrator",)

_FIND_KEY = "kms:ListKeys and kms:ListAliases know no resource (service authorization reference, AWS KMS)"


class KeyAdministrator(iam.Role):
    """A role that manages keys (policy, state, tags, on-demand rotation) and cannot use them (R004).

    Where such a role exists already, pass it, or a PermissionSetPrincipal, as the key administrator instead.

    Parameters
    ----------
    assumed_by
        Who may assume it: roles, or a PermissionSetPrincipal.

    Raises EncryptionError for nobody, KeyPrincipalError for a wildcard or a whole account.
    """

    def __init__(self, scope: Construct, construct_id: str, *, assumed_by: Sequence[iam.IPrincipal]) -> None:
        require_named("key administrator", assumed_by)
        super().__init__(
            scope,
            construct_id,
            description="Manages customer managed keys of Managed Service for Apache Flink, without using them",
            assumed_by=assumed_by[0] if len(assumed_by) == 1 else iam.CompositePrincipal(*assumed_by),
        )

    def manage(self, scope: Construct, construct_id: str, key: kms.IKey) -> iam.ManagedPolicy:
        """Attach the policy that allows to manage this key; the key's own policy has to name the role as well."""
        policy = iam.ManagedPolicy(
            scope,
            construct_id,
            description="Manage a customer managed key, without using it",
            document=iam.PolicyDocument.from_json(key_administrator_policy(key.key_arn).to_json()),
            roles=[self],
        )
        record_wildcard(policy, actions=["kms:ListAliases", "kms:ListKeys"], resource="*", reason=_FIND_KEY)
        return policy
