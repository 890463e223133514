"""Where an application's log goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisanalyticsv2 as kinesisanalytics
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from penstock.model.names import LOG_GROUP_PREFIX, LOG_STREAM_NAME

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy

__all__ = ("ApplicationLog",)


class ApplicationLog(Construct):
    """An encrypted log group with retention and the one stream in it that MSF writes to.

    Group and stream carry the names that the console gives them, so that people and queries find them (R195).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application_name: str,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey | None,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        group_name = f"{LOG_GROUP_PREFIX}{application_name}"
        self.encryption_key = encryption_key or kms.Key(
            self,
            "Key",
            description=f"Log of the Managed Service for Apache Flink application {application_name}",
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
        self.stream = logs.LogStream(
            self, "Stream", log_group=self.group, log_stream_name=LOG_STREAM_NAME, removal_policy=removal_policy
        )

    @property
    def group_arn(self) -> str:
        """The log group's ARN, without the ``:*`` that CloudFormation appends."""
        return self._group_arn(self.group.log_group_name)

    @property
    def stream_arn(self) -> str:
        """The log stream's ARN."""
        return f"{self.group_arn}:log-stream:{self.stream.log_stream_name}"

    def attach(self, application: kinesisanalytics.CfnApplication) -> None:
        """Make the application log here; CloudFormation has no property for it, only a resource of its own."""
        option = kinesisanalytics.CfnApplicationCloudWatchLoggingOption(
            self,
            "LoggingOption",
            application_name=application.ref,
            cloud_watch_logging_option={"logStreamArn": self.stream_arn},
        )
        option.cfn_options.deletion_policy = application.cfn_options.deletion_policy
        option.cfn_options.update_replace_policy = application.cfn_options.update_replace_policy

    def _allow_cloudwatch_logs(self, group_name: str) -> None:
        """Let CloudWatch Logs use the key for this log group only (CloudWatch Logs, encrypt-log-data-kms)."""
        self.encryption_key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AllowCloudWatchLogsForThisGroup",
                principals=[iam.ServicePrincipal(f"logs.{Stack.of(self).region}.amazonaws.com")],
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                resources=["*"],
                conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": self._group_arn(group_name)}},
            )
        )

    def _group_arn(self, group_name: str) -> str:
        return Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=group_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
