from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Annotations, Match, Template

if TYPE_CHECKING:
    from collections.abc import Callable


class Synthesized:
    """A stack and its template."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.template = Template.from_stack(stack)

    def only(self, resource_type: str) -> dict[str, Any]:
        """Return the one resource of a type."""
        (resource,) = self.template.find_resources(resource_type).values()
        return dict(resource)

    def properties(self, resource_type: str) -> dict[str, Any]:
        """Return the properties of the one resource of a type, references written out."""
        return flatten(self.only(resource_type)["Properties"])

    def notes(self, level: str) -> list[str]:
        """Return the warnings or infos of the synthesis."""
        annotations = Annotations.from_stack(self.stack)
        find = {"warning": annotations.find_warning, "info": annotations.find_info}[level]
        return [str(entry.entry.data) for entry in find("*", Match.any_value())]


def flatten(value: Any) -> Any:
    """Return a part of a template with its joins and references written out."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            return "".join(flatten(part) for part in value["Fn::Join"][1])
        if "Ref" in value:
            return f"<{value['Ref']}>"
        if "Fn::GetAtt" in value:
            return f"<{'.'.join(value['Fn::GetAtt'])}>"
        if "Fn::Sub" in value:
            return value["Fn::Sub"]
        return {name: flatten(part) for name, part in value.items()}
    return [flatten(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="session")
def synthesize() -> Callable[[Callable[[Stack], object]], Synthesized]:
    """Return a function that builds a stack in a known account and Region, and synthesizes it."""

    def run(build: Callable[[Stack], object]) -> Synthesized:
        stack = Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))
        build(stack)
        return Synthesized(stack)

    return run
