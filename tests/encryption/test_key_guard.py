from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_penstock.application import FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.encryption import EncryptionError, KeyGuard, OperatorRole, PermissionSetPrincipal
from tests.encryption.cloudtrail_events import (
    KEY,
    OPERATOR,
    OTHER_KEY,
    PREVIOUS_KEY,
    assumption_event,
    by_account,
    by_role,
    by_user,
    grant_event,
    key_event,
    role_event,
    update_event,
)
from tests.encryption.conftest import ACCOUNT, REGION, application_in, encryption_in, new_stack
from tests.encryption.event_patterns import matches

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = "docs/runbooks/key.md"


def guard_in(stack: Construct, **props: Any) -> KeyGuard:
    return KeyGuard(
        stack,
        "Guard",
        application=FlinkApplication.from_application_name(stack, "App", "orders"),
        keys=[kms.Key.from_key_arn(stack, "Key", KEY), kms.Key.from_key_arn(stack, "PreviousKey", PREVIOUS_KEY)],
        operators=[iam.Role.from_role_arn(stack, "Operator", OPERATOR)],
        **props,
    )


GIVING = (
    "UpdateAssumeRolePolicy",
    "AttachRolePolicy",
    "PutRolePolicy",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
)


@pytest.fixture(scope="module")
def template() -> Template:
    stack = new_stack()
    guard_in(stack)
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def patterns(template: Template) -> dict[str, dict[str, Any]]:
    rules = [rule["Properties"]["EventPattern"] for rule in template.find_resources("AWS::Events::Rule").values()]
    return {rule["detail"]["eventName"][0]: rule for rule in rules}


@pytest.mark.parametrize("name", ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "EnableKeyRotation"])
@pytest.mark.parametrize("key", [KEY, PREVIOUS_KEY])
def test_a_call_that_endangers_a_key_is_noticed_however_it_names_the_key(
    name: str, key: str, patterns: dict[str, dict[str, Any]]
) -> None:
    without_resources = key_event(name, key)
    del without_resources["detail"]["resources"]
    for event in (key_event(name, key), key_event(name, key, named=key), without_resources):
        assert [rule for rule, pattern in patterns.items() if matches(pattern, event)] == [name]


@pytest.mark.parametrize("name", ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "EnableKeyRotation"])
def test_a_call_that_failed_or_is_harmless_or_on_another_key_is_not(
    name: str, patterns: dict[str, dict[str, Any]]
) -> None:
    failed = key_event(name)
    failed["detail"]["errorCode"] = "AccessDenied"
    on_another_key = key_event(name, OTHER_KEY)
    by_its_arn = key_event(name, OTHER_KEY, named=OTHER_KEY)
    for quiet in (failed, on_another_key, by_its_arn, key_event("DescribeKey"), key_event("EnableKey")):
        assert not any(matches(pattern, quiet) for pattern in patterns.values())


@pytest.mark.parametrize("issuer", [f"arn:aws:iam::{ACCOUNT}:role/Someone", None])
def test_a_key_change_by_anybody_but_the_operator_is_noticed(
    issuer: str | None, patterns: dict[str, dict[str, Any]]
) -> None:
    assert matches(patterns["UpdateApplication"], update_event(issuer))


def test_the_operator_other_applications_and_other_updates_are_not(patterns: dict[str, dict[str, Any]]) -> None:
    other = update_event(None)
    other["detail"]["requestParameters"]["applicationName"] = "payments"
    plain = update_event(None)
    plain["detail"]["requestParameters"]["applicationConfigurationUpdate"] = {"flinkApplicationConfigurationUpdate": {}}
    failed = update_event(None)
    failed["detail"]["errorCode"] = "InvalidRequestException"
    for quiet in (update_event(OPERATOR), other, plain, failed):
        assert not matches(patterns["UpdateApplication"], quiet)


@pytest.mark.parametrize("service", ["kinesisanalytics.amazonaws.com", "infrastructure.kinesisanalytics.amazonaws.com"])
def test_a_grant_by_anybody_but_msf_is_noticed(service: str, patterns: dict[str, dict[str, Any]]) -> None:
    grant = patterns["CreateGrant"]
    for stranger in (grant_event(), grant_event(PREVIOUS_KEY), grant_event(invoked_by="ec2.amazonaws.com")):
        assert matches(grant, stranger)
    for quiet in (grant_event(invoked_by=service), grant_event(OTHER_KEY), key_event("RetireGrant")):
        assert not matches(grant, quiet)


@pytest.mark.parametrize("call", GIVING)
def test_a_change_of_who_may_operate_or_of_what_the_operator_may_do_is_noticed(
    patterns: dict[str, dict[str, Any]], call: str
) -> None:
    change = patterns["UpdateAssumeRolePolicy"]
    assert matches(change, role_event(call, "Operator"))
    denied = role_event(call, "Operator")
    denied["detail"]["errorCode"] = "AccessDenied"
    for quiet in (role_event(call, "Other"), role_event("GetRole", "Operator"), denied):
        assert not matches(change, quiet)


