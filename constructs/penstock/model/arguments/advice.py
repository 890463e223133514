"""What to pass in place of a value of another class: a constant, a factory's result, or what its constructor makes."""

from __future__ import annotations

import difflib
import inspect
import re
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from penstock.model.arguments.words import public_name, public_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ("factories", "how_to_get")

_SHOWN_CONSTANTS: Final = 8
_SHOWN_FACTORIES: Final = 3
_CONSTANT: Final = re.compile(r"[A-Z][A-Z0-9_]*")

_UNITS: Final = {
    "Duration": ("seconds", "minutes", "hours", "days"),
    "Size": ("kibibytes", "mebibytes", "gibibytes"),
}
_PRINCIPALS: Final = "pass {}: a role, as iam.Role.from_role_arn(...) returns one, or iam.ArnPrincipal(...)"
# The interfaces of the CDK that many classes implement.
_MANY: Final = {
    "IConnectable": "pass what has connections: an application, a function, or a security group",
    "Construct": "pass the stack, or another construct",
    "IConstruct": "pass a construct",
    "IGrantable": _PRINCIPALS.format("who gets the permission"),
    "IPrincipal": _PRINCIPALS.format("who acts"),
    "IRole": "use iam.Role.from_role_arn(...), or the role itself",
}


def how_to_get(wanted: type, value: object) -> str:
    """Return how a user gets an instance of the class, or of what implements the interface, for this value."""
    if wanted.__name__ in _MANY:
        return _MANY[wanted.__name__]
    if callable(value) and hasattr(value, "__qualname__") and not isinstance(value, type):
        return f"call it: {value.__qualname__}({'...' if inspect.signature(value).parameters else ''})"
    if wanted.__name__ in _UNITS and isinstance(value, int | float):
        calls = [f"{wanted.__name__}.{unit}({value})" for unit in _UNITS[wanted.__name__]]
        return f"say the unit, as in {_listed(calls)}"
    made = _implementation(wanted)
    name = public_name(made)
    constants = _constants(made)
    if constants:
        return _choose_constant(name, constants, value)
    calls = [f"{name}.{factory}({_parameters(made, factory)})" for factory in _fitting(list(factories(made)), value)]
    return f"use {_listed(calls or [f'{name}(...)'])}"


def factories(made: type) -> Iterator[str]:
    """Yield the names of the static and class methods that return an instance."""
    for base in made.__mro__:
        for name, member in vars(base).items():
            is_factory = isinstance(member, staticmethod | classmethod) and _returns(member, made)
            if is_factory and not name.startswith(("_", "from_cfn_")):
                yield name


def _implementation(wanted: type) -> type:
    """Return the class that a user knows, for an interface or for the base of created and imported constructs."""
    namespace = public_namespace(wanted.__module__)
    for name in (wanted.__name__.removeprefix("I"), wanted.__name__.removesuffix("Base")):
        found = getattr(namespace, name, None)
        if name != wanted.__name__ and isinstance(found, type):
            return found
    return wanted


def _constants(made: type) -> dict[str, str]:
    """Return what users may call each constant of the class, as plain letters and digits, and its name."""
    if issubclass(made, Enum):
        by_value = {_plain(member.value): name for name, member in made.__members__.items()}
        return by_value | {_plain(name): name for name in made.__members__}
    found = [
        name
        for base in made.__mro__
        for name, member in vars(base).items()
        if _CONSTANT.fullmatch(name) and (isinstance(member, made) or _returns(getattr(member, "fget", None), made))
    ]
    return {_plain(name): name for name in found}


def _returns(function: Any, made: type) -> bool:
    """Whether a function is annotated to return an instance of the class, or of its interface."""
    function = getattr(function, "__func__", function)
    annotation = getattr(inspect.unwrap(function), "__annotations__", {}).get("return", "") if function else ""
    # The CDK's annotations are text within text.
    name = str(getattr(annotation, "__name__", annotation)).strip("\"'").rpartition(".")[2]
    return name in {made.__name__, f"I{made.__name__}", "Self"}


def _parameters(made: type, factory: str) -> str:
    return "..." if inspect.signature(getattr(made, factory)).parameters else ""


def _choose_constant(name: str, constants: dict[str, str], value: object) -> str:
    given = _plain(value)
    if given in constants:
        return f"use {name}.{constants[given]}"
    parts = [known for known in constants if isinstance(value, str) and given and known.endswith(given)]
    near = parts if len(parts) == 1 else difflib.get_close_matches(given, constants, n=1)
    if near:
        return f"did you mean {name}.{constants[near[0]]}?"
    names = list(dict.fromkeys(constants.values()))
    more = f" or another of its {len(names)}" if len(names) > _SHOWN_CONSTANTS else ""
    return f"use one of {', '.join(f'{name}.{each}' for each in names[:_SHOWN_CONSTANTS])}{more}"


def _fitting(names: Sequence[str], value: Any) -> Sequence[str]:
    """Return those factories that take what the user has in hand: an ARN, or a name."""
    if not isinstance(value, str):
        return names[:_SHOWN_FACTORIES]
    words = ("_arn",) if value.startswith("arn:") else ("_lookup", "_name", "_id")
    return ([name for name in names if name.endswith(words)] or names)[:_SHOWN_FACTORIES]


def _plain(value: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(value).lower())


def _listed(calls: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(calls[:-1]), calls[-1])))
