"""People of IAM Identity Center as principals, and what no policy about a key may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from cdk_penstock.encryption.errors import EncryptionError
from cdk_penstock.model.policies.principals import KeyPrincipal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct


class PermissionSetPrincipal(iam.PrincipalWithConditions):
    """Whoever signs in with a permission set of IAM Identity Center.

    The role behind a permission set has a generated name, so no policy can name it. This is the account, held to the
    pattern of these names (KeyPrincipal.identity_center).

    Parameters
    ----------
    scope
        Gives the account, which is that of the stack.
    permission_set
        The permission set's name.
    """

    def __init__(self, scope: Construct, permission_set: str) -> None:
        stack = Stack.of(scope)
        self.key_principal = KeyPrincipal.identity_center(stack.account, permission_set, stack.partition)
        conditions: dict[str, Any] = {"ArnLike": {"aws:PrincipalArn": list(self.key_principal.patterns)}}
        super().__init__(iam.ArnPrincipal(self.key_principal.arn), conditions)


def require_named(what: str, principals: Sequence[iam.IPrincipal]) -> None:
    """Raise EncryptionError unless somebody is named, and nobody by a wildcard or as a whole account."""
    if not principals:
        raise EncryptionError(f"no {what} is named: pass at least one role, or a PermissionSetPrincipal")
    key_principals(what, principals)


def key_principals(what: str, principals: Sequence[iam.IPrincipal]) -> list[KeyPrincipal]:
    """Return the principals as a key policy names them; raise EncryptionError for those that it must not name."""
    return [_key_principal(what, principal) for principal in principals]


def _key_principal(what: str, principal: iam.IPrincipal) -> KeyPrincipal:
    if isinstance(principal, PermissionSetPrincipal):
        return principal.key_principal
    if isinstance(principal, iam.AccountPrincipal):
        raise EncryptionError(
            f"{what} must be one role or user, got the whole account: with it, every IAM policy of the account decides;"
            " pass a role, or a PermissionSetPrincipal"
        )
    fragment = principal.policy_fragment
    named = [(kind, name) for kind, names in fragment.principal_json.items() for name in names]
    if fragment.conditions or [kind for kind, _ in named] != ["AWS"]:
        raise EncryptionError(
            f"{what} must be one role or user, or a PermissionSetPrincipal, got"
            f" {dict(fragment.principal_json)}{' under conditions' if fragment.conditions else ''}"
        )
    return KeyPrincipal.role(named[0][1])
