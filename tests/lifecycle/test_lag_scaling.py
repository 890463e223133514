from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction

from cdk_penstock.checks import add_checks
from cdk_penstock.lifecycle import LagMetric, LagScaling, ScalingError
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE
from cdk_penstock.model.sizing import SizingError
from tests.lifecycle.conftest import (
    KEPT,
    actions_in,
    all_of,
    app_of,
    application_in,
    new_stack,
    only,
    operator_in,
    resources,
    statements_of,
)

ALARM = "AWS::CloudWatch::Alarm"


def scaled_stack(application: dict[str, Any] | None = None, **props: Any) -> Stack:
    stack = new_stack()
    given: dict[str, Any] = {"metric": LagMetric.kinesis(stream_name="clicks"), "largest_parallelism": 16} | props
    LagScaling(
        stack, "Lag", application=application_in(stack, **(application or {})), operator=operator_in(stack), **given
    )
    return stack


@pytest.fixture(scope="module")
def plain() -> Stack:
    return scaled_stack()


@pytest.fixture(scope="module")
def everything() -> Stack:
    return scaled_stack(
        {"max_parallelism": 96, "parallelism_per_kpu": 2, "max_kpus": 24},
        metric=LagMetric.kafka(records=50_000),
        largest_parallelism=48,
        smallest_parallelism=2,
        scale_up_after=Duration.minutes(10),
        scale_down_after=Duration.hours(3),
        cool_down=Duration.minutes(30),
    )


def alarms(stack: Stack) -> dict[str, dict[str, Any]]:
    found = {name: body["Properties"] for name, body in resources(stack).items() if body["Type"] == ALARM}
    return {kind: next(body for name, body in found.items() if kind in name) for kind in ("Behind", "Idle")}


def settings(stack: Stack) -> str:
    """Return the literal parts of the settings in the function's environment."""
    (function,) = [each for each in all_of(stack, "AWS::Lambda::Function") if "lag" in each["Handler"]]
    _, parts = function["Environment"]["Variables"][SETTINGS_VARIABLE]["Fn::Join"]
    return "".join(each for each in parts if isinstance(each, str))


def test_by_default_five_minutes_of_lag_scale_up_and_an_hour_without_scales_down(plain: Stack) -> None:
    behind, idle = alarms(plain)["Behind"], alarms(plain)["Idle"]
    assert (behind["MetricName"], behind["Statistic"], behind["Period"]) == ("millisBehindLatest", "Maximum", 60)
    assert (behind["ComparisonOperator"], behind["Threshold"], behind["EvaluationPeriods"]) == (
        "GreaterThanThreshold",
        60_000,
        5,
    )
    assert idle["EvaluationPeriods"] == 60
    expression = next(each for each in idle["Metrics"] if "Expression" in each)
    assert expression["Expression"] == "IF(lag <= 6000 AND cpu < 30, 1, 0)"
    measured = {each["Id"]: each["MetricStat"] for each in idle["Metrics"] if "MetricStat" in each}
    assert {name: each["Metric"]["MetricName"] for name, each in measured.items()} == {
        "lag": "millisBehindLatest",
        "cpu": "containerCPUUtilization",
    }
    assert {each["TreatMissingData"] for each in alarms(plain).values()} == {"notBreaching"}
    told = settings(plain)
    assert '"SmallestParallelism":"4","LargestParallelism":"16","MaxParallelism":"0","CoolDownSeconds":"900"' in told


def test_with_everything_on_the_function_gets_all_of_it(everything: Stack) -> None:
    behind, idle = alarms(everything)["Behind"], alarms(everything)["Idle"]
    assert (behind["MetricName"], behind["Threshold"], behind["EvaluationPeriods"]) == ("records_lag_max", 50_000, 10)
    assert idle["EvaluationPeriods"] == 180
    told = settings(everything)
    assert '"SmallestParallelism":"2","LargestParallelism":"48","MaxParallelism":"96","CoolDownSeconds":"1800"' in told
    assert len(all_of(everything, KEPT)) == 1


def test_without_scaling_down_there_is_no_alarm_for_it() -> None:
    stack = scaled_stack(scale_down_enabled=False)
    assert not [name for name in resources(stack) if "IdleAlarm" in name]
    assert '"IdleAlarmName":""' in settings(stack)


def test_a_metric_of_the_jobs_own_counts_as_it_is() -> None:
    metric = cloudwatch.Metric(namespace="Jobs", metric_name="open", statistic="Minimum", period=Duration.minutes(1))
    behind = alarms(scaled_stack(metric=LagMetric.of(metric, above=2.5)))["Behind"]
    assert (behind["Namespace"], behind["Statistic"], behind["Threshold"]) == ("Jobs", "Minimum", 2.5)


