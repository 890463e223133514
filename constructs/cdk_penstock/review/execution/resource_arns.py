"""The ARNs that a resource of a template will have, as narrow as its names allow.

Source: service authorization reference, "Resource types defined by" each service.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Final

from cdk_penstock.review.templates import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_penstock.review.execution.target import Target
    from cdk_penstock.review.templates import Resource

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def _regional(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


def _global(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}::{{account}}:{resource}"


def _ec2(*kinds: str) -> tuple[str, ...]:
    """Return ARNs with any id, because EC2 chooses the ids."""
    return tuple(_regional("ec2", f"{kind}/*") for kind in kinds)


_BUCKET: Final = "arn:{partition}:s3:::{BucketName}"
_SCALABLE: Final = _regional("application-autoscaling", "scalable-target/*")
_LOG_GROUP: Final = (
    _regional("logs", "log-group:{LogGroupName}"),
    _regional("logs", "log-group:{LogGroupName}:*"),
)

FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::APS::ResourcePolicy": (_regional("aps", "workspace/*"),),
    "AWS::APS::RuleGroupsNamespace": (
        _regional("aps", "rulegroupsnamespace/*/{Name}"),
        _regional("aps", "workspace/*"),
    ),
    "AWS::APS::Workspace": (_regional("aps", "workspace/*"),),
    "AWS::ApplicationAutoScaling::ScalableTarget": (_SCALABLE,),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (_SCALABLE,),
    "AWS::CloudWatch::Alarm": (_regional("cloudwatch", "alarm:{AlarmName}"),),
    "AWS::CloudWatch::CompositeAlarm": (_regional("cloudwatch", "alarm:{AlarmName}"),),
    "AWS::CloudWatch::Dashboard": (_global("cloudwatch", "dashboard/{DashboardName}"),),
    "AWS::EC2::FlowLog": _ec2("vpc-flow-log", "vpc"),
    "AWS::EC2::RouteTable": _ec2("route-table", "vpc"),
    "AWS::EC2::SecurityGroup": _ec2("security-group", "security-group-rule", "vpc"),
    "AWS::EC2::SecurityGroupEgress": _ec2("security-group", "security-group-rule"),
    "AWS::EC2::SecurityGroupIngress": _ec2("security-group", "security-group-rule"),
    "AWS::EC2::Subnet": _ec2("subnet", "vpc"),
    "AWS::EC2::SubnetRouteTableAssociation": _ec2("route-table", "subnet"),
    "AWS::EC2::VPC": _ec2("vpc", "vpc-encryption-control"),
    "AWS::EC2::VPCEndpoint": _ec2("vpc-endpoint", "vpc", "subnet", "security-group", "route-table"),
    "AWS::Events::Rule": (_regional("events", "rule/{Name}"),),
    "AWS::Grafana::Workspace": (_regional("grafana", "/workspaces/*"),),
    "AWS::IAM::ManagedPolicy": (_global("iam", "policy{Path}{ManagedPolicyName}"), "@Roles"),
    "AWS::IAM::Policy": ("@Roles",),
    "AWS::IAM::Role": (_global("iam", "role{Path}{RoleName}"),),
    "AWS::KMS::Alias": (_regional("kms", "{AliasName}"), _regional("kms", "key/*")),
    "AWS::KMS::Key": (_regional("kms", "key/*"),),
    "AWS::Kinesis::Stream": (_regional("kinesis", "stream/{Name}"),),
    "AWS::Kinesis::StreamConsumer": ("@StreamARN", _regional("kinesis", "stream/*/consumer/{ConsumerName}:*")),
    "AWS::KinesisAnalyticsV2::Application": (_regional("kinesisanalytics", "application/{ApplicationName}"),),
    "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption": (
        _regional("kinesisanalytics", "application/{ApplicationName}"),
    ),
    "AWS::KinesisFirehose::DeliveryStream": (_regional("firehose", "deliverystream/{DeliveryStreamName}"),),
    "AWS::Lambda::Function": (
        _regional("lambda", "function:{FunctionName}"),
        _regional("lambda", "function:{FunctionName}:*"),
        "@CodeSigningConfigArn",
    ),
    "AWS::Lambda::Permission": ("@FunctionName",),
    "AWS::Logs::LogGroup": _LOG_GROUP,
    "AWS::Logs::LogStream": _LOG_GROUP,
    "AWS::Logs::MetricFilter": _LOG_GROUP,
    "AWS::Logs::QueryDefinition": (),
    "AWS::Logs::ResourcePolicy": (),
    "AWS::MSK::Cluster": (
        _regional("kafka", "cluster/{ClusterName}/*"),
        "@ConfigurationInfo.Arn",
    ),
    "AWS::MSK::Configuration": (_regional("kafka", "configuration/{Name}/*"),),
    "AWS::MSK::ServerlessCluster": (_regional("kafka", "cluster/{ClusterName}/*"),),
    "AWS::MSK::Topic": ("@ClusterArn", _regional("kafka", "topic/{cluster}/*/{TopicName}")),
    "AWS::OpenSearchService::Domain": (_regional("es", "domain/{DomainName}"),),
    "AWS::S3::Bucket": (_BUCKET,),
    "AWS::S3::BucketPolicy": ("@Bucket",),
    "AWS::SNS::Subscription": ("@TopicArn",),
    "AWS::SNS::Topic": (_regional("sns", "{TopicName}"),),
    "AWS::SNS::TopicPolicy": ("@Topics",),
    "AWS::SQS::Queue": (_regional("sqs", "{QueueName}"),),
    "AWS::SQS::QueuePolicy": ("@Queues",),
    "AWS::Scheduler::Schedule": (_regional("scheduler", "schedule/{GroupName}/{Name}"),),
    "AWS::StepFunctions::StateMachine": (_regional("states", "stateMachine:{StateMachineName}"),),
}
"""ARNs in the calls of a type's own service: placeholders are properties, and ``@`` is the resource that a property
refers to. Several kinds of a service stand together, because an action applies only to resources of its kind."""

_DEFAULTS: Final = {"Path": "/", "GroupName": "default"}
_NAME: Final = "NAME"
_BY_NAME: Final[Mapping[str, tuple[str, ...]]] = {
    "Bucket": (f"arn:{{partition}}:s3:::{_NAME}",),
    "S3Bucket": (f"arn:{{partition}}:s3:::{_NAME}",),
    "FunctionName": (_regional("lambda", f"function:{_NAME}"),),
    "Roles": (_global("iam", f"role/{_NAME}"), _global("iam", f"role/*/{_NAME}")),
}
"""ARNs of resources that a property may name without an ARN, if they are not in the templates."""


def arns_of(resource: Resource, target: Target, forms: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return patterns of the ARNs that the calls for a resource name: those of these forms, or those of its type."""
    return tuple(
        dict.fromkeys(
            arn
            for form in (FORMS[resource.type] if forms is None else forms)
            for arn in (
                _of_references(form[1:], resource, target) if form.startswith("@") else expand(form, resource, target)
            )
        )
    )


