"""Calls of the handlers of each resource type, from the schemas of CloudFormation's resource types.

``tools/resource_schemas.py`` writes the table. A schema names every call that some property leads to; calls that a
resource does not need are left out here.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.review.templates import LOGGING_OPTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.review.templates import Resource

_DESCRIBE: Final = "kinesisanalytics:DescribeApplication"
_WITHOUT_SCHEMA: Final[Mapping[str, Mapping[str, list[str]]]] = {
    "AWS::CDK::Metadata": {},
    LOGGING_OPTION: {
        "create": ["kinesisanalytics:AddApplicationCloudWatchLoggingOption", _DESCRIBE],
        "delete": ["kinesisanalytics:DeleteApplicationCloudWatchLoggingOption", _DESCRIBE],
    },
}
"""Types that are older than CloudFormation's registry, whose schemas name no permissions."""
_BESIDE_SCHEMA: Final[Mapping[str, tuple[str, ...]]] = {
    # MSK's own role, which a schema names for a provisioned cluster only.
    "AWS::MSK::ServerlessCluster": ("iam:CreateServiceLinkedRole",),
    # The schema names es:UpdateDomain, which does not exist as an action.
    "AWS::OpenSearchService::Domain": ("es:UpdateDomainConfig", "iam:CreateServiceLinkedRole"),
}

_NEVER: Final = frozenset(
    {
        # IAM has no such actions (service authorization reference), though schemas name them.
        "es:UpdateDomain",
        "kinesis:UpdateStreamRecordDistributionStrategy",
        "lambda:AssociateRuntimeAlias",
        "s3:DeleteBucketAnalyticsConfiguration",
        "s3:DeleteBucketCors",
        "s3:DeleteBucketEncryption",
        "s3:DeleteBucketLifecycle",
        "s3:DeleteBucketMetricsConfiguration",
        "s3:DeleteBucketReplication",
        "s3:DeleteBucketTagging",
        "s3:PutBucketReplication",
        "s3:PutObjectLockConfiguration",
        "s3:REST.PUT.OBJECT",
        "s3:UpdateBucketMetadataAnnotationTableConfiguration",
        # On objects: CloudFormation makes and deletes a bucket, and touches nothing in it.
        "s3:DeleteObject",
        "s3:PutObjectAcl",
    }
)

_KEYS: Final = (
    "AWSKMSKeyARN",
    "DataVolumeKMSKeyId",
    "KMSKeyARN",
    "KMSKeyId",
    "KMSMasterKeyID",
    "KeyARN",
    "KeyId",
    "KmsKeyArn",
    "KmsKeyId",
    "KmsMasterKeyId",
)
_DELIVERIES: Final = ("DeliveryStream", "DeliveryStreamArn", "kinesis-data-firehose")
_OPTIONAL: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("AWS::APS::Workspace", "logs:"): ("LoggingConfiguration", "QueryLoggingConfiguration"),
    ("AWS::ApplicationAutoScaling::ScalableTarget", "lambda:"): ("lambda",),
    ("AWS::EC2::FlowLog", "iam:CreateServiceLinkedRole"): _DELIVERIES,
    ("AWS::EC2::FlowLog", "s3:"): ("s3",),
    ("AWS::EC2::VPC", "ec2:CreateVpcEncryptionControl"): ("VpcEncryptionControl",),
    ("AWS::EC2::VPCEndpoint", "vpc-lattice:"): ("ServiceNetworkArn",),
    ("AWS::EC2::VPCEndpoint", "vpce:"): ("ServiceRegion",),
    ("AWS::Grafana::Workspace", "ec2:"): ("VpcConfiguration", "NetworkAccessControl"),
    ("AWS::Grafana::Workspace", "organizations:"): ("AWS_SSO", "ORGANIZATION"),
    ("AWS::Grafana::Workspace", "sso:"): ("AWS_SSO",),
    ("AWS::IAM::", "iam:AttachGroupPolicy"): ("Groups",),
    ("AWS::IAM::", "iam:AttachUserPolicy"): ("Users",),
    ("AWS::IAM::", "iam:DeleteGroupPolicy"): ("Groups",),
    ("AWS::IAM::", "iam:DeleteRolePermissionsBoundary"): (),
    ("AWS::IAM::", "iam:DeleteUserPolicy"): ("Users",),
    ("AWS::IAM::", "iam:DetachGroupPolicy"): ("Groups",),
    ("AWS::IAM::", "iam:DetachUserPolicy"): ("Users",),
    ("AWS::IAM::", "iam:GetGroupPolicy"): ("Groups",),
    ("AWS::IAM::", "iam:GetUserPolicy"): ("Users",),
    ("AWS::IAM::", "iam:PutGroupPolicy"): ("Groups",),
    ("AWS::IAM::", "iam:PutRolePermissionsBoundary"): ("PermissionsBoundary",),
    ("AWS::IAM::", "iam:PutUserPolicy"): ("Users",),
    ("AWS::KMS::Key", "kms:DisableKey"): ("Enabled",),
    ("AWS::KMS::Key", "kms:EnableKey"): ("Enabled",),
    ("AWS::Lambda::Function", "ec2:"): ("VpcConfig",),
    ("AWS::Lambda::Function", "elasticfilesystem:"): ("FileSystemConfigs",),
    ("AWS::Lambda::Function", "lambda:GetCodeSigningConfig"): ("CodeSigningConfigArn",),
    ("AWS::Lambda::Function", "lambda:PutFunctionCodeSigningConfig"): ("CodeSigningConfigArn",),
    ("AWS::Lambda::Function", "lambda:GetLayerVersion"): ("Layers",),
    ("AWS::Lambda::Function", "lambda:PassCapacityProvider"): ("CapacityProviderConfig",),
    ("AWS::Lambda::Function", "s3files:"): ("FileSystemConfigs",),
    ("AWS::Logs::LogGroup", "firehose:"): ("DataProtectionPolicy",),
    ("AWS::Logs::LogGroup", "logs:CreateLogDelivery"): ("DataProtectionPolicy",),
    ("AWS::Logs::LogGroup", "logs:DeleteResourcePolicy"): ("ResourcePolicyDocument",),
    ("AWS::Logs::LogGroup", "logs:PutResourcePolicy"): ("ResourcePolicyDocument",),
    ("AWS::MSK::Cluster", "acm-pca:"): ("CertificateAuthorityArnList",),
    ("AWS::MSK::Cluster", "ec2:CreateTags"): ("VpcConnectivity",),
    ("AWS::MSK::Cluster", "firehose:"): _DELIVERIES,
    ("AWS::MSK::Cluster", "logs:"): ("LoggingInfo",),
    ("AWS::MSK::Cluster", "s3:"): ("S3",),
    ("AWS::OpenSearchService::Domain", "iam:CreateServiceLinkedRole"): ("VPCOptions",),
    ("AWS::S3::Bucket", "s3tables:"): ("MetadataConfiguration", "MetadataTableConfiguration"),
    ("AWS::SNS::", "iam:GetRole"): ("DeliveryStatusLogging", "SubscriptionRoleArn"),
    ("AWS::StepFunctions::StateMachine", "s3:"): ("DefinitionS3Location",),
}
"""Calls that a type makes only if one of these properties, or values, occurs in it: for one type or all of a service,
and for one action or all of a service. A call without any property is never made: no boundary is taken away."""


