"""Principals that may use or administer a key, in the form that a key policy needs.

Sources: IAM, "Principal"; IAM Identity Center, "Referencing permission sets in resource policies"; KMS, PutKeyPolicy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_penstock.model.policies.documents import Values


class KeyPrincipalError(PenstockError):
    """A principal that a key policy must not, or cannot, name."""


@dataclass(frozen=True, kw_only=True)
class KeyPrincipal:
    """An operator or administrator of a key; made by ``role`` or ``identity_center``.

    Parameters
    ----------
    arn
        The value under ``Principal``, ``AWS``.
    patterns
        Patterns that ``aws:PrincipalArn`` must match as well, for roles whose names are generated.
    """

    arn: str
    patterns: Values = ()

    @classmethod
    def role(cls, arn: str) -> Self:
        """Return the role, or user, with this ARN, which may be a CDK token.

        KMS checks that it exists when the key policy is put, so the role has to be created before the key. Raises
        KeyPrincipalError for a wildcard, which KMS would not expand, and for a whole account, which delegates the
        decision to every policy in it.
        """
        if not arn or "*" in arn or "?" in arn:
            raise KeyPrincipalError(
                f"a key policy must name one role or user, got {arn!r}: pass its ARN without wildcards"
            )
        if arn.endswith(":root") or arn.isdigit():
            raise KeyPrincipalError(
                f"a key policy must not name the whole account, got {arn!r}: with it, every IAM policy of the account"
                " decides on the key; pass the ARN of one role or user"
            )
        return cls(arn=arn)

    @classmethod
    def identity_center(cls, account: str, permission_set: str, partition: str = "aws") -> Self:
        """Return the people who have a permission set of IAM Identity Center.

        Their role's name ends in a suffix that changes whenever the permission set is assigned again, so the policy
        names the account, under the condition that the caller's role is one of the permission set. Its path has the
        Region of Identity Center, except for us-east-1. Naming the account means that the permission set
        needs an identity policy too. A permission set whose name continues after an underscore matches as well.

        Raises KeyPrincipalError for a wildcard in the name.
        """
        if not permission_set or "*" in permission_set or "?" in permission_set:
            raise KeyPrincipalError(
                f"a key policy must name one permission set, got {permission_set!r}: pass its name without wildcards"
            )
        roles = f"arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com"
        return cls(
            arn=f"arn:{partition}:iam::{account}:root",
            patterns=(f"{roles}/*/AWSReservedSSO_{permission_set}_*", f"{roles}/AWSReservedSSO_{permission_set}_*"),
        )


@dataclass(frozen=True, kw_only=True)
class NamedTogether:
    """Principals that one statement can name, with their conditions.

    Parameters
    ----------
    suffix
        The end of the statement's id, which makes it unique.
    principals, conditions
        The principals and the conditions of the statement; it may have further conditions.
    """

    suffix: str
    principals: Mapping[str, Values]
    conditions: Mapping[str, Mapping[str, Values]]


def named_together(principals: Iterable[KeyPrincipal]) -> tuple[NamedTogether, ...]:
    """Return the principals in as few statements as can name them: one for all roles, one for each account's people."""
    roles: dict[str, None] = {}
    people: dict[str, dict[str, None]] = {}
    for principal in principals:
        if principal.patterns:
            people.setdefault(principal.arn, {}).update(dict.fromkeys(principal.patterns))
        else:
            roles[principal.arn] = None
    groups = [NamedTogether(suffix="", principals={"AWS": tuple(roles)}, conditions={})] if roles else []
    for number, (account, patterns) in enumerate(people.items(), start=1):
        groups.append(
            NamedTogether(
                suffix="ThroughIdentityCenter" + (str(number) if len(people) > 1 else ""),
                principals={"AWS": (account,)},
                conditions={"ArnLike": {"aws:PrincipalArn": tuple(patterns)}},
            )
        )
    return tuple(groups)
