"""The calls that CloudFormation makes for one resource, each with its resources and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.policies.operator_policies import operator_key_policy
from cdk_penstock.review.execution.call import ANYTHING, Call
from cdk_penstock.review.execution.permissions import actions_of
from cdk_penstock.review.execution.resource_arns import arns_of, expand
from cdk_penstock.review.execution.without_resource import takes_no_resource
from cdk_penstock.review.templates import APPLICATION, as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.review.execution.call import Condition
    from cdk_penstock.review.execution.target import Target
    from cdk_penstock.review.templates import Resource

_ROLE: Final = "AWS::IAM::Role"
_CREATE_LINKED_ROLE: Final = "iam:CreateServiceLinkedRole"
_SERVICES: Final = {
    "AWS::ApplicationAutoScaling": "application-autoscaling",
    "AWS::KinesisAnalyticsV2": "kinesisanalytics",
    "AWS::KinesisFirehose": "firehose",
    "AWS::MSK": "kafka",
    "AWS::MSK::Topic": "kafka-cluster",
    "AWS::OpenSearchService": "es",
    "AWS::StepFunctions": "states",
}
_PLACE: Final = "{region}:{account}"
_CODE: Final = "@Code.S3Bucket"

_ELSEWHERE: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("AWS::ApplicationAutoScaling::ScalableTarget", "cloudwatch"): (
        f"arn:{{partition}}:cloudwatch:{_PLACE}:alarm:TargetTracking-*",
    ),
    ("AWS::ApplicationAutoScaling::ScalableTarget", "lambda"): (f"arn:{{partition}}:lambda:{_PLACE}:function:*",),
    ("AWS::EC2::FlowLog", "s3"): ("@LogDestination",),
    ("AWS::Grafana::Workspace", "ec2"): (f"arn:{{partition}}:ec2:{_PLACE}:prefix-list/*",),
    ("AWS::Lambda::Function", "lambda:GetLayerVersion"): ("@Layers",),
    ("AWS::Lambda::Function", "s3"): (_CODE,),
    ("AWS::Logs::LogGroup", "firehose"): (f"arn:{{partition}}:firehose:{_PLACE}:deliverystream/*",),
    ("AWS::MSK::Cluster", "acm-pca"): (f"arn:{{partition}}:acm-pca:{_PLACE}:certificate-authority/*",),
    ("AWS::MSK::Cluster", "ec2"): (f"arn:{{partition}}:ec2:{_PLACE}:network-interface/*",),
    ("AWS::MSK::Cluster", "firehose"): (f"arn:{{partition}}:firehose:{_PLACE}:deliverystream/*",),
    ("AWS::MSK::Cluster", "iam"): (
        "arn:{partition}:iam::{account}:role/aws-service-role/kafka.amazonaws.com/AWSServiceRoleForKafka*",
    ),
    ("AWS::MSK::Cluster", "s3"): ("@LoggingInfo.BrokerLogs.S3.Bucket",),
    ("AWS::MSK::ServerlessCluster", "ec2"): tuple(
        f"arn:{{partition}}:ec2:{_PLACE}:{kind}/*"
        for kind in ("vpc-endpoint", "vpc", "subnet", "security-group", "route-table")
    ),
    ("AWS::S3::Bucket", "s3tables"): (f"arn:{{partition}}:s3tables:{_PLACE}:bucket/*",),
    ("AWS::StepFunctions::StateMachine", "s3"): ("@DefinitionS3Location.Bucket",),
}
"""Resources of a type's calls of other services, or on other kinds of resources."""

