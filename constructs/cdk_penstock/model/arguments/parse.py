"""Parser from types to kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, NewType, TypeVar, Union, get_args, get_origin, is_typeddict

from cdk_penstock.model.arguments.compound import Items, Mapped, OneOf, OneValueOf
from cdk_penstock.model.arguments.kinds import (
    ANYTHING,
    NOTHING,
    NUMBER,
    TEXT,
    TRUE_OR_FALSE,
    WHOLE_NUMBER,
    Instance,
    Kind,
    Shape,
)

_SIMPLE: Final[Mapping[object, Kind]] = {
    Any: ANYTHING,
    object: ANYTHING,
    None: NOTHING,
    NoneType: NOTHING,
    bool: TRUE_OR_FALSE,
    int: WHOLE_NUMBER,
    float: NUMBER,
    str: TEXT,
}


@cache
def kind_of(wanted: Any) -> Kind:
    """Return the kind of values that a type takes."""
    simple = _SIMPLE.get(wanted)
    if simple is not None:
        return simple
    if isinstance(wanted, NewType):
        return kind_of(wanted.__supertype__)
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in {Union, UnionType}:
        return OneOf([kind_of(each) for each in arguments])
    if origin is Literal:
        return OneValueOf(arguments)
    if isinstance(origin, type):
        return _kind_of_generic(origin, arguments)
    if is_typeddict(wanted):
        return Mapped(kind_of(str), ANYTHING)
    if isinstance(wanted, TypeVar) or not isinstance(wanted, type):
        return ANYTHING
    return Shape(wanted) if getattr(wanted, "_is_protocol", False) else Instance(wanted)


def _kind_of_generic(origin: type, arguments: tuple[Any, ...]) -> Kind:
    if issubclass(origin, Mapping):
        return Mapped(kind_of(arguments[0]), kind_of(arguments[1]))
    if issubclass(origin, Iterable):
        # The library has only tuples with items of one kind.
        return Items(origin, kind_of(arguments[0]))
    return Instance(origin)
