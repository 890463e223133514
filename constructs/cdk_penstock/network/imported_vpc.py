"""Import of VPCs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack, Token
from aws_cdk import aws_ec2 as ec2

from cdk_penstock.network.application_vpc_base import ApplicationVpcBase
from cdk_penstock.network.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from cdk_penstock.model.aws_services import AwsService


class ImportedApplicationVpc(ApplicationVpcBase):
    """A VPC that was created outside of this app; created by the static factories of ApplicationVpc."""

    @staticmethod
    def of_attributes(
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        availability_zones: Sequence[str],
        application_subnet_ids: Sequence[str],
        application_route_table_ids: Sequence[str] | None,
        vpc_cidr_block: str | None,
        existing_endpoints: Sequence[AwsService],
        trusted_accounts: Sequence[str],
    ) -> ImportedApplicationVpc:
        """Import a VPC by its attributes."""
        imported = ImportedApplicationVpc(
            scope, construct_id, existing_endpoints=existing_endpoints, trusted_accounts=trusted_accounts
        )
        _check_zones(imported, availability_zones, application_subnet_ids)
        vpc = ec2.Vpc.from_vpc_attributes(
            imported,
            "Vpc",
            vpc_id=vpc_id,
            availability_zones=list(availability_zones),
            vpc_cidr_block=vpc_cidr_block,
            isolated_subnet_ids=list(application_subnet_ids),
            isolated_subnet_route_table_ids=(
                None if application_route_table_ids is None else list(application_route_table_ids)
            ),
        )
        imported._use(vpc, ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED))
        return imported

    @staticmethod
    def of_lookup(
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        application_subnets: ec2.SubnetSelection | None,
        existing_endpoints: Sequence[AwsService],
        trusted_accounts: Sequence[str],
    ) -> ImportedApplicationVpc:
        """Import a VPC that the CDK looks up."""
        imported = ImportedApplicationVpc(
            scope, construct_id, existing_endpoints=existing_endpoints, trusted_accounts=trusted_accounts
        )
        vpc = ec2.Vpc.from_lookup(imported, "Vpc", vpc_id=vpc_id)
        imported._use(vpc, application_subnets or ec2.SubnetSelection(one_per_az=True))
        return imported


def _check_zones(scope: Construct, zones: Sequence[str], subnet_ids: Sequence[str]) -> None:
    region = Stack.of(scope).region
    foreign = [zone for zone in zones if not Token.is_unresolved(zone) and not zone.startswith(region)]
    if foreign and not Token.is_unresolved(region):
        raise NetworkError(f"availability_zones must be of the stack's Region {region}, got {', '.join(foreign)}")
    known = not Token.is_unresolved(list(zones)) and not Token.is_unresolved(list(subnet_ids))
    if known and (not zones or len(subnet_ids) % len(zones) or not subnet_ids):
        raise NetworkError(
            f"expected as many application subnets for each availability zone, got {len(subnet_ids)} for {len(zones)}"
        )