_PASSED_TO: Final = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "application-autoscaling",
    "AWS::EC2::FlowLog": "vpc-flow-logs",
    "AWS::Events::Rule": "events",
    "AWS::Grafana::Workspace": "grafana",
    APPLICATION: "kinesisanalytics",
    "AWS::KinesisFirehose::DeliveryStream": "firehose",
    "AWS::Lambda::Function": "lambda",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Subscription": "sns",
    "AWS::SNS::Topic": "sns",
    "AWS::Scheduler::Schedule": "scheduler",
    "AWS::StepFunctions::StateMachine": "states",
}
_ROLE_PROPERTIES: Final = frozenset(
    {"DeliverLogsPermissionArn", "Role", "RoleARN", "RoleArn", "ServiceExecutionRole", "SubscriptionRoleArn"}
)
_LINKED_ROLE_OF: Final = {
    "AWS::EC2::FlowLog": "delivery.logs",
    "AWS::Grafana::Workspace": "grafana",
    "AWS::MSK::Cluster": "kafka",
    "AWS::MSK::ServerlessCluster": "kafka",
    "AWS::OpenSearchService::Domain": "opensearchservice",
}
_WITHIN_BOUNDARY: Final = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
)
"""Actions that know ``iam:PermissionsBoundary`` (service authorization reference, IAM)."""
_WITHOUT_REGION: Final = frozenset({"iam", "organizations", "s3", "sso"})


def calls_for(resource: Resource, target: Target, handler: str | None = None) -> Iterator[Call]:
    """Yield the calls of a handler for a resource. Default: of all, from its creation to its deletion."""
    for action in actions_of(resource, handler):
        if action == "iam:PassRole":
            yield from _role_passed(resource, target)
        elif action == _CREATE_LINKED_ROLE:
            yield _linked_role(resource, target)
        elif action.startswith("kms:") and resource.type == APPLICATION:
            yield from _application_key(action, target)
        elif action.startswith("kms:") and not resource.type.startswith("AWS::KMS::"):
            yield _key(action, target)
        elif takes_no_resource(action):
            yield Call(action=action, resources=ANYTHING, conditions=in_region(action, target))
        else:
            yield Call(
                action=action,
                resources=_resources(action, resource, target),
                conditions=tuple(_conditions(action, resource, target)),
            )


def is_placed(resource_type: str, action: str) -> bool:
    """Return True if the resources on which a type's action is called are known."""
    service = action.partition(":")[0].lower()
    own = _SERVICES.get(resource_type) or _SERVICES.get(resource_type.rpartition("::")[0])
    return (
        takes_no_resource(action)
        or action.startswith("kms:")
        or service == (own or resource_type.split("::")[1].lower())
        or (resource_type, service) in _ELSEWHERE
        or (action == "iam:PassRole" and resource_type in _PASSED_TO)
        or (action == "iam:GetRole" and resource_type in _PASSED_TO)
        or (action == _CREATE_LINKED_ROLE and bool(_linked_service(resource_type, "kafka")))
    )


def in_region(action: str, target: Target) -> tuple[Condition, ...]:
    """Return the condition that keeps an action without resources in the Region, for services that have Regions."""
    if action.partition(":")[0] in _WITHOUT_REGION:
        return ()
    return (("StringEquals", "aws:RequestedRegion", (target.region,)),)


def _resources(action: str, resource: Resource, target: Target) -> tuple[str, ...]:
    if action == "iam:GetRole" and resource.type in _PASSED_TO:
        return _roles(resource, target)
    service = action.partition(":")[0]
    forms = _ELSEWHERE.get((resource.type, action)) or _ELSEWHERE.get((resource.type, service))
    arns = arns_of(resource, target, forms)
    return tuple(f"{arn}/*" for arn in arns) if action.startswith("s3:GetObject") else arns


def _conditions(action: str, resource: Resource, target: Target) -> Iterator[Condition]:
    if not resource.type.startswith("AWS::IAM::"):
        return
    if action == "iam:AttachRolePolicy":
        yield "ArnLike", "iam:PolicyARN", _attached(target)
    if action in _WITHIN_BOUNDARY:
        roles = [resource] if resource.type == _ROLE else target.referred(resource.get("Roles"), resource)
        boundaries = [role.get("PermissionsBoundary") for role in roles]
        if boundaries and all(boundaries):
            values = {target.text(each, role) for each, role in zip(boundaries, roles, strict=True)}
            yield "ArnLike", "iam:PermissionsBoundary", tuple(sorted(values))