def expand(form: str, resource: Resource, target: Target) -> Iterator[str]:
    """Yield the ARNs that a form with placeholders stands for."""
    place = {"partition": (target.partition,), "region": (target.region,), "account": (target.account,)}
    values = [place[name] if name in place else _names(name, resource, target) for name in _PLACEHOLDER.findall(form)]
    for chosen in product(*values):
        parts = iter(chosen)
        yield _PLACEHOLDER.sub(lambda _, parts=parts: next(parts), form)  # type: ignore[misc]


def _names(name: str, resource: Resource, target: Target) -> tuple[str, ...]:
    properties = as_mapping(resource.body.get("Properties"))
    if name == "cluster":
        clusters = target.referred(properties.get("ClusterArn"), resource)
        return tuple(name for cluster in clusters for name in target.names(cluster, "ClusterName")) or ("*",)
    if name not in properties and name in _DEFAULTS:
        return (_DEFAULTS[name],)
    return target.names(resource, name)


def _of_references(name: str, resource: Resource, target: Target) -> Iterator[str]:
    """Yield the ARNs of the resources that a property refers to, or names as a text."""
    for value in as_list(resource.get(name)):
        found = [each for each in target.referred(value, resource) if each.type in FORMS]
        for each in found:
            yield from arns_of(each, target)
        if not found:
            text = target.text(value, resource)
            for form in (_NAME,) if text.startswith("arn:") else _BY_NAME.get(_last(name), (_NAME,)):
                yield from expand(form.replace(_NAME, text), resource, target)


def _last(path: str) -> str:
    return path.rpartition(".")[2]
