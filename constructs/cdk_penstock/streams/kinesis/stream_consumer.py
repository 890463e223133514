"""Consumer of a stream, with enhanced fan-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

from aws_cdk import aws_iam as iam
from aws_cdk.aws_kinesis import CfnStreamConsumer
from constructs import Construct

from cdk_penstock.foundation.metric_options import MetricOptions, with_defaults
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.kinesis import check_stream_name

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from cdk_penstock.streams.kinesis.event_stream_interface import IEventStream

_STREAM_ACTIONS: Final = ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:ListShards")
_CONSUMER_ACTIONS: Final = ("kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard")


class StreamConsumer(Construct):
    """A registered consumer, which gets 2 MiB per second of each shard for itself and is billed per shard.

    The stack registers it, so the job needs no permission to register or deregister consumers, and leaves none behind.
    Raises KinesisError for a name that Kinesis would refuse.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stream: IEventStream, consumer_name: str) -> None:
        super().__init__(scope, construct_id)
        self.stream = stream
        self.consumer_name = check_stream_name(consumer_name)
        self.resource = CfnStreamConsumer(
            self, "Resource", consumer_name=self.consumer_name, stream_arn=stream.stream_arn
        )
        keep_while_used(self)

    @property
    def consumer_arn(self) -> str:
        """The Amazon Resource Name."""
        return self.resource.attr_consumer_arn

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to subscribe as this consumer, and nothing else."""
        on_stream = self.stream.grant(grantee, _STREAM_ACTIONS, key_actions=["kms:Decrypt"])
        return on_stream.combine(
            iam.Grant.add_to_principal(
                grantee=grantee, actions=list(_CONSUMER_ACTIONS), resource_arns=[self.consumer_arn]
            )
        )

    def connection_properties(self) -> dict[str, str]:
        """Return the properties with which a job subscribes, by the names of the Flink connector."""
        return {
            **self.stream.connection_properties(),
            "source.reader.type": "EFO",
            "source.efo.consumer.name": self.consumer_name,
            "source.efo.lifecycle": "SELF_MANAGED",
        }

    def metric_millis_behind_latest(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds that this consumer is behind; the stream's iterator age covers only polling consumers."""
        dimensions = {"ConsumerName": self.consumer_name}
        options = with_defaults(options, statistic="Maximum", dimensions=dimensions)
        return self.stream.metric("SubscribeToShardEvent.MillisBehindLatest", **options)
