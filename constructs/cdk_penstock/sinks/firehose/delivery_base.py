"""Interface and base class of deliveries: identity, grants and metrics."""

from __future__ import annotations

from typing import Protocol, Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from cdk_penstock.foundation.metric_options import MetricOptions, build_metric, with_defaults
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

    def metric_data_freshness(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Age of the oldest record that is not in S3 yet, in seconds."""
        return self._metric("DeliveryToS3.DataFreshness", "Maximum", options)

    def metric_success(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Share of writes to S3 that succeeded, 0 to 1."""
        return self._metric("DeliveryToS3.Success", "Average", options)

    def metric_backup_success(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Share of the backup's writes to S3 that succeeded, 0 to 1."""
        return self._metric("BackupToS3.Success", "Average", options)

    def metric_delivered_records(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records written to S3."""
        return self._metric("DeliveryToS3.Records", "Sum", options)

    def metric_delivered_bytes(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Bytes written to S3."""
        return self._metric("DeliveryToS3.Bytes", "Sum", options)

    def metric_incoming_records(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records received."""
        return self._metric("IncomingRecords", "Sum", options)

    def metric_throttled_records(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records that Firehose throttled."""
        return self._metric("ThrottledRecords", "Sum", options)

    def metric_failed_conversions(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Records that could not be converted to Parquet and went to the error prefix."""
        return self._metric("FailedConversion.Records", "Sum", options)

    def metric_partition_count_exceeded(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """1 if records went to the error prefix because of too many partitions at a time, else 0."""
        return self._metric("PartitionCountExceeded", "Maximum", options)

    def _metric(self, name: str, statistic: str, options: MetricOptions) -> cloudwatch.Metric:
        return self.metric(name, **with_defaults(options, statistic=statistic))


class ImportedDeliveryToS3(DeliveryToS3Base):
    """A delivery stream of the stack's account and Region that was created outside of this app."""

    def __init__(self, scope: Construct, construct_id: str, *, delivery_stream_name: str) -> None:
        super().__init__(scope, construct_id)
        self._name = check_unless_token(delivery_stream_name, check_delivery_stream_name)