def test_the_deletion_of_a_role_that_the_keys_policy_names_is_noticed(patterns: dict[str, dict[str, Any]]) -> None:
    (names,) = [patterns["DeleteRole"]["detail"]["requestParameters"]["roleName"]]
    assert names[0] == "Operator"
    assert names[1] == {"Fn::Sub": f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"} or "cfn-exec-role" in str(
        names[1]
    )
    assert matches(patterns["DeleteRole"], role_event("DeleteRole", "Operator"))
    assert not matches(patterns["DeleteRole"], role_event("DeleteRole", "Other"))


ON_CALL = f"arn:aws:iam::{ACCOUNT}:role/OnCall"
USER = f"arn:aws:iam::{ACCOUNT}:user/Alice"
ELSEWHERE = "arn:aws:iam::999999999999:role/Platform"
SIGNED_IN = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/{REGION}/AWSReservedSSO_FlinkOperator_0123"


@pytest.fixture(scope="module")
def assumption() -> dict[str, Any]:
    """Return the rule of a guard whose operator a role, a user, a permission set and another account's role assume."""
    stack = new_stack()
    application = FlinkApplication.from_application_name(stack, "App", "orders")
    named = [iam.ArnPrincipal(arn) for arn in (ON_CALL, USER, ELSEWHERE)]
    operator = OperatorRole(
        stack,
        "Operator",
        application=application,
        execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Job",
        operators=[*named, PermissionSetPrincipal(stack, "FlinkOperator")],
    )
    key = kms.Key.from_key_arn(stack, "Key", KEY)
    KeyGuard(stack, "Guard", application=application, keys=[key], operators=[operator])
    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule").values()
    (rule,) = [each["Properties"] for each in rules if each["Properties"]["EventPattern"]["source"] == ["aws.sts"]]
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    (parameters,) = [rule["EventPattern"]["detail"]["requestParameters"]]
    assert "Fn::GetAtt" in parameters["roleArn"][0]
    parameters["roleArn"] = [OPERATOR]
    return dict(joined(rule["EventPattern"]))


def joined(value: Any) -> Any:
    """Return a value of a template in the partition ``aws``."""
    match value:
        case {"Fn::Join": ["", list(parts)]}:
            return "".join(part if isinstance(part, str) else "aws" for part in parts)
        case dict():
            return {key: joined(each) for key, each in value.items()}
        case list():
            return [joined(each) for each in value]
        case _:
            return value


@pytest.mark.parametrize(
    "caller",
    [
        by_role(f"arn:aws:iam::{ACCOUNT}:role/Someone"),
        by_role(f"{ON_CALL}2"),
        by_role(SIGNED_IN.replace("FlinkOperator", "ReadOnly")),
        by_user(f"arn:aws:iam::{ACCOUNT}:user/Mallory"),
        by_account("888888888888"),
    ],
)
def test_the_operators_assumption_by_a_stranger_is_noticed(caller: dict[str, Any], assumption: dict[str, Any]) -> None:
    assert matches(assumption, assumption_event(caller))


@pytest.mark.parametrize(
    "caller", [by_role(ON_CALL), by_user(USER), by_role(SIGNED_IN), by_account("999999999999")], ids=str
)
def test_those_whom_the_operator_was_made_for_are_not(caller: dict[str, Any], assumption: dict[str, Any]) -> None:
    assert not matches(assumption, assumption_event(caller))
    denied = assumption_event(by_user(f"arn:aws:iam::{ACCOUNT}:user/Mallory"))
    denied["detail"]["errorCode"] = "AccessDenied"
    other = assumption_event(by_role(f"arn:aws:iam::{ACCOUNT}:role/Someone"), f"arn:aws:iam::{ACCOUNT}:role/Other")
    assert not matches(assumption, denied)
    assert not matches(assumption, other)


def test_the_automation_of_a_deployment_is_no_stranger() -> None:
    stack = new_stack()
    encryption = encryption_in(stack, application_in(stack))
    KeyGuard(stack, "Guard", application=encryption.application, keys=[encryption.key], operators=[encryption.operator])
    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule").values()
    (pattern,) = [each["Properties"]["EventPattern"] for each in rules if "aws.sts" in str(each)]
    trusted = json.dumps(pattern["detail"]["userIdentity"])
    assert "PenstockApplicationRole" in trusted


