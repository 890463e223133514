"""The permission that each operation needs: action, resource and condition keys.

An operation without an entry is refused, never allowed. Source: service authorization reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.regions import partition_of

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.world.service_answers import CallScope
    from cdk_penstock.rehearsal.world.world import World

Parameters = Mapping[str, Any]
Resource = Callable[["World", Parameters, "CallScope"], str]


@dataclass(frozen=True, kw_only=True)
class NeededPermission:
    """The permission for one call."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def _anything(_world: World, _given: Parameters, _scope: CallScope) -> str:
    return "*"


def _key(world: World, given: Parameters, scope: CallScope) -> str:
    key_id = str(given.get("KeyId", ""))
    found = world.kms.keys.resolve(key_id, scope) if key_id else None
    if found is not None:
        return found.arn
    return key_id if key_id.startswith("arn:") else _regional("kms", f"key/{key_id}", scope)


def _role(world: World, given: Parameters, scope: CallScope) -> str:
    name = str(given.get("RoleName", ""))
    found = world.iam.find(f"arn:aws:iam::{scope.account}:role/{name}")
    return found.arn if found else f"arn:{partition_of(scope.region)}:iam::{scope.account}:role/{name}"


def _named(name: str) -> Resource:
    return lambda _world, given, _scope: str(given.get(name, "*"))


def _regional(service: str, resource: str, scope: CallScope) -> str:
    return f"arn:{partition_of(scope.region)}:{service}:{scope.region}:{scope.account}:{resource}"


def _in_region(service: str, form: str) -> Resource:
    """Return a reader of an ARN whose resource has parameters in braces."""
    return lambda _world, given, scope: _regional(service, form.format_map(_Missing(given)), scope)


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "*"


def _stack(world: World, given: Parameters, scope: CallScope) -> str:
    name = str(given.get("StackName", "*"))
    known = (each for each in world.stack_statuses if f":stack/{name}/" in each)
    return name if name.startswith("arn:") else next(known, _regional("cloudformation", f"stack/{name}/*", scope))


_LOG_GROUP: Final = _in_region("logs", "log-group:{logGroupName}")
_LOG_STREAM: Final = _in_region("logs", "log-group:{logGroupName}:log-stream:{logStreamName}")

_TABLE: Final[Mapping[str, Mapping[str, Resource]]] = {
    "application-autoscaling": dict.fromkeys(
        ("DescribeScalableTargets", "RegisterScalableTarget", "DeregisterScalableTarget"), _anything
    ),
    "cloudformation": dict.fromkeys(("DescribeStacks", "DescribeStackEvents", "DescribeStackResources"), _stack),
    "cloudwatch": {"DescribeAlarms": _anything, "GetMetricData": _anything, "PutMetricData": _anything},
    "ec2": dict.fromkeys(
        ("DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"), _anything
    ),
    "grafana": dict.fromkeys(
        (
            "CreateWorkspaceServiceAccount",
            "CreateWorkspaceServiceAccountToken",
            "DeleteWorkspaceServiceAccount",
            "DeleteWorkspaceServiceAccountToken",
            "DescribeWorkspace",
            "ListWorkspaceServiceAccountTokens",
            "ListWorkspaceServiceAccounts",
        ),
        _in_region("grafana", "/workspaces/{workspaceId}"),
    ),
    "iam": {
        **dict.fromkeys(
            (
                "AttachRolePolicy",
                "DeleteRolePolicy",
                "DetachRolePolicy",
                "GetRole",
                "GetRolePolicy",
                "ListAttachedRolePolicies",
                "ListRolePolicies",
                "PutRolePolicy",
                "UpdateAssumeRolePolicy",
            ),
            _role,
        ),
        **dict.fromkeys(("GetPolicy", "GetPolicyVersion", "ListPolicyVersions"), _named("PolicyArn")),
    },
    "kafka": dict.fromkeys(("DescribeClusterV2", "GetBootstrapBrokers"), _named("ClusterArn")),
    "kinesis": dict.fromkeys(
        ("DescribeStreamSummary", "ListShards", "UpdateShardCount"), _in_region("kinesis", "stream/{StreamName}")
    ),
    "kms": {
        "CreateKey": _anything,
        "ListAliases": _anything,
        "ListKeys": _anything,
        **dict.fromkeys(
            (
                "CancelKeyDeletion",
                "CreateGrant",
                "Decrypt",
                "DescribeKey",
                "DisableKey",
                "DisableKeyRotation",
                "EnableKey",
                "EnableKeyRotation",
                "Encrypt",
                "GenerateDataKey",
                "GenerateDataKeyWithoutPlaintext",
                "GetKeyPolicy",
                "GetKeyRotationStatus",
                "ListKeyPolicies",
                "ListKeyRotations",
                "ListResourceTags",
                "PutKeyPolicy",
                "RotateKeyOnDemand",
                "ScheduleKeyDeletion",
                "TagResource",
                "UntagResource",
                "UpdateKeyDescription",
            ),
            _key,
        ),
    },
    "lambda": {
        name: _in_region("lambda", "function:{FunctionName}") for name in ("GetFunction", "GetFunctionConfiguration")
    },
    "logs": {
        "CreateLogStream": _LOG_STREAM,
        "DescribeLogGroups": _in_region("logs", "log-group:*"),
        "DescribeLogStreams": _LOG_GROUP,
        "FilterLogEvents": _LOG_GROUP,
        "GetLogEvents": _LOG_STREAM,
        "PutLogEvents": _LOG_STREAM,
        "StartQuery": _LOG_GROUP,
    },
}
"""The resource of each operation whose action has its name, by the service's name in botocore."""

_PREFIXES: Final = {"cloudwatch": "cloudwatch", "application-autoscaling": "application-autoscaling"}
SERVICES: Final = tuple(_TABLE)
"""The services that the table has."""


def needed_permission(
    world: World, service: str, operation: str, given: Parameters, scope: CallScope
) -> NeededPermission | None:
    """Return the permission that a call needs, None for an operation that the table does not have."""
    resource = _TABLE.get(service, {}).get(operation)
    if resource is None:
        return None
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    return NeededPermission(action=action, resource=resource(world, given, scope))


S3_ACTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("GET", "object"): "s3:GetObject",
    ("HEAD", "object"): "s3:GetObject",
    ("PUT", "object"): "s3:PutObject",
    ("DELETE", "object"): "s3:DeleteObject",
    ("GET", "bucket"): "s3:ListBucket",
    ("HEAD", "bucket"): "s3:ListBucket",
    ("PUT", "bucket"): "s3:CreateBucket",
    ("GET", "service"): "s3:ListAllMyBuckets",
}
"""Actions of S3 by method and kind of thing; an upload in parts needs what the upload at once needs."""
