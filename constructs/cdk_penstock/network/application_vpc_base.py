"""Interface and base class of VPCs for applications: their subnets, and endpoints on demand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from aws_cdk import Stack, Token
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IConstruct

from cdk_penstock.foundation.private_subnets import select_subnets
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.network.endpoint_policy import endpoint_statement
from cdk_penstock.network.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.model.aws_services import AwsService

_HTTPS: Final = 443
_ACCOUNT: Final = re.compile(r"\d{12}")


class IApplicationVpc(IConstruct, Protocol):
    """A VPC for applications, created in this app or elsewhere."""

    @property
    def vpc(self) -> ec2.IVpc:
        """The CDK's VPC, for constructs that need one."""

    @property
    def application_subnets(self) -> ec2.SubnetSelection:
        """The private subnets of the application and its data stores."""

    def add_endpoint(self, service: AwsService) -> ec2.IVpcEndpoint | None:
        """Add an endpoint of an AWS service, unless the service has one."""


class ApplicationVpcBase(Construct):
    """The common part of created and imported VPCs.

    Parameters
    ----------
    trusted_accounts
        Accounts whose principals may use the endpoints, and whose buckets can be reached through that of S3.
    existing_endpoints
        Services that have an endpoint already, so that none is added.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trusted_accounts: Sequence[str] = (),
        existing_endpoints: Sequence[AwsService] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self._trusted_accounts = (Stack.of(self).account, *map(_check_account, trusted_accounts))
        self._endpoints: dict[str, ec2.IVpcEndpoint | None] = {each.endpoint: None for each in existing_endpoints}
        self._vpc: ec2.IVpc
        self._application_subnets: ec2.SubnetSelection
        self._known_cidr_block: str | None
        self._is_pending_lookup: bool

    @property
    def vpc(self) -> ec2.IVpc:
        """The CDK's VPC, for constructs that need one."""
        return self._vpc

    @property
    def application_subnets(self) -> ec2.SubnetSelection:
        """The private subnets of the application and its data stores."""
        return self._application_subnets

    def add_endpoint(self, service: AwsService) -> ec2.IVpcEndpoint | None:
        """Add an endpoint of an AWS service, unless the service has one.

        A gateway endpoint is added to the application's route tables. An interface endpoint is in the application's
        subnets, has private DNS, and accepts HTTPS from the VPC only. Returns the endpoint, or None for one of
        ``existing_endpoints``. Raises NetworkError if the block of addresses of an imported VPC is not known.
        """
        if service.endpoint not in self._endpoints:
            self._endpoints[service.endpoint] = self._add(service)
        return self._endpoints[service.endpoint]

    def _use(self, vpc: ec2.IVpc, application_subnets: ec2.SubnetSelection, *, cidr_block: str | None = None) -> None:
        """Set the VPC and its application subnets; ``cidr_block`` is for a VPC whose block is only a token.

        Raises NetworkError for public subnets, or none at all.
        """
        selected = select_subnets(vpc, application_subnets)
        self._is_pending_lookup = bool(selected.is_pending_lookup)
        if not self._is_pending_lookup and (selected.has_public or not selected.subnet_ids):
            got = "public ones" if selected.has_public else "none"
            raise NetworkError(
                f"application subnets of {self.node.path} must be private, got {got}: name subnets without a route to"
                " an internet gateway (managed-flink, vpc-internet)"
            )
        self._vpc = vpc
        self._application_subnets = application_subnets
        self._known_cidr_block = cidr_block

    def _add(self, service: AwsService) -> ec2.IVpcEndpoint:
        endpoint: ec2.GatewayVpcEndpoint | ec2.InterfaceVpcEndpoint
        if service.is_gateway:
            endpoint = ec2.GatewayVpcEndpoint(
                self,
                service.construct_id,
                vpc=self.vpc,
                service=ec2.GatewayVpcEndpointAwsService(service.endpoint),
                # The CDK needs route tables, which a selection lacks until the VPC is looked up.
                subnets=None if self._is_pending_lookup else [self.application_subnets],
            )
        else:
            endpoint = ec2.InterfaceVpcEndpoint(
                self,
                service.construct_id,
                vpc=self.vpc,
                service=ec2.InterfaceVpcEndpointAwsService(service.endpoint, service.name_prefix),
                subnets=self.application_subnets,
                security_groups=[self._endpoint_security_group(service)],
                private_dns_enabled=True,
                open=False,
            )
        if service.supports_policy:
            endpoint.add_to_policy(endpoint_statement(service, self._trusted_accounts))
        keep_while_used(endpoint)
        return endpoint

    def _endpoint_security_group(self, service: AwsService) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            f"{service.construct_id}SecurityGroup",
            vpc=self.vpc,
            description=f"Endpoint of {service.endpoint}, HTTPS from the VPC only",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(self._cidr_block()), ec2.Port.tcp(_HTTPS), "HTTPS from the VPC")
        keep_while_used(group)
        return group

    def _cidr_block(self) -> str:
        try:
            return self._known_cidr_block or self.vpc.vpc_cidr_block
        except RuntimeError as error:
            raise NetworkError(
                f"an endpoint in {self.node.path} accepts HTTPS from the VPC only, and the VPC's block of addresses is"
                " not known: pass vpc_cidr_block to the import, or name the service in existing_endpoints"
            ) from error


def _check_account(account: str) -> str:
    if not Token.is_unresolved(account) and not _ACCOUNT.fullmatch(account):
        raise NetworkError(f"trusted_accounts must be account ids of 12 digits, got {account!r}")
    return account
