"""The subnets that brokers stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import aws_ec2 as ec2

from cdk_penstock.streams.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("BrokerSubnets", "private_subnets")

_MOST_ZONES: Final = 3


@dataclass(frozen=True, kw_only=True)
class BrokerSubnets:
    """Private subnets, and how many availability zones they are in."""

    subnet_ids: Sequence[str]
    zones: int
    is_pending_lookup: bool = False
    """Whether the CDK is still to look the VPC up; until then the zones are as many as MSK takes."""

    @property
    def is_spread(self) -> bool:
        """Whether each subnet is in a zone of its own."""
        return self.is_pending_lookup or self.zones == len(self.subnet_ids)


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
    if selected.is_pending_lookup:
        # Nothing is known yet, and a refusal would prevent the lookup (CDK, SelectedSubnets.isPendingLookup).
        return BrokerSubnets(subnet_ids=selected.subnet_ids, zones=_MOST_ZONES, is_pending_lookup=True)
    if selected.has_public:
        message = f"brokers must be in private subnets, got public ones of {vpc.node.path}: pass vpc_subnets"
        raise StreamError(message)
    return BrokerSubnets(subnet_ids=selected.subnet_ids, zones=len(set(selected.availability_zones)))
