"""Names of the templates' policies in decisions, by which the result finds the statement in the template again."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class PolicyKind(StrEnum):
    """The use of a policy by the resource that holds it."""

    TRUST = "trust"
    """AssumeRolePolicyDocument of a role."""
    INLINE = "inline"
    """One of the ``Policies`` of a role; it has a name."""
    POLICY = ""
    """A resource that is a policy itself, such as AWS::IAM::ManagedPolicy or AWS::S3::BucketPolicy."""
    KEY = "key policy"
    """KeyPolicy of a key."""
    RESOURCE = "resource policy"
    """The policy among the properties of any other resource, such as a VPC endpoint."""


FUNCTION_POLICY: Final = "Lambda permission"
"""Name of the policy of each Lambda function: AWS::Lambda::Permission adds a statement, whose sid is its own name."""


def policy_name(owner: str, kind: PolicyKind, name: str = "") -> str:
    """Return the name of a policy.

    Parameters
    ----------
    owner
        The name of the resource that holds it: ``Wanted.name``, ``Resource.name`` of a template.
    kind
        Its use there.
    name
        The name of an inline policy, its references resolved.
    """
    return " ".join(part for part in (owner, kind, name) if part)
