"""Error log of a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream
from constructs import Construct

from cdk_penstock.foundation.log_encryption import build_log_group, log_group_arn

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_kms as kms

_DELIVERY: Final = "DestinationDelivery"
_BACKUP: Final = "BackupDelivery"


class DeliveryLog(Construct):
    """An encrypted log group with retention and two log streams, named as the console names them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        delivery_stream_name: str,
        retention: logs.RetentionDays,
        encryption_key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._group_name = f"/aws/kinesisfirehose/{delivery_stream_name}"
        self.group = build_log_group(
            self,
            name=self._group_name,
            retention=retention,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
        )
        self.streams = [
            logs.LogStream(self, name, log_group=self.group, log_stream_name=name, removal_policy=removal_policy)
            for name in (_DELIVERY, _BACKUP)
        ]

    @property
    def delivery(self) -> CfnDeliveryStream.CloudWatchLoggingOptionsProperty:
        """The log of the delivery."""
        return self._options(_DELIVERY)

    @property
    def backup(self) -> CfnDeliveryStream.CloudWatchLoggingOptionsProperty:
        """The log of the backup."""
        return self._options(_BACKUP)

    def statement(self) -> iam.PolicyStatement:
        """Return the permission to write to these two log streams."""
        return iam.PolicyStatement(
            sid="WriteLog",
            actions=["logs:PutLogEvents"],
            resources=[f"{log_group_arn(self, self._group_name)}:log-stream:{name}" for name in (_DELIVERY, _BACKUP)],
        )

    def _options(self, stream_name: str) -> CfnDeliveryStream.CloudWatchLoggingOptionsProperty:
        return CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
            enabled=True, log_group_name=self.group.log_group_name, log_stream_name=stream_name
        )
