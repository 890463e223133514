"""The stack of the VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from cdk_penstock.network import ApplicationVpc, AwsService

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.network import IApplicationVpc
    from stacks.environment import Environment


class NetworkStack(Stack):
    """A VPC without a way to the internet, or one that exists already."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"penstock {environment.name}: network",
            termination_protection=environment.sensitive_data,
        )
        self.network = self._build_network(environment)
        CfnOutput(self, "VpcId", value=self.network.vpc.vpc_id)

    def _build_network(self, environment: Environment) -> IApplicationVpc:
        settings = environment.network
        if settings.vpc_id is not None:
            existing = [AwsService.of(name) for name in settings.existing_endpoints]
            return ApplicationVpc.from_lookup(self, "Vpc", vpc_id=settings.vpc_id, existing_endpoints=existing)
        return ApplicationVpc(
            self,
            "Vpc",
            cidr=settings.cidr,
            availability_zones=settings.availability_zones,
            number_of_zones=settings.zones,
            removal_policy=environment.removal_policy,
        )
