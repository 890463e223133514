"""Alarms of a delivery: late records and failed records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_penstock.model.delivery import Buffering, DeliveryError

if TYPE_CHECKING:
    from cdk_penstock.sinks.firehose.delivery_base import DeliveryToS3Base

_PERIOD: Final = Duration.minutes(5)
_SLACK_SECONDS: Final = 600


def build_freshness_alarm(delivery: DeliveryToS3Base, buffering: Buffering, age: Duration | None) -> cloudwatch.Alarm:
    """Add the alarm on the age of the oldest record; raise DeliveryError for one that buffering reaches."""
    normal = buffering.longest_delay_seconds
    seconds = normal + _SLACK_SECONDS if age is None else int(age.to_seconds())
    if seconds <= normal:
        raise DeliveryError(
            f"freshness_alarm_age must be longer than the delay by buffering, {normal} seconds, got {seconds}: raise it"
            " or shorten buffer_interval"
        )
    return cloudwatch.Alarm(
        delivery,
        "FreshnessAlarm",
        alarm_description=(
            "Records wait too long for their delivery to S3: check the log of the delivery stream, and the permissions"
            " on its bucket and key. Records of producers are kept for 24 hours."
        ),
        metric=delivery.metric_data_freshness(period=_PERIOD),
        threshold=seconds,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=2,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def build_failure_alarm(delivery: DeliveryToS3Base, buffering: Buffering, *, backup: bool) -> cloudwatch.Alarm:
    """Add one alarm on all failures that the delivery can have in its configuration."""
    parts = {"FILL(1 - written, 0)": {"written": delivery.metric_success(period=_PERIOD)}}
    if backup:
        parts["FILL(1 - kept, 0)"] = {"kept": delivery.metric_backup_success(period=_PERIOD)}
    if buffering.columnar:
        parts["FILL(unconverted, 0)"] = {"unconverted": delivery.metric_failed_conversions(period=_PERIOD)}
    if buffering.partitioned:
        parts["FILL(crowded, 0)"] = {"crowded": delivery.metric_partition_count_exceeded(period=_PERIOD)}
    return cloudwatch.Alarm(
        delivery,
        "FailureAlarm",
        alarm_description=(
            "Records were not written to S3, were not converted, or exceeded the number of partitions: check the error"
            " prefix and the log of the delivery stream. Firehose retries writes that S3 refused for 24 hours."
        ),
        metric=cloudwatch.MathExpression(
            expression=" + ".join(parts),
            using_metrics={name: metric for each in parts.values() for name, metric in each.items()},
            label="Failures of the delivery to S3",
            period=_PERIOD,
        ),
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
