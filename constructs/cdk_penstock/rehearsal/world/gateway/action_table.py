"""The permission that each operation needs: action, resource and condition keys.

An operation without an entry is refused, never allowed. Source: service authorization reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.regions import partition_of
from cdk_penstock.rehearsal.world.kms.stored_keys import ALIAS, kms_arn

if TYPE_CHECKING:
    from cdk_penstock.rehearsal.world.service_answers import CallScope
    from cdk_penstock.rehearsal.world.world import World

Parameters = Mapping[str, Any]
Resource = Callable[["World", Parameters, "CallScope"], "str | tuple[str, ...]"]


@dataclass(frozen=True, kw_only=True)
class NeededPermission:
    """A permission that a call needs."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def _anything(_world: World, _given: Parameters, _scope: CallScope) -> str:
    return "*"


def _key(world: World, given: Parameters, scope: CallScope) -> str:
    key_id = str(given.get("KeyId", ""))
    return world.kms.keys.arn_of(key_id, scope)


def _alias(world: World, given: Parameters, scope: CallScope) -> tuple[str, ...]:
    """Return the alias, the key that it has, and the key that it gets: each must allow the call."""
    alias = kms_arn(scope, str(given.get("AliasName", "")))
    keys = [world.kms.keys.aliases.get(alias, ""), _key(world, {"KeyId": given.get("TargetKeyId", "")}, scope)]
    return (alias, *dict.fromkeys(each for each in keys if each and not each.endswith(":key/")))


def _role(world: World, given: Parameters, scope: CallScope) -> str:
    name = str(given.get("RoleName", ""))
    found = world.iam.find(f"arn:aws:iam::{scope.account}:role/{name}")
    return found.arn if found else f"arn:{partition_of(scope.region)}:iam::{scope.account}:role/{name}"


def _named(name: str) -> Resource:
    return lambda _world, given, _scope: str(given.get(name, "*"))


def _regional(service: str, resource: str, scope: CallScope) -> str:
    return f"arn:{partition_of(scope.region)}:{service}:{scope.region}:{scope.account}:{resource}"


def _in_region(service: str, form: str) -> Resource:
    """Return a reader of an ARN whose resource has parameters in braces; a parameter may be the whole ARN."""

    def read(_world: World, given: Parameters, scope: CallScope) -> str:
        whole = (
            str(each) for each in given.values() if str(each).startswith(f"arn:{partition_of(scope.region)}:{service}:")
        )
        return next(whole, _regional(service, form.format_map(_Missing(given)), scope))

    return read


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "*"


def _stack(world: World, given: Parameters, scope: CallScope) -> str:
    name = str(given.get("StackName", ""))
    if not name or name.startswith("arn:"):
        return name or "*"
    beginning = _regional("cloudformation", f"stack/{name}/", scope)
    return next((each for each in world.stack_statuses if each.startswith(beginning)), f"{beginning}*")


_LOG_GROUP: Final = _in_region("logs", "log-group:{logGroupName}")
_LOG_STREAM: Final = _in_region("logs", "log-group:{logGroupName}:log-stream:{logStreamName}")

TABLE: Final[Mapping[str, Mapping[str, Resource]]] = {
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
        **dict.fromkeys(("CreateAlias", "DeleteAlias", "UpdateAlias"), _alias),
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

SERVICES: Final = tuple(TABLE)
"""The services that the table has."""


def needed_permissions(
    world: World, service: str, operation: str, given: Parameters, scope: CallScope
) -> tuple[NeededPermission, ...]:
    """Return the permissions that a call needs, nothing for an operation that the table does not have."""
    of_resource = TABLE.get(service, {}).get(operation)
    if of_resource is None:
        return ()
    context = {"aws:RequestedRegion": scope.region}
    if service == "kms" and ALIAS in str(given.get("KeyId", "")):
        context["kms:RequestAlias"] = ALIAS + str(given["KeyId"]).partition(ALIAS)[2]
    resources = of_resource(world, given, scope)
    return tuple(
        NeededPermission(action=f"{service}:{operation}", resource=each, context=context)
        for each in ((resources,) if isinstance(resources, str) else resources)
    )
