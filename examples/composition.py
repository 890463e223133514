"""The same by composition: a construct with a stream, the application that reads it, and an alarm on its restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from cdk_penstock.application import FlinkApplication

if TYPE_CHECKING:
    from cdk_penstock.application import ApplicationCode


class ClickPipeline(Construct):
    """A stream of clicks and the application that counts them."""

    def __init__(self, scope: Construct, construct_id: str, *, code: ApplicationCode) -> None:
        super().__init__(scope, construct_id)
        self.clicks = kinesis.Stream(self, "Clicks", encryption=kinesis.StreamEncryption.MANAGED)
        self.application = FlinkApplication(
            self,
            "Counts",
            code=code,
            application_name="click-counts",
            parallelism=8,
            parallelism_per_kpu=2,
            property_groups={"input.clicks": {"stream.arn": self.clicks.stream_arn}},
        )
        self.clicks.grant_read(self.application)
        self.restarts = cloudwatch.Alarm(
            self,
            "Restarts",
            metric=cloudwatch.MathExpression(
                expression="DIFF(restarts)",
                using_metrics={"restarts": self.application.metric_restarts()},
                period=Duration.minutes(1),
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=5,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
