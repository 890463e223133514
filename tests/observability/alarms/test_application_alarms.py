from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from cdk_penstock.application import FlinkRuntime, MetricsLevel
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.metrics import MSF_METRICS
from cdk_penstock.observability import TransitionAlarm
from cdk_penstock.observability.alarms import (
    AlarmError,
    AlarmNotification,
    AlarmTopic,
    ApplicationAlarms,
    PageThresholds,
    TicketThresholds,
)
from cdk_penstock.streams.kinesis import EventStream
from tests.lifecycle.conftest import application_in

URL = "https://example.com/docs/runbooks"


class Case(NamedTuple):
    """The comparison of one alarm: its expression is None for a metric as it is."""

    kind: str
    formula: str | None
    period_seconds: int
    threshold: float
    periods: int
    missing: str


def everything_on(runtime: FlinkRuntime = FlinkRuntime.FLINK_1_20) -> dict[str, Any]:
    scope = Stack(App(), "Stack")
    application = application_in(scope, runtime=runtime, metrics_level=MetricsLevel.TASK)
    quiet = cloudwatch.Alarm.from_alarm_arn(
        scope, "Quiet", "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:deploying"
    )
    alarms = ApplicationAlarms(
        scope,
        "Alarms",
        application=application,
        runbook_base_url=f"{URL}/",
        page_notification=AlarmNotification.topic(sns.Topic(scope, "Page")),
        ticket_notification=AlarmNotification.new_topic(email="team@example.com"),
        page=PageThresholds(behind_seconds=60),
        ticket=TicketThresholds(cpu_percent=95),
        quiet_while=quiet,
    )
    alarms.add_kinesis_lag_alarm(stream_name="clicks")
    alarms.add_kafka_lag_alarm()
    alarms.add_counter_alarm(
        "DeadLetters", kind="dead-letters", counters=["deadLettersLate", "deadLettersOld"], text="dead letters"
    )
    alarms.add_stuck_sink_alarm(
        "Stuck", kind="samples-waiting", written="numWriteRequestsOut", repeated="numWriteRequestsRetries", text="stuck"
    )
    alarms.add_back_pressure_alarm("Source")
    stream = EventStream(scope, "Stream")
    five = Duration.minutes(5)
    alarms.add_throttled_producers_alarm(
        throttled=stream.metric_write_throttled(period=five), incoming=stream.metric_incoming_records(period=five)
    )
    found: dict[str, Any] = Template.from_stack(scope).to_json()["Resources"]
    return found


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return everything_on()


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    scope = Stack(App(), "Stack")
    ApplicationAlarms(scope, "Alarms", application=application_in(scope), runbook_base_url=URL)
    found: dict[str, Any] = Template.from_stack(scope).to_json()["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def alarm(resources: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [
        each
        for key, each in of_type(resources, "AWS::CloudWatch::Alarm").items()
        if key.removeprefix("Alarms")[:-8] == name
    ]
    return dict(found)


def expression(properties: dict[str, Any]) -> str | None:
    return next((each["Expression"] for each in properties.get("Metrics", []) if "Expression" in each), None)