def test_every_rule_logs_who_did_it_and_has_an_alarm(template: Template) -> None:
    rules = template.find_resources("AWS::Events::Rule")
    for rule in rules.values():
        (target,) = rule["Properties"]["Targets"]
        assert ":log-group:" in str(target["Arn"])
    alarms = template.find_resources("AWS::CloudWatch::Alarm").values()
    assert {alarm["Properties"]["Dimensions"][0]["Value"]["Ref"] for alarm in alarms} == set(rules)
    assert all(alarm["Properties"]["TreatMissingData"] == "notBreaching" for alarm in alarms)
    (group,) = template.find_resources("AWS::Logs::LogGroup").values()
    assert (group["Properties"]["RetentionInDays"], group["DeletionPolicy"]) == (365, "RetainExceptOnCreate")


def test_every_alarm_names_a_section_of_the_runbook_that_exists(template: Template) -> None:
    headings = {
        "#" + line.removeprefix("## ").strip().lower().replace(" ", "-")
        for line in (ROOT / RUNBOOK).read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    }
    for alarm in template.find_resources("AWS::CloudWatch::Alarm").values():
        text = alarm["Properties"]["AlarmDescription"]
        _, _, section = text.partition(RUNBOOK)
        assert section in headings or text.endswith("Runbook: docs/runbooks/who-may-operate.md")


def test_only_these_rules_may_write_and_only_to_this_log_group(template: Template) -> None:
    (policy,) = template.find_resources("AWS::Logs::ResourcePolicy").values()
    (group,) = template.find_resources("AWS::Logs::LogGroup")
    rules = sorted(template.find_resources("AWS::Events::Rule"))
    create, write = statements(policy["Properties"]["PolicyDocument"])
    for statement in (create, write):
        assert statement["Principal"] == {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
        assert statement["Resource"] == f"{group}.Arn"
    # EventBridge makes streams without saying for which rule, so that a condition would leave the log empty.
    assert (create["Action"], create.get("Condition")) == ("logs:CreateLogStream", None)
    assert write["Action"] == "logs:PutLogEvents"
    assert sorted(write["Condition"]["ArnEquals"].pop("aws:SourceArn")) == [f"{rule}.Arn" for rule in rules]
    assert write["Condition"] == {"ArnEquals": {}}


def test_all_guards_of_a_stack_share_one_of_the_accounts_ten_policies() -> None:
    stack = new_stack()
    for number in range(2):
        guard_in(Construct(stack, f"Part{number}"))
    template = Template.from_stack(stack)
    (policy,) = template.find_resources("AWS::Logs::ResourcePolicy").values()
    written = statements(policy["Properties"]["PolicyDocument"])
    groups = {f"{group}.Arn" for group in template.find_resources("AWS::Logs::LogGroup")}
    assert {each["Resource"] for each in written} == groups
    rules = [
        rule for each in written if "Condition" in each for rule in each["Condition"]["ArnEquals"]["aws:SourceArn"]
    ]
    assert sorted(rules) == sorted(f"{rule}.Arn" for rule in template.find_resources("AWS::Events::Rule"))


def test_another_policy_is_begun_where_a_document_has_no_room_left() -> None:
    stack = new_stack()
    for number in range(8):
        guard_in(Construct(stack, f"Part{number}"))
    policies = Template.from_stack(stack).find_resources("AWS::Logs::ResourcePolicy").values()
    assert len({policy["Properties"]["PolicyName"] for policy in policies}) == len(policies) > 1
    for policy in policies:
        parts = policy["Properties"]["PolicyDocument"]["Fn::Join"][1]
        # No ARN of a rule or of a group is longer than this.
        assert sum(len(part) if isinstance(part, str) else 130 for part in parts) <= 5120


def statements(document: Any) -> list[dict[str, Any]]:
    """Return a policy's statements, with ``Resource.Attribute`` for each reference."""
    parts = document["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else ".".join(part["Fn::GetAtt"]) for part in parts)
    return list(json.loads(text)["Statement"])


def test_everything_on_notifies_and_passes_all_checks() -> None:
    stack = new_stack()
    key = kms.Key(stack, "LogKey", enable_key_rotation=True)
    topic = sns.Topic(stack, "Topic", master_key=key, enforce_ssl=True)
    guard = guard_in(stack, log_encryption_key=key, log_retention=logs.RetentionDays.TEN_YEARS)
    guard.add_alarm_action(actions.SnsAction(topic))
    app = stack.node.root
    assert isinstance(app, App)
    add_checks(app)
    app.synth()
    template = Template.from_stack(stack)
    for alarm in template.find_resources("AWS::CloudWatch::Alarm").values():
        assert len(alarm["Properties"]["AlarmActions"]) == 1
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 3653})


def test_a_guard_of_nothing_is_refused() -> None:
    stack = new_stack()
    application = FlinkApplication.from_application_name(stack, "App", "orders")
    with pytest.raises(EncryptionError, match="got 0 keys and 0 operators"):
        KeyGuard(stack, "Guard", application=application, keys=[], operators=[])
