"""The rule that a job in a VPC can reach all services that its role allows it to call."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from cdk_penstock.review.applications_and_policies import flink_applications
from cdk_penstock.review.job_calls import job_calls
from cdk_penstock.review.network_paths import (
    endpoints_of,
    has_endpoint_like,
    interfaces_of,
    is_interface,
    leads_out,
    lets_through,
    position_in_vpc,
)
from cdk_penstock.review.rule import Violation
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_penstock.model.aws_services import AwsService
    from cdk_penstock.review.job_calls import JobCall
    from cdk_penstock.review.network_paths import VpcPosition
    from cdk_penstock.review.templates import Resource, Templates

_VPC: Final = "ApplicationConfiguration.VpcConfigurations"
_HTTPS: Final = 443
_KAFKA_IAM: Final = 9098
"""The port on which MSK's brokers take clients with IAM (MSK developer guide, port-info)."""

_CLUSTER: Final = "AWS::MSK::Cluster"
_SERVERLESS_CLUSTER: Final = "AWS::MSK::ServerlessCluster"
_DOMAIN: Final = "AWS::OpenSearchService::Domain"
_PORTS: Final = {_CLUSTER: _KAFKA_IAM, _SERVERLESS_CLUSTER: _KAFKA_IAM, _DOMAIN: _HTTPS}
_DATA_ACTIONS: Final = {"kafka-cluster": (_CLUSTER, _SERVERLESS_CLUSTER), "es": (_DOMAIN,)}
_INSIDE_VPCS: Final = {*_DATA_ACTIONS, "aoss", "dax", "elasticache", "memorydb", "neptune-db", "rds-db"}
"""Action prefixes of resources that answer inside a VPC, without an endpoint of their service."""
_NOT_OF_THE_JOB: Final = {"ec2", "iam"}
"""Action prefixes that the job never calls: MSF creates the network interfaces, and ``iam:PassRole`` is no call."""


def job_reaches_what_it_calls(templates: Templates) -> Iterator[Violation]:
    """Yield services, clusters and domains that the role of a job in a VPC allows, but that the job cannot reach.

    A VPC that is not in the templates is not checked.
    """
    for application in flink_applications(templates):
        configuration = as_mapping(next(iter(as_list(application.get(_VPC))), None))
        position = position_in_vpc(
            application, configuration.get("SubnetIds"), configuration.get("SecurityGroupIds"), templates
        )
        if position is None:
            continue
        made = list(job_calls(application, templates))
        yield from _unreachable_services(application, position, made, templates)
        yield from _unreachable_other_services(application, position, made, templates)
        yield from _unreachable_resources(application, position, made, templates)


def _unreachable_services(
    application: Resource, position: VpcPosition, made: Iterable[JobCall], templates: Templates
) -> Iterator[Violation]:
    actions: dict[AwsService, set[str]] = defaultdict(set)
    for call in made:
        if call.service is not None:
            actions[call.service].add(call.action)
    if leads_out(position, templates) and lets_through(position, None, _HTTPS, templates):
        return
    for service, called in actions.items():
        found = _problem_of(service, position, templates)
        if found is not None:
            problem, fix = found
            yield Violation(
                subject=service.endpoint,
                problem=f"the job may call {_shown(called)}, and {problem}",
                fix=f"{fix}; or acknowledge it if the job never calls it",
                resource=application,
                location=_VPC,
            )


def _problem_of(service: AwsService, position: VpcPosition, templates: Templates) -> tuple[str, str] | None:
    """Return the obstacle between a job and a service, with its fix; None if there is no obstacle."""
    endpoints = endpoints_of(position, service, templates)
    if not endpoints and leads_out(position, templates):
        return f"its security groups do not let port {_HTTPS} out", f"let its security group out to port {_HTTPS}"
    if not endpoints:
        kind = "gateway endpoint in the route tables" if service.is_gateway else "interface endpoint with private DNS"
        there = has_endpoint_like(position, service.endpoint, templates)
        repair = (
            "put the endpoint into the route tables of its subnets" if service.is_gateway else "turn on its private DNS"
        )
        add = f"add the endpoint, in an ApplicationVpc with add_endpoint(AwsService.of({service.endpoint!r}))"
        outbound = f"and let its security group out to port {_HTTPS}"
        return (
            f"its subnets have no {kind} for {service.endpoint}, and no NAT",
            f"{repair if there else add}, {outbound}",
        )
    for endpoint in endpoints:
        target = interfaces_of(endpoint, position, templates) if is_interface(endpoint) else None
        if lets_through(position, target, _HTTPS, templates):
            return None
    return (
        f"security groups do not let port {_HTTPS} through to the endpoint for {service.endpoint}",
        f"allow port {_HTTPS} from the application's security group to that of the endpoint, in both groups",
    )


