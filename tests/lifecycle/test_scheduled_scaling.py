from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import Stack, TimeZone
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_events import Schedule

from cdk_penstock.checks import add_checks
from cdk_penstock.encryption import CustomerManagedEncryption, KeyGuard
from cdk_penstock.lifecycle import KeptParallelism, ScalingError, ScheduledScaling
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.scaling.scaling_settings import SCHEDULED_TIME, ScheduledCall
from cdk_penstock.model.scaling.scheduled_goal import SetParallelism, Start, Stop
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

MORNING = Schedule.cron(hour="7", minute="0", week_day="MON-FRI")
EVENING = Schedule.cron(hour="19", minute="0", week_day="MON-FRI")
SCHEDULE = "AWS::Scheduler::Schedule"


@pytest.fixture(scope="module")
def plain() -> Stack:
    """Return a stack whose application is stopped in the evening, and nothing else."""
    stack = new_stack()
    scaling = ScheduledScaling(stack, "Hours", application=application_in(stack), operator=operator_in(stack))
    scaling.add_stop("Evening", schedule=EVENING)
    return stack


@pytest.fixture(scope="module")
def everything() -> Stack:
    stack = new_stack()
    application = application_in(stack, max_parallelism=64, max_kpus=16)
    scaling = ScheduledScaling(
        stack, "Hours", application=application, operator=operator_in(stack), time_zone=TimeZone.EUROPE_BERLIN
    )
    scaling.add_parallelism("Peak", parallelism=16, schedule=MORNING)
    scaling.add_parallelism("OffPeak", parallelism=4, schedule=EVENING)
    scaling.add_stop("Night", schedule=Schedule.cron(hour="22", minute="0"))
    scaling.add_start("Day", schedule=Schedule.cron(hour="6", minute="0"), also_if_others_stopped_it=True)
    return stack


def calls(stack: Stack) -> list[Any]:
    return [
        read_object(ScheduledCall, json.loads(each["Target"]["Input"])).goal
        for each in sorted(all_of(stack, SCHEDULE), key=lambda each: str(each["Target"]["Input"]))
    ]


def test_by_default_its_schedules_are_in_utc_and_the_template_keeps_plain_numbers(plain: Stack) -> None:
    schedule = only(plain, SCHEDULE)
    assert (schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone")) == (
        "cron(0 19 ? * MON-FRI *)",
        None,
    )
    assert calls(plain) == [Stop()]
    assert not all_of(plain, KEPT)


def test_with_everything_on_each_schedule_tells_the_function_its_goal(everything: Stack) -> None:
    assert {each["ScheduleExpressionTimezone"] for each in all_of(everything, SCHEDULE)} == {"Europe/Berlin"}
    assert set(calls(everything)) == {SetParallelism(16), SetParallelism(4), Stop(), Start(True)}
    assert len(all_of(everything, KEPT)) == 1
    told = [json.loads(each["Target"]["Input"]) for each in all_of(everything, SCHEDULE)]
    assert {each["ScheduledAt"] for each in told} == {SCHEDULED_TIME}


def test_the_function_knows_its_application_and_the_stack_that_deploys_it(everything: Stack) -> None:
    functions = [each for each in all_of(everything, "AWS::Lambda::Function") if "scheduled" in each["Handler"]]
    (function,) = functions
    assert function["Handler"] == "cdk_penstock.handlers.scheduled_scaling_handler.handle"
    _, parts = function["Environment"]["Variables"][SETTINGS_VARIABLE]["Fn::Join"]
    assert {"Ref": "AWS::StackId"} in parts
    assert '{"ApplicationName":"orders","OperatorRoleArn":"' in parts[0]


def test_it_may_look_at_its_stack_and_act_as_the_operator_and_no_more(everything: Stack) -> None:
    statements = statements_of(everything, "HoursFunctionControlRole")
    assert actions_in(statements) == {
        "cloudformation:DescribeStacks",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sts:AssumeRole",
    }
    assert all(each["Resource"] != "*" for each in statements)