def covers(resource_type: str) -> bool:
    """Return True if the calls of CloudFormation for a resource type are known."""
    return resource_type in _WITHOUT_SCHEMA or resource_type in _table()


def never_called(action: str) -> bool:
    """Return True for an action in schemas that CloudFormation does not call, or that IAM does not know."""
    return action in _NEVER


def actions_of(resource: Resource, handler: str | None = None) -> Iterator[str]:
    """Yield every action that a handler calls for a resource. Default: all, from its creation to its deletion.

    A resource that is retained when its template drops it, and when its creation is rolled back, is never deleted.
    """
    handlers = _WITHOUT_SCHEMA.get(resource.type) or _table().get(resource.type, {})
    stays = {resource.body.get("DeletionPolicy"), resource.body.get("UpdateReplacePolicy")} == {"Retain"}
    named = set(_keys_and_texts(resource.body.get("Properties", {})))
    actions = {
        action
        for name, called in handlers.items()
        if handler in {None, name} and not (stays and name == "delete")
        for action in called
    }
    beside = _BESIDE_SCHEMA.get(resource.type, ()) if handler in {None, "create", "update"} else ()
    for action in sorted(actions.union(beside)):
        if not never_called(action) and _is_called(resource.type, action, named):
            # A schema may write Kafka:DescribeConfiguration; IAM ignores case.
            yield action[0].lower() + action[1:]


def _is_called(resource_type: str, action: str, named: set[str]) -> bool:
    needs = [
        names
        for (kind, beginning), names in _OPTIONAL.items()
        if _is_in(resource_type, kind, "::") and _is_in(action, beginning, ":")
    ]
    if action.startswith("kms:") and not resource_type.startswith(("AWS::KMS::", "AWS::KinesisAnalyticsV2::")):
        needs.append(_KEYS)
    return all(named.intersection(names) for names in needs)


def _is_in(name: str, known: str, separator: str) -> bool:
    """Return True if a name is the known one, or in the known group: a service ends in its separator."""
    return name.startswith(known) if known.endswith(separator) else name == known


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    content = json.loads(files(__package__).joinpath("permissions.json").read_text(encoding="utf-8"))
    return dict(content["types"])


def _keys_and_texts(value: Any) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for each in value.values():
                yield from _keys_and_texts(each)
        case list():
            for each in value:
                yield from _keys_and_texts(each)
        case str():
            yield value
