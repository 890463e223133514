"""Shapes of structures, lists and maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.shapes.shape import NOT_NULL, Problems, Shape, UnexpectedAnswerError, length_problem

if TYPE_CHECKING:
    from collections.abc import Iterable


class StructureShape(Shape):
    """Named members, some of them required.

    Its members are added after it is made, so that a structure may contain itself.
    """

    def __init__(self, name: str, *, required: Iterable[str]) -> None:
        self._name: Final = name
        self._required: Final = tuple(required)
        self._members: dict[str, tuple[str, Shape]] = {}

    def add_member(self, name: str, shape: Shape) -> None:
        """Add a member."""
        # AWS's messages begin the names of members in lowercase.
        self._members[name] = (name[:1].lower() + name[1:], shape)

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the members that are given; null means absent."""
        if not isinstance(value, dict):
            problems.add(value, at, f"Member must be a structure, {self._name}")
            return None
        prefix = f"{at}." if at else ""
        found: dict[str, Any] = {}
        for name, member in value.items():
            if name not in self._members:
                problems.add(member, f"{prefix}{name}", f"Member must be a member of {self._name}")
            elif member is not None:
                path, shape = self._members[name]
                found[name] = shape.read(member, f"{prefix}{path}", problems)
        for name in self._required:
            if name not in found:
                problems.add(None, f"{prefix}{self._members[name][0]}", NOT_NULL)
        return found

    def write(self, value: object, at: str) -> Any:
        """Return the members as a JSON object."""
        if not isinstance(value, Mapping):
            raise UnexpectedAnswerError(at, f"a structure, {self._name}", value)
        for name in self._required:
            if name not in value:
                raise UnexpectedAnswerError(at, f"a structure, {self._name}, with the member {name}", value)
        written = {}
        for name, member in value.items():
            if name not in self._members:
                raise UnexpectedAnswerError(at, f"a structure, {self._name}, without the member {name}", value)
            written[name] = self._members[name][1].write(member, f"{at}.{name}" if at else name)
        return written


class ListShape(Shape):
    """A list of values of one shape, perhaps with limits of its length."""

    def __init__(self, element: Shape, *, least: int | None, most: int | None) -> None:
        self._element: Final = element
        self._least: Final = least
        self._most: Final = most

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the list."""
        if not isinstance(value, list):
            problems.add(value, at, "Member must be a list")
            return None
        if constraint := length_problem(len(value), least=self._least, most=self._most):
            # Its elements are not looked at: there may be a million.
            problems.add(value, at, constraint)
            return None
        return [_not_null(self._element, each, f"{at}.{index}.member", problems) for index, each in enumerate(value, 1)]

    def write(self, value: object, at: str) -> Any:
        """Return a list."""
        if not isinstance(value, list | tuple):
            raise UnexpectedAnswerError(at, "a list", value)
        return [self._element.write(each, f"{at}[{index}]") for index, each in enumerate(value)]


class MapShape(Shape):
    """Values of one shape by keys, perhaps with limits of their number."""

    def __init__(self, key: Shape, value: Shape, *, least: int | None, most: int | None) -> None:
        self._key: Final = key
        self._value: Final = value
        self._least: Final = least
        self._most: Final = most

    def read(self, value: object, at: str, problems: Problems) -> Any:
        """Return the values by their keys."""
        if not isinstance(value, dict):
            problems.add(value, at, "Member must be a map")
            return None
        if constraint := length_problem(len(value), least=self._least, most=self._most):
            problems.add(value, at, constraint)
            return None
        return {
            self._key.read(key, f"{at}.key", problems): _not_null(self._value, each, f"{at}.{key}.member", problems)
            for key, each in value.items()
        }

    def write(self, value: object, at: str) -> Any:
        """Return a JSON object."""
        if not isinstance(value, Mapping):
            raise UnexpectedAnswerError(at, "a map", value)
        return {
            self._key.write(key, f"{at}, a key"): self._value.write(each, f"{at}[{key!r}]")
            for key, each in value.items()
        }


def _not_null(shape: Shape, value: object, at: str, problems: Problems) -> Any:
    if value is None:
        problems.add(None, at, NOT_NULL)
        return None
    return shape.read(value, at, problems)
