"""The subnets and security groups of an application's job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kinesisanalyticsv2 as kinesisanalytics
from constructs import Construct

from cdk_penstock.application.props import ApplicationPropsError
from cdk_penstock.foundation.private_subnets import select_private_subnets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy

    from cdk_penstock.application.flink_application import FlinkApplication
    from cdk_penstock.application.props import FlinkApplicationProps

_MAX_SUBNETS: Final = 16
_MAX_SECURITY_GROUPS: Final = 5
_MAX_PORT: Final = 65_535


class ApplicationNetwork(Construct):
    """The subnets and security groups that MSF attaches the job's network interfaces to.

    Raises ApplicationPropsError for public subnets, in which the job would have no way out because its interfaces get
    no public address (managed-flink, vpc-internet), for more than 16 subnets or 5 security groups, and for outbound
    ports of security groups that are made elsewhere.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None,
        security_groups: Sequence[ec2.ISecurityGroup] | None,
        outbound_ports: Sequence[int] | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._removal_policy = removal_policy
        self.vpc = vpc
        self.subnet_ids = self._select_subnets(vpc_subnets)
        self.security_groups = self._choose_security_groups(security_groups, outbound_ports)
        self.connections = ec2.Connections(security_groups=self.security_groups)

    @property
    def subnet_arns(self) -> list[str]:
        """The subnets' ARNs, in the account that owns the VPC."""
        return [self._ec2_arn("subnet", subnet_id, self.vpc.env.account) for subnet_id in self.subnet_ids]

    @property
    def security_group_arns(self) -> list[str]:
        """The security groups' ARNs, each in its own account.

        In a VPC that another account shares, a participant's groups are its own (VPC, vpc-share-limitations).
        """
        return [
            self._ec2_arn("security-group", group.security_group_id, group.env.account)
            for group in self.security_groups
        ]

    @property
    def any_network_interface_arn(self) -> str:
        """The ARN of every network interface of the account, for statements that are held to subnets otherwise."""
        return Stack.of(self).format_arn(service="ec2", resource="network-interface", resource_name="*")

    def configuration(self) -> kinesisanalytics.CfnApplication.VpcConfigurationProperty:
        """Return what the application's template says about it."""
        return kinesisanalytics.CfnApplication.VpcConfigurationProperty(
            subnet_ids=self.subnet_ids,
            security_group_ids=[group.security_group_id for group in self.security_groups],
        )

    def _select_subnets(self, selection: ec2.SubnetSelection | None) -> list[str]:
        selected = select_private_subnets(self.vpc, selection, user="application", error=ApplicationPropsError)
        if not selected.is_pending_lookup and not 1 <= len(selected.subnet_ids) <= _MAX_SUBNETS:
            raise ApplicationPropsError(
                f"an application has 1 to {_MAX_SUBNETS} subnets, got {len(selected.subnet_ids)}"
            )
        return selected.subnet_ids

    def _choose_security_groups(
        self, given: Sequence[ec2.ISecurityGroup] | None, outbound_ports: Sequence[int] | None
    ) -> list[ec2.ISecurityGroup]:
        if given is None:
            return [self._build_security_group(outbound_ports)]
        if outbound_ports is not None:
            raise ApplicationPropsError(
                f"outbound_ports are for the application's own security group, got {len(given)} security_groups as"
                " well: set the rules on those, and leave outbound_ports out"
            )
        if not 1 <= len(given) <= _MAX_SECURITY_GROUPS:
            raise ApplicationPropsError(
                f"an application has 1 to {_MAX_SECURITY_GROUPS} security groups, got {len(given)}"
            )
        return list(given)

    def _build_security_group(self, outbound_ports: Sequence[int] | None) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self.vpc,
            description="Managed Service for Apache Flink application",
            allow_all_outbound=outbound_ports is None,
        )
        for port in dict.fromkeys(outbound_ports or ()):
            if not 1 <= port <= _MAX_PORT:
                raise ApplicationPropsError(f"outbound_ports are TCP ports from 1 to {_MAX_PORT}, got {port}")
            group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "what the job calls")
        # An application that stays could not start again without it.
        group.apply_removal_policy(self._removal_policy)
        return group

    def _ec2_arn(self, resource: str, resource_id: str, account: str) -> str:
        return Stack.of(self).format_arn(service="ec2", resource=resource, resource_name=resource_id, account=account)


def build_network(application: FlinkApplication, settings: FlinkApplicationProps) -> ApplicationNetwork | None:
    """Add the network of an application in a VPC, None without a VPC.

    Raises ApplicationPropsError for properties that need a VPC, without one.
    """
    vpc = settings.get("vpc")
    if vpc is None:
        stray = [name for name in ("vpc_subnets", "security_groups", "outbound_ports") if name in settings]
        if stray:
            raise ApplicationPropsError(
                f"{' and '.join(stray)} of application {application.node.path} need a vpc: pass vpc as well"
            )
        return None
    network = ApplicationNetwork(
        application,
        "Network",
        vpc=vpc,
        vpc_subnets=settings.get("vpc_subnets"),
        security_groups=settings.get("security_groups"),
        outbound_ports=settings.get("outbound_ports"),
        removal_policy=settings["removal_policy"],
    )
    application.add_run_dependency(*network.security_groups)
    return network
