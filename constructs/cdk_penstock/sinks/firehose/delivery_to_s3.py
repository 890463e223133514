"""Delivery of records to S3 by Amazon Data Firehose, at least once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Size, Validations
from aws_cdk import aws_logs as logs
from aws_cdk.aws_kinesisfirehose import CfnDeliveryStream

from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.physical_names import choose_name, claim_name
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.delivery import (
    DELIVERY_METADATA,
    DeliveryError,
    DeliveryGuarantee,
    check_delivery_stream_name,
)
from cdk_penstock.sinks.firehose.delivery_alarms import build_failure_alarm, build_freshness_alarm
from cdk_penstock.sinks.firehose.delivery_base import DeliveryToS3Base, IDeliveryToS3, ImportedDeliveryToS3
from cdk_penstock.sinks.firehose.delivery_destination import DeliveryDestination
from cdk_penstock.sinks.firehose.delivery_log import DeliveryLog
from cdk_penstock.sinks.firehose.delivery_options import DeliveryFormat, DeliveryPartitions
from cdk_penstock.sinks.firehose.delivery_role import DeliveryRole
from cdk_penstock.sinks.firehose.delivery_source import DeliverySource

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from cdk_penstock.sinks.firehose.delivery_options import DeliveryBackup

_NOT_DIRECT_PUT: Final = (
    "Firehose encrypts only direct put records; the records of this stream are stored in the source, under its key"
)


class DeliveryToS3(DeliveryToS3Base):
    """A Firehose stream that writes records to S3 in large objects.

    **It delivers at least once.** Firehose writes a batch again if S3 answers late, and a producer puts a record again
    if Firehose answers late. So objects may repeat records, Flink's exactly-once guarantee ends here, and readers must
    drop duplicates by a key in the record. The template states it in the metadata ``penstock:delivery``.

    Parameters
    ----------
    bucket
        Destination. Its customer managed key is used, if the construct knows it.
    source
        Default: direct put. Changing the source requires a new ``delivery_stream_name``.
    delivery_stream_name
        The physical name, 1 to 64 characters. Renaming creates a new stream and keeps the old one with its buffered
        records. Default: a name from the construct's path, with a warning.
    partitions
        Folders of the objects. Default: ``raw/``, then the hour of arrival.
    record_format
        Default: JSON lines, compressed with gzip.
    buffer_size, buffer_interval
        Size and time after which an object is written. Default: 128 MiB and five minutes; limits: see Buffering.
    error_prefix
        Folder of records that cannot be delivered. Default: ``errors/``, the kind of error, the day.
    backup
        Copy of each source record. Default: none.
    encryption_key
        Key of the stream's buffer (direct put only) and its log. Default: a new key, rotated every year.
    log_retention
        Default: 30 days.
    freshness_alarm_age
        Age of the oldest undelivered record from which the alarm is on. Default: the longest normal delay plus ten
        minutes.
    removal_policy
        Of stream, role, log and key. Default: RETAIN_ON_UPDATE_OR_DELETE, because the stream holds buffered records.

    Raises DeliveryError for a value that Firehose would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        source: DeliverySource | None = None,
        delivery_stream_name: str | None = None,
        partitions: DeliveryPartitions | None = None,
        record_format: DeliveryFormat | None = None,
        buffer_size: Size | None = None,
        buffer_interval: Duration | None = None,
        error_prefix: str = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        backup: DeliveryBackup | None = None,
        encryption_key: kms.IKey | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        freshness_alarm_age: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        require_key_region(self, encryption_key, DeliveryError)
        self._name = choose_name(
            self,
            delivery_stream_name,
            "delivery_stream_name",
            check_delivery_stream_name,
            max_length=64,
            effect="replaces the stream and leaves the old one behind",
        )
        self._removal_policy = removal_policy
        self.source = source or DeliverySource.direct_put()
        self.destination = DeliveryDestination(
            bucket=bucket,
            partitions=partitions or DeliveryPartitions.by_time(),
            record_format=record_format or DeliveryFormat.json(),
            size=buffer_size or Size.mebibytes(128),
            interval=buffer_interval or Duration.minutes(5),
            error_prefix=error_prefix,
            backup=backup,
        )
        self.encryption_key = encryption_key or build_key(
            self,
            description=f"Buffer and log of the delivery stream {self.delivery_stream_name}",
            removal_policy=removal_policy,
        )
        self.log = self._build_log(log_retention)
        self.role = self._build_role()
        self.resource = self._build_stream()
        self.freshness_alarm = build_freshness_alarm(self, self.destination.buffering, freshness_alarm_age)
        self.failure_alarm = build_failure_alarm(self, self.destination.buffering, backup=backup is not None)
        claim_name(self, "delivery stream", self.delivery_stream_name)
        keep_while_used(self)

    @staticmethod
    def from_delivery_stream_name(scope: Construct, construct_id: str, delivery_stream_name: str) -> IDeliveryToS3:
        """Import a delivery stream of this account and Region with direct put."""
        return ImportedDeliveryToS3(scope, construct_id, delivery_stream_name=delivery_stream_name)

    @property
    def guarantee(self) -> DeliveryGuarantee:
        """At least once."""
        return DeliveryGuarantee.AT_LEAST_ONCE

    def grant_put_records(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to put records; raise DeliveryError unless the source is direct put."""
        self._need_direct_put()
        return super().grant_put_records(grantee)

    def connection_properties(self) -> dict[str, str]:
        """Return the options of Flink's Firehose sink; raise DeliveryError unless the source is direct put."""
        self._need_direct_put()
        return super().connection_properties()

    def _need_direct_put(self) -> None:
        if self.source.stream_type != "DirectPut":
            raise DeliveryError(
                f"delivery {self.node.path} reads a source ({self.source.stream_type}) and accepts no records from"
                " producers: write to that source, or use DeliverySource.direct_put()"
            )

    def _build_log(self, retention: logs.RetentionDays) -> DeliveryLog:
        return DeliveryLog(
            self,
            "Log",
            delivery_stream_name=self.delivery_stream_name,
            retention=retention,
            encryption_key=self.encryption_key,
            removal_policy=self._removal_policy,
        )

    def _build_role(self) -> DeliveryRole:
        return DeliveryRole(
            self,
            "Role",
            source=self.source,
            targets=self.destination.targets(),
            statements=[self.log.statement(), *self.destination.statements(self)],
            removal_policy=self._removal_policy,
        )

    def _build_stream(self) -> CfnDeliveryStream:
        properties: dict[str, Any] = self.source.configuration(self.role.role_arn, self.encryption_key)
        stream = CfnDeliveryStream(
            self,
            "Resource",
            delivery_stream_name=self.delivery_stream_name,
            delivery_stream_type=self.source.stream_type,
            extended_s3_destination_configuration=self.destination.configuration(self, self.role, self.log),
            **properties,
        )
        stream.add_metadata(DELIVERY_METADATA, self.guarantee.value)
        stream.apply_removal_policy(self._removal_policy)
        for log_stream in self.log.streams:
            stream.node.add_dependency(log_stream)
        if "delivery_stream_encryption_configuration_input" not in properties:
            Validations.of(stream).acknowledge(Acknowledgment(id="AwsSolutions-KDF1", reason=_NOT_DIRECT_PUT))
        return stream
