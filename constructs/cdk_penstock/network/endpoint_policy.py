"""Who may use a VPC endpoint, and to reach what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from cdk_penstock.model.aws_services import AwsService

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("endpoint_statement",)


def endpoint_statement(service: AwsService, accounts: Sequence[str]) -> iam.PolicyStatement:
    """Return the statement that lets only principals of these accounts use the endpoint.

    Through the S3 endpoint only these accounts' buckets are reached, so that a stolen key of another account carries
    no data out of the VPC (S3 user guide, example-bucket-policies-vpc-endpoint; AWS's data perimeter guidance). What
    each principal may do stays the business of its own policies.
    """
    conditions = {"StringEquals": {"aws:PrincipalAccount": list(accounts)}}
    if service is AwsService.S3:
        conditions["StringEquals"]["aws:ResourceAccount"] = list(accounts)
    return iam.PolicyStatement(
        sid="OnlyTrustedAccounts",
        principals=[iam.AnyPrincipal()],
        actions=["*"],
        resources=["*"],
        conditions=conditions,
    )
