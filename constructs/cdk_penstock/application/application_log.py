"""The log group of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_kinesisanalyticsv2 as kinesisanalytics
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_penstock.foundation.digests import name_digest
from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.log_encryption import build_log_group, log_group_arn
from cdk_penstock.model.names import LOG_GROUP_PREFIX, LOG_STREAM_NAME

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms


class ApplicationLog(Construct):
    """An encrypted log group with retention and the one stream in it that MSF writes to.

    Group and stream have the names that the console would give them, so that people and queries find them. After a
    change of the application name, the new log group has a new key, and the old one keeps its key.
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
        self.encryption_key = encryption_key or build_key(
            self,
            f"Key{name_digest(application_name)}",
            description=f"Log of the Managed Service for Apache Flink application {application_name}",
            removal_policy=removal_policy,
        )
        self.group = build_log_group(
            self,
            name=group_name,
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
        return log_group_arn(self, self.group.log_group_name)

    @property
    def stream_arn(self) -> str:
        """The log stream's ARN."""
        return f"{self.group_arn}:log-stream:{self.stream.log_stream_name}"

    def attach(self, application: kinesisanalytics.CfnApplication) -> None:
        """Send the log of the application here, with a separate resource: the application has no property for it."""
        option = kinesisanalytics.CfnApplicationCloudWatchLoggingOption(
            self,
            "LoggingOption",
            application_name=application.ref,
            cloud_watch_logging_option={"logStreamArn": self.stream_arn},
        )
        option.cfn_options.deletion_policy = application.cfn_options.deletion_policy
        option.cfn_options.update_replace_policy = application.cfn_options.update_replace_policy
