"""Log groups and their keys, which CloudWatch Logs may use for those groups alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Annotations, ArnFormat, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms
    from constructs import Construct

LOG_KEY_POLICY_WARNING: Final = "penstock:logKeyPolicy"

_ACTIONS: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
_GROUP_CONTEXT: Final = "kms:EncryptionContext:aws:logs:arn"


def log_group_arn(scope: Construct, group_name: str) -> str:
    """Return the ARN of a log group in the scope's account and Region, without CloudFormation's ``:*``."""
    return Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def build_log_group(
    scope: Construct,
    construct_id: str = "Group",
    *,
    name: str | None = None,
    retention: logs.RetentionDays,
    encryption_key: kms.IKey | None,
    removal_policy: RemovalPolicy,
    names_under_key: str | None = None,
) -> logs.LogGroup:
    """Add a log group whose key CloudWatch Logs may use.

    Parameters
    ----------
    name
        Default: CloudFormation makes one.
    encryption_key
        Default: the key that CloudWatch Logs owns.
    names_under_key
        For which log groups CloudWatch Logs may use the key, as a pattern. Default: for this one only.
    """
    group = logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=retention,
        encryption_key=encryption_key,
        removal_policy=removal_policy,
    )
    if encryption_key is not None:
        allow_cloudwatch_logs(scope, encryption_key, [names_under_key or name or _generated_name(group)])
    return group


def allow_cloudwatch_logs(scope: Construct, key: kms.IKey, group_names: Sequence[str]) -> None:
    """Allow CloudWatch Logs to use the key for log groups of these names (CloudWatch Logs, encrypt-log-data-kms).

    A name may be a pattern with ``*`` at its end. The policy of an imported key cannot be changed: a warning then says
    what it must allow. Raises PenstockError for a key of another Region.
    """
    require_key_region(scope, key, PenstockError)
    arns = [log_group_arn(scope, name) for name in group_names]
    operator = "ArnLike" if any(name.endswith("*") for name in group_names) else "ArnEquals"
    result = key.add_to_resource_policy(
        iam.PolicyStatement(
            # Several logs may share a key, and a policy has each Sid only once.
            sid=f"AllowCloudWatchLogsForTheseGroups{scope.node.addr[-8:]}",
            principals=[iam.ServicePrincipal(_service(scope))],
            actions=list(_ACTIONS),
            resources=["*"],
            conditions={operator: {_GROUP_CONTEXT: arns[0] if len(arns) == 1 else arns}},
        )
    )
    if not result.statement_added:
        Annotations.of(scope).add_warning_v2(
            LOG_KEY_POLICY_WARNING,
            "the policy of an imported key cannot be changed here: let"
            f" {_shown(_service(scope), 'logs.REGION.amazonaws.com')} call {', '.join(_ACTIONS)} on it where"
            f" {_GROUP_CONTEXT} is the ARN of log group {' or '.join(_shown(name, 'NAME') for name in group_names)}, or"
            " creating the log group fails",
        )


def _generated_name(group: logs.LogGroup) -> str:
    """Return a pattern of the name that CloudFormation makes: stack, logical id, and characters known to nobody.

    The key's policy needs a pattern because the key is created before the log group. The name of a nested stack is not
    known to a key outside of it either.
    """
    stack = Stack.of(group)
    logical_id = stack.get_logical_id(cast("logs.CfnLogGroup", group.node.default_child))
    return f"{_shown(stack.stack_name, '*')}-{logical_id}-*"


def _service(scope: Construct) -> str:
    """Return the principal of CloudWatch Logs, whose name has the Region, and in China another suffix."""
    stack = Stack.of(scope)
    if Token.is_unresolved(stack.region):
        return f"logs.{stack.region}.{stack.url_suffix}"
    return f"logs.{stack.region}.amazonaws.com{'.cn' if stack.region.startswith('cn-') else ''}"


def _shown(value: str, placeholder: str) -> str:
    return placeholder if Token.is_unresolved(value) else value
