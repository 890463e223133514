from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.encryption import CustomerManagedEncryption, PermissionSetPrincipal

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

ACCOUNT, REGION = "111122223333", "eu-central-1"
APPLICATION = "AWS::KinesisAnalyticsV2::Application"
KEY_UPDATE = "Custom::PenstockApplicationKey"
START = "Custom::PenstockApplicationStart"


@dataclass
class Deployment:
    """A stack, and the resources of its template."""

    stack: Stack
    template: Template

    @property
    def resources(self) -> dict[str, Any]:
        return self.template.to_json()["Resources"]

    def only(self, resource_type: str, starts: str = "") -> tuple[str, dict[str, Any]]:
        """Return id and body of the one resource of a type, and with a beginning of its id."""
        ((name, body),) = [
            (name, body)
            for name, body in self.resources.items()
            if body["Type"] == resource_type and name.startswith(starts)
        ]
        return name, body

    def names(self, resource_type: str, starts: str = "") -> list[str]:
        return [n for n, body in self.resources.items() if body["Type"] == resource_type and n.startswith(starts)]


def new_stack(**environment: str) -> Stack:
    return Stack(App(), "Stack", env=Environment(**({"account": ACCOUNT, "region": REGION} | environment)))


def application_in(stack: Construct, **props: Any) -> FlinkApplication:
    code = ApplicationCode.from_bucket(
        s3.Bucket.from_bucket_name(stack, "Code", "code-bucket"), "job.zip", object_version="1"
    )
    return FlinkApplication(stack, "App", code=code, **({"application_name": "vehicle-metrics"} | props))


def encryption_in(stack: Construct, application: Any, **props: Any) -> CustomerManagedEncryption:
    people: dict[str, Any] = {
        "operators": [PermissionSetPrincipal(stack, "FlinkOperator")],
        "key_administrators": [PermissionSetPrincipal(stack, "KeyAdministrator")],
    }
    return CustomerManagedEncryption(stack, "Encryption", application=application, **(people | props))


@pytest.fixture(scope="session")
def deploy() -> Callable[[Callable[[Stack], object]], Deployment]:
    """Return a function that builds a stack and synthesizes it."""

    def run(build: Callable[[Stack], object]) -> Deployment:
        stack = new_stack()
        build(stack)
        return Deployment(stack, Template.from_stack(stack))

    return run
