"""Typed values as the strings, lists and objects that CloudFormation hands to a custom resource's handler.

CloudFormation makes a string of every number and boolean (cfn-response, Custom resource request objects), so ``write``
does that too: what a template says and what a handler gets look the same. A type here is one of ``str``, ``int``,
``bool``, a tuple of one of these, a dataclass of these, or ``str | None`` and ``SomeDataclass | None``. A template has
no null: None is an empty string, or an object without a value that is not empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from cdk_penstock.model.errors import PenstockError

_BOOLEANS: Final = {"true": True, "false": False}
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class _Property:
    """A property of a template, and the field of a dataclass that holds it."""

    field: str
    kind: Any
    is_optional: bool


def write_object(value: Any) -> dict[str, Any]:
    """Return the properties of a dataclass; a field ``key_arn`` is the property ``KeyArn``."""
    return {name: _write(each.kind, getattr(value, each.field)) for name, each in _properties(type(value)).items()}


def read_object(
    kind: type[Any], properties: Mapping[str, Any], *, where: str = "", ignore_unknown: bool = False
) -> Any:
    """Return the dataclass that the properties hold.

    A field with a default may be missing. Raises PenstockError for any other missing property, for one of another type
    and, unless they are ignored, for one that the dataclass does not have.
    """
    known = _properties(kind)
    unknown = sorted(set(properties) - set(known))
    if unknown and not ignore_unknown:
        raise PenstockError(
            f"{kind.__name__} has no {' and no '.join(where + name for name in unknown)}, only"
            f" {', '.join(known)}: set these in the template"
        )
    values = {}
    for name, each in known.items():
        if name in properties:
            values[each.field] = _read(each.kind, properties[name], where + name, may_be_empty=each.is_optional)
        elif not each.is_optional:
            raise _error(where + name, each.kind, "nothing")
    return kind(**values)


def _properties(kind: Any) -> dict[str, _Property]:
    hints = get_type_hints(kind)
    return {
        "".join(part.capitalize() for part in each.name.split("_")): _Property(
            each.name, hints[each.name], each.default is not MISSING
        )
        for each in fields(kind)
    }


def _write(kind: Any, value: Any) -> Any:
    if value is None:
        return {} if is_dataclass(_without_none(kind)) else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return [_write(get_args(kind)[0], each) for each in value]
    return write_object(value) if is_dataclass(value) else value


def _read(kind: Any, value: Any, where: str, *, may_be_empty: bool = False) -> Any:
    if isinstance(kind, UnionType):
        is_none = not any(value.values()) if isinstance(value, Mapping) else value == ""
        return None if is_none else _read(_without_none(kind), value, where)
    if get_origin(kind) is tuple and isinstance(value, list):
        item = get_args(kind)[0]
        return tuple(_read(item, each, f"{where}[{index}]") for index, each in enumerate(value))
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return read_object(kind, value, where=f"{where}.")
    if isinstance(value, str):
        if kind is str and (value or may_be_empty):
            return value
        if kind is bool and value in _BOOLEANS:
            return _BOOLEANS[value]
        if kind is int and _WHOLE_NUMBER.fullmatch(value):
            return int(value)
    raise _error(where, kind, repr(value))


def _without_none(kind: Any) -> Any:
    return next((each for each in get_args(kind) if each is not NoneType), kind)


def _expected(kind: Any) -> str:
    kind = _without_none(kind) if isinstance(kind, UnionType) else kind
    if get_origin(kind) is tuple:
        return "a list"
    if is_dataclass(kind):
        return f"an object with {', '.join(_properties(kind))}"
    return {str: "a string that is not empty", int: "a whole number", bool: "'true' or 'false'"}[kind]


def _error(where: str, kind: Any, got: str) -> PenstockError:
    return PenstockError(f"expected the property {where} to be {_expected(kind)}, got {got}: set it in the template")
