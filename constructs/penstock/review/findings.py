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

    @property
    def name(self) -> str:
        """The construct's path where the CDK wrote it into the template, the logical id where not."""
        path = self.body.get("Metadata", {}).get("aws:cdk:path")
        return str(path).removesuffix("/Resource") if path else self.logical_id

    @property
    def key(self) -> tuple[str, str]:
        """What tells the resource from every other one of the app."""
        return self.template.path, self.logical_id


@dataclass(frozen=True)
class Template:
    """A synthesized template, with the name of its stack where the cloud assembly around it says it."""

    path: str
    body: Mapping[str, Any] = field(repr=False)
    stack_name: str | None = None

    @classmethod
    def read(cls, path: str) -> Template:
        """Read a template file, and its stack's name from the manifest beside it."""
        file = Path(path)
        return cls(path, json.loads(file.read_text(encoding="utf-8")), _stack_name(file))

    @property
    def stage(self) -> Path:
        """The folder of the Stage, in which the CDK puts the templates of all of its stacks."""
        return Path(self.path).parent

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types, all resources where none is named."""
        for logical_id, body in self.body.get("Resources", {}).items():
            if not types or body["Type"] in types:
                yield Resource(logical_id=logical_id, type=body["Type"], body=body, template=self)


@dataclass(frozen=True)
class Templates:
    """All templates of an app, between which values are exported and imported."""

    all: tuple[Template, ...]

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types in all templates, all resources where none is named."""
        for template in self.all:
            yield from template.resources(*types)

    def find(self, value: object, template: Template) -> Resource | None:
        """Return the resource that a value of the template refers to, also in another stack of its Stage.

        The CDK writes a strong reference to another stack as ``Fn::ImportValue`` of an export, and a weak one as
        ``Fn::GetStackOutput`` of an output.
        """
        match value:
            case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
                body = template.body.get("Resources", {}).get(logical_id)
                return body and Resource(logical_id=logical_id, type=body["Type"], body=body, template=template)
            case {"Fn::ImportValue": name}:
                for other in sorted(self.all, key=lambda other: other.stage != template.stage):
                    for output in other.body.get("Outputs", {}).values():
                        if output.get("Export", {}).get("Name") == name:
                            return self.find(output["Value"], other)
            case {"Fn::GetStackOutput": {"StackName": str(stack_name), "OutputName": str(output_name)}}:
                for other in self.all:
                    if other.stage == template.stage and other.stack_name == stack_name:
                        return self.find(other.body.get("Outputs", {}).get(output_name, {}).get("Value"), other)
        return None

    def references(self, value: object, template: Template) -> Iterator[Resource]:
        """Yield every resource that any part of a value refers to."""
        found = self.find(value, template)
        if found is not None:
            yield found
        elif isinstance(value, dict):
            for part in value.values():
                yield from self.references(part, template)
        elif isinstance(value, list):
            for part in value:
                yield from self.references(part, template)


def _stack_name(template: Path) -> str | None:
    manifest = template.with_name("manifest.json")
    if not manifest.is_file():
        return None
    artifacts = json.loads(manifest.read_text(encoding="utf-8")).get("artifacts", {})
    for artifact_id, artifact in artifacts.items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "aws:cloudformation:stack" and properties.get("templateFile") == template.name:
            return str(properties.get("stackName", artifact_id))
    return None


def is_off(value: object) -> bool:
    """Whether a template's boolean is false; unknown until deployment is not."""
    return value is False or (isinstance(value, str) and value.lower() == "false")
