"""Network of a Grafana workspace: its VPC for data sources, and the networks that reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_ec2 as ec2
from aws_cdk.aws_grafana import CfnWorkspace
from constructs import Construct

from cdk_penstock.foundation.private_subnets import select_subnets
from cdk_penstock.observability.errors import DashboardWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MIN_SUBNETS: Final = 2
_MAX_SUBNETS: Final = 6
_MAX_SECURITY_GROUPS: Final = 5
_MAX_NETWORKS: Final = 5


class WorkspaceNetwork(Construct):
    """The subnets and security groups through which a workspace reaches its data sources.

    Raises DashboardWorkspaceError for fewer than two or more than six subnets, and for more than five security groups
    (Managed Grafana API, VpcConfiguration).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None,
        security_groups: Sequence[ec2.ISecurityGroup] | None,
    ) -> None:
        super().__init__(scope, construct_id)
        selected = select_subnets(vpc, vpc_subnets)
        self.subnet_ids = selected.subnet_ids
        if not selected.is_pending_lookup and not _MIN_SUBNETS <= len(self.subnet_ids) <= _MAX_SUBNETS:
            raise DashboardWorkspaceError(
                f"a workspace has {_MIN_SUBNETS} to {_MAX_SUBNETS} subnets, in different availability zones, got"
                f" {len(self.subnet_ids)}: pass vpc_subnets"
            )
        self.security_groups = (
            [ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc, description="Managed Grafana workspace")]
            if security_groups is None
            else list(security_groups)
        )
        if not 1 <= len(self.security_groups) <= _MAX_SECURITY_GROUPS:
            raise DashboardWorkspaceError(
                f"a workspace has 1 to {_MAX_SECURITY_GROUPS} security groups, got {len(self.security_groups)}"
            )
        self.connections = ec2.Connections(security_groups=self.security_groups)

    def configuration(self) -> CfnWorkspace.VpcConfigurationProperty:
        """Return the network's part of the workspace's properties."""
        return CfnWorkspace.VpcConfigurationProperty(
            subnet_ids=self.subnet_ids,
            security_group_ids=[group.security_group_id for group in self.security_groups],
        )


def network_access_control(
    prefix_lists: Sequence[ec2.IPrefixList] | None, endpoints: Sequence[ec2.IInterfaceVpcEndpoint] | None
) -> CfnWorkspace.NetworkAccessControlProperty | None:
    """Return the networks that reach a workspace, None for all; raise DashboardWorkspaceError for more than five."""
    if prefix_lists is None and endpoints is None:
        return None
    for name, networks in (("allowed_prefix_lists", prefix_lists), ("allowed_endpoints", endpoints)):
        if networks is not None and len(networks) > _MAX_NETWORKS:
            raise DashboardWorkspaceError(f"{name} has at most {_MAX_NETWORKS} entries, got {len(networks)}")
    return CfnWorkspace.NetworkAccessControlProperty(
        prefix_list_ids=[each.prefix_list_id for each in prefix_lists or ()],
        vpce_ids=[each.vpc_endpoint_id for each in endpoints or ()],
    )
