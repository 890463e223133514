from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.application import ApplicationPropsError, FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.lifecycle import LoopRollback
from tests.lifecycle.conftest import application_in


def operator_in(scope: Stack, construct_id: str) -> iam.Role:
    return iam.Role(scope, construct_id, assumed_by=iam.AccountPrincipal("111122223333"))


def build(scope: Stack, **options: Any) -> LoopRollback:
    application = application_in(scope)
    return LoopRollback(
        scope, "LoopRollback", application=application, operator=operator_in(scope, "Operator"), **options
    )


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    scope = Stack(App(), "Stack")
    build(scope)
    found: dict[str, Any] = Template.from_stack(scope).to_json()["Resources"]
    return found


def of_type(template: dict[str, Any], kind: str, contains: str = "LoopRollback") -> list[Any]:
    return [each["Properties"] for name, each in template.items() if each["Type"] == kind and contains in name]


def alarm(template: dict[str, Any], name: str) -> Any:
    (found,) = of_type(template, "AWS::CloudWatch::Alarm", name)
    return found


def test_the_alarm_is_on_the_growth_of_restarts_in_each_of_five_minutes(template: dict[str, Any]) -> None:
    loop = alarm(template, "LoopAlarm")
    assert (loop["EvaluationPeriods"], loop["Threshold"], loop["TreatMissingData"]) == (5, 1, "notBreaching")
    expression, metric = loop["Metrics"]
    assert expression["Expression"] == "DIFF(restarts)"
    assert metric["MetricStat"]["Metric"]["MetricName"] == "fullRestarts"
    assert metric["MetricStat"]["Period"] == 60
    (function,) = of_type(template, "AWS::Lambda::Function")
    assert function["Handler"] == "cdk_penstock.handlers.loop_rollback_handler.handle"
    assert len(loop["AlarmActions"]) == 1


def test_the_function_may_act_as_the_operator_and_look_at_its_stack_and_no_more(template: dict[str, Any]) -> None:
    actions = {
        action: statement["Resource"]
        for policy in of_type(template, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert set(actions) == {
        "cloudformation:DescribeStacks",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sts:AssumeRole",
    }
    assert actions["cloudformation:DescribeStacks"] == {"Ref": "AWS::StackId"}


def test_everything_on_notifies_of_loops_and_failures_and_passes_all_checks() -> None:
    app = App()
    scope = Stack(app, "Stack")
    rollback = build(scope, within=Duration.days(7))
    topic = sns.Topic.from_topic_arn(scope, "Topic", "arn:aws:sns:eu-central-1:111122223333:on-call")
    rollback.add_alarm_action(cloudwatch_actions.SnsAction(topic))
    add_checks(app)
    Annotations.from_stack(scope).has_no_error("*", Match.any_value())
    resources = Template.from_stack(scope).to_json()["Resources"]
    for name in ("LoopAlarm", "FailureAlarm", "DroppedAlarm"):
        assert "arn:aws:sns:eu-central-1:111122223333:on-call" in alarm(resources, name)["AlarmActions"]
    (function,) = of_type(resources, "AWS::Lambda::Function")
    assert '"WithinSeconds":"604800"' in str(function["Environment"]["Variables"]["SETTINGS"])
    assert rollback.metric("LoopRollbacks").metric_name == "LoopRollbacks"


@pytest.mark.parametrize("within", [Duration.minutes(59), Duration.days(31)])
def test_another_age_is_refused(within: Duration) -> None:
    with pytest.raises(ApplicationPropsError, match="within must be one hour to 30 days, got"):
        build(Stack(App(), "Stack"), within=within)


def test_a_second_one_and_one_in_another_stack_are_refused() -> None:
    app = App()
    scope, other = Stack(app, "Stack"), Stack(app, "Other")
    rollback = build(scope)
    application = next(each for each in scope.node.find_all() if isinstance(each, FlinkApplication))
    operator = operator_in(other, "Operator")
    with pytest.raises(ApplicationPropsError, match="has a LoopRollback already"):
        LoopRollback(scope, "Second", application=application, operator=operator)
    with pytest.raises(ApplicationPropsError, match="put both in one stack"):
        LoopRollback(other, "Elsewhere", application=application, operator=operator)
    assert rollback.alarms
