"""What a rule says about a template, and the parts of templates that rules look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ("APPLICATION", "LOGGING_OPTION", "Finding", "Resource", "Template", "Templates", "is_off")

APPLICATION: Final = "AWS::KinesisAnalyticsV2::Application"
LOGGING_OPTION: Final = "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One resource that breaks a rule.

    Parameters
    ----------
    rule
        The rule's id, by which it is acknowledged as ``penstock::<id>``.
    problem, fix
        What is wrong, and what to do.
    resource
        The resource.
    location
        The property, as a path in the template.
    """

    rule: str
    problem: str
    fix: str
    resource: Resource
    location: str


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template."""

    logical_id: str
    type: str
    body: Mapping[str, Any] = field(repr=False)
    template: Template = field(repr=False)

    def get(self, path: str) -> Any:
        """Return the property at a dotted path, None where there is none."""
        value: Any = self.body.get("Properties", {})
        for name in path.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value


@dataclass(frozen=True)
class Template:
    """A synthesized template."""

    path: str
    body: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, path: str) -> Template:
        """Read a template file."""
        return cls(path, json.loads(Path(path).read_text(encoding="utf-8")))

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types."""
        for logical_id, body in self.body.get("Resources", {}).items():
            if body["Type"] in types:
                yield Resource(logical_id=logical_id, type=body["Type"], body=body, template=self)


@dataclass(frozen=True)
class Templates:
    """All templates of an app, between which values are exported and imported."""

    all: tuple[Template, ...]

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types in all templates."""
        for template in self.all:
            yield from template.resources(*types)

    def find(self, value: object, template: Template) -> Resource | None:
        """Return the resource that a value of the template refers to, also through an export of another one."""
        match value:
            case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
                body = template.body.get("Resources", {}).get(logical_id)
                return body and Resource(logical_id=logical_id, type=body["Type"], body=body, template=template)
            case {"Fn::ImportValue": name}:
                for other in self.all:
                    for output in other.body.get("Outputs", {}).values():
                        if output.get("Export", {}).get("Name") == name:
                            return self.find(output["Value"], other)
        return None


def is_off(value: object) -> bool:
    """Whether a template's boolean is false; unknown until deployment is not."""
    return value is False or (isinstance(value, str) and value.lower() == "false")
