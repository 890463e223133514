"""Queue with notifications of new objects below one prefix of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack, cast

from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_penstock.foundation.grants import allow
from cdk_penstock.foundation.metric_options import MetricOptions, with_defaults
from cdk_penstock.foundation.references import keep_while_used
from cdk_penstock.model.regions import via_service
from cdk_penstock.sinks.errors import ArchiveBucketError

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

_EVENT: Final = "s3:ObjectCreated:*"
_RETENTION: Final = Duration.days(14)  # the maximum of SQS
_MOST_VISIBILITY_SECONDS: Final = 12 * 3600
_MOST_RECEIVES: Final = 1000


class ArchiveNotifications(Construct):
    """An encrypted queue with one message for each new object, which a warehouse reads at its own speed.

    Created by ``ArchiveBucket.add_notifications``. S3 sends each message at least once and in any order, so readers
    must tolerate duplicates. A message that was received ``max_receive_count`` times and not deleted goes to the
    dead-letter queue; both queues keep messages for 14 days.

    Attributes
    ----------
    queue, dead_letter_queue
        The two queues.
    age_alarm
        Alarm if the oldest message is older than ``alarm_age``: the reader is down or too slow.
    dead_letter_alarm
        Alarm if the dead-letter queue has a message.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket_arn: str | None,
        prefix: str,
        suffix: str | None,
        encryption_key: kms.IKey,
        visibility_timeout: Duration,
        max_receive_count: int,
        alarm_age: Duration,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        _check_visibility(visibility_timeout, alarm_age)
        if not 1 <= max_receive_count <= _MOST_RECEIVES:
            raise ArchiveBucketError(
                f"max_receive_count must be 1 to {_MOST_RECEIVES} (SQS, RedrivePolicy), got {max_receive_count}"
            )
        self.prefix = prefix
        self.suffix = suffix
        self._encryption_key = encryption_key
        self.dead_letter_queue = self._build_queue("DeadLetterQueue", removal_policy)
        self.queue = self._build_queue(
            "Queue",
            removal_policy,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=max_receive_count),
        )
        self._allow_s3(bucket_arn)
        for queue in (self.queue, self.dead_letter_queue):
            _policy(queue).apply_removal_policy(removal_policy)
        self.age_alarm = self._build_age_alarm(alarm_age)
        self.dead_letter_alarm = self._build_dead_letter_alarm()
        keep_while_used(self)

    @property
    def queue_policy(self) -> sqs.QueuePolicy:
        """The policy that must exist before S3 accepts the queue."""
        return _policy(self.queue)

    def configuration(self) -> s3.CfnBucket.QueueConfigurationProperty:
        """Return the queue's part of the bucket's properties."""
        rules = [
            s3.CfnBucket.FilterRuleProperty(name=name, value=value)
            for name, value in (("prefix", self.prefix), ("suffix", self.suffix))
            if value
        ]
        filters = s3.CfnBucket.S3KeyFilterProperty(rules=rules)
        return s3.CfnBucket.QueueConfigurationProperty(
            event=_EVENT,
            queue=self.queue.queue_arn,
            filter=s3.CfnBucket.NotificationFilterProperty(s3_key=filters) if rules else None,
        )

    def overlaps(self, prefix: str, suffix: str | None) -> bool:
        """Return True if an object may match the filters of both queues, which S3 refuses for one bucket."""
        if any(Token.is_unresolved(text) for text in (prefix, suffix, self.prefix, self.suffix)):
            return False
        ours, theirs = self.suffix or "", suffix or ""
        return (self.prefix.startswith(prefix) or prefix.startswith(self.prefix)) and (
            ours.endswith(theirs) or theirs.endswith(ours)
        )

    def grant_consume(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow the grantee to receive and delete messages of the queue, but not to send, purge or read dead letters.

        ``ArchiveBucket.grant_read`` allows to read the objects that the messages name.
        """
        region = Stack.of(self).region
        return allow(
            grantee,
            actions=[
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
            ],
            resources=[self.queue.queue_arn],
        ).combine(
            allow(
                grantee,
                actions=["kms:Decrypt"],
                resources=[self._encryption_key.key_arn],
                conditions={"StringEquals": via_service("sqs", region)},
            )
        )

    def metric_age_of_oldest_message(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Age of the oldest message that was not deleted, in seconds."""
        return self.queue.metric_approximate_age_of_oldest_message(**with_defaults(options, statistic="Maximum"))

    def metric_waiting_messages(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Messages in the queue."""
        return self.queue.metric_approximate_number_of_messages_visible(**with_defaults(options, statistic="Maximum"))

    def metric_dead_letters(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Messages in the dead-letter queue."""
        return self.dead_letter_queue.metric_approximate_number_of_messages_visible(
            **with_defaults(options, statistic="Maximum")
        )

    def _build_queue(
        self,
        construct_id: str,
        removal_policy: RemovalPolicy,
        *,
        visibility_timeout: Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._encryption_key,
            enforce_ssl=True,
            retention_period=_RETENTION,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
            removal_policy=removal_policy,
        )

    def _allow_s3(self, bucket_arn: str | None) -> None:
        """Allow S3 to send messages, for buckets of this account only.

        S3 tests the queue when the bucket is created, so the queue's policy is created first and cannot refer to the
        bucket. It has the bucket's ARN only if the name is known at synthesis.
        """
        conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        if bucket_arn is not None:
            conditions["ArnEquals"] = {"aws:SourceArn": bucket_arn}
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AllowS3ToTellOfNewObjects",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions=conditions,
            )
        )

    def _build_age_alarm(self, alarm_age: Duration) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "AgeAlarm",
            alarm_description=(
                "The oldest notification of new objects waits for too long: the reader of the queue is down or too"
                " slow. Messages are kept for 14 days."
            ),
            metric=self.metric_age_of_oldest_message(period=Duration.minutes(5)),
            threshold=alarm_age.to_seconds(),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _build_dead_letter_alarm(self) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            "DeadLetterAlarm",
            alarm_description=(
                "A notification of a new object was received many times and not deleted: the reader fails on it."
                " Correct the reader, then move the messages back with StartMessageMoveTask."
            ),
            metric=self.metric_dead_letters(period=Duration.minutes(5)),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def _policy(queue: sqs.Queue) -> sqs.QueuePolicy:
    return cast("sqs.QueuePolicy", queue.node.find_child("Policy"))


def _check_visibility(visibility_timeout: Duration, alarm_age: Duration) -> None:
    seconds = visibility_timeout.to_seconds()
    if not 0 < seconds <= _MOST_VISIBILITY_SECONDS:
        raise ArchiveBucketError(f"visibility_timeout must be one second to twelve hours, got {seconds} seconds")
    if alarm_age.to_seconds() <= seconds:
        raise ArchiveBucketError(
            f"alarm_age must be longer than visibility_timeout, got {alarm_age.to_seconds()} and {seconds} seconds: a"
            " message that is being processed gets older too"
        )
    if alarm_age.to_seconds() >= _RETENTION.to_seconds():
        raise ArchiveBucketError(
            f"alarm_age must be less than the {_RETENTION.to_days()} days that a queue keeps messages, got"
            f" {alarm_age.to_human_string()}: there would never be an alarm"
        )