def _unreachable_other_services(
    application: Resource, position: VpcPosition, made: Iterable[JobCall], templates: Templates
) -> Iterator[Violation]:
    """Yield services that the table does not know, if no endpoint has a name like theirs."""
    actions: dict[str, set[str]] = defaultdict(set)
    for call in made:
        prefix, _, action = call.action.partition(":")
        if action and call.service is None and prefix.lower() not in _INSIDE_VPCS | _NOT_OF_THE_JOB:
            actions[prefix.lower()].add(call.action)
    for prefix, called in actions.items():
        if not leads_out(position, templates) and not has_endpoint_like(position, prefix, templates):
            yield Violation(
                subject=prefix,
                problem=f"the job may call {_shown(called)}, and its subnets have no endpoint with a name like"
                f" {prefix}, and no NAT",
                fix="add the service's endpoint, in an ApplicationVpc with add_endpoint(AwsService.of(its name,"
                f" action_prefix={prefix!r})); or acknowledge it if the endpoint has another name, or the job"
                " never calls it",
                resource=application,
                location=_VPC,
            )


def _unreachable_resources(
    application: Resource, position: VpcPosition, made: Iterable[JobCall], templates: Templates
) -> Iterator[Violation]:
    """Yield clusters and domains in the same VPC that security groups block."""
    targets: dict[tuple[str, str], tuple[str, Resource]] = {}
    for call in made:
        prefix = call.action.partition(":")[0]
        for target in templates.references(call.resource, call.policy.template):
            if target.type in _DATA_ACTIONS.get(prefix, ()):
                targets[target.key] = (prefix, target)
    for prefix, target in targets.values():
        port = _PORTS[target.type]
        if target.type == _DOMAIN and target.get("VPCOptions") is None and not leads_out(position, templates):
            yield Violation(
                subject=prefix,
                problem=f"the job may use {target.logical_id}, which is in no VPC, and its subnets have no NAT",
                fix="put the domain into the application's VPC",
                resource=application,
                location=_VPC,
            )
        for there in _positions(target, templates):
            if there.vpc.key == position.vpc.key and not lets_through(position, there, port, templates):
                yield Violation(
                    subject=prefix,
                    problem=f"the job may use {target.logical_id}, and security groups do not let port {port} through",
                    fix=f"allow port {port} from the application's security group to that of {target.logical_id}, in"
                    " both groups",
                    resource=application,
                    location=_VPC,
                )


def _positions(target: Resource, templates: Templates) -> Sequence[VpcPosition]:
    """Return the positions of a cluster or a domain; none for a domain outside VPCs."""
    match target.type:
        case "AWS::MSK::Cluster":
            group = as_mapping(target.get("BrokerNodeGroupInfo"))
            configured = [(group.get("ClientSubnets"), group.get("SecurityGroups"))]
        case "AWS::MSK::ServerlessCluster":
            each_vpc = [as_mapping(each) for each in as_list(target.get("VpcConfigs"))]
            configured = [(each.get("SubnetIds"), each.get("SecurityGroups")) for each in each_vpc]
        case _:
            options = as_mapping(target.get("VPCOptions"))
            configured = [(options.get("SubnetIds"), options.get("SecurityGroupIds"))]
    positions = [position_in_vpc(target, subnets, groups, templates) for subnets, groups in configured]
    return [position for position in positions if position is not None]


def _shown(actions: Iterable[str]) -> str:
    ordered = sorted(actions)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")  # noqa: PLR2004
