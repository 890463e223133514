"""Synthesized templates: their resources, and the references between them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

APPLICATION: Final = "AWS::KinesisAnalyticsV2::Application"
LOGGING_OPTION: Final = "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption"

SHAPE_ERRORS: Final = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""Errors that reading a template of an unexpected form may raise."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template."""

    logical_id: str
    type: str
    body: Mapping[str, Any] = field(repr=False)
    template: Template = field(repr=False)

    def get(self, path: str) -> Any:
        """Return the property at a dotted path, None if it is absent.

        If the path leads through an intrinsic function, that function is returned: only the deployment can resolve it.
        """
        value: Any = self.body.get("Properties", {})
        for name in path.split("."):
            if is_intrinsic(value):
                return value
            value = as_mapping(value).get(name)
        return value

    @property
    def name(self) -> str:
        """The construct's path if the CDK wrote it into the template, else the logical id."""
        path = as_mapping(self.body.get("Metadata")).get("aws:cdk:path")
        return str(path).removesuffix("/Resource") if path else self.logical_id

    @property
    def key(self) -> tuple[str, str]:
        """Key that is unique among all resources of the app."""
        return self.template.path, self.logical_id


@dataclass(frozen=True)
class Template:
    """A synthesized template, with the name of its stack if it lies in a cloud assembly."""

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
        """Yield the resources of these types, all resources if no type is named."""
        for logical_id in as_mapping(self.body.get("Resources")):
            resource = self.resource(logical_id)
            if resource is not None and (not types or resource.type in types):
                yield resource

    def resource(self, logical_id: str) -> Resource | None:
        """Return a resource, None if it is absent or has no type."""
        body = as_mapping(as_mapping(self.body.get("Resources")).get(logical_id))
        kind = body.get("Type")
        if not isinstance(kind, str):
            return None
        return Resource(logical_id=logical_id, type=kind, body=body, template=self)

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """Outputs by logical id."""
        return {name: as_mapping(output) for name, output in as_mapping(self.body.get("Outputs")).items()}


@dataclass(frozen=True)
class Templates:
    """All templates of an app, between which values are exported and imported."""

    all: tuple[Template, ...]

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types in all templates, all resources if no type is named."""
        for template in self.all:
            yield from template.resources(*types)

    def find(self, value: object, template: Template) -> Resource | None:
        """Return the resource that a value of the template refers to, also in another stack of its Stage.

        The CDK writes a strong reference to another stack as ``Fn::ImportValue`` of an export, and a weak one as
        ``Fn::GetStackOutput`` of an output.
        """
        match value:
            case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), _]}:
                return template.resource(logical_id)
            case {"Fn::GetAtt": str(target)}:
                return template.resource(target.partition(".")[0])
            case {"Fn::ImportValue": name}:
                for other in sorted(self.all, key=lambda other: other.stage != template.stage):
                    for output in other.outputs.values():
                        if as_mapping(output.get("Export")).get("Name") == name:
                            return self.find(output.get("Value"), other)
            case {"Fn::GetStackOutput": {"StackName": str(stack_name), "OutputName": str(output_name)}}:
                for other in self.all:
                    if other.stage == template.stage and other.stack_name == stack_name:
                        return self.find(other.outputs.get(output_name, {}).get("Value"), other)
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
    artifacts = as_mapping(as_mapping(json.loads(manifest.read_text(encoding="utf-8"))).get("artifacts"))
    for artifact_id, artifact in artifacts.items():
        properties = as_mapping(as_mapping(artifact).get("properties"))
        is_stack = as_mapping(artifact).get("type") == "aws:cloudformation:stack"
        if is_stack and properties.get("templateFile") == template.name:
            return str(properties.get("stackName", artifact_id))
    return None


def is_off(value: object) -> bool:
    """Return True if a template's boolean is false; a value that only the deployment knows is not."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def is_on(value: object) -> bool:
    """Return True if a template's boolean is true; a value that only the deployment knows is not."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_intrinsic(value: object) -> bool:
    """Return True if a value is an intrinsic function, which only the deployment can resolve."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return an object of a template; an empty one in place of anything else, also of an intrinsic function."""
    return value if isinstance(value, dict) and not is_intrinsic(value) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list of values; IAM and CloudFormation accept a single value in place of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
