"""Effect of a changed value on the stacks of an environment, read from the templates alone.

Which property replaces its resource is in the resource's schema, which cfn-lint brings (``createOnlyProperties``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ("Change", "compare", "schema_types")

SCHEMAS = resources.files("cfnlint") / "data" / "schemas"
Stacks = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Effect of a deployment.

    Parameters
    ----------
    templates
        The stacks whose template is another one.
    replaced, removed
        The resources, by stack and logical id, with their type.
    left
        Those of them that stay, of no stack any more.
    refused
        The exports that another stack imports, and that would change or go.
    """

    templates: list[str]
    replaced: dict[tuple[str, str], str]
    removed: dict[tuple[str, str], str]
    left: set[tuple[str, str]]
    refused: list[str]


@cache
def schema_types(region: str) -> Mapping[str, str]:
    """Return the types of resources of a Region, with the file of their schema."""
    types: dict[str, str] = json.loads((SCHEMAS / "providers" / f"{region}.json").read_text())
    return types


def compare(before: Stacks, after: Stacks) -> Change:
    """Return what a deployment of the templates after those before does."""
    replaced = _replaced(before, after)
    removed = {
        (stack, name): resource["Type"]
        for stack, template in before.items()
        for name, resource in template["Resources"].items()
        if name not in after[stack]["Resources"]
    }
    gone = {**replaced, **removed}
    left = {
        (stack, name)
        for stack, name in gone
        if before[stack]["Resources"][name]
        .get("UpdateReplacePolicy" if (stack, name) in replaced else "DeletionPolicy", "Delete")
        .startswith("Retain")
    }
    imported = {name for template in before.values() for name in _found(template, "Fn::ImportValue")}
    refused = [
        name
        for name, (stack, value) in _exports(before).items()
        if name in imported and (_exports(after).get(name) != (stack, value) or _refers(value, stack, gone, {}))
    ]
    templates = [stack for stack in before if before[stack] != after[stack]]
    return Change(templates=templates, replaced=replaced, removed=removed, left=left, refused=refused)


def _replaced(before: Stacks, after: Stacks) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    exports = _exports(after)
    size = -1
    while size != len(found):
        size = len(found)
        for stack, template in before.items():
            for name, resource in template["Resources"].items():
                new = after[stack]["Resources"].get(name)
                for path in _fixed_at_creation(resource["Type"]) if new else ():
                    old_value, value = (_at(each.get("Properties", {}), path) for each in (resource, new))
                    if old_value != value or _refers(value, stack, found, exports):
                        found[stack, name] = resource["Type"]
    return found


@cache
def _fixed_at_creation(kind: str) -> tuple[tuple[str, ...], ...]:
    file = schema_types("eu-central-1").get(kind)
    if file is None:
        return ()
    schema = json.loads((SCHEMAS / "resources" / f"{file}.json").read_text())
    paths = (each.removeprefix("/properties/").partition("/*")[0] for each in schema.get("createOnlyProperties", ()))
    return tuple(tuple(each.split("/")) for each in paths)


def _at(properties: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def _refers(value: object, stack: str, gone: Mapping[tuple[str, str], str], exports: Mapping[str, Any]) -> bool:
    names = [*_found(value, "Ref"), *(each[0] for each in _found(value, "Fn::GetAtt"))]
    if any((stack, name) in gone for name in names):
        return True
    producers = [exports[name] for name in _found(value, "Fn::ImportValue") if name in exports]
    return any(_refers(exported, producer, gone, {}) for producer, exported in producers)


def _exports(stacks: Stacks) -> dict[str, tuple[str, Any]]:
    return {
        output["Export"]["Name"]: (stack, output["Value"])
        for stack, template in stacks.items()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }


def _found(value: object, function: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from ([value[function]] if function in value else [])
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _found(each, function)
