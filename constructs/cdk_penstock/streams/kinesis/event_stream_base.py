"""Base class of Kinesis streams, created or imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_penstock.foundation.elsewhere import is_of_other_account, is_of_other_region, warn_of_other_account
from cdk_penstock.foundation.metric_options import MetricMethod, MetricOptions, build_metric
from cdk_penstock.model.regions import via_service
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kinesis.stream_consumer import StreamConsumer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

    from cdk_penstock.streams.kinesis.event_stream_interface import IStreamConsumer

READ_ACTIONS: Final = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
"""Calls of Flink's polling source (managed-flink, "Kinesis source": IAM permissions)."""
WRITE_ACTIONS: Final = (
    "kinesis:DescribeStreamSummary",
    "kinesis:ListShards",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
)


class EventStreamBase(Construct):
    """The common part of streams: it needs only name, ARN and key."""

    _stream_name: str
    _stream_arn: str
    _encryption_key: kms.IKey | None
    _region: str
    _account: str

    @property
    def stream_name(self) -> str:
        """The physical name."""
        return self._stream_name

    @property
    def stream_arn(self) -> str:
        """The Amazon Resource Name."""
        return self._stream_arn

    @property
    def encryption_key(self) -> kms.IKey | None:
        """The customer managed key of the records, None if there is none or it is not known."""
        return self._encryption_key

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to read this stream by polling, and nothing else."""
        return self.grant(grantee, READ_ACTIONS, key_actions=["kms:Decrypt"])

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to write to this stream, and nothing else."""
        return self.grant(grantee, WRITE_ACTIONS, key_actions=["kms:GenerateDataKey"])

    def grant(self, grantee: iam.IGrantable, actions: Sequence[str], *, key_actions: Sequence[str]) -> iam.Grant:
        """Allow the grantee actions on this stream, and actions on its key through Kinesis only."""
        granted = iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.stream_arn])
        if self._encryption_key is not None:
            statement = iam.PolicyStatement(
                actions=list(key_actions),
                resources=[self._encryption_key.key_arn],
                conditions={"StringEquals": via_service("kinesis", self._region)},
            )
            grantee.grant_principal.add_to_principal_policy(statement)
        self._warn_of_other_account(grantee, actions, key_actions)
        return granted

    def _warn_of_other_account(
        self, grantee: iam.IGrantable, actions: Sequence[str], key_actions: Sequence[str]
    ) -> None:
        key = self._encryption_key
        unknown_key = "; its records must be under a customer managed key, since that of AWS cannot be shared"
        warn_of_other_account(
            self,
            grantee,
            account=self._account,
            policy=f"its resource policy (kinesis:PutResourcePolicy{unknown_key if key is None else ''})",
            actions=actions,
            resources=[self.stream_arn],
        )
        if key is not None:
            warn_of_other_account(
                self,
                grantee,
                account=key.env.account,
                policy="the policy of its key",
                actions=key_actions,
                resources=[key.key_arn],
            )

    def add_consumer(self, consumer_name: str) -> IStreamConsumer:
        """Add a consumer with enhanced fan-out, which gets 2 MiB per second of each shard for itself.

        All of its properties are fixed at creation; another name creates another consumer. It is deleted before the
        stream, because Kinesis deletes no stream with consumers. Raises StreamError for a stream of another account or
        Region.
        """
        if is_of_other_account(self, self._account) or is_of_other_region(self, self._region):
            raise StreamError(
                f"CloudFormation registers consumers of streams in its own account and Region only, got"
                f" {self.stream_arn}: register {consumer_name!r} there, or poll with grant_read"
            )
        return StreamConsumer(self, f"Consumer-{consumer_name}", stream=self, consumer_name=consumer_name)

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job finds the stream, by the names of the Flink connector."""
        return {"stream.arn": self.stream_arn, "aws.region": self._region}

    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of the stream in ``AWS/Kinesis``; by default its average over five minutes."""
        # Metrics are in the Region of the stream.
        region = self._region if is_of_other_region(self, self._region) else None
        dimensions = {"StreamName": self.stream_name}
        return build_metric(self, "AWS/Kinesis", name, dimensions=dimensions, options=options, region=region)

    metric_write_throttled = MetricMethod(
        "WriteProvisionedThroughputExceeded", "Sum", "Records whose writing Kinesis throttled."
    )
    metric_read_throttled = MetricMethod("ReadProvisionedThroughputExceeded", "Sum", "Reads that Kinesis throttled.")
    metric_iterator_age = MetricMethod(
        "GetRecords.IteratorAgeMilliseconds", "Maximum", "Milliseconds that the slowest polling consumer is behind."
    )
    metric_incoming_records = MetricMethod("IncomingRecords", "Sum", "Records that came in.")
