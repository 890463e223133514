"""The subnets that brokers stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

from penstock.streams.errors import StreamError

__all__ = ("private_subnet_ids",)

if TYPE_CHECKING:
    from collections.abc import Sequence


def private_subnet_ids(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> Sequence[str]:
    """Return the ids of the chosen subnets, by default one private subnet in each availability zone.

    Raises StreamError for public subnets.
    """
    chosen = selection or ec2.SubnetSelection(one_per_az=True)
    selected = vpc.select_subnets(
        availability_zones=chosen.availability_zones,
        one_per_az=chosen.one_per_az,
        subnet_filters=chosen.subnet_filters,
        subnet_group_name=chosen.subnet_group_name,
        subnets=chosen.subnets,
        subnet_type=chosen.subnet_type,
    )
    if selected.has_public:
        message = f"brokers must be in private subnets, got public ones of {vpc.node.path}: pass vpc_subnets"
        raise StreamError(message)
    return selected.subnet_ids
