"""Stream of Kinesis Data Streams, with production defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_kinesis import CfnStream

from cdk_penstock.foundation.elsewhere import require_key_region
from cdk_penstock.foundation.encryption_keys import build_key
from cdk_penstock.foundation.physical_names import choose_name, claim_name
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.kinesis import check_alarm_hours, check_retention_hours, check_shard_count, check_stream_name
from cdk_penstock.streams.errors import StreamError
from cdk_penstock.streams.kinesis.event_stream_base import EventStreamBase
from cdk_penstock.streams.kinesis.imported_event_stream import ImportedEventStream
from cdk_penstock.streams.kinesis.shard_schedule import ShardSchedule, ShardSteps

if TYPE_CHECKING:
    from aws_cdk import TimeZone
    from aws_cdk import aws_kms as kms
    from aws_cdk.aws_events import Schedule
    from constructs import Construct

    from cdk_penstock.streams.kinesis.event_stream_interface import IEventStream

_OWN_KEY: Final = (
    "the policy of the AWS managed key decides who reads the records; with a customer managed key yours does. Its calls"
    " cost little, because Kinesis caches data keys"
)


@dataclass(frozen=True, kw_only=True)
class StreamCapacity:
    """Capacity of a stream; created by ``on_demand`` or ``provisioned``."""

    shard_count: int | None

    @classmethod
    def on_demand(cls) -> Self:
        """Return a capacity that follows the traffic, up to twice its peak of the last 30 days."""
        return cls(shard_count=None)

    @classmethod
    def provisioned(cls, *, shard_count: int) -> Self:
        """Return a number of shards, each for 1 MiB or 1000 records written and 2 MiB read per second."""
        return cls(shard_count=check_shard_count(shard_count))


class EventStream(EventStreamBase):
    """An encrypted stream that keeps records for a week.

    Parameters
    ----------
    stream_name
        The physical name; changing it creates a new, empty stream, and the old one is kept. Default: a name from the
        construct's path, with a warning.
    capacity
        Default: on demand.
    retention
        Time for which records are kept, 24 hours to 365 days; shortening it deletes older ones. Default: 7 days.
    encryption_key
        Key of the records. After a change of the key, older records stay under the old one until they expire, and
        readers need a grant on it, which this construct does not give. Default: a new key, rotated every year.
    removal_policy
        Default: RETAIN_ON_UPDATE_OR_DELETE.

    Raises KinesisError for a value that Kinesis would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream_name: str | None = None,
        capacity: StreamCapacity | None = None,
        retention: Duration | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._region = Stack.of(self).region
        self._account = Stack.of(self).account
        require_key_region(self, encryption_key, StreamError)
        self._stream_name = choose_name(
            self, stream_name, "stream_name", check_stream_name, max_length=128, effect="makes a new, empty stream"
        )
        self.retention = retention or Duration.days(7)
        self.capacity = capacity or StreamCapacity.on_demand()
        self._encryption_key = encryption_key or build_key(
            self, description=f"Records of the stream {self.stream_name}", removal_policy=removal_policy
        )
        self.resource = CfnStream(
            self,
            "Resource",
            name=self.stream_name,
            shard_count=self.capacity.shard_count,
            stream_mode_details=CfnStream.StreamModeDetailsProperty(
                stream_mode="ON_DEMAND" if self.capacity.shard_count is None else "PROVISIONED"
            ),
            retention_period_hours=check_retention_hours(self.retention.to_hours(integral=False)),
            stream_encryption=CfnStream.StreamEncryptionProperty(
                encryption_type="KMS", key_id=self._encryption_key.key_arn
            ),
        )
        self.resource.apply_removal_policy(removal_policy)
        self._stream_arn = self.resource.attr_arn
        self._scheduled: list[int] = []
        Validations.of(self.resource).acknowledge(Acknowledgment(id="AwsSolutions-KDS3", reason=_OWN_KEY))
        claim_name(self, "stream", self.stream_name)
        keep_while_used(self)

    @staticmethod
    def from_stream_name(
        scope: Construct, construct_id: str, stream_name: str, *, encryption_key: kms.IKey | None = None
    ) -> IEventStream:
        """Import a stream of this account and Region; pass its customer managed key, so that grants include it."""
        arn = Stack.of(scope).format_arn(service="kinesis", resource="stream", resource_name=stream_name)
        return ImportedEventStream(scope, construct_id, stream_arn=arn, encryption_key=encryption_key)

    @staticmethod
    def from_stream_arn(
        scope: Construct, construct_id: str, stream_arn: str, *, encryption_key: kms.IKey | None = None
    ) -> IEventStream:
        """Import a stream; pass its customer managed key, so that grants include it."""
        return ImportedEventStream(scope, construct_id, stream_arn=stream_arn, encryption_key=encryption_key)

    def scale_on_schedule(
        self, construct_id: str, *, shard_count: int, schedule: Schedule, time_zone: TimeZone | None = None
    ) -> ShardSchedule:
        """Change the number of shards at a time of day, such as from 6 to 12 in the morning; a second one undoes it.

        EventBridge Scheduler calls UpdateShardCount with a role that may do only this, on this stream; streams have no
        Application Auto Scaling. A later deployment that changes the stream sets its own number of shards again.
        Kinesis at most doubles or halves the shards in one step, so synthesis fails if the numbers of all schedules
        cannot follow each other.

        Parameters
        ----------
        shard_count
            Number of shards from that time on.
        schedule
            Time of the change.
        time_zone
            Time zone of the schedule, with daylight saving time. Default: UTC.

        Raises StreamError for a stream on demand.
        """
        if self.capacity.shard_count is None:
            raise StreamError(
                f"stream {self.node.path} is on demand and scales by itself: give it a provisioned capacity"
            )
        if not self._scheduled:
            self.node.add_validation(ShardSteps(self.capacity.shard_count, self._scheduled))
        self._scheduled.append(check_shard_count(shard_count))
        return ShardSchedule(
            self, construct_id, stream=self, shard_count=shard_count, schedule=schedule, time_zone=time_zone
        )

    def add_throttle_alarm(self, construct_id: str = "ThrottleAlarm") -> cloudwatch.Alarm:
        """Add an alarm on throttled producers, which lose or delay records."""
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"Producers of {self.stream_name} are throttled: add shards, or spread partition keys",
            metric=self.metric_write_throttled(period=Duration.minutes(1)),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def add_iterator_age_alarm(
        self, construct_id: str = "IteratorAgeAlarm", *, threshold: Duration | None = None
    ) -> cloudwatch.Alarm:
        """Add an alarm on polling consumers that fall behind, before unread records expire.

        Parameters
        ----------
        threshold
            Delay of the consumer, less than the retention. Default: half of it (Kinesis, "Monitor the Amazon Kinesis
            Data Streams service").

        Raises KinesisError for a threshold that is not above zero and below the retention.
        """
        behind = threshold or Duration.minutes(self.retention.to_minutes() / 2)
        check_alarm_hours(behind.to_hours(integral=False), retention_hours=self.retention.to_hours(integral=False))
        return cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=(
                f"A consumer of {self.stream_name} is {behind.to_human_string()} behind: records expire unread after"
                f" {self.retention.to_human_string()}"
            ),
            metric=self.metric_iterator_age(period=Duration.minutes(1)),
            threshold=behind.to_milliseconds(),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
