"""Policy of a VPC endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from cdk_penstock.model.aws_services import AwsService

if TYPE_CHECKING:
    from collections.abc import Sequence


def endpoint_statement(service: AwsService, accounts: Sequence[str]) -> iam.PolicyStatement:
    """Return the statement that allows only principals of these accounts to use the endpoint.

    The S3 endpoint reaches only buckets of these accounts, so that nobody can copy data out of the VPC with credentials
    of another account (S3 user guide, example-bucket-policies-vpc-endpoint; AWS's data perimeter guidance). The actions
    of a principal are limited by its policies.
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
