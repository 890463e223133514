"""The role that manages a key, and never uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam

from cdk_penstock.encryption.named_principals import require_named
from cdk_penstock.foundation.wildcards import record_wildcard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

_FIND_ACTIONS: Final = ("kms:ListAliases", "kms:ListKeys")
_FIND_KEY: Final = "kms:ListKeys and kms:ListAliases know no resource (service authorization reference, AWS KMS)"


class KeyAdministrator(iam.Role):
    """A role that manages keys (policy, state, tags, on-demand rotation) and cannot use them.

    Each key's own policy names the role, which suffices within an account (KMS, key-policies); the role itself is
    allowed no more than to list keys, so that it manages any number of them. It stays when its stack goes, as its keys
    do: KMS knows a role by its unique id, so that one of the same name, made anew, would not manage them.

    Where such a role exists already, pass it, or a PermissionSetPrincipal, as the key administrator instead.

    Parameters
    ----------
    assumed_by
        Who may assume it: roles, or a PermissionSetPrincipal.
    removal_policy
        What becomes of it when it goes from the template. Default: it stays.

    Raises EncryptionError for nobody, KeyPrincipalError for a wildcard or a whole account.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        assumed_by: Sequence[iam.IPrincipal],
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        require_named("key administrator", assumed_by)
        super().__init__(
            scope,
            construct_id,
            description="Manages customer managed keys of Managed Service for Apache Flink, without using them",
            assumed_by=assumed_by[0] if len(assumed_by) == 1 else iam.CompositePrincipal(*assumed_by),
            inline_policies={
                "FindKeys": iam.PolicyDocument(
                    statements=[iam.PolicyStatement(actions=list(_FIND_ACTIONS), resources=["*"])]
                )
            },
        )
        self.apply_removal_policy(removal_policy)
        record_wildcard(self, actions=_FIND_ACTIONS, resource="*", reason=_FIND_KEY)
