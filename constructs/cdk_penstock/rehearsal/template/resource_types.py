"""Resource types of CloudFormation: the change that replaces a resource, its identifier, and what only AWS sets.

``tools/resource_schemas.py`` writes the table from the schemas of all types.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Paths = tuple[str, ...]
"""Paths to properties, such as ``EncryptionInfo/EncryptionAtRest``; ``*`` stands for each element of a list."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A resource type.

    Parameters
    ----------
    name
        Such as ``AWS::KMS::Key``.
    create_only
        The properties whose change replaces the resource.
    conditional_create_only
        The properties of which some changes replace the resource; its schema does not name these changes.
    primary_identifier
        The properties that identify a resource.
    read_only
        The properties that AWS sets, which ``Fn::GetAtt`` returns.
    required
        The properties that every resource needs.
    """

    name: str
    create_only: Paths = ()
    conditional_create_only: Paths = ()
    primary_identifier: Paths = ()
    read_only: Paths = ()
    required: Paths = ()

    def must_replace(self, old_properties: Mapping[str, Any], new_properties: Mapping[str, Any]) -> Paths:
        """Return the changed properties for which CloudFormation replaces a resource; none if it updates it."""
        return _changed(self.create_only, old_properties, new_properties)

    def may_replace(self, old_properties: Mapping[str, Any], new_properties: Mapping[str, Any]) -> Paths:
        """Return the changed properties of which some replace a resource, as its service decides."""
        return _changed(self.conditional_create_only, old_properties, new_properties)


def resource_type(name: str) -> ResourceType | None:
    """Return a resource type; None for a custom resource, and for a type that the schemas do not have."""
    parts = _table().get(name)
    return None if parts is None else ResourceType(name=name, **{part: tuple(paths) for part, paths in parts.items()})


def must_replace(name: str, old_properties: Mapping[str, Any], new_properties: Mapping[str, Any]) -> Paths:
    """Return the changed properties for which CloudFormation replaces a resource of a type; none of an unknown type."""
    known = resource_type(name)
    return known.must_replace(old_properties, new_properties) if known else ()


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    content = files(__package__).joinpath("resource_types.json.gz").read_bytes()
    return dict(json.loads(gzip.decompress(content))["types"])


def _changed(paths: Paths, old: Mapping[str, Any], new: Mapping[str, Any]) -> Paths:
    return tuple(path for path in paths if list(_at(old, path)) != list(_at(new, path)))


def _at(value: Any, path: str) -> Iterator[Any]:
    """Yield the values at a path, in a form in which CloudFormation's spellings of one value are equal."""
    name, _, rest = path.partition("/")
    found: list[Any] = []
    if name == "*" and isinstance(value, list):
        found = value
    elif isinstance(value, dict) and value.get(name) is not None:
        found = [value[name]]
    for each in found:
        if rest:
            yield from _at(each, rest)
        else:
            yield _as_text(each)


def _as_text(value: Any) -> Any:
    """Return a value with all scalars as texts: CloudFormation reads ``"true"`` as true, and ``"1"`` as 1."""
    match value:
        case dict():
            return {key: _as_text(each) for key, each in value.items()}
        case list():
            return [_as_text(each) for each in value]
        case bool():
            return str(value).lower()
        case _:
            return str(value)
