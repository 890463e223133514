"""Destination of a delivery: folders and objects in S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream

from cdk_penstock.model.delivery import (
    Buffering,
    DeliveryError,
    check_error_prefix,
    check_prefix,
    literal_part,
    overlap,
)
from cdk_penstock.sinks.firehose.delivery_options import Compression

if TYPE_CHECKING:
    from aws_cdk import Duration, Size
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from cdk_penstock.sinks.firehose.delivery_log import DeliveryLog
    from cdk_penstock.sinks.firehose.delivery_options import DeliveryBackup, DeliveryFormat, DeliveryPartitions

_PARTITION_RETRY_SECONDS: Final = 300


@dataclass(frozen=True, kw_only=True)
class DeliveryDestination:
    """Bucket, format and buffering of a delivery; raises DeliveryError for values that Firehose would refuse."""

    bucket: s3.IBucket
    partitions: DeliveryPartitions
    record_format: DeliveryFormat
    size: Size
    interval: Duration
    error_prefix: str
    backup: DeliveryBackup | None

    def __post_init__(self) -> None:
        """Check the folders, and that they do not overlap."""
        check_prefix(self.partitions.prefix, keys=self.partitions.queries)
        check_error_prefix(self.error_prefix, prefix=self.partitions.prefix)
        if self.backup is not None:
            check_prefix(self.backup.prefix)
            same = self.backup.bucket.bucket_name == self.bucket.bucket_name
            if same and overlap(self.partitions.prefix, self.backup.prefix):
                raise DeliveryError(
                    f"the backup's prefix {self.backup.prefix!r} and the delivery's {self.partitions.prefix!r} overlap"
                    " in the same bucket, and a reader of one would read the other: choose two folders"
                )
        _ = self.buffering

    @property
    def buffering(self) -> Buffering:
        """Size and time after which an object is written."""
        return Buffering(
            size_mib=int(self.size.to_mebibytes()),
            interval_seconds=int(self.interval.to_seconds()),
            columnar=self.record_format.is_columnar,
            partitioned=self.partitions.is_dynamic,
        )

    def targets(self) -> list[tuple[s3.IBucket, list[str]]]:
        """Return the buckets, each with the prefixes of the objects written to it."""
        targets = [(self.bucket, [literal_part(self.partitions.prefix), literal_part(self.error_prefix)])]
        if self.backup is not None:
            targets.append((self.backup.bucket, [literal_part(self.backup.prefix)]))
        return targets

    def statements(self, scope: Construct) -> list[iam.PolicyStatement]:
        """Return what the delivery's role needs besides its buckets: access to the schema."""
        table = self.record_format.table
        return [] if table is None else [table.statement(scope)]

    def configuration(
        self, scope: Construct, role: iam.IRole, log: DeliveryLog
    ) -> CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty:
        """Return the destination's part of the delivery stream's properties."""
        processors = self.partitions.processors(columnar=self.record_format.is_columnar)
        return CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
            bucket_arn=self.bucket.bucket_arn,
            role_arn=role.role_arn,
            prefix=self.partitions.prefix,
            error_output_prefix=self.error_prefix,
            buffering_hints=self._hints(),
            compression_format=self.record_format.compression.value,
            encryption_configuration=_encryption(self.bucket),
            cloud_watch_logging_options=log.delivery,
            data_format_conversion_configuration=self.record_format.conversion(scope, role.role_arn),
            dynamic_partitioning_configuration=(
                CfnDeliveryStream.DynamicPartitioningConfigurationProperty(
                    enabled=True,
                    retry_options=CfnDeliveryStream.RetryOptionsProperty(duration_in_seconds=_PARTITION_RETRY_SECONDS),
                )
                if self.partitions.is_dynamic
                else None
            ),
            processing_configuration=(
                CfnDeliveryStream.ProcessingConfigurationProperty(enabled=True, processors=processors)
                if processors
                else None
            ),
            s3_backup_mode="Enabled" if self.backup else "Disabled",
            s3_backup_configuration=self._backup_configuration(role, log),
        )

    def _backup_configuration(
        self, role: iam.IRole, log: DeliveryLog
    ) -> CfnDeliveryStream.S3DestinationConfigurationProperty | None:
        if self.backup is None:
            return None
        return CfnDeliveryStream.S3DestinationConfigurationProperty(
            bucket_arn=self.backup.bucket.bucket_arn,
            role_arn=role.role_arn,
            prefix=self.backup.prefix,
            buffering_hints=self._hints(),
            compression_format=Compression.GZIP.value,
            encryption_configuration=_encryption(self.backup.bucket),
            cloud_watch_logging_options=log.backup,
        )

    def _hints(self) -> CfnDeliveryStream.BufferingHintsProperty:
        return CfnDeliveryStream.BufferingHintsProperty(
            size_in_m_bs=self.buffering.size_mib, interval_in_seconds=self.buffering.interval_seconds
        )


def _encryption(bucket: s3.IBucket) -> CfnDeliveryStream.EncryptionConfigurationProperty | None:
    """Return the bucket's key if the construct knows it; otherwise the default encryption of the bucket applies."""
    if bucket.encryption_key is None:
        return None
    return CfnDeliveryStream.EncryptionConfigurationProperty(
        kms_encryption_config=CfnDeliveryStream.KMSEncryptionConfigProperty(
            awskms_key_arn=bucket.encryption_key.key_arn
        )
    )
