"""The rule that a job runs in private subnets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cdk_penstock.review.applications_and_policies import flink_applications
from cdk_penstock.review.rule import Violation
from cdk_penstock.review.templates import as_list, as_mapping, is_intrinsic, is_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.review.templates import Resource, Templates

_VPC: Final = "ApplicationConfiguration.VpcConfigurations"


def subnets_are_private(templates: Templates) -> Iterator[Violation]:
    """Yield public subnets: the job's network interfaces get no public address, so nothing leads out of one."""
    for application in flink_applications(templates):
        configurations = application.get(_VPC)
        if configurations is not None and not isinstance(configurations, list) and not is_intrinsic(configurations):
            yield Violation(
                problem=f"VpcConfigurations is not a list but {json.dumps(configurations)[:80]}",
                fix="write a list of one configuration",
                resource=application,
                location=_VPC,
            )
        for configuration in as_list(configurations):
            for subnet_id in as_list(as_mapping(configuration).get("SubnetIds")):
                subnet = templates.find(subnet_id, application.template)
                if subnet is not None and _is_public(subnet, templates):
                    yield Violation(
                        problem=f"subnet {subnet.logical_id} is public, and the job gets no public address in it",
                        fix="choose private subnets, with NAT or endpoints for what the job reaches",
                        resource=application,
                        location=_VPC,
                    )


def _is_public(subnet: Resource, templates: Templates) -> bool:
    if is_on(subnet.get("MapPublicIpOnLaunch")):
        return True
    tables = [
        association.get("RouteTableId")
        for association in subnet.template.resources("AWS::EC2::SubnetRouteTableAssociation")
        if association.get("SubnetId") == {"Ref": subnet.logical_id}
    ]
    return any(
        route.get("RouteTableId") in tables and _leads_to_internet_gateway(route, templates)
        for route in subnet.template.resources("AWS::EC2::Route")
    )


def _leads_to_internet_gateway(route: Resource, templates: Templates) -> bool:
    gateway = templates.find(route.get("GatewayId"), route.template)
    return gateway is not None and gateway.type == "AWS::EC2::InternetGateway"
