from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication

if TYPE_CHECKING:
    from constructs import Construct

APPLICATION = "AWS::KinesisAnalyticsV2::Application"
KEPT = "Custom::PenstockKeptParallelism"


def new_stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


def operator_in(scope: Construct) -> iam.Role:
    return iam.Role(scope, "Operator", assumed_by=iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall"))


def application_in(scope: Construct, **props: Any) -> FlinkApplication:
    code = ApplicationCode.from_bucket(
        s3.Bucket.from_bucket_name(scope, "Code", "code-bucket"), "job.zip", object_version="1"
    )
    given: dict[str, Any] = {"application_name": "orders", "parallelism": 4} | props
    return FlinkApplication(scope, "App", code=code, **given)


def app_of(stack: Stack) -> App:
    app = stack.node.root
    assert isinstance(app, App)
    return app


def resources(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def all_of(stack: Stack, kind: str) -> list[dict[str, Any]]:
    """Return the properties of all resources of a type."""
    return [body["Properties"] for body in resources(stack).values() if body["Type"] == kind]


def only(stack: Stack, kind: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type."""
    (found,) = all_of(stack, kind)
    return found


def statements_of(stack: Stack, starts: str) -> list[dict[str, Any]]:
    """Return the statements of the policies whose logical ids begin so."""
    return [
        statement
        for name, body in resources(stack).items()
        if name.startswith(starts) and body["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
        for statement in body["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions_in(statements: list[dict[str, Any]]) -> set[str]:
    """Return the actions of some statements."""
    found = [each["Action"] if isinstance(each["Action"], list) else [each["Action"]] for each in statements]
    return {action for actions in found for action in actions}
