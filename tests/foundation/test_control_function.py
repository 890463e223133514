from __future__ import annotations

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template

from cdk_penstock.checks import add_checks
from cdk_penstock.foundation.control_function import ControlFunction


@pytest.fixture(scope="module")
def scope() -> Stack:
    stack = Stack(App(), "Stack")
    operator = iam.Role(stack, "Operator", assumed_by=iam.AccountPrincipal("111122223333"))
    for construct_id in ("Stopping", "Starting"):
        function = ControlFunction(stack, construct_id, handler="application", environment={"NAME": construct_id})
        function.act_as(operator)
        function.act_as(operator)
    return stack


def test_a_function_calls_handle_of_its_module_with_its_environment(scope: Stack) -> None:
    functions = Template.from_stack(scope).find_resources("AWS::Lambda::Function").values()
    found = [each["Properties"] for each in functions]
    assert {each["Handler"] for each in found} == {"cdk_penstock.handlers.application_handler.handle"}
    assert {each["Environment"]["Variables"]["NAME"] for each in found} == {"Stopping", "Starting"}
    assert all(each["Environment"]["Variables"]["AWS_DATA_PATH"] for each in found)


def test_each_function_may_assume_the_operator_and_is_trusted_by_it_once(scope: Stack) -> None:
    roles = Template.from_stack(scope).find_resources("AWS::IAM::Role")
    (operator,) = [each for name, each in roles.items() if name.startswith("Operator")]
    statements = operator["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    trusted = str([each["Principal"]["AWS"] for each in statements])
    assert trusted.count("StoppingRole") == trusted.count("StartingRole") == 1
    assert len({each.get("Sid", number) for number, each in enumerate(statements)}) == len(statements)


def test_a_function_may_write_its_log_and_assume_the_operator_and_no_more(scope: Stack) -> None:
    policies = Template.from_stack(scope).find_resources("AWS::IAM::Policy")
    actions = {
        action
        for each in policies.values()
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents", "sts:AssumeRole"}


def test_it_passes_all_checks() -> None:
    app = App()
    stack = Stack(app, "Stack")
    ControlFunction(stack, "Function", handler="application")
    add_checks(app)
    Annotations.from_stack(stack).has_no_error("*", Match.any_value())
