"""Kinds of properties: what a job declares of each key of its property groups, and how a value is read and written.

A job reads by its declarations at run time, infrastructure and demonstration write by them. So this module imports
nothing but the standard library and this package.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from flink_job.properties import PropertyError, PropertyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_LARGEST = 2**53


@dataclass(frozen=True)
class Property(ABC, Generic[T]):
    """One key: its name, its meaning, and its default; a key without a default is required."""

    key: str
    meaning: str
    default: T | None = None

    @abstractmethod
    def read(self, group: PropertyGroup) -> T:
        """Return the key's value in a group, or the default; raise PropertyError for one that cannot be used."""

    @property
    def default_text(self) -> str | None:
        """The default as a group would hold it, None for a required key."""
        return None if self.default is None else str(self.default)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.key,) if self.default is None else (self.key, self.default)


@dataclass(frozen=True)
class Text(Property[str]):
    """A text without white space around it."""

    def read(self, group: PropertyGroup) -> str:
        """Return the text."""
        return group.text(*self._arguments())


@dataclass(frozen=True)
class Choice(Property[str]):
    """One of some texts."""

    allowed: tuple[str, ...] = ()

    def read(self, group: PropertyGroup) -> str:
        """Return the text."""
        return group.choice(self.key, self.allowed, str(self.default))


@dataclass(frozen=True)
class Whole(Property[int]):
    """A whole number within limits."""

    least: int = 0
    most: int = _LARGEST

    def read(self, group: PropertyGroup) -> int:
        """Return the number."""
        return group.whole(*self._arguments(), least=self.least, most=self.most)


@dataclass(frozen=True)
class Probability(Property[float]):
    """A number from 0 to 1."""

    def read(self, group: PropertyGroup) -> float:
        """Return the number."""
        return group.probability(self.key, 0.0 if self.default is None else self.default)


class Group:
    """One property group; a subclass names it and declares its keys as attributes."""

    name: ClassVar[str]

    @classmethod
    def properties(cls) -> dict[str, Property[Any]]:
        """Return the declared keys by the names of their attributes."""
        return {name: value for name, value in vars(cls).items() if isinstance(value, Property)}

    @classmethod
    def of(cls, **values: object) -> dict[str, dict[str, str]]:
        """Return the group with values by the names of attributes, as MSF holds it: texts by key."""
        declared = cls.properties()
        return {cls.name: {declared[name].key: str(value) for name, value in values.items()}}

    @classmethod
    def check(cls, values: Mapping[str, str]) -> None:
        """Raise PropertyError for a key that the job does not read, and for a value that it would refuse."""
        declared = {each.key: each for each in cls.properties().values()}
        group = PropertyGroup(cls.name, values)
        for key in values:
            if key not in declared:
                raise PropertyError(
                    f"property group '{cls.name}': got key '{key}', expected one of {', '.join(sorted(declared))}"
                )
            declared[key].read(group)
