"""Subnets and security group of a cluster's brokers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import aws_ec2 as ec2

from cdk_penstock.foundation.private_subnets import select_private_subnets
from cdk_penstock.streams.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from constructs import Construct

_MOST_ZONES: Final = 3


@dataclass(frozen=True, kw_only=True)
class BrokerSubnets:
    """Private subnets, and the number of their availability zones.

    While the CDK still has to look the VPC up, the zones are as many as MSK takes.
    """

    subnet_ids: Sequence[str]
    zones: int
    is_pending_lookup: bool = False


def private_subnets(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> BrokerSubnets:
    """Return the chosen subnets, by default one private subnet in each availability zone.

    Raises StreamError for public subnets.
    """
    selected = select_private_subnets(vpc, selection, user="broker", error=StreamError)
    if selected.is_pending_lookup:
        return BrokerSubnets(subnet_ids=selected.subnet_ids, zones=_MOST_ZONES, is_pending_lookup=True)
    return BrokerSubnets(subnet_ids=selected.subnet_ids, zones=len(set(selected.availability_zones)))


def private_subnets_in_different_zones(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> BrokerSubnets:
    """Return the subnets as ``private_subnets`` does; raise StreamError for two in one availability zone."""
    subnets = private_subnets(vpc, selection)
    if not subnets.is_pending_lookup and subnets.zones != len(subnets.subnet_ids):
        raise StreamError(
            f"brokers need each subnet in another availability zone, got {len(subnets.subnet_ids)} subnets in"
            f" {subnets.zones}: pass vpc_subnets with one_per_az=True"
        )
    return subnets


def build_security_group(
    scope: Construct, vpc: ec2.IVpc, *, cluster_name: str, removal_policy: RemovalPolicy
) -> ec2.SecurityGroup:
    """Add a security group that lets nobody in, and is deleted no earlier than the cluster.

    A security group in use cannot be deleted, and the deletion of the stack would wait for it in vain.
    """
    group = ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, description=f"Brokers of {cluster_name}", allow_all_outbound=False
    )
    group.apply_removal_policy(removal_policy)
    return group
