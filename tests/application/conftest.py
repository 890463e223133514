from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Annotations, Match, Template

if TYPE_CHECKING:
    from collections.abc import Callable

APPLICATION = "AWS::KinesisAnalyticsV2::Application"


@dataclass
class Synthesized:
    """A stack and its template."""

    stack: Stack
    template: Template

    def only(self, resource_type: str) -> dict[str, Any]:
        """Return the one resource of a type."""
        (resource,) = self.template.find_resources(resource_type).values()
        return dict(resource)

    def application(self) -> dict[str, Any]:
        """Return the properties of the one application."""
        return self.only(APPLICATION)["Properties"]

    def statements(self) -> list[dict[str, Any]]:
        """Return the statements of the one execution role, as AWS would read them."""
        (policy,) = self.only("AWS::IAM::Role")["Properties"]["Policies"]
        return policy["PolicyDocument"]["Statement"]

    def warnings(self) -> list[str]:
        """Return the warnings of the synthesis."""
        found = Annotations.from_stack(self.stack).find_warning("*", Match.any_value())
        return [str(entry.entry.data) for entry in found]


@pytest.fixture(scope="session")
def synthesize() -> Callable[[Callable[[Stack], object]], Synthesized]:
    """Return a function that builds a stack in a known account and Region, and synthesizes it."""

    def run(build: Callable[[Stack], object]) -> Synthesized:
        stack = Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))
        build(stack)
        return Synthesized(stack, Template.from_stack(stack))

    return run
