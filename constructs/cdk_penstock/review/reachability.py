"""The rule that a job in a VPC can reach what its role lets it call."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from cdk_penstock.review.applications_and_policies import flink_applications
from cdk_penstock.review.job_calls import calls
from cdk_penstock.review.network_paths import (
    endpoints_of,
    has_endpoint_like,
    interfaces_of,
    is_interface,
    leads_out,
    lets_through,
    place_in_vpc,
)
from cdk_penstock.review.rule import Violation
from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_penstock.model.aws_services import AwsService
    from cdk_penstock.review.job_calls import Call
    from cdk_penstock.review.network_paths import Place
    from cdk_penstock.review.templates import Resource, Templates

__all__ = ("job_reaches_what_it_calls",)

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
"""Prefixes of actions on what answers inside a VPC, without an endpoint of its service."""
_NOT_OF_THE_JOB: Final = {"ec2", "iam"}
"""Prefixes of what MSF does for the job, interfaces in the VPC, and of ``iam:PassRole``, which nobody calls."""


def job_reaches_what_it_calls(templates: Templates) -> Iterator[Violation]:
    """Yield services, clusters and domains that the role of a job in a VPC lets it call, and that it cannot reach.

    A VPC that is not in the templates is not judged.
    """
    for application in flink_applications(templates):
        configuration = as_mapping(next(iter(as_list(application.get(_VPC))), None))
        place = place_in_vpc(
            application, configuration.get("SubnetIds"), configuration.get("SecurityGroupIds"), templates
        )
        if place is None:
            continue
        made = list(calls(application, templates))
        yield from _unreachable_services(application, place, made, templates)
        yield from _unreachable_other_services(application, place, made, templates)
        yield from _unreachable_resources(application, place, made, templates)


def _unreachable_services(
    application: Resource, place: Place, made: Iterable[Call], templates: Templates
) -> Iterator[Violation]:
    actions: dict[AwsService, set[str]] = defaultdict(set)
    for call in made:
        if call.service is not None:
            actions[call.service].add(call.action)
    if leads_out(place, templates) and lets_through(place, None, _HTTPS, templates):
        return
    for service, called in actions.items():
        found = _problem_of(service, place, templates)
        if found is not None:
            problem, fix = found
            yield Violation(
                subject=service.endpoint,
                problem=f"the job may call {_shown(called)}, and {problem}",
                fix=f"{fix}; or acknowledge it where the job never calls it",
                resource=application,
                location=_VPC,
            )


def _problem_of(service: AwsService, place: Place, templates: Templates) -> tuple[str, str] | None:
    """Return what keeps a job from a service, and what to do about that."""
    endpoints = endpoints_of(place, service, templates)
    if not endpoints and leads_out(place, templates):
        return f"its security groups do not let port {_HTTPS} out", f"let its security group out to port {_HTTPS}"
    if not endpoints:
        kind = "gateway endpoint in the route tables" if service.is_gateway else "interface endpoint with private DNS"
        there = has_endpoint_like(place, service.endpoint, templates)
        repair = (
            "put the endpoint into the route tables of its subnets" if service.is_gateway else "turn on its private DNS"
        )
        add = f"add the endpoint, in an ApplicationVpc with add_endpoint(AwsService.of({service.endpoint!r}))"
        way_out = f"and let its security group out to port {_HTTPS}"
        return (
            f"its subnets have no {kind} for {service.endpoint}, nor NAT",
            f"{repair if there else add}, {way_out}",
        )
    for endpoint in endpoints:
        target = interfaces_of(endpoint, place, templates) if is_interface(endpoint) else None
        if lets_through(place, target, _HTTPS, templates):
            return None
    return (
        f"security groups do not let port {_HTTPS} through to the endpoint for {service.endpoint}",
        f"allow port {_HTTPS} from the application's security group to that of the endpoint, in both groups",
    )


def _unreachable_other_services(
    application: Resource, place: Place, made: Iterable[Call], templates: Templates
) -> Iterator[Violation]:
    """Yield services that the table does not know, where no endpoint could be theirs by its name."""
    actions: dict[str, set[str]] = defaultdict(set)
    for call in made:
        prefix, _, action = call.action.partition(":")
        if action and call.service is None and prefix.lower() not in _INSIDE_VPCS | _NOT_OF_THE_JOB:
            actions[prefix.lower()].add(call.action)
    for prefix, called in actions.items():
        if not leads_out(place, templates) and not has_endpoint_like(place, prefix, templates):
            yield Violation(
                subject=prefix,
                problem=f"the job may call {_shown(called)}, and its subnets have no endpoint that is called like"
                f" {prefix}, nor NAT",
                fix="add the service's endpoint, in an ApplicationVpc with add_endpoint(AwsService.of(its name,"
                f" action_prefix={prefix!r})); or acknowledge it where the endpoint is called otherwise, or the job"
                " never calls it",
                resource=application,
                location=_VPC,
            )


def _unreachable_resources(
    application: Resource, place: Place, made: Iterable[Call], templates: Templates
) -> Iterator[Violation]:
    """Yield clusters and domains in the same VPC that security groups keep the job from."""
    targets: dict[tuple[str, str], tuple[str, Resource]] = {}
    for call in made:
        prefix = call.action.partition(":")[0]
        for target in templates.references(call.resource, call.policy.template):
            if target.type in _DATA_ACTIONS.get(prefix, ()):
                targets[target.key] = (prefix, target)
    for prefix, target in targets.values():
        port = _PORTS[target.type]
        if target.type == _DOMAIN and target.get("VPCOptions") is None and not leads_out(place, templates):
            yield Violation(
                subject=prefix,
                problem=f"the job may use {target.logical_id}, which is in no VPC, and its subnets have no NAT",
                fix="put the domain into the application's VPC",
                resource=application,
                location=_VPC,
            )
        for there in _places(target, templates):
            if there.vpc.key == place.vpc.key and not lets_through(place, there, port, templates):
                yield Violation(
                    subject=prefix,
                    problem=f"the job may use {target.logical_id}, and security groups do not let port {port} through",
                    fix=f"allow port {port} from the application's security group to that of {target.logical_id}, in"
                    " both groups",
                    resource=application,
                    location=_VPC,
                )


def _places(target: Resource, templates: Templates) -> Sequence[Place]:
    """Return where a cluster or a domain is; nothing for a domain that is in no VPC."""
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
    places = [place_in_vpc(target, subnets, groups, templates) for subnets, groups in configured]
    return [place for place in places if place is not None]


def _shown(actions: Iterable[str]) -> str:
    ordered = sorted(actions)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")  # noqa: PLR2004
