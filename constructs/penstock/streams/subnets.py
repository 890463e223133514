"""The subnets that brokers stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

from penstock.streams.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("BrokerSubnets", "private_subnets")


@dataclass(frozen=True, kw_only=True)
class BrokerSubnets:
    """Private subnets, and how many availability zones they are in."""

    subnet_ids: Sequence[str]
    zones: int

    @property
    def is_spread(self) -> bool:
        """Whether each subnet is in a zone of its own."""
        return self.zones == len(self.subnet_ids)


def private_subnets(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> BrokerSubnets:
    """Return the chosen subnets, by default one private subnet in each availability zone.

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
    return BrokerSubnets(subnet_ids=selected.subnet_ids, zones=len(set(selected.availability_zones)))
