"""The key of a log group, which CloudWatch Logs may use for that group alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import RemovalPolicy
    from constructs import Construct

__all__ = ("allow_cloudwatch_logs", "build_log_key", "log_group_arn")


def log_group_arn(scope: Construct, group_name: str) -> str:
    """Return the ARN of a log group of the scope's account and Region, without the ``:*`` of CloudFormation's."""
    return Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def build_log_key(scope: Construct, *, description: str, removal_policy: RemovalPolicy) -> kms.Key:
    """Return a key of its own, with rotation, for a log that was given none."""
    return kms.Key(scope, "Key", description=description, enable_key_rotation=True, removal_policy=removal_policy)


def allow_cloudwatch_logs(scope: Construct, key: kms.IKey, group_names: Sequence[str]) -> None:
    """Let CloudWatch Logs use the key for log groups with these names only (CloudWatch Logs, encrypt-log-data-kms).

    A name may end in ``*`` where CloudFormation completes it.
    """
    arns = [log_group_arn(scope, name) for name in group_names]
    operator = "ArnLike" if any(name.endswith("*") for name in group_names) else "ArnEquals"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            # Logs may share a key, and statements of one policy must differ in their ids.
            sid=f"AllowCloudWatchLogsForTheseGroups{scope.node.addr[-8:]}",
            principals=[iam.ServicePrincipal(f"logs.{Stack.of(scope).region}.amazonaws.com")],
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=["*"],
            conditions={operator: {"kms:EncryptionContext:aws:logs:arn": arns[0] if len(arns) == 1 else arns}},
        )
    )
