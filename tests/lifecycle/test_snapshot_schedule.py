from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.application import FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.lifecycle import ApplicationSnapshots, SnapshotRetention, SnapshotSchedule
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.snapshots.snapshot_check import SnapshotCheck
from cdk_penstock.review.dependencies import arrows_of, path_between
from tests.lifecycle.operated_stacks import actions_of, application_in, new_stack, operator_in


def schedule_in(scope: Stack, *names: str, **props: Any) -> tuple[SnapshotSchedule, list[ApplicationSnapshots]]:
    schedule = SnapshotSchedule(scope, "Snapshots", **props)
    applications = [application_in(scope, name) for name in names or ("orders",)]
    return schedule, [schedule.add_application(each, operator=operator_in(scope, each)) for each in applications]


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of a schedule with its defaults for two applications."""
    scope = new_stack()
    schedule_in(scope, "orders", "clicks")
    return Template.from_stack(scope)


@pytest.fixture(scope="module")
def everything() -> Template:
    """Return the template of a schedule with everything on."""
    scope = new_stack()
    schedule = SnapshotSchedule(
        scope,
        "Snapshots",
        every=Duration.hours(1),
        retention=SnapshotRetention(newest=3, daily_for_days=0, rollback_versions=2, pinned_prefix=None),
        dry_run=True,
        log_retention=logs.RetentionDays.ONE_WEEK,
        encryption_key=kms.Key(scope, "Key", enable_key_rotation=True),
    )
    topic = sns.Topic.from_topic_arn(scope, "OnCall", "arn:aws:sns:eu-central-1:111122223333:on-call")
    schedule.add_alarm_action(actions.SnsAction(topic))
    application = application_in(scope)
    schedule.add_application(
        application,
        operator=operator_in(scope, application),
        max_age=Duration.hours(2),
        enhanced_snapshots=True,
    )
    return Template.from_stack(scope)


def checks(template: Template) -> list[SnapshotCheck]:
    """Return what each schedule passes to the function, with a reference to the role for its ARN."""
    found = []
    for schedule in template.find_resources("AWS::Scheduler::Schedule").values():
        text = schedule["Properties"]["Target"]["Input"]
        if not isinstance(text, str):
            text = "".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in text["Fn::Join"][1])
        found.append(read_object(SnapshotCheck, json.loads(text)))
    return sorted(found, key=lambda each: str(each.application_name))


def policy_of(template: Template, role: str) -> list[dict[str, Any]]:
    """Return the statements of the policies whose name begins so."""
    found = template.find_resources("AWS::IAM::Policy")
    return [
        statement
        for name, each in found.items()
        if name.startswith(role)
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_by_default_each_application_is_looked_at_every_hour_and_saved_every_six(template: Template) -> None:
    schedules = template.find_resources("AWS::Scheduler::Schedule")
    assert {each["Properties"]["ScheduleExpression"] for each in schedules.values()} == {"rate(1 hour)"}
    clicks, orders = checks(template)
    assert (clicks.application_name, orders.application_name) == ("clicks", "orders")
    assert {each.every_seconds for each in (clicks, orders)} == {6 * 3600}
    assert clicks.retention == SnapshotRetention()
    assert not clicks.dry_run
    assert re.match("clicksOperator", clicks.operator_role_arn)
    template.resource_count_is("AWS::Lambda::Function", 1)
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    assert function["Properties"]["Handler"] == "cdk_penstock.handlers.snapshot_schedule_handler.handle"


def test_a_lost_call_is_repeated_for_an_hour_and_needs_no_dead_letter_queue(template: Template) -> None:
    for schedule in template.find_resources("AWS::Scheduler::Schedule").values():
        target = schedule["Properties"]["Target"]
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}
        assert "DeadLetterConfig" not in target


def test_the_function_may_write_its_log_and_assume_the_operator_roles_and_no_more(template: Template) -> None:
    statements = policy_of(template, "SnapshotsFunctionRole")
    assert actions_of({"Statement": statements}) == {"logs:CreateLogStream", "logs:PutLogEvents", "sts:AssumeRole"}
    assumed = str([each["Resource"] for each in statements if each["Action"] == "sts:AssumeRole"])
    assert assumed.count("ordersOperator") == assumed.count("clicksOperator") == 1
    assert "cloudwatch:PutMetricData" not in str(statements)


def test_each_operator_role_trusts_the_function(template: Template) -> None:
    for name, role in template.find_resources("AWS::IAM::Role").items():
        trust = str(role["Properties"]["AssumeRolePolicyDocument"])
        assert ("SnapshotsFunctionRole" in trust) == ("Operator" in name)


def test_the_role_of_the_schedules_may_only_call_this_function(template: Template) -> None:
    roles = template.find_resources("AWS::IAM::Role")
    (role,) = [each["Properties"] for name, each in roles.items() if name.startswith("SnapshotsSchedules")]
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert list(statement["Resource"]) == ["Fn::GetAtt"]
    assert policy_of(template, "SnapshotsSchedules") == []
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert set(trust["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    found = template.find_resources("AWS::CloudWatch::Alarm").values()
    return {
        f"{each['Properties']['Dimensions'][0]['Value']} {each['Properties']['MetricName']}": each["Properties"]
        for each in found
    }


def test_an_old_snapshot_and_a_schedule_that_does_not_run_raise_the_alarm(template: Template) -> None:
    found = alarms(template)
    assert set(found) == {
        *("clicks SnapshotAge", "clicks SnapshotCount"),
        *("orders SnapshotAge", "orders SnapshotCount"),
    }
    age = found["orders SnapshotAge"]
    assert (age["Namespace"], age["Threshold"], age["Statistic"]) == ("Penstock", 12 * 3600, "Maximum")
    assert (age["Period"], age["EvaluationPeriods"], age["TreatMissingData"]) == (3600, 2, "breaching")
    assert "older than 12 hours, or its schedule does not run" in age["AlarmDescription"]


def test_a_number_close_to_the_limit_raises_the_alarm_and_missing_data_do_not(template: Template) -> None:
    count = alarms(template)["orders SnapshotCount"]
    assert (count["Threshold"], count["ComparisonOperator"]) == (900, "GreaterThanOrEqualToThreshold")
    assert count["TreatMissingData"] == "notBreaching"


def test_each_alarm_leads_to_its_runbook(template: Template) -> None:
    texts = {name.partition(" ")[2]: each["AlarmDescription"] for name, each in alarms(template).items()}
    assert texts["SnapshotAge"].endswith("Runbook: docs/runbooks/snapshot-age.md")
    assert texts["SnapshotCount"].endswith("Runbook: docs/runbooks/snapshot-count.md")


def test_the_first_call_comes_when_the_permissions_are_there_and_before_the_alarm(template: Template) -> None:
    found = template.to_json()["Resources"]
    arrows = arrows_of(found)
    for name, body in found.items():
        if body["Type"] == "AWS::Scheduler::Schedule":
            application = "clicks" if "clicks" in name else "orders"
            for needed in ("SnapshotsFunctionRoleDefaultPolicy", f"{application}OperatorBasePolicy"):
                (policy,) = [each for each in found if each.startswith(needed)]
                assert path_between(arrows, name, policy)
            (alarm,) = [each for each in found if application in each and "AgeAlarm" in each]
            assert path_between(arrows, alarm, name)


def test_with_everything_on(everything: Template) -> None:
    (check,) = checks(everything)
    assert (check.every_seconds, check.dry_run) == (3600, True)
    assert check.retention == SnapshotRetention(newest=3, daily_for_days=0, rollback_versions=2, pinned_prefix=None)
    age = alarms(everything)["orders SnapshotAge"]
    assert age["Threshold"] == 2 * 3600
    for each in alarms(everything).values():
        assert each["AlarmActions"] == ["arn:aws:sns:eu-central-1:111122223333:on-call"]
    everything.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 7, "KmsKeyId": Match.any_value()})
    everything.has_resource_properties("AWS::Lambda::Function", {"KmsKeyArn": Match.any_value()})


def test_enhanced_snapshots_need_three_more_statements_of_the_operator_role(
    template: Template, everything: Template
) -> None:
    assert policy_of(template, "ordersOperator") == []
    statements = {str(each["Action"]): each["Resource"] for each in policy_of(everything, "ordersOperator")}
    assert list(statements) == [
        "kinesisanalytics:CreateSnapshot",
        "kinesisanalytics:ListSnapshots",
        "['kinesisanalytics:DeleteSnapshot', 'kinesisanalytics:DescribeSnapshot']",
    ]
    assert "application/orders" in json.dumps(statements["kinesisanalytics:CreateSnapshot"])
    assert ":snapshot/*" in str(list(statements.values())[-1])


def test_metrics_have_the_units_that_their_names_say() -> None:
    scope = new_stack()
    _, (snapshots,) = schedule_in(scope)
    age = snapshots.metric_snapshot_age(period=Duration.minutes(1))
    assert (age.namespace, age.metric_name, age.dimensions) == ("Penstock", "SnapshotAge", {"Application": "orders"})
    assert snapshots.metric_snapshot_count().metric_name == "SnapshotCount"
    assert snapshots.metric_snapshot_failures().statistic == "Sum"


def test_alarm_actions_that_are_added_later_notify_too() -> None:
    scope = new_stack()
    schedule, _ = schedule_in(scope)
    topic = sns.Topic.from_topic_arn(scope, "OnCall", "arn:aws:sns:eu-central-1:111122223333:on-call")
    schedule.add_alarm_action(actions.SnsAction(topic))
    assert all(each["AlarmActions"] for each in alarms(Template.from_stack(scope)).values())


def test_an_imported_application_can_be_in_a_schedule() -> None:
    scope = new_stack()
    imported = FlinkApplication.from_application_name(scope, "Imported", "payments")
    schedule = SnapshotSchedule(scope, "Snapshots")
    schedule.add_application(imported, operator=operator_in(scope, application_in(scope)))
    (check,) = checks(Template.from_stack(scope))
    assert check.application_name == "payments"


@pytest.mark.parametrize("minutes", [0, 59, 7 * 24 * 60 + 1])
def test_an_impossible_interval_is_refused(minutes: int) -> None:
    with pytest.raises(PenstockError, match="every must be 1 hour to 7 days, got"):
        SnapshotSchedule(new_stack(), "Snapshots", every=Duration.minutes(minutes))


def test_an_age_that_is_reached_although_nothing_fails_is_refused() -> None:
    scope = new_stack()
    application = application_in(scope)
    with pytest.raises(PenstockError, match="at least an hour more than every, 6 hours, got 6.5"):
        SnapshotSchedule(scope, "Snapshots").add_application(
            application, operator=operator_in(scope, application), max_age=Duration.minutes(390)
        )


def test_an_application_is_added_once() -> None:
    scope = new_stack()
    schedule, (snapshots,) = schedule_in(scope)
    application = scope.node.find_child("orders")
    assert snapshots.application is application
    with pytest.raises(PenstockError, match="is in the snapshot schedule Stack/Snapshots already"):
        schedule.add_application(application, operator=scope.node.find_child("ordersOperator"))  # type: ignore[arg-type]


def test_a_schedule_without_an_application_is_refused_at_synthesis() -> None:
    app = App()
    SnapshotSchedule(new_stack(app), "Snapshots")
    with pytest.raises(Exception, match="a snapshot schedule needs an application: call add_application"):
        app.synth()


def test_it_passes_all_checks() -> None:
    app = App()
    scope = new_stack(app)
    schedule = SnapshotSchedule(scope, "Snapshots")
    application = application_in(scope)
    schedule.add_application(application, operator=operator_in(scope, application), enhanced_snapshots=True)
    add_checks(app)
    Annotations.from_stack(scope).has_no_error("*", Match.any_value())
