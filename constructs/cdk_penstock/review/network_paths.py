"""Network paths through a VPC: routes, endpoints, and security groups.

Only certain facts are judged. A security group of another app, an address block and a transit gateway may lead
anywhere, so they count as a path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.findings import resource_pattern
from cdk_penstock.review.templates import as_list, as_mapping, is_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from cdk_penstock.model.aws_services import AwsService
    from cdk_penstock.review.templates import Resource, Templates

_SECURITY_GROUP: Final = "AWS::EC2::SecurityGroup"
_EVERYWHERE: Final = "0.0.0.0/0"
_ELSEWHERE: Final = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "InstanceId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
)
_TCP: Final = ("tcp", "6")
_ANY_PROTOCOL: Final = "-1"


@dataclass(frozen=True, kw_only=True)
class VpcPosition:
    """Position of network interfaces in a VPC; a security group that is not in the templates is None."""

    vpc: Resource
    subnets: tuple[Resource, ...]
    security_groups: tuple[Resource | None, ...]


def position_in_vpc(
    owner: Resource, subnet_ids: object, security_group_ids: object, templates: Templates
) -> VpcPosition | None:
    """Return the position of these subnets and security groups, None if their VPC is not in the templates."""
    subnets = [templates.find(value, owner.template) for value in as_list(subnet_ids)]
    known = [subnet for subnet in subnets if subnet is not None and subnet.type == "AWS::EC2::Subnet"]
    if not known or len(known) != len(subnets):
        return None
    vpc = templates.find(known[0].get("VpcId"), known[0].template)
    if vpc is None:
        return None
    groups = tuple(_security_group(value, owner, templates) for value in as_list(security_group_ids))
    return VpcPosition(vpc=vpc, subnets=tuple(known), security_groups=groups)


def leads_out(position: VpcPosition, templates: Templates) -> bool:
    """Return True if every subnet has a route through NAT, or one that may lead anywhere."""
    return all(
        any(_route_leads_out(route) for table in _tables(subnet, templates) for route in _routes(table, templates))
        for subnet in position.subnets
    )


def endpoints_of(position: VpcPosition, service: AwsService, templates: Templates) -> list[Resource]:
    """Return the endpoints that lead from the position to a service under the service's public name."""
    return [
        endpoint
        for endpoint in templates.resources("AWS::EC2::VPCEndpoint")
        if resource_pattern(endpoint.get("ServiceName")).endswith(f".{service.endpoint}")
        and _is_same(templates.find(endpoint.get("VpcId"), endpoint.template), position.vpc)
        and (
            _has_private_dns(endpoint) if is_interface(endpoint) else _is_in_route_tables(endpoint, position, templates)
        )
    ]


def has_endpoint_like(position: VpcPosition, prefix: str, templates: Templates) -> bool:
    """Return True if an endpoint's name begins like a service's actions, as ``bedrock-runtime`` and ``bedrock:``."""
    return any(
        f".{prefix}" in resource_pattern(endpoint.get("ServiceName"))
        and _is_same(templates.find(endpoint.get("VpcId"), endpoint.template), position.vpc)
        for endpoint in templates.resources("AWS::EC2::VPCEndpoint")
    )


def is_interface(endpoint: Resource) -> bool:
    """Return True if an endpoint has network interfaces; a gateway endpoint has routes."""
    return bool(endpoint.get("VpcEndpointType") == "Interface")


def interfaces_of(endpoint: Resource, position: VpcPosition, templates: Templates) -> VpcPosition:
    """Return the position of an interface endpoint in the same VPC."""
    ids = as_list(endpoint.get("SecurityGroupIds"))
    groups = tuple(_security_group(value, endpoint, templates) for value in ids) or (None,)
    return VpcPosition(vpc=position.vpc, subnets=(), security_groups=groups)


def lets_through(source: VpcPosition, target: VpcPosition | None, port: int, templates: Templates) -> bool:
    """Return True if security groups let a TCP connection out of the source, and into the target if it has groups.

    Without a target the connection leaves the VPC, where no security group stops it.
    """
    if target is None:
        return _allows(source.security_groups, "Egress", port, None, templates)
    return _allows(source.security_groups, "Egress", port, target.security_groups, templates) and _allows(
        target.security_groups, "Ingress", port, source.security_groups, templates
    )


def _allows(
    groups: Sequence[Resource | None],
    direction: str,
    port: int,
    peers: Sequence[Resource | None] | None,
    templates: Templates,
) -> bool:
    return any(
        group is None
        or (direction == "Egress" and group.get("SecurityGroupEgress") is None)
        or any(
            _covers(rule, port) and _is_meant_for(rule, holder, peers, templates)
            for rule, holder in _rules(group, direction, templates)
        )
        for group in groups
    )


def _rules(group: Resource, direction: str, templates: Templates) -> Iterator[tuple[Mapping[str, Any], Resource]]:
    for rule in as_list(group.get(f"SecurityGroup{direction}")):
        yield as_mapping(rule), group
    for resource in templates.resources(f"{_SECURITY_GROUP}{direction}"):
        if _is_same(templates.find(resource.get("GroupId"), resource.template), group):
            yield as_mapping(resource.body.get("Properties")), resource


def _covers(rule: Mapping[str, Any], port: int) -> bool:
    protocol, first, last = rule.get("IpProtocol"), rule.get("FromPort"), rule.get("ToPort")
    unknown = not rule or any(isinstance(each, dict) for each in (protocol, first, last))
    if unknown or str(protocol) == _ANY_PROTOCOL:
        return True
    if str(protocol) not in _TCP or first is None or last is None:
        return False
    try:
        return int(first) <= port <= int(last)
    except (TypeError, ValueError):
        return True


def _is_meant_for(
    rule: Mapping[str, Any], holder: Resource, peers: Sequence[Resource | None] | None, templates: Templates
) -> bool:
    peer = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if peer is None:
        return True
    if peers is None:
        return False
    meant = _security_group(peer, holder, templates)
    return meant is None or any(each is None or each.key == meant.key for each in peers)


def _security_group(value: object, holder: Resource, templates: Templates) -> Resource | None:
    found = templates.find(value, holder.template)
    return found if found is not None and found.type == _SECURITY_GROUP else None


def _tables(subnet: Resource, templates: Templates) -> Iterator[Resource]:
    for association in templates.resources("AWS::EC2::SubnetRouteTableAssociation"):
        if _is_same(templates.find(association.get("SubnetId"), association.template), subnet):
            table = templates.find(association.get("RouteTableId"), association.template)
            if table is not None:
                yield table


def _routes(table: Resource, templates: Templates) -> Iterator[Resource]:
    for route in templates.resources("AWS::EC2::Route"):
        if _is_same(templates.find(route.get("RouteTableId"), route.template), table):
            yield route


def _route_leads_out(route: Resource) -> bool:
    if route.get("NatGatewayId") is not None:
        return bool(route.get("DestinationCidrBlock") == _EVERYWHERE)
    return any(route.get(target) is not None for target in _ELSEWHERE)


def _is_in_route_tables(endpoint: Resource, position: VpcPosition, templates: Templates) -> bool:
    served = [templates.find(value, endpoint.template) for value in as_list(endpoint.get("RouteTableIds"))]
    return all(
        any(_is_same(each, table) for each in served for table in _tables(subnet, templates))
        for subnet in position.subnets
    )


def _has_private_dns(endpoint: Resource) -> bool:
    value = endpoint.get("PrivateDnsEnabled")
    return value is not None and not is_off(value)


def _is_same(found: Resource | None, expected: Resource) -> bool:
    return found is not None and found.key == expected.key