CASES = {
    "RestartLoop": Case("restart-loop", "DIFF(counter)", 60, 0, 5, "notBreaching"),
    "FastRestartLoop": Case("restart-loop", "DIFF(counter)", 60, 2, 2, "notBreaching"),
    "SlowRestartLoop": Case("restart-loop", "DIFF(counter)", 300, 0, 3, "notBreaching"),
    "Downtime": Case("downtime", None, 60, 0, 5, "notBreaching"),
    "NotRunning": Case("not-running", None, 60, 0, 10, "breaching"),
    "CheckpointNearTimeout": Case("checkpoint-duration", None, 60, 2_880_000, 5, "notBreaching"),
    "CheckpointFailures": Case("checkpoint-failures", "DIFF(counter)", 600, 0, 3, "notBreaching"),
    "CheckpointDuration": Case("checkpoint-duration", None, 60, 30000, 15, "notBreaching"),
    "Watermark": Case(
        "watermark",
        "IF(work > 0 AND (DIFF(outputs) <= 0 OR (FILL(inputs, 0) > 0 AND DIFF(FILL(inputs, 0)) <= 0)), 1, 0)",
        60,
        0,
        10,
        "notBreaching",
    ),
    "LateRecords": Case("late-records", "DIFF(counter)", 600, 0, 1, "notBreaching"),
    "Cpu": Case("cpu", None, 60, 95, 15, "notBreaching"),
    "Heap": Case("heap", None, 60, 90, 15, "notBreaching"),
    "ContainerMemory": Case("container-memory", None, 60, 85, 15, "notBreaching"),
    "KinesisLag": Case("lag", "IF(value > 60000 AND DIFF(value) > 0, 1, 0)", 300, 0, 2, "notBreaching"),
    "KafkaLag": Case("lag", "IF(value > 30000 AND DIFF(value) > 0, 1, 0)", 300, 0, 2, "notBreaching"),
    "DeadLetters": Case("dead-letters", "DIFF(FILL(counter0, 0) + FILL(counter1, 0))", 300, 0, 1, "notBreaching"),
    "Stuck": Case("samples-waiting", "IF(DIFF(written) <= 0 AND DIFF(repeated) != 0, 1, 0)", 300, 0, 3, "notBreaching"),
    "BackPressureSource": Case("back-pressure", None, 60, 500, 15, "notBreaching"),
    "ThrottledProducers": Case(
        "throttled-producers", "100 * FILL(part, 0) / (FILL(part, 0) + rest)", 300, 0.4, 2, "notBreaching"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_alarm_evaluates_as_documented(resources: dict[str, Any], name: str) -> None:
    case, found = CASES[name], alarm(resources, name)
    assert expression(found) == case.formula
    stats = [each["MetricStat"]["Period"] for each in found.get("Metrics", []) if "MetricStat" in each]
    assert set(stats or [found["Period"]]) == {case.period_seconds}
    assert found["Threshold"] == case.threshold
    assert (found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (case.periods, case.periods)
    assert found["TreatMissingData"] == case.missing
    assert f"{URL}/{case.kind}.md" in json.dumps(found["AlarmDescription"])


def test_every_alarm_has_a_case(resources: dict[str, Any]) -> None:
    assert len(of_type(resources, "AWS::CloudWatch::Alarm")) == len(CASES)


def test_only_the_two_composite_alarms_notify(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert not any("AlarmActions" in each for each in alarms.values())
    composites = of_type(resources, "AWS::CloudWatch::CompositeAlarm").values()
    assert [len(each["AlarmActions"]) for each in composites] == [1, 1]
    rules = json.dumps([each["AlarmRule"] for each in composites])
    assert all(rules.count(name) == 1 for name in alarms), "each alarm is in one composite, also one that was added"


def test_composite_alarms_are_quiet_while_the_given_alarm_is_raised(
    resources: dict[str, Any], defaults: dict[str, Any]
) -> None:
    for each in of_type(resources, "AWS::CloudWatch::CompositeAlarm").values():
        assert each["ActionsSuppressor"].endswith(":alarm:deploying")
        assert (each["ActionsSuppressorWaitPeriod"], each["ActionsSuppressorExtensionPeriod"]) == (60, 300)
    for each in of_type(defaults, "AWS::CloudWatch::CompositeAlarm").values():
        assert "ActionsSuppressor" not in each


def test_by_default_an_encrypted_topic_is_made_that_only_alarms_of_the_account_use(defaults: dict[str, Any]) -> None:
    (topic,) = of_type(defaults, "AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" in topic
    (key,) = [each for name, each in of_type(defaults, "AWS::KMS::Key").items() if "Topic" in name]
    (of_service,) = [
        each for each in key["KeyPolicy"]["Statement"] if each["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert of_service["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert "aws:SourceAccount" in of_service["Condition"]["StringEquals"]
    (policy,) = of_type(defaults, "AWS::SNS::TopicPolicy").values()
    (publish,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert publish["Action"] == "sns:Publish"
    assert "aws:SourceAccount" in publish["Condition"]["StringEquals"]


@pytest.mark.parametrize("runtime", [each for each in FlinkRuntime.known() if each.is_supported], ids=str)
def test_every_alarm_refers_only_to_metrics_of_the_runtime(runtime: FlinkRuntime) -> None:
    names = {name for metric in MSF_METRICS.values() for name in metric.names_on(runtime)}
    text = json.dumps(everything_on(runtime))
    others = {name for metric in MSF_METRICS.values() for name in metric.all_names} - names
    assert [name for name in others if f'"MetricName": "{name}"' in text] == []


def test_what_could_never_be_raised_or_read_is_refused() -> None:
    scope = Stack(App(), "Stack")
    application = application_in(scope)
    with pytest.raises(PenstockError, match="the folder of runbooks must be a URL that begins with https://"):
        ApplicationAlarms(scope, "Path", application=application, runbook_base_url="docs/runbooks")
    alarms = ApplicationAlarms(scope, "Alarms", application=application, runbook_base_url=URL)
    with pytest.raises(AlarmError, match="needs the metrics level TASK, got APPLICATION"):
        alarms.add_back_pressure_alarm("Source")
    with pytest.raises(AlarmError, match="needs 1 to 10 counters that the job registers, got 0"):
        alarms.add_counter_alarm("Empty", kind="dead-letters", counters=[], text="dead letters")
    with pytest.raises(AlarmError, match="needs 1 to 10 counters that the job registers, got 11"):
        alarms.add_counter_alarm("Many", kind="dead-letters", counters=["a"] * 11, text="dead letters")
    with pytest.raises(AlarmError, match="must be in kebab case"):
        alarms.add_counter_alarm("Named", kind="Dead letters", counters=["a"], text="dead letters")
    with pytest.raises(AlarmError, match="must be in kebab case"):
        alarms.add_stuck_sink_alarm("Sink", kind="Stuck", written="a", repeated="b", text="stuck")


def test_alarms_of_other_constructs_notify_through_the_composite_ones() -> None:
    scope = Stack(App(), "Stack")
    application = application_in(scope)
    alarms = ApplicationAlarms(scope, "Alarms", application=application)
    transitions = TransitionAlarm(scope, "Transitions", application=application)
    alarms.add_page_alarms(transitions.alarm)
    alarms.add_ticket_alarms(application.add_kpu_alarm())
    assert alarms.alarms[-1].node.id == "KpuAlarm"
    found = Template.from_stack(scope).to_json()["Resources"]
    composites = of_type(found, "AWS::CloudWatch::CompositeAlarm")
    rules = {name.removeprefix("Alarms")[:-8]: json.dumps(each["AlarmRule"]) for name, each in composites.items()}
    assert "TransitionsAlarm" in rules["Page"]
    assert "KpuAlarm" in rules["Ticket"]


def test_an_application_that_need_not_run_and_has_no_event_time_has_no_alarms_on_them() -> None:
    scope = Stack(App(), "Stack")
    application = application_in(scope)
    few = ApplicationAlarms(scope, "Few", application=application, has_to_run=False, uses_event_time=False)
    every = ApplicationAlarms(scope, "Every", application=application)
    ids = [{alarm.node.id for alarm in each.alarms} for each in (few, every)]
    assert ids[1] - ids[0] == {"NotRunning", "Watermark", "LateRecords"}
    assert ids[0] < ids[1]


def test_the_base_of_runbooks_is_that_of_the_context_or_a_path() -> None:
    app = App(context={"penstock:runbookBaseUrl": f"{URL}/"})
    for scope, base in ((Stack(app, "WithUrl"), URL), (Stack(App(), "Without"), "docs/runbooks")):
        ApplicationAlarms(scope, "Alarms", application=application_in(scope))
        found = Template.from_stack(scope).to_json()["Resources"]
        text = json.dumps(alarm(found, "Cpu")["AlarmDescription"])
        assert f"Runbook: {base}/cpu.md" in text


def test_a_topic_lets_other_services_publish_and_has_the_given_name_and_address() -> None:
    scope = Stack(App(), "Stack")
    AlarmTopic(scope, "Topic", topic_name="alarms", email="team@example.com", other_services=["aps.amazonaws.com"])
    found = Template.from_stack(scope).to_json()["Resources"]
    (topic,) = of_type(found, "AWS::SNS::Topic").values()
    (subscription,) = of_type(found, "AWS::SNS::Subscription").values()
    assert (topic["TopicName"], subscription["Endpoint"]) == ("alarms", "team@example.com")
    (policy,) = of_type(found, "AWS::SNS::TopicPolicy").values()
    publishers = {"cloudwatch.amazonaws.com", "aps.amazonaws.com"}
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == publishers
    assert all("aws:SourceAccount" in each["Condition"]["StringEquals"] for each in allowed)
    (key,) = of_type(found, "AWS::KMS::Key").values()
    of_services = [each for each in key["KeyPolicy"]["Statement"] if "Service" in each["Principal"]]
    assert {each["Principal"]["Service"] for each in of_services} == publishers
    assert all("aws:SourceAccount" in each["Condition"]["StringEquals"] for each in of_services)
