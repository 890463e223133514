"""VPC of applications, new or imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Acknowledgment, Annotations, CfnResource, Fn, RemovalPolicy, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs

from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.addresses import MAX_ZONES, AddressPlan
from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.network.application_vpc_base import ApplicationVpcBase, IApplicationVpc
from cdk_penstock.network.errors import NetworkError
from cdk_penstock.network.flow_logs import FlowLogs
from cdk_penstock.network.imported_vpc import ImportedApplicationVpc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from constructs import Construct

UNNAMED_ZONES: Final = "penstock:unnamedAvailabilityZones"

_UNNAMED_ZONES: Final = (
    "the deployment uses the first availability zones that Fn::GetAZs returns, in no guaranteed order: set the same"
    " ones in availability_zones after the first deployment, so that another result fails no update"
)
_MIN_ZONES: Final = 2
_APPLICATION: Final = "Application"
_NAT: Final = "Nat"
_HOLDS_INTERFACES: Final = (
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SubnetRouteTableAssociation",
    # Its deletion would restore the rules of the default security group.
    "Custom::VpcRestrictDefaultSG",
)
_DEFAULT_SECURITY_GROUP_PROVIDER: Final = "Custom::VpcRestrictDefaultSGCustomResourceProvider"


class ApplicationVpc(ApplicationVpcBase):
    """A VPC whose applications have no route to the internet, and reach AWS services through endpoints.

    It has one private subnet per zone for the application and its data stores, no public subnet, no internet gateway,
    flow logs, and a default security group without rules. ``add_endpoint`` adds a service that a job calls; the check
    MSF8 reports missing ones at synthesis.

    The addresses are divided into quarters (AddressPlan), so that adding a third zone or a NAT gateway later replaces
    no subnet. Changing ``cidr`` replaces the VPC and everything in it.

    Parameters
    ----------
    cidr
        A private block, ``/16`` to ``/24``. Set it if VPCs are connected, whose blocks must not overlap.
        Default: ``10.0.0.0/16``.
    availability_zones
        Two or three names. Set them if the VPC holds resources that must stay, if other systems are bound to zones, and
        for MSK Serverless. Default: the first zones that ``Fn::GetAZs`` returns in each deployment. If some zones have
        a default subnet, it returns only those. It guarantees no order, and not that a zone has MSK or the service of
        an endpoint. Another result than before fails the update, because two subnets cannot have the same addresses.
    number_of_zones
        Number of zones, 2 or 3, if they are not named. Every interface endpoint is billed per zone. Default: 3.
    endpoints
        AWS services that get an endpoint at once. Default: S3, whose endpoint is free.
    trusted_accounts
        Other accounts whose principals may use the endpoints, and whose buckets can be reached. Default: none.
    nat_gateways
        For services without endpoint: 1, or one per zone. Each adds a public subnet that only it uses. Default: 0.
    flow_log_retention
        Default: 30 days.
    flow_log_encryption_key
        Key of the flow logs, whose policy then allows CloudWatch Logs. Default: a new key, rotated every year.
    restrict_default_security_group
        True if the rules of the VPC's default security group are removed. Only an API call can do that, so the CDK adds
        a Lambda function that may change this one group. Default: True (CIS 5.4, Security Hub EC2.2).
    removal_policy
        Of the VPC, its subnets and route tables, the flow logs and their key. A retained cluster or domain keeps
        network interfaces there, and subnets with network interfaces cannot be deleted (VPC guide, "Delete your VPC").
        Endpoints and NAT gateways, which cost money, are always deleted. Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises AddressPlanError for an unsuitable block, and NetworkError for a wrong number of zones or NAT gateways.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cidr: str = "10.0.0.0/16",
        availability_zones: Sequence[str] | None = None,
        number_of_zones: int = MAX_ZONES,
        endpoints: Sequence[AwsService] = (AwsService.S3,),
        trusted_accounts: Sequence[str] = (),
        nat_gateways: int = 0,
        flow_log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        flow_log_encryption_key: kms.IKey | None = None,
        restrict_default_security_group: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id, trusted_accounts=trusted_accounts)
        zones = _zones(availability_zones, number_of_zones)
        if availability_zones is None:
            Annotations.of(self).add_info_v2(UNNAMED_ZONES, _UNNAMED_ZONES)
        self._use(
            self._build_vpc(
                AddressPlan(cidr), zones, nat_gateways, close_default_group=restrict_default_security_group
            ),
            ec2.SubnetSelection(subnet_group_name=_APPLICATION),
            cidr_block=cidr,
        )
        for child in self.vpc.node.find_all():
            if isinstance(child, CfnResource) and child.cfn_resource_type in _HOLDS_INTERFACES:
                child.apply_removal_policy(removal_policy)
        keep_while_used(self.vpc)
        self.flow_logs = FlowLogs(
            self,
            "FlowLogs",
            vpc=self.vpc,
            retention=flow_log_retention,
            encryption_key=flow_log_encryption_key,
            removal_policy=removal_policy,
        )
        for service in endpoints:
            self.add_endpoint(service)

    @staticmethod
    def from_vpc_attributes(
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        availability_zones: Sequence[str],
        application_subnet_ids: Sequence[str],
        application_route_table_ids: Sequence[str] | None = None,
        vpc_cidr_block: str | None = None,
        existing_endpoints: Sequence[AwsService] = (),
        trusted_accounts: Sequence[str] = (),
    ) -> IApplicationVpc:
        """Import a VPC by its attributes; its application subnets must be private, and in the order of the zones.

        Interface endpoints can be added only with ``vpc_cidr_block``, gateway endpoints only with
        ``application_route_table_ids``.
        """
        return ImportedApplicationVpc.of_attributes(
            scope,
            construct_id,
            vpc_id=vpc_id,
            availability_zones=availability_zones,
            application_subnet_ids=application_subnet_ids,
            application_route_table_ids=application_route_table_ids,
            vpc_cidr_block=vpc_cidr_block,
            existing_endpoints=existing_endpoints,
            trusted_accounts=trusted_accounts,
        )

    @staticmethod
    def from_lookup(
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        application_subnets: ec2.SubnetSelection | None = None,
        existing_endpoints: Sequence[AwsService] = (),
        trusted_accounts: Sequence[str] = (),
    ) -> IApplicationVpc:
        """Import a VPC of the stack's account and Region, which the CDK looks up at synthesis.

        ``application_subnets`` are by default its private subnets.
        """
        return ImportedApplicationVpc.of_lookup(
            scope,
            construct_id,
            vpc_id=vpc_id,
            application_subnets=application_subnets,
            existing_endpoints=existing_endpoints,
            trusted_accounts=trusted_accounts,
        )

    def _build_vpc(
        self, plan: AddressPlan, zones: Sequence[str], nat_gateways: int, *, close_default_group: bool
    ) -> ec2.Vpc:
        if nat_gateways not in {0, 1, len(zones)}:
            raise NetworkError(
                f"nat_gateways must be 0, 1 or one for each of the {len(zones)} zones, got {nat_gateways}"
            )
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(plan.cidr),
            availability_zones=list(zones),
            reserved_azs=MAX_ZONES - len(zones),
            nat_gateways=nat_gateways,
            nat_gateway_subnets=ec2.SubnetSelection(subnet_group_name=_NAT) if nat_gateways else None,
            restrict_default_security_group=close_default_group,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=_APPLICATION,
                    cidr_mask=plan.application_prefix_length,
                    subnet_type=(
                        ec2.SubnetType.PRIVATE_WITH_EGRESS if nat_gateways else ec2.SubnetType.PRIVATE_ISOLATED
                    ),
                ),
                ec2.SubnetConfiguration(
                    name=_NAT,
                    cidr_mask=plan.nat_prefix_length,
                    subnet_type=ec2.SubnetType.PUBLIC,
                    map_public_ip_on_launch=False,
                    reserved=nat_gateways == 0,
                ),
            ],
        )
        if close_default_group:
            self._explain_default_group_provider()
        return vpc

    def _explain_default_group_provider(self) -> None:
        provider = Stack.of(self).node.find_child(_DEFAULT_SECURITY_GROUP_PROVIDER)
        Validations.of(provider).acknowledge(
            Acknowledgment(
                id="AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
                reason="the CDK's function that removes the rules of the default security group writes its log and"
                " changes only that group",
            )
        )


def _zones(named: Sequence[str] | None, number: int) -> Sequence[str]:
    """Return the zones by name, or expressions for the first zones of the account.

    The CDK's default depends on whether the stack's account is known, and would differ between environments.
    """
    count = number if named is None else len(named)
    if not _MIN_ZONES <= count <= MAX_ZONES:
        raise NetworkError(f"a VPC for applications has {_MIN_ZONES} or {MAX_ZONES} zones, got {count}")
    return [Fn.select(index, Fn.get_azs()) for index in range(number)] if named is None else named
