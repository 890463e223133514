"""Customer managed keys that a construct creates where it was given none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_kms as kms

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from constructs import Construct


def build_key(
    scope: Construct, construct_id: str = "Key", *, description: str, removal_policy: RemovalPolicy
) -> kms.Key:
    """Add a key that KMS rotates every year."""
    return kms.Key(
        scope, construct_id, description=description, enable_key_rotation=True, removal_policy=removal_policy
    )
