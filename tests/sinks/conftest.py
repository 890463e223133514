from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Annotations, Match, Template

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "111122223333"
REGION = "eu-central-1"


@dataclass
class Synthesized:
    """A stack and its template."""

    stack: Stack
    template: Template

    def resources(self, resource_type: str) -> dict[str, Any]:
        """Return the resources of a type by logical id."""
        return dict(self.template.find_resources(resource_type))

    def only(self, resource_type: str, part: str = "") -> dict[str, Any]:
        """Return the one resource of a type whose logical id has a part."""
        (resource,) = [body for name, body in self.resources(resource_type).items() if part in name]
        return resource

    def types(self) -> list[str]:
        """Return the types of all resources."""
        return sorted(resource["Type"] for resource in self.template.to_json()["Resources"].values())

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return what the policies of the roles allow whose logical id has a part."""
        found: list[dict[str, Any]] = []
        for policy in self.resources("AWS::IAM::Policy").values():
            if any(role in str(each) for each in policy["Properties"]["Roles"]):
                found += policy["Properties"]["PolicyDocument"]["Statement"]
        for name, body in self.resources("AWS::IAM::Role").items():
            if role in name:
                for policy in body["Properties"].get("Policies", []):
                    found += policy["PolicyDocument"]["Statement"]
        return found

    def allowed(self, role: str) -> set[str]:
        """Return the actions of all these statements."""
        return {action for statement in self.statements(role) for action in as_list(statement["Action"])}

    def warnings(self) -> list[str]:
        """Return the warnings of the synthesis."""
        found = Annotations.from_stack(self.stack).find_warning("*", Match.any_value())
        return [str(entry.entry.data) for entry in found]


def as_list(value: Any) -> list[Any]:
    """Return a value of a policy as the list that it stands for."""
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def synthesize() -> Callable[[Callable[[Stack], object]], Synthesized]:
    """Return a function that builds a stack in a known account and Region, and synthesizes it."""

    def run(build: Callable[[Stack], object]) -> Synthesized:
        stack = Stack(App(), "Stack", env=Environment(account=ACCOUNT, region=REGION))
        build(stack)
        return Synthesized(stack, Template.from_stack(stack))

    return run
