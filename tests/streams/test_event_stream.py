from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Environment, RemovalPolicy, Stack, TimeZone
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template
from aws_cdk.aws_events import Schedule
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.checks import add_checks
from cdk_penstock.model.kinesis import KinesisError, check_steps
from cdk_penstock.streams.kinesis import EventStream, StreamCapacity, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable

STREAM = "AWS::Kinesis::Stream"
ARN = "arn:aws:kinesis:eu-central-1:111122223333:stream/clicks"


def new_stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


def only(template: Template, kind: str) -> dict[str, Any]:
    (resource,) = template.find_resources(kind).values()
    return dict(resource)


def granted(stack: Stack) -> dict[str, set[str]]:
    policy = only(Template.from_stack(stack), "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    found: dict[str, set[str]] = {}
    for statement in policy:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found.setdefault(json.dumps(statement["Resource"]), set()).update(actions)
    return found


def role_in(stack: Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))


def test_by_default_a_stream_is_on_demand_encrypted_and_kept() -> None:
    stack = new_stack()
    EventStream(stack, "Clicks", stream_name="clicks")
    resource = only(Template.from_stack(stack), STREAM)
    assert resource["Properties"]["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert resource["Properties"]["RetentionPeriodHours"] == 168
    assert resource["Properties"]["StreamEncryption"]["EncryptionType"] == "KMS"
    assert "ShardCount" not in resource["Properties"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    key = only(Template.from_stack(stack), "AWS::KMS::Key")
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == "RetainExceptOnCreate"


def test_everything_on_passes_all_checks() -> None:
    app = App()
    stack = Stack(app, "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    stream = EventStream(
        stack,
        "Clicks",
        stream_name="clicks",
        capacity=StreamCapacity.provisioned(shard_count=6),
        retention=Duration.days(30),
        encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        removal_policy=RemovalPolicy.DESTROY,
    )
    stream.add_consumer("counter")
    stream.add_throttle_alarm()
    stream.scale_on_schedule("Morning", shard_count=12, schedule=Schedule.cron(hour="6", minute="0"))
    stream.scale_on_schedule("Evening", shard_count=6, schedule=Schedule.cron(hour="20", minute="0"))
    add_checks(app)
    app.synth()
    template = Template.from_stack(stack)
    assert only(template, STREAM)["Properties"]["ShardCount"] == 6
    schedules = [each["Properties"] for each in template.find_resources("AWS::Scheduler::Schedule").values()]
    targets = {json.loads(each["Target"]["Input"])["TargetShardCount"] for each in schedules}
    assert targets == {6, 12}
    for role in template.find_resources("AWS::IAM::Role").values():
        (policy,) = role["Properties"]["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Action"] == "kinesis:UpdateShardCount"
        assert statement["Resource"] != "*"
    alarm = only(template, "AWS::CloudWatch::Alarm")["Properties"]
    assert alarm["MetricName"] == "WriteProvisionedThroughputExceeded"


def test_a_reader_gets_this_stream_and_its_key_through_kinesis_and_nothing_else() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/1")
    EventStream.from_stream_arn(stack, "Clicks", ARN, encryption_key=key).grant_read(role_in(stack))
    assert granted(stack) == {
        json.dumps(ARN): {
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        },
        json.dumps(key.key_arn): {"kms:Decrypt"},
    }
    text = json.dumps(Template.from_stack(stack).to_json())
    assert '"kms:ViaService": "kinesis.eu-central-1.amazonaws.com"' in text


def test_a_writer_may_not_read_and_without_a_key_there_is_none() -> None:
    stack = new_stack()
    EventStream.from_stream_name(stack, "Clicks", "clicks").grant_write(role_in(stack))
    ((_, actions),) = granted(stack).items()
    assert actions == {
        "kinesis:DescribeStreamSummary",
        "kinesis:ListShards",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    }


def test_a_consumer_is_subscribed_to_and_never_registered_by_the_job() -> None:
    stack = new_stack()
    consumer = EventStream(stack, "Clicks", stream_name="clicks").add_consumer("counter")
    consumer.grant_read(role_in(stack))
    actions = set().union(*granted(stack).values())
    assert {"kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer", "kms:Decrypt"} <= actions
    assert not {"kinesis:RegisterStreamConsumer", "kinesis:DeregisterStreamConsumer", "kinesis:GetRecords"} & actions
    properties = consumer.connection_properties()
    assert (properties["source.reader.type"], properties["source.efo.consumer.name"]) == ("EFO", "counter")


def test_a_generated_name_gives_a_warning() -> None:
    stack = new_stack()
    EventStream(stack, "Clicks")
    assert len(Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("pass stream_name"))) == 1


def test_metrics_and_properties_are_those_of_the_stream() -> None:
    stream = EventStream(new_stack(), "Clicks", stream_name="clicks")
    assert stream.metric_iterator_age().metric_name == "GetRecords.IteratorAgeMilliseconds"
    assert stream.metric_read_throttled().dimensions == {"StreamName": "clicks"}
    assert stream.metric_incoming_records(label="in").statistic == "Sum"
    assert stream.connection_properties()["aws.region"] == "eu-central-1"
    assert stream.encryption_key is not None


REFUSED: list[tuple[str, Callable[[Stack], object], type[Exception], str]] = [
    ("no shard", lambda _: StreamCapacity.provisioned(shard_count=0), KinesisError, "1 to 100000 shards, got 0"),
    ("a name with a space", lambda s: EventStream(s, "S", stream_name="a b"), KinesisError, "got 'a b'"),
    (
        "too short a retention",
        lambda s: EventStream(s, "S", stream_name="s", retention=Duration.hours(1)),
        KinesisError,
        "24 to 8760 whole hours, got 1",
    ),
    (
        "a schedule of a stream on demand",
        lambda s: EventStream(s, "S", stream_name="s").scale_on_schedule(
            "X", shard_count=2, schedule=Schedule.rate(Duration.days(1))
        ),
        StreamError,
        "scales by itself",
    ),
    (
        "a schedule for no shard",
        lambda s: EventStream(
            s, "S", stream_name="s", capacity=StreamCapacity.provisioned(shard_count=6)
        ).scale_on_schedule("X", shard_count=0, schedule=Schedule.rate(Duration.days(1))),
        KinesisError,
        "1 to 100000 shards, got 0",
    ),
    (
        "a stream without a name",
        lambda s: EventStream.from_stream_arn(s, "S", s.format_arn(service="kinesis", resource="stream")),
        StreamError,
        "expected the ARN of a stream",
    ),
    (
        "what is no stream",
        lambda s: EventStream.from_stream_arn(s, "S", "arn:aws:kinesis:eu-central-1:111122223333:x"),
        StreamError,
        "expected the ARN of a stream",
    ),
]


@pytest.mark.parametrize(("build", "error", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_invalid_streams_are_refused(build: Callable[[Stack], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build(new_stack())


def scheduled(start: int, *counts: int) -> App:
    app = App()
    stack = Stack(app, "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    capacity = StreamCapacity.provisioned(shard_count=start)
    stream = EventStream(stack, "Clicks", stream_name="clicks", capacity=capacity)
    for index, count in enumerate(counts):
        stream.scale_on_schedule(f"At{index}", shard_count=count, schedule=Schedule.rate(Duration.days(1)))
    return app


def test_synthesis_refuses_schedules_that_kinesis_would_not_follow_at_night() -> None:
    with pytest.raises(RuntimeError, match="schedules for 3 and 12 and none between: add one for 6"):
        scheduled(6, 12, 3).synth()
    with pytest.raises(RuntimeError, match="got 6 to start with and schedules for 13"):
        scheduled(6, 13).synth()


def test_a_number_far_from_the_first_is_reached_in_steps() -> None:
    assert scheduled(6, 12, 24).synth().stacks


def is_step(shards: int, other: int) -> bool:
    return shards <= 2 * other and other <= 2 * shards


def within_steps(start: int, counts: set[int]) -> set[int]:
    reached: set[int] = set()
    found = {each for each in counts if is_step(start, each)}
    while found - reached:
        reached |= found
        found = {each for each in counts if any(is_step(one, each) for one in reached)}
    return reached


@given(st.integers(1, 60), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_schedules_are_taken_exactly_if_each_can_be_reached_from_each(start: int, counts: list[int]) -> None:
    # The number to start with comes back with no schedule, so it leads to the others once and connects none of them.
    everything = set(counts)
    works = within_steps(start, everything) and all(within_steps(one, everything) == everything for one in counts)
    try:
        check_steps(counts, start=start)
    except KinesisError:
        assert not works
    else:
        assert works


def test_a_schedule_follows_its_time_zone_and_gives_up_before_the_next_one() -> None:
    stack = new_stack()
    capacity = StreamCapacity.provisioned(shard_count=6)
    stream = EventStream(stack, "Clicks", stream_name="clicks", capacity=capacity)
    at_six = Schedule.cron(hour="6", minute="0")
    stream.scale_on_schedule("Morning", shard_count=12, schedule=at_six, time_zone=TimeZone.EUROPE_BERLIN)
    schedule = only(Template.from_stack(stack), "AWS::Scheduler::Schedule")["Properties"]
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600}


@pytest.mark.parametrize(("given_", "expected_ms"), [(None, 84 * 3_600_000), (Duration.minutes(5), 300_000)])
def test_the_alarm_for_late_readers_comes_before_records_expire(given_: Duration | None, expected_ms: int) -> None:
    stack = new_stack()
    EventStream(stack, "Clicks", stream_name="clicks").add_iterator_age_alarm(threshold=given_)
    alarm = only(Template.from_stack(stack), "AWS::CloudWatch::Alarm")["Properties"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("GetRecords.IteratorAgeMilliseconds", "Maximum")
    assert alarm["Threshold"] == expected_ms


def test_an_imported_stream_gets_a_consumer() -> None:
    stack = new_stack()
    consumer = EventStream.from_stream_arn(stack, "Clicks", ARN).add_consumer("counter")
    consumer.grant_read(role_in(stack))
    registered = only(Template.from_stack(stack), "AWS::Kinesis::StreamConsumer")["Properties"]
    assert (registered["StreamARN"], registered["ConsumerName"]) == (ARN, "counter")
    behind = consumer.metric_millis_behind_latest()
    assert behind.dimensions == {"StreamName": "clicks", "ConsumerName": "counter"}
    assert behind.metric_name == "SubscribeToShardEvent.MillisBehindLatest"


def test_a_stream_of_another_region_is_read_there_and_decrypted_there() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:us-east-1:111122223333:key/1")
    arn = ARN.replace("eu-central-1", "us-east-1")
    stream = EventStream.from_stream_arn(stack, "Clicks", arn, encryption_key=key)
    stream.grant_read(role_in(stack))
    assert stream.connection_properties() == {"stream.arn": arn, "aws.region": "us-east-1"}
    assert '"kms:ViaService": "kinesis.us-east-1.amazonaws.com"' in json.dumps(Template.from_stack(stack).to_json())


def test_a_stream_of_which_only_the_deployment_knows_the_arn_can_be_imported() -> None:
    stack = new_stack()
    parameter = CfnParameter(stack, "StreamArn")
    stream = EventStream.from_stream_arn(stack, "Clicks", parameter.value_as_string)
    assert "Fn::Split" in str(stack.resolve(stream.stream_name))
    assert "Fn::Split" in str(stack.resolve(stream.connection_properties()["aws.region"]))


def test_a_stream_imported_by_name_is_of_this_region() -> None:
    stream = EventStream.from_stream_name(new_stack(), "Clicks", "clicks")
    assert (stream.stream_name, stream.connection_properties()["aws.region"]) == ("clicks", "eu-central-1")