def test_eventbridge_scheduler_may_call_this_function_only_and_tries_for_an_hour(everything: Stack) -> None:
    (role,) = [body["Properties"] for name, body in resources(everything).items() if "CallerRole" in name]
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    (function,) = [name for name in resources(everything) if name.startswith("HoursFunctionControlFunction")]
    assert statement == {
        "Action": "lambda:InvokeFunction",
        "Effect": "Allow",
        "Resource": {"Fn::GetAtt": [function, "Arn"]},
    }
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    for each in all_of(everything, SCHEDULE):
        assert each["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600}
        assert each["FlexibleTimeWindow"] == {"Mode": "OFF"}


def test_an_alarm_is_raised_for_a_failure_and_for_a_call_that_was_dropped(everything: Stack) -> None:
    alarms = {each["MetricName"]: each for each in all_of(everything, "AWS::CloudWatch::Alarm")}
    assert set(alarms) == {"ScalingFailures", "AsyncEventsDropped"}
    assert alarms["ScalingFailures"]["Namespace"] == "Penstock"
    assert alarms["ScalingFailures"]["Dimensions"] == [
        {"Name": "Application", "Value": "orders"},
        {"Name": "ScaledBy", "Value": "schedule"},
    ]
    for each in alarms.values():
        assert (each["Statistic"], each["Threshold"], each["TreatMissingData"]) == ("Sum", 1, "notBreaching")
        assert "docs/scaling.md#when-scaling-fails" in each["AlarmDescription"]


@pytest.mark.parametrize(
    ("props", "parallelism", "message"),
    [
        ({"max_kpus": 8}, 16, "parallelism 16 at 1 per KPU needs 16 KPUs, max_kpus is 8"),
        ({"max_parallelism": 16}, 32, "must be a multiple of the parallelism 32, got 16"),
        ({"max_parallelism": 16}, 6, "must be a multiple of the parallelism 6, got 16"),
        (
            {"parallelism_per_kpu": 8, "max_kpus": 64},
            160,
            "starts at parallelism 4 and sets no maximum parallelism can be scaled to 128 at most, .* got 160",
        ),
        ({}, 0, "parallelism must be at least 1, got 0"),
    ],
)
def test_a_parallelism_that_the_application_cannot_have_is_refused(
    props: dict[str, Any], parallelism: int, message: str
) -> None:
    stack = new_stack()
    scaling = ScheduledScaling(stack, "Hours", application=application_in(stack, **props), operator=operator_in(stack))
    with pytest.raises(SizingError, match=message):
        scaling.add_parallelism("Peak", parallelism=parallelism, schedule=MORNING)


def test_it_refuses_another_stack_and_takes_a_parallelism_that_is_kept_already() -> None:
    stack = new_stack()
    application, operator = application_in(stack), operator_in(stack)
    with pytest.raises(ScalingError, match="is in another stack than the application Stack/App"):
        ScheduledScaling(Stack(app_of(stack), "Far"), "Hours", application=application, operator=operator)
    KeptParallelism(stack, "Kept", application=application, operator=operator)
    scaling = ScheduledScaling(stack, "Hours", application=application, operator=operator)
    scaling.add_parallelism("Peak", parallelism=8, schedule=MORNING)
    assert len(all_of(stack, KEPT)) == 1


def test_somebody_is_told_of_each_failure() -> None:
    stack = new_stack()
    scaling = ScheduledScaling(stack, "Hours", application=application_in(stack), operator=operator_in(stack))
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-central-1:111122223333:on-call")
    scaling.add_alarm_action(SnsAction(topic))
    assert len([each for each in all_of(stack, "AWS::CloudWatch::Alarm") if each["AlarmActions"]]) == 2
    assert scaling.metric("ScalingFailures").dimensions == {"Application": "orders", "ScaledBy": "schedule"}


def test_a_guard_of_the_operator_that_was_made_before_takes_it_for_one_that_may() -> None:
    stack = new_stack()
    application = application_in(stack)
    person = [iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall")]
    encryption = CustomerManagedEncryption(
        stack, "Encryption", application=application, operators=person, key_administrators=person
    )
    KeyGuard(stack, "Guard", application=application, keys=[encryption.key], operators=[encryption.operator])
    ScheduledScaling(stack, "Hours", application=application, operator=encryption.operator)
    (role,) = [
        name for name in resources(stack) if name.startswith("HoursFunctionControlRole") and "Policy" not in name
    ]
    (rule,) = [each for each in all_of(stack, "AWS::Events::Rule") if each["Description"].startswith("AssumeRole")]
    (issuer, *_) = rule["EventPattern"]["detail"]["userIdentity"]["$or"]
    (others,) = issuer["sessionContext"]["sessionIssuer"]["arn"]
    trusted = others["anything-but"]["wildcard"]
    assert {"Fn::GetAtt": [role, "Arn"]} in trusted
    assert len({str(each) for each in trusted}) == len(trusted)


def test_it_passes_all_checks() -> None:
    stack = new_stack()
    scaling = ScheduledScaling(stack, "Hours", application=application_in(stack), operator=operator_in(stack))
    scaling.add_parallelism("Peak", parallelism=8, schedule=MORNING)
    scaling.add_stop("Night", schedule=EVENING)
    add_checks(app_of(stack))
    app_of(stack).synth()
