"""Kinds of values: the values that a type takes, and the message about any other."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.arguments.advice import how_to_get
from cdk_penstock.model.arguments.words import described, public_name, with_article

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The CDK encodes values that are known only at deployment in such numbers (CDK, Token.asNumber).
_LARGEST_NUMBER_TOKEN: Final = -1e288


def _delegates(value: object) -> tuple[object, ...]:
    """Return the objects behind a proxy of jsii, which implements interfaces that its class does not name."""
    return tuple(vars(value)["_delegates"]) if type(value).__name__ == "InterfaceDynamicProxy" else ()


class Kind(ABC):
    """The values that a type takes."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """The values in words, with their article."""

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""

    @abstractmethod
    def fix(self, value: Any) -> str:
        """Return the value to write in place of one of another kind."""

    def classes(self) -> Sequence[type]:
        """Return the classes of the values, if they are instances of classes."""
        return ()

    def complaint(self, where: str, value: Any) -> str:
        """Return the message about a value that is not accepted."""
        return f"{where} must be {self.expected}, got {described(value)}: {self.fix(value)}"


@dataclass(frozen=True)
class Simple(Kind):
    """A kind without parts: its words, the test of a value, and the advice for a value of another kind."""

    words: str
    is_one: Callable[[Any], bool]
    advice: Callable[[Any], str]

    @property
    def expected(self) -> str:
        """The values in words."""
        return self.words

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        return self.is_one(value)

    def fix(self, value: Any) -> str:
        """Return the value to write instead."""
        return self.advice(value)


_MEANT: Final = {
    "0": False,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "on": True,
    "true": True,
    "yes": True,
}


def _as_bool(value: Any) -> str:
    return f"use {_MEANT.get(str(value).strip().lower(), 'True or False')}"


def _as_whole_number(value: Any) -> str:
    if isinstance(value, str):
        text = value.strip()
        return f"use {text} without quotes" if text.lstrip("+-").isdecimal() else "use a number"
    if isinstance(value, float) and value < _LARGEST_NUMBER_TOKEN:
        return "only the deployment knows its value; use a number that is known at synthesis"
    if isinstance(value, int | float) and math.isfinite(value):
        return f"use {int(value)}" if value == int(value) else f"use {math.floor(value)} or {math.ceil(value)}"
    return "use a number"


def _as_number(value: Any) -> str:
    return f"use {int(value)}" if isinstance(value, bool) else "use a number, without quotes"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return f'use "{str(value).lower()}"'
    if isinstance(value, int | float):
        return f'put it into quotes: "{value}"'
    return 'write it in quotes: "..."'


def _is(*types: type) -> Callable[[Any], bool]:
    """Return a test for instances of these types; True and False are no numbers."""
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))


ANYTHING: Final = Simple("any value", lambda _: True, lambda value: f"use {value!r}")
NOTHING: Final = Simple("None", lambda value: value is None, lambda _: "leave it out")
"""None, which stands for a default."""
TRUE_OR_FALSE: Final = Simple("True or False", _is(bool), _as_bool)
"""Not 1, and not text, which is always true."""
WHOLE_NUMBER: Final = Simple("a whole number", _is(int), _as_whole_number)
"""Without tokens: the library needs every count at synthesis."""
NUMBER: Final = Simple("a number", _is(int, float), _as_number)
TEXT: Final = Simple("text", _is(str), _as_text)
"""Including the CDK's tokens for text."""


class Instance(Kind):
    """Instances of a class."""

    def __init__(self, wanted: type) -> None:
        self._class = wanted

    @property
    def expected(self) -> str:
        """The values in words."""
        return with_article(public_name(self._class).removesuffix("Base"))

    def classes(self) -> Sequence[type]:
        """Return the class."""
        return (self._class,)

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        return isinstance(value, self._class) or any(isinstance(each, self._class) for each in _delegates(value))

    def fix(self, value: Any) -> str:
        """Return the value to write instead."""
        return how_to_get(self._class, value)


@cache
def _members(protocol: Any) -> frozenset[str]:
    bases = [base for base in protocol.__mro__ if getattr(base, "_is_protocol", False)]
    names = {name for base in bases for name in (*vars(base), *vars(base).get("__annotations__", {}))}
    return frozenset(name for name in names if not name.startswith("_"))


@cache
def _has_members(kind: Any, protocol: Any) -> bool:
    # On the class: reading a property of a CDK object is a call, or has an effect.
    return all(hasattr(kind, name) for name in _members(protocol))


def _has_member(value: object, name: str) -> bool:
    """Return True if a Python object has a member: by its class or constructor, or by delegation."""
    hands_on = hasattr(type(value), "__getattr__")
    return hasattr(type(value), name) or name in getattr(value, "__dict__", {}) or (hands_on and hasattr(value, name))


class Shape(Instance):
    """Objects with the members of an interface of the CDK or of penstock, as type checkers see it."""

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        kind: Any = type(value)
        if _has_members(kind, self._class):
            return True
        if isinstance(value, type):
            return False
        delegates = _delegates(value)
        if delegates:
            return all(any(hasattr(type(each), name) for each in delegates) for name in _members(self._class))
        return all(_has_member(value, name) for name in _members(self._class))
