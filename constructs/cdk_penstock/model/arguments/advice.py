"""Advice for an argument of a wrong class: the constant, factory or constructor to use instead."""

from __future__ import annotations

import difflib
import inspect
import re
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.arguments.words import public_name, public_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN_CONSTANTS: Final = 12
_SHOWN_FACTORIES: Final = 3
_CONSTANT: Final = re.compile(r"[A-Z][A-Z0-9_]*")

_UNITS: Final = {
    "Duration": ("seconds", "minutes", "hours", "days"),
    "Size": ("kibibytes", "mebibytes", "gibibytes"),
}
_PRINCIPALS: Final = "pass {}: a role, as iam.Role.from_role_arn(...) returns one, or iam.ArnPrincipal(...)"
# The interfaces of the CDK that many classes implement.
_MANY: Final = {
    "IConnectable": "pass an object with connections: an application, a function, or a security group",
    "Construct": "pass the stack, or another construct",
    "IConstruct": "pass a construct",
    "IGrantable": _PRINCIPALS.format("the principal that gets the permission"),
    "IPrincipal": _PRINCIPALS.format("who acts"),
    "IRole": "use iam.Role.from_role_arn(...), or the role itself",
}


def how_to_get(wanted: type, value: Any) -> str:
    """Return the way to an instance of the class, or of an implementation of the interface, for this value."""
    if wanted.__name__ in _MANY:
        return _MANY[wanted.__name__]
    if callable(value) and _result(value) == wanted.__name__:
        return f"call it: {value.__qualname__}({_arguments(value)})"
    if wanted.__name__ in _UNITS:
        amount = value if isinstance(value, int | float) else "..."
        calls = [f"{wanted.__name__}.{unit}({amount})" for unit in _UNITS[wanted.__name__]]
        return f"name the unit, as in {_listed(calls)}"
    made = _implementation(wanted)
    name = public_name(made)
    constants = _constants(made)
    if constants:
        return _choose_constant(name, constants, value)
    found = list(factories(made, wanted))
    if found:
        return f"use {_listed([_call(made, factory) for factory in _fitting(found, value)])}"
    return f"pass {_shape(made)}" if _is_interface(made) else f"use {name}(...)"


def factories(made: type, wanted: type) -> Iterator[str]:
    """Yield the names of the static and class methods of a class that return the wanted class."""
    returned = {made.__name__, "Self"}
    if wanted is not made or _is_interface(wanted):
        returned |= {f"I{made.__name__}", f"Imported{made.__name__}"}
    for base in made.__mro__:
        for name, member in vars(base).items():
            is_factory = isinstance(member, staticmethod | classmethod) and _result(member) in returned
            if is_factory and not name.startswith(("_", "from_cfn_")):
                yield name


def _implementation(wanted: type) -> type:
    """Return the class that users know, for an interface or for the base class of created and imported constructs."""
    namespace = public_namespace(wanted.__module__)
    for name in (wanted.__name__.removeprefix("I"), wanted.__name__.removesuffix("Base")):
        found = getattr(namespace, name, None)
        if name != wanted.__name__ and isinstance(found, type):
            return found
    return wanted


def _constants(made: type) -> dict[str, str]:
    """Return the name of each constant of the class, by its plain letters and digits, which users may write."""
    if issubclass(made, Enum):
        by_value = {_plain(member.value): name for name, member in made.__members__.items()}
        return by_value | {_plain(name): name for name in made.__members__}
    found = [
        name
        for base in made.__mro__
        for name, member in vars(base).items()
        if _CONSTANT.fullmatch(name)
        and (isinstance(member, made) or _result(getattr(member, "fget", None)) == made.__name__)
    ]
    return {_plain(name): name for name in found}


def _result(function: Any) -> str:
    """Return the name of the class that a function is annotated to return an instance of."""
    inner = inspect.unwrap(getattr(function, "__func__", function))
    annotation = getattr(inner, "__annotations__", {}).get("return", "")
    # The CDK's annotations are text within text.
    return str(getattr(annotation, "__name__", annotation)).strip("\"'").rpartition(".")[2]


def _is_interface(wanted: type) -> bool:
    return getattr(wanted, "_is_protocol", False)


def _call(made: type, factory: str) -> str:
    return f"{public_name(made)}.{factory}({_arguments(getattr(made, factory))})"


def _arguments(function: Any) -> str:
    return "..." if inspect.signature(function).parameters else ""


def _shape(protocol: type) -> str:
    """Return the exports of its package that have the interface, or the members that make up the interface."""
    namespace: Any = public_namespace(protocol.__module__)
    exported = [getattr(namespace, name) for name in getattr(namespace, "__all__", ())]
    members = [name for name in vars(protocol) if not name.startswith("_")]
    having = [
        public_name(each)
        for each in exported
        if isinstance(each, type) and not _is_interface(each) and all(hasattr(each, name) for name in members)
    ]
    return _listed(having) if having else f"something with {_listed(members, last='and')}"


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
    """Return the factories that take the kind of value that the user has: an ARN, or a name."""
    if not isinstance(value, str):
        return names[:_SHOWN_FACTORIES]
    words = ("_arn",) if value.startswith("arn:") else ("_lookup", "_name", "_id")
    return ([name for name in names if name.endswith(words)] or names)[:_SHOWN_FACTORIES]


def _plain(value: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(value).lower())


def _listed(names: Sequence[str], *, last: str = "or") -> str:
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
