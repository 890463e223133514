"""Interface and base class of deliveries: identity, grants and metrics."""

from __future__ import annotations

from typing import Protocol, Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from cdk_penstock.foundation.metric_options import MetricMethod, MetricOptions, build_metric
from cdk_penstock.foundation.physical_names import check_unless_token
from cdk_penstock.model.delivery import check_delivery_stream_name


class IDeliveryToS3(IConstruct, Protocol):
    """A Firehose stream that delivers to S3 at least once, created in this app or elsewhere."""

    @property
    def delivery_stream_name(self) -> str:
        """The physical name."""

    @property
    def delivery_stream_arn(self) -> str:
        """The Amazon Resource Name."""

    def grant_put_records(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to put records."""

    def connection_properties(self) -> dict[str, str]:
        """Return the options of Flink's Firehose sink."""

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return one of the stream's metrics."""


def delivery_stream_arn(scope: Construct, name: str) -> str:
    """Return the ARN of a delivery stream in the scope's account and Region."""
    return Stack.of(scope).format_arn(service="firehose", resource="deliverystream", resource_name=name)


class DeliveryToS3Base(Construct):
    """The common part of deliveries: it needs only the name."""

    _name: str

    @property
    def delivery_stream_name(self) -> str:
        """The physical name."""
        return self._name

    @property
    def delivery_stream_arn(self) -> str:
        """The Amazon Resource Name."""
        return delivery_stream_arn(self, self._name)

    def grant_put_records(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to put records, and nothing else; producers need no grant on the stream's key."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["firehose:PutRecord", "firehose:PutRecordBatch"],
            resource_arns=[self.delivery_stream_arn],
        )

    def connection_properties(self) -> dict[str, str]:
        """Return the options of Flink's Firehose sink, for ``add_property_group``."""
        return {"aws.region": Stack.of(self).region, "delivery-stream": self.delivery_stream_name}

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this stream; by default its average over five minutes."""
        dimensions = {"DeliveryStreamName": self.delivery_stream_name}
        return build_metric(self, "AWS/Firehose", name, dimensions=dimensions, options=options)

    metric_data_freshness = MetricMethod(
        "DeliveryToS3.DataFreshness", "Maximum", "Age of the oldest record that is not in S3 yet, in seconds."
    )
    metric_success = MetricMethod("DeliveryToS3.Success", "Average", "Share of writes to S3 that succeeded, 0 to 1.")
    metric_backup_success = MetricMethod(
        "BackupToS3.Success", "Average", "Share of the backup's writes to S3 that succeeded, 0 to 1."
    )
    metric_delivered_records = MetricMethod("DeliveryToS3.Records", "Sum", "Records written to S3.")
    metric_delivered_bytes = MetricMethod("DeliveryToS3.Bytes", "Sum", "Bytes written to S3.")
    metric_incoming_records = MetricMethod("IncomingRecords", "Sum", "Records received.")
    metric_throttled_records = MetricMethod("ThrottledRecords", "Sum", "Records that Firehose throttled.")
    metric_failed_conversions = MetricMethod(
        "FailedConversion.Records",
        "Sum",
        "Records that could not be converted to Parquet and went to the error prefix.",
    )
    metric_partition_count_exceeded = MetricMethod(
        "PartitionCountExceeded",
        "Maximum",
        "1 if records went to the error prefix because of too many partitions at a time, else 0.",
    )


class ImportedDeliveryToS3(DeliveryToS3Base):
    """A delivery stream of the stack's account and Region that was created outside of this app."""

    def __init__(self, scope: Construct, construct_id: str, *, delivery_stream_name: str) -> None:
        super().__init__(scope, construct_id)
        self._name = check_unless_token(delivery_stream_name, check_delivery_stream_name)
