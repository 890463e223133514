"""A log group that a metrics workspace delivers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy

__all__ = ("WorkspaceLog",)

LOG_GROUP_PREFIX: Final = "/aws/vendedlogs/prometheus/"
"""Under this prefix the account's log delivery policy does not outgrow its limit (CloudWatch Logs, vended logs)."""


class WorkspaceLog(Construct):
    """An encrypted log group with retention, under the prefix that AWS asks vended logs to have."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        group_name = f"{LOG_GROUP_PREFIX}{name}"
        self.encryption_key = encryption_key or kms.Key(
            self,
            "Key",
            description=f"Log {group_name}",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        self._allow_cloudwatch_logs(group_name)
        self.group = logs.LogGroup(
            self,
            "Group",
            log_group_name=group_name,
            retention=retention,
            encryption_key=self.encryption_key,
            removal_policy=removal_policy,
        )

    @property
    def group_arn(self) -> str:
        """The log group's ARN with ``:*`` behind it, as Managed Prometheus wants it (API, CloudWatchLogDestination)."""
        return self.group.log_group_arn

    def _allow_cloudwatch_logs(self, group_name: str) -> None:
        """Let CloudWatch Logs use the key for this log group only (CloudWatch Logs, encrypt-log-data-kms)."""
        stack = Stack.of(self)
        group_arn = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.encryption_key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                resources=["*"],
                conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}},
            )
        )
