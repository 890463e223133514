"""Statements on a grantee's own policy, whose wildcard resources are recorded with their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_iam as iam

from cdk_penstock.foundation.wildcards import record_wildcard
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct


class GrantError(PenstockError):
    """A grantee whose permissions cannot be changed here."""


def allow(
    grantee: iam.IGrantable,
    *,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, object]] | None = None,
    wildcard_reason: str | None = None,
) -> iam.Grant:
    """Add a statement to the grantee's own policy; raise GrantError for a grantee without one.

    A resource with ``*`` in it needs ``wildcard_reason``, which cdk-nag and penstock's own checks then accept.
    """
    grant = iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(actions),
        resource_arns=list(resources),
        conditions={operator: dict(tests) for operator, tests in conditions.items()} if conditions else None,
    )
    principal = grantee.grant_principal
    if not grant.success or not hasattr(principal, "node"):
        raise GrantError(
            f"{type(principal).__name__} has no policy to which {', '.join(actions)} could be added: pass a role of"
            " this account, or a construct that has one"
        )
    if wildcard_reason is not None:
        owner = cast("IConstruct", principal)
        for resource in resources:
            if "*" in resource:
                record_wildcard(owner, actions=actions, resource=resource, reason=wildcard_reason)
    return grant
