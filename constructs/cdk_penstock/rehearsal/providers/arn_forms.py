"""Forms of the ARNs of resources.

Sources: service authorization reference, "Resource types defined by" each service; the page of each resource type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_penstock.review.execution.resource_arns import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE: Final = "arn:{partition}:%s:{region}:{account}:%s"
_GLOBAL: Final = "arn:{partition}:%s::{account}:%s"

_FORMS: Final[Mapping[str, str]] = {
    "AWS::APS::ResourcePolicy": "",
    "AWS::APS::RuleGroupsNamespace": _PLACE % ("aps", "rulegroupsnamespace/{end of Workspace}/{name}"),
    "AWS::ApplicationAutoScaling::ScalableTarget": _PLACE % ("application-autoscaling", "scalable-target/{id}"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": _PLACE
    % ("autoscaling", "scalingPolicy:{id}:resource/{ServiceNamespace}/{ResourceId}:policyName/{PolicyName}"),
    "AWS::CertificateManager::Certificate": _PLACE % ("acm", "certificate/{id}"),
    "AWS::DynamoDB::Table": _PLACE % ("dynamodb", "table/{name}"),
    "AWS::EC2::NatGateway": _PLACE % ("ec2", "natgateway/{id}"),
    "AWS::EC2::SecurityGroupEgress": _PLACE % ("ec2", "security-group-rule/{id}"),
    "AWS::EC2::SecurityGroupIngress": _PLACE % ("ec2", "security-group-rule/{id}"),
    "AWS::EC2::SubnetRouteTableAssociation": "",
    "AWS::EC2::VPCGatewayAttachment": "",
    "AWS::ECR::Repository": _PLACE % ("ecr", "repository/{name}"),
    "AWS::ECS::Cluster": _PLACE % ("ecs", "cluster/{name}"),
    "AWS::Events::EventBus": _PLACE % ("events", "event-bus/{name}"),
    "AWS::IAM::Group": _GLOBAL % ("iam", "group{Path}{name}"),
    "AWS::IAM::InstanceProfile": _GLOBAL % ("iam", "instance-profile{Path}{name}"),
    "AWS::IAM::GroupPolicy": "",
    "AWS::IAM::RolePolicy": "",
    "AWS::IAM::User": _GLOBAL % ("iam", "user{Path}{name}"),
    "AWS::IAM::UserPolicy": "",
    "AWS::Kinesis::StreamConsumer": "{StreamARN}/consumer/{ConsumerName}:1767225600",
    "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption": "",
    "AWS::Lambda::Alias": "{FunctionArn}:{name}",
    "AWS::Lambda::EventSourceMapping": _PLACE % ("lambda", "event-source-mapping:{id}"),
    "AWS::Lambda::LayerVersion": _PLACE % ("lambda", "layer:{name}:1"),
    "AWS::Lambda::Version": "{FunctionArn}:1",
    "AWS::Logs::LogStream": "",
    "AWS::Logs::MetricFilter": "",
    "AWS::MSK::Topic": _PLACE % ("kafka", "topic/{end of ClusterArn}/{name}"),
    "AWS::RDS::DBCluster": _PLACE % ("rds", "cluster:{name}"),
    "AWS::RDS::DBInstance": _PLACE % ("rds", "db:{name}"),
    "AWS::SNS::Subscription": "{TopicArn}:{id}",
    "AWS::SSM::Parameter": _PLACE % ("ssm", "parameter/{name}"),
    "AWS::SecretsManager::Secret": _PLACE % ("secretsmanager", "secret:{name}-{six}"),
}
"""ARNs of types that ``review`` does not have, or of which it has those of other resources; empty without an ARN.
``{name}`` is the name, ``{id}`` the id that AWS makes, any other a property; ``{end of X}`` is the part of an ARN after
its first slash."""

_SERVICES: Final = {
    "AWS::ApiGateway": "apigateway",
    "AWS::ElasticLoadBalancingV2": "elasticloadbalancing",
    "AWS::KinesisAnalyticsV2": "kinesisanalytics",
    "AWS::KinesisFirehose": "firehose",
    "AWS::MSK": "kafka",
    "AWS::OpenSearchService": "es",
    "AWS::StepFunctions": "states",
}
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_OF_THE_PLACE: Final = frozenset({"partition", "region", "account", "Path", "GroupName"})
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def arn_form(resource_type: str) -> tuple[str, bool]:
    """Return the form of the ARNs of a type, and True if it is assumed: nobody has looked it up."""
    if resource_type in _FORMS:
        return _FORMS[resource_type], False
    known = FORMS.get(resource_type)
    if known is not None:
        return _own(known[0]) if known and not known[0].startswith("@") else "", False
    service = _SERVICES.get(resource_type.rpartition("::")[0], resource_type.split("::")[1].lower())
    kind = _WORDS.sub("-", resource_type.rpartition("::")[2]).lower()
    return _PLACE % (service, f"{kind}/{{id}}" if service == "ec2" else f"{kind}/{{name}}"), service != "ec2"


def name_property(resource_type: str) -> str:
    """Return the property that names a resource in the ARN that ``review`` has of its type, empty if there is none."""
    known = () if resource_type in _FORMS else FORMS.get(resource_type)
    names = [name for name in _PLACEHOLDER.findall(known[0] if known else "") if name not in _OF_THE_PLACE]
    return str(names[-1]) if names else ""


def _own(form: str) -> str:
    """Return a form of ``review`` with the placeholders of this module."""
    named = _PLACEHOLDER.sub(lambda found: found[0] if found[1] in _OF_THE_PLACE else "{name}", form)
    return named.replace("*", "{id}")
