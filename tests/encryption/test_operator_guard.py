from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_penstock.application import FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.encryption import EncryptionError, OperatorGuard, OperatorRole
from tests.encryption.cloudtrail_events import role_event
from tests.encryption.conftest import ACCOUNT, new_stack
from tests.encryption.event_patterns import matches

POLICY = f"arn:aws:iam::{ACCOUNT}:policy/Base"


@pytest.fixture(scope="module")
def template() -> Template:
    stack = new_stack()
    application = FlinkApplication.from_application_name(stack, "App", "orders")
    operator = OperatorRole(
        stack,
        "Operator",
        application=application,
        execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/Job",
        operators=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/OnCall")],
    )
    OperatorGuard(stack, "Guard", application=application, operators=[operator])
    app = stack.node.root
    assert isinstance(app, App)
    add_checks(app)
    app.synth()
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def pattern(template: Template) -> dict[str, Any]:
    """Return the pattern, with the names that CloudFormation puts there."""
    (rule,) = template.find_resources("AWS::Events::Rule").values()
    found: dict[str, Any] = rule["Properties"]["EventPattern"]
    on_role, on_policy = found["detail"]["$or"]
    assert "Ref" in on_role["requestParameters"]["roleName"][0]
    assert "Ref" in on_policy["requestParameters"]["policyArn"][0]
    on_role["requestParameters"]["roleName"] = ["Operator"]
    on_policy["requestParameters"]["policyArn"] = [POLICY]
    return found


def policy_event(name: str, policy: str) -> dict[str, Any]:
    event = role_event(name, "")
    event["detail"]["requestParameters"] = {"policyArn": policy}
    return event


@pytest.mark.parametrize("call", ["UpdateAssumeRolePolicy", "AttachRolePolicy", "PutRolePolicy"])
def test_a_change_of_the_role_is_noticed(pattern: dict[str, Any], call: str) -> None:
    assert matches(pattern, role_event(call, "Operator"))
    assert not matches(pattern, role_event(call, "Other"))


@pytest.mark.parametrize("call", ["CreatePolicyVersion", "SetDefaultPolicyVersion"])
def test_another_version_of_its_policy_is_noticed(pattern: dict[str, Any], call: str) -> None:
    assert matches(pattern, policy_event(call, POLICY))
    assert not matches(pattern, policy_event(call, f"arn:aws:iam::{ACCOUNT}:policy/Other"))


def test_what_takes_permissions_away_is_not(pattern: dict[str, Any]) -> None:
    for call in ("DetachRolePolicy", "DeleteRolePolicy", "TagRole"):
        assert not matches(pattern, role_event(call, "Operator"))
    assert not matches(pattern, policy_event("DeletePolicyVersion", POLICY))


def test_the_event_is_kept_and_has_one_alarm_with_its_runbook(template: Template) -> None:
    (alarm,) = template.find_resources("AWS::CloudWatch::Alarm").values()
    (rule,) = template.find_resources("AWS::Events::Rule")
    assert alarm["Properties"]["Dimensions"] == [{"Name": "RuleName", "Value": {"Ref": rule}}]
    assert alarm["Properties"]["AlarmDescription"].endswith("Runbook: docs/runbooks/who-may-operate.md")
    template.has_resource("AWS::Logs::LogGroup", {"DeletionPolicy": "RetainExceptOnCreate"})


def test_a_guard_of_nobody_is_refused() -> None:
    stack = new_stack()
    application = FlinkApplication.from_application_name(stack, "App", "orders")
    with pytest.raises(EncryptionError, match="needs a role, got none"):
        OperatorGuard(stack, "Guard", application=application, operators=[])
