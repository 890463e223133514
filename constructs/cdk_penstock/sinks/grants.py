"""How the sinks allow something: one statement on the grantee's policy, its wildcards recorded with their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import aws_iam as iam

from cdk_penstock.foundation.wildcards import record_wildcard
from cdk_penstock.sinks.errors import SearchDomainError, SinkGrantError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct

__all__ = ("ARCHIVE_OBJECTS", "DOMAIN_CONTENT", "DOMAIN_INDEX", "allow", "role_of")

ARCHIVE_OBJECTS: Final = (
    "the names of the objects below a prefix are made when they are written; the statement is held to this bucket and"
    " prefix"
)
DOMAIN_INDEX: Final = (
    "an index pattern stands for indexes that are made as time goes by; the statement is held to this domain and to"
    " the pattern"
)
DOMAIN_CONTENT: Final = (
    "roles, templates and saved objects are named by the content that is imported; the statement is held to their APIs"
    " on this domain"
)


def allow(
    grantee: iam.IGrantable,
    *,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, object]] | None = None,
    wildcard_reason: str | None = None,
) -> iam.Grant:
    """Add a statement to the grantee's own policy; raise SinkGrantError for one that would get nothing."""
    grant = iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(actions),
        resource_arns=list(resources),
        conditions={operator: dict(tests) for operator, tests in conditions.items()} if conditions else None,
    )
    principal = grantee.grant_principal
    if not grant.success or not hasattr(principal, "node"):
        message = (
            f"{type(principal).__name__} has no policy of its own that could allow {', '.join(actions)}: pass a role of"
            " this account, or a construct that has one"
        )
        raise SinkGrantError(message)
    if wildcard_reason is not None:
        for resource in resources:
            if "*" in resource:
                record_wildcard(
                    cast("IConstruct", principal), actions=actions, resource=resource, reason=wildcard_reason
                )
    return grant


def role_of(grantee: iam.IGrantable) -> iam.IRole:
    """Return the role that a grantee acts as; raise SearchDomainError for one that is no role."""
    principal = grantee.grant_principal
    if not hasattr(principal, "role_arn"):
        message = f"the security plugin maps roles of IAM, and {type(principal).__name__} is none: pass a role"
        raise SearchDomainError(message)
    return cast("iam.IRole", principal)
