"""People and roles of an environment's file as the CDK's principals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from cdk_penstock.encryption import PermissionSetPrincipal

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environment import PrincipalSettings


def principals(scope: Construct, settings: PrincipalSettings) -> list[iam.IPrincipal]:
    """Return everybody whom the settings name."""
    return [
        *(iam.ArnPrincipal(arn) for arn in settings.roles),
        *(PermissionSetPrincipal(scope, name) for name in settings.permission_sets),
    ]