def test_raised_alarms_and_a_clock_call_the_function(everything: Stack) -> None:
    pattern = only(everything, "AWS::Events::Rule")["EventPattern"]
    assert pattern["detail"] == {"state": {"value": ["ALARM"]}}
    names = [name for name in resources(everything) if "BehindAlarm" in name or "IdleAlarm" in name]
    assert pattern["resources"] == [{"Fn::GetAtt": [name, "Arn"]} for name in names]
    permission = only(everything, "AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    (rule,) = [name for name, body in resources(everything).items() if body["Type"] == "AWS::Events::Rule"]
    assert permission["SourceArn"] == {"Fn::GetAtt": [rule, "Arn"]}
    assert only(everything, "AWS::Scheduler::Schedule")["ScheduleExpression"] == "rate(5 minutes)"


def test_it_may_read_its_alarms_and_its_stack_and_act_as_the_operator_and_no_more(everything: Stack) -> None:
    statements = statements_of(everything, "LagFunctionControlRole")
    assert actions_in(statements) == {
        "cloudformation:DescribeStacks",
        "cloudwatch:DescribeAlarms",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sts:AssumeRole",
    }
    assert all(each["Resource"] != "*" for each in statements)
    assert not {"cloudwatch:PutMetricData", "kinesisanalytics:UpdateApplication"} & actions_in(statements)


def test_its_failures_have_alarms_of_their_own(plain: Stack) -> None:
    names = {each.get("MetricName") for each in all_of(plain, ALARM)}
    assert {"ScalingFailures", "AsyncEventsDropped"} < names


@pytest.mark.parametrize(
    ("application", "props", "error", "message"),
    [
        ({"auto_scaling_enabled": True}, {}, ScalingError, "has MSF's automatic scaling, and two kinds .* leave out"),
        ({"snapshots_enabled": False}, {}, ScalingError, "has no snapshots, so that each scaling .* switch snapshots"),
        ({"max_kpus": 8}, {}, SizingError, "parallelism 16 at 1 per KPU needs 16 KPUs, max_kpus is 8"),
        ({"max_parallelism": 36}, {}, SizingError, "must be a multiple of the parallelism 16, got 36"),
        ({"max_parallelism": 64}, {"smallest_parallelism": 3}, SizingError, "multiple of the parallelism 3, got 64"),
        ({}, {"largest_parallelism": 4}, SizingError, "a larger largest one, got 4 and 4"),
        ({}, {"smallest_parallelism": 0}, SizingError, "parallelism must be at least 1, got 0"),
        ({}, {"cool_down": Duration.minutes(4)}, ScalingError, "cool_down must be 5 to 1440 whole minutes, got 4"),
        ({}, {"scale_up_after": Duration.seconds(90)}, ScalingError, "scale_up_after must be 1 to 1440 .* got 1.5"),
        ({}, {"scale_down_after": Duration.days(2)}, ScalingError, "scale_down_after must be 1 to 1440 .* got 2880"),
    ],
)
def test_what_could_not_work_is_refused(
    application: dict[str, Any], props: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        scaled_stack(application, **props)


@pytest.mark.parametrize(
    "build",
    [lambda: LagMetric.kafka(records=0), lambda: LagMetric.kinesis(stream_name="clicks", behind=Duration.seconds(0))],
)
def test_a_lag_that_is_always_there_is_refused(build: Any) -> None:
    with pytest.raises(ScalingError, match="must be more than 0, got 0"):
        build()


def test_an_application_is_scaled_by_one_lag_only() -> None:
    stack = new_stack()
    application, operator = application_in(stack), operator_in(stack)
    props: dict[str, Any] = {"application": application, "operator": operator, "largest_parallelism": 8}
    LagScaling(stack, "Lag", metric=LagMetric.kafka(), **props)
    with pytest.raises(ScalingError, match="is scaled by lag already: give it one LagScaling"):
        LagScaling(stack, "Again", metric=LagMetric.kinesis(stream_name="clicks"), **props)
    with pytest.raises(ScalingError, match="is in another stack than the application"):
        LagScaling(Stack(app_of(stack), "Far"), "Lag", metric=LagMetric.kinesis(stream_name="clicks"), **props)


def test_somebody_is_told_of_failures_and_not_of_each_step() -> None:
    stack = new_stack()
    scaling = LagScaling(
        stack,
        "Lag",
        application=application_in(stack),
        operator=operator_in(stack),
        metric=LagMetric.kinesis(stream_name="clicks"),
        largest_parallelism=8,
    )
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-central-1:111122223333:on-call")
    scaling.add_alarm_action(SnsAction(topic))
    told = {name for name, body in resources(stack).items() if body["Properties"].get("AlarmActions")}
    assert {"Failure" in name or "Dropped" in name for name in told} == {True}
    assert len(told) == 2
    assert scaling.metric("Parallelism").dimensions == {"Application": "orders", "ScaledBy": "lag"}


def test_it_passes_all_checks() -> None:
    stack = scaled_stack()
    add_checks(app_of(stack))
    app_of(stack).synth()