def _attached(target: Target) -> tuple[str, ...]:
    """Return the managed policies of all roles of the templates."""
    found = {
        arn for policy in target.templates.resources("AWS::IAM::ManagedPolicy") for arn in arns_of(policy, target)[:1]
    }
    for role in target.templates.resources(_ROLE):
        for value in as_list(role.get("ManagedPolicyArns")):
            if not target.referred(value, role):
                found.add(target.text(value, role))
    return tuple(sorted(found))


def _role_passed(resource: Resource, target: Target) -> Iterator[Call]:
    if roles := _roles(resource, target):
        service = f"{_PASSED_TO[resource.type]}.amazonaws.com"
        condition = ("StringEquals", "iam:PassedToService", (service,))
        yield Call(action="iam:PassRole", resources=roles, conditions=(condition,))


def _roles(resource: Resource, target: Target) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in _role_values(as_mapping(resource.body.get("Properties"))):
        roles = [each for each in target.referred(value, resource) if each.type == _ROLE]
        arns = [arn for role in roles for arn in arns_of(role, target)] or [target.text(value, resource)]
        found.update(dict.fromkeys(arns))
    return tuple(found)


def _role_values(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for key, each in value.items():
                if key in _ROLE_PROPERTIES:
                    yield each
                else:
                    yield from _role_values(each)
        case list():
            for each in value:
                yield from _role_values(each)


def _linked_service(resource_type: str, namespace: str) -> str:
    if resource_type == "AWS::ApplicationAutoScaling::ScalableTarget":
        return f"{namespace}.application-autoscaling.amazonaws.com"
    return f"{_LINKED_ROLE_OF[resource_type]}.amazonaws.com" if resource_type in _LINKED_ROLE_OF else ""


def _linked_role(resource: Resource, target: Target) -> Call:
    service = _linked_service(resource.type, str(resource.get("ServiceNamespace")))
    (arn,) = expand(f"arn:{{partition}}:iam::{{account}}:role/aws-service-role/{service}/*", resource, target)
    condition = ("StringEquals", "iam:AWSServiceName", (service,))
    return Call(action=_CREATE_LINKED_ROLE, resources=(arn,), conditions=(condition,))


def _key(action: str, target: Target) -> Call:
    """Return a call on the key of another service's data. That service makes the call, except DescribeKey."""
    condition: dict[str, Condition] = {
        "kms:CreateGrant": ("Bool", "kms:GrantIsForAWSResource", ("true",)),
        "kms:RevokeGrant": ("Bool", "kms:GrantIsForAWSResource", ("true",)),
    }
    through = ("StringLike", "kms:ViaService", (f"*.{target.region}.amazonaws.com",))
    conditions = () if action == "kms:DescribeKey" else (condition.get(action, through),)
    return Call(action=action, resources=(target.any_key,), conditions=conditions)


def _application_key(action: str, target: Target) -> Iterator[Call]:
    """Yield calls that an operator makes on the key of an application's state, if any application has one."""
    if not target.has_application_keys:
        return
    applications = [arn for each in target.templates.resources(APPLICATION) for arn in arns_of(each, target)]
    document = operator_key_policy(application_arn="", key_arns=[target.any_key], region=target.region)
    for statement in document.statements:
        if action in statement.actions:
            conditions = [
                (operator, key, tuple(applications) if values == ("",) else values)
                for operator, keys in statement.conditions.items()
                for key, values in keys.items()
            ]
            yield Call(action=action, resources=statement.resources, conditions=tuple(map(_like, conditions)))


def _like(condition: Condition) -> Condition:
    operator, key, values = condition
    has_pattern = operator == "StringEquals" and any("*" in value for value in values)
    return ("StringLike" if has_pattern else operator, key, values)
