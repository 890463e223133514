"""Reasons for the wildcard resources in what the sinks grant, and the role of a grantee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from cdk_penstock.sinks.errors import SearchDomainError

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam

__all__ = ("ARCHIVE_OBJECTS", "DOMAIN_CONTENT", "DOMAIN_INDEX", "role_of")

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


def role_of(grantee: iam.IGrantable) -> iam.IRole:
    """Return the role that a grantee acts as; raise SearchDomainError for one that is no role."""
    principal = grantee.grant_principal
    if not hasattr(principal, "role_arn"):
        message = f"the security plugin maps roles of IAM, and {type(principal).__name__} is none: pass a role"
        raise SearchDomainError(message)
    return cast("iam.IRole", principal)
