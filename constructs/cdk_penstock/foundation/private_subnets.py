"""Selection of the private subnets that a construct places its network interfaces in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

if TYPE_CHECKING:
    from cdk_penstock.model.errors import PenstockError


def select_subnets(
    vpc: ec2.IVpc, selection: ec2.SubnetSelection | None, *, one_per_az: bool = False
) -> ec2.SelectedSubnets:
    """Return the subnets of a selection, by default one private subnet in each availability zone.

    Nothing is known of them as long as ``is_pending_lookup`` is true. An error then would prevent the lookup.
    """
    chosen = selection or ec2.SubnetSelection(one_per_az=True)
    return vpc.select_subnets(
        availability_zones=chosen.availability_zones,
        one_per_az=one_per_az or chosen.one_per_az,
        subnet_filters=chosen.subnet_filters,
        subnet_group_name=chosen.subnet_group_name,
        subnets=chosen.subnets,
        subnet_type=chosen.subnet_type,
    )


def select_private_subnets(
    vpc: ec2.IVpc,
    selection: ec2.SubnetSelection | None,
    *,
    user: str,
    error: type[PenstockError],
    one_per_az: bool = False,
) -> ec2.SelectedSubnets:
    """Return the subnets as ``select_subnets`` does; raise ``error`` for public ones, naming their ``user``."""
    selected = select_subnets(vpc, selection, one_per_az=one_per_az)
    if selected.has_public and not selected.is_pending_lookup:
        raise error(
            f"{user} subnets must be private, got public ones of {vpc.node.path}: pass vpc_subnets with"
            " subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS or PRIVATE_ISOLATED, or other subnets"
        )
    return selected
