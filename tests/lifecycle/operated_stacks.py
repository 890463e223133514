from __future__ import annotations

from typing import Any

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.encryption import OperatorRole

ACCOUNT, REGION = "111122223333", "eu-central-1"


def new_stack(app: App | None = None, name: str = "Stack") -> Stack:
    return Stack(app or App(), name, env=Environment(account=ACCOUNT, region=REGION))


def application_in(scope: Stack, name: str = "orders") -> FlinkApplication:
    bucket = s3.Bucket.from_bucket_name(scope, f"{name}Code", "code-bucket")
    code = ApplicationCode.from_bucket(bucket, "job.zip", object_version="1")
    return FlinkApplication(scope, name, code=code, application_name=name)


def operator_in(scope: Stack, application: FlinkApplication) -> OperatorRole:
    return OperatorRole(
        scope,
        f"{application.node.id}Operator",
        application=application,
        execution_role_arn=application.role.role_arn,
        operators=[iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/OnCall")],
    )


def actions_of(policy: dict[str, Any]) -> set[str]:
    """Return the actions of a policy document."""
    found: set[str] = set()
    for statement in policy["Statement"]:
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found
