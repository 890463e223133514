from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from cdk_penstock.application import FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.encryption import EncryptionError, KeyAudit
from tests.encryption.cloudtrail_events import OPERATOR
from tests.encryption.conftest import ACCOUNT, REGION, application_in, encryption_in, new_stack

if TYPE_CHECKING:
    from aws_cdk import App, Stack

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = "docs/runbooks/key.md"
APPLICATION_ARN = f":kinesisanalytics:{REGION}:{ACCOUNT}:application/orders"


def audit_in(stack: Stack, **props: Any) -> KeyAudit:
    return KeyAudit(
        stack,
        "Audit",
        application=FlinkApplication.from_application_name(stack, "App", "orders"),
        operator=iam.Role.from_role_arn(stack, "Operator", OPERATOR),
        **props,
    )


@pytest.fixture(scope="module")
def template() -> Template:
    stack = new_stack()
    topic = sns.Topic.from_topic_arn(stack, "Topic", f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call")
    audit_in(stack, open_at_most=Duration.hours(36)).add_alarm_action(actions.SnsAction(topic))
    return Template.from_stack(stack)


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    found = template.find_resources("AWS::CloudWatch::Alarm").values()
    return {each["Properties"]["MetricName"]: each["Properties"] for each in found}


@pytest.mark.parametrize("metric", ["OpenPermissionWindows", "AwsOwnedSnapshots"])
def test_the_alarm_is_raised_by_what_is_there_for_the_whole_time(template: Template, metric: str) -> None:
    alarm = alarms(template)[metric]
    assert (alarm["Namespace"], alarm["Statistic"], alarm["Period"]) == ("Penstock", "Minimum", 3600)
    assert (alarm["EvaluationPeriods"], alarm["Threshold"]) == (36, 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["TreatMissingData"] == "ignore"
    assert alarm["Dimensions"] == [{"Name": "Application", "Value": "orders"}]


def test_a_function_that_fails_raises_an_alarm_as_well_and_all_of_them_notify(template: Template) -> None:
    found = alarms(template)
    assert set(found) == {"OpenPermissionWindows", "AwsOwnedSnapshots", "Errors"}
    assert all(len(each["AlarmActions"]) == 1 for each in found.values())


def test_each_alarm_names_a_section_of_the_runbook(template: Template) -> None:
    headings = [
        line[3:] for line in (ROOT / RUNBOOK).read_text(encoding="utf-8").splitlines() if line.startswith("## ")
    ]
    anchors = {f"#{heading.lower().replace(' ', '-')}" for heading in headings}
    for alarm in alarms(template).values():
        assert alarm["AlarmDescription"].rpartition(RUNBOOK)[2] in anchors


def test_it_runs_twice_in_each_period(template: Template) -> None:
    (rule,) = template.find_resources("AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "rate(30 minutes)"


def test_the_function_may_only_read_this_role_this_application_and_policies(template: Template) -> None:
    allowed: dict[str, set[str]] = {}
    for policy in template.find_resources("AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
                allowed.setdefault(action, set()).add(json.dumps(statement["Resource"]))
    of_logs = {action for action in allowed if action.startswith("logs:")}
    assert set(allowed) - of_logs == {
        "kinesisanalytics:DescribeApplication",
        "kinesisanalytics:ListApplicationSnapshots",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
    }
    for action in ("iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"):
        assert allowed[action] == {json.dumps(OPERATOR)}
    assert all(APPLICATION_ARN in each for each in allowed["kinesisanalytics:DescribeApplication"])
    assert all(":policy/*" in each for each in allowed["iam:GetPolicy"])


@pytest.mark.parametrize("time", [Duration.minutes(30), Duration.minutes(90), Duration.days(8)])
def test_a_time_that_no_alarm_can_evaluate_is_refused(time: Duration) -> None:
    with pytest.raises(EncryptionError, match="open_at_most must be whole hours, from 1 to 168"):
        audit_in(new_stack(), open_at_most=time)


def test_the_checks_pass_beside_an_encryption() -> None:
    stack = new_stack()
    application = application_in(stack)
    encryption = encryption_in(stack, application)
    KeyAudit(stack, "Audit", application=application, operator=encryption.operator)
    app: App = stack.node.root  # type: ignore[assignment]
    add_checks(app)
    app.synth()
