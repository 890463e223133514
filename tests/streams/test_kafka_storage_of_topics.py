from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Duration, Size
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template
from aws_cdk.aws_cloudwatch_actions import SnsAction

from cdk_penstock.checks import add_checks
from cdk_penstock.streams.kafka import (
    BrokerInstance,
    CleanupPolicy,
    KafkaTopic,
    ProvisionedKafkaCluster,
    ServerlessKafkaCluster,
    TopicLoad,
)
from cdk_penstock.streams.kinesis import StreamError
from tests.streams.test_kafka import TOPIC, decoded, imported_in, new_stack, only, vpc_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import Stack

LOAD = TopicLoad(records_per_second=10_000, record_bytes=130, compression_ratio=4.3)
ALARM = "AWS::CloudWatch::Alarm"


def cluster_in(stack: Stack, **given: Any) -> ProvisionedKafkaCluster:
    return ProvisionedKafkaCluster(stack, "Cluster", vpc=vpc_in(stack), cluster_name="fleet", **given)


def topic_in(stack: Stack, cluster: Any, name: str = "events", **given: Any) -> KafkaTopic:
    values: dict[str, Any] = {"partitions": 12, "expected_load": LOAD} | given
    return KafkaTopic(stack, name, cluster=cluster, topic_name=name, **values)


def test_storage_that_would_fill_fails_the_synthesis_with_its_assumptions() -> None:
    stack = new_stack()
    topic_in(stack, cluster_in(stack, storage_gib_per_broker=50))
    with pytest.raises(RuntimeError, match=r"\[Stack/Cluster\] the disk of a broker would be 160 % full.*to 183"):
        Template.from_stack(stack)


@pytest.mark.parametrize(
    "storage", [{"storage_gib_per_broker": 183}, {"storage_gib_per_broker": 92, "broker_nodes": 6}]
)
def test_storage_that_holds_its_topics_is_taken(storage: dict[str, int]) -> None:
    stack = new_stack()
    topic_in(stack, cluster_in(stack, **storage))
    assert Template.from_stack(stack)


def test_all_topics_of_a_cluster_are_planned_together() -> None:
    stack = new_stack()
    cluster = cluster_in(stack, storage_gib_per_broker=183)
    topic_in(stack, cluster)
    topic_in(stack, cluster, "more", retention=Duration.hours(48))
    with pytest.raises(RuntimeError, match="topic events: .*; topic more: .* kept 48 hours"):
        Template.from_stack(stack)


def test_storage_that_may_not_grow_has_to_hold_everything_at_once() -> None:
    stack = new_stack()
    topic_in(stack, cluster_in(stack, storage_gib_per_broker=200, max_storage_gib_per_broker=200))
    with pytest.raises(RuntimeError, match="91 % full, .* begin with 200 GiB and grow to 200"):
        Template.from_stack(stack)


def test_a_limit_of_partitions_reaches_the_topic_and_the_plan() -> None:
    stack = new_stack()
    topic_in(stack, cluster_in(stack, storage_gib_per_broker=300), retention_per_partition=Size.gibibytes(20))
    assert "retention.bytes=21474836480" in decoded(only(Template.from_stack(stack), TOPIC))
    other = new_stack()
    topic_in(other, cluster_in(other, storage_gib_per_broker=300), retention_per_partition=Size.gibibytes(7))
    with pytest.raises(RuntimeError, match="would expire after 83 hours, because a partition is limited to 7,516"):
        Template.from_stack(other)


def test_a_topic_without_a_load_is_not_planned() -> None:
    stack = new_stack()
    topic_in(stack, cluster_in(stack, storage_gib_per_broker=1), expected_load=None)
    assert "retention.bytes" not in str(decoded(only(Template.from_stack(stack), TOPIC)))


UNPLANNED: dict[str, tuple[Callable[[Stack], object], str]] = {
    "an imported cluster": (lambda s: topic_in(s, imported_in(s)), "not known here, .* leave out expected_load"),
    "a compacted topic": (
        lambda s: topic_in(s, cluster_in(s), cleanup_policy=CleanupPolicy.COMPACT),
        "a compacted topic keeps depends on its keys",
    ),
    "a retention beside the plan": (
        lambda s: topic_in(s, cluster_in(s), configuration={"retention.ms": "-1", "segment.bytes": "1"}),
        "got configuration with retention.ms and segment.bytes: leave one out",
    ),
    "brokers without storage": (
        lambda s: cluster_in(s, broker_instance=BrokerInstance.of("express.m7g.large")),
        "Standard brokers with storage, got 'express.m7g.large': use a type such as",
    ),
    "no percentage": (lambda s: cluster_in(s).add_disk_alarms(threshold_percent=100), "1 to 99 percent of a disk"),
    "a serverless cluster": (
        lambda s: topic_in(s, ServerlessKafkaCluster(s, "Cluster", vpc=vpc_in(s), cluster_name="fleet")),
        "CloudFormation cannot create topics of MSK Serverless",
    ),
}


@pytest.mark.parametrize("case", UNPLANNED)
def test_what_cannot_be_planned_is_refused(case: str) -> None:
    build, message = UNPLANNED[case]
    with pytest.raises(StreamError, match=message):
        build(new_stack())


def test_the_alarm_watches_the_fullest_disk_and_says_what_to_do() -> None:
    app = App()
    stack = new_stack(app=app)
    (alarm,) = cluster_in(stack).add_disk_alarms()
    alarm.add_alarm_action(SnsAction(sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-central-1:1:on-call")))
    add_checks(app)
    app.synth()
    properties = only(Template.from_stack(stack), ALARM)["Properties"]
    watched = [each["MetricStat"]["Metric"] for each in properties["Metrics"] if "MetricStat" in each]
    assert {each["MetricName"] for each in watched} == {"KafkaDataLogsDiskUsed"}
    assert [{d["Name"]: d["Value"] for d in each["Dimensions"]} for each in watched] == [
        {"Broker ID": str(broker), "Cluster Name": "fleet"} for broker in (1, 2, 3)
    ]
    (expression,) = [each["Expression"] for each in properties["Metrics"] if "Expression" in each]
    assert expression == "MAX([FILL(broker1, 0), FILL(broker2, 0), FILL(broker3, 0)])"
    assert (properties["Threshold"], properties["ComparisonOperator"]) == (75, "GreaterThanOrEqualToThreshold")
    for part in ("a full one stops all writes", "Raise storage_gib_per_broker", "shorten the retention"):
        assert part in properties["AlarmDescription"]


def test_every_broker_is_watched_by_exactly_one_alarm() -> None:
    stack = new_stack()
    cluster_in(stack, broker_nodes=21).add_disk_alarms(threshold_percent=80)
    alarms = Template.from_stack(stack).find_resources(ALARM).values()
    brokers = [
        dimension["Value"]
        for alarm in alarms
        for each in alarm["Properties"]["Metrics"]
        if "MetricStat" in each
        for dimension in each["MetricStat"]["Metric"]["Dimensions"]
        if dimension["Name"] == "Broker ID"
    ]
    assert sorted(brokers, key=int) == [str(broker) for broker in range(1, 22)]
    assert len(alarms) == 3
    assert {alarm["Properties"]["Threshold"] for alarm in alarms} == {80}
