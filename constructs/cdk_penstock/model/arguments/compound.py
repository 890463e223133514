"""Kinds that consist of other kinds: one of several, lists, mappings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.arguments.kinds import NOTHING, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence


class OneValueOf(Kind):
    """One of a few values."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values

    @property
    def expected(self) -> str:
        """The values in words."""
        return " or ".join(repr(value) for value in self._values)

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        return value in self._values

    def fix(self, value: Any) -> str:  # noqa: ARG002 - the same for every value
        """Return the value to write instead."""
        return f"use {self._values[0]!r}"


class OneOf(Kind):
    """A value of any of several kinds."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._kinds = kinds
        self._named = [kind for kind in kinds if kind is not NOTHING]

    @property
    def expected(self) -> str:
        """The values in words."""
        return " or ".join(kind.expected for kind in self._named)

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        return any(kind.accepts(value) for kind in self._kinds)

    def fix(self, value: Any) -> str:
        """Return the value to write instead."""
        return self._named[0].fix(value)

    def classes(self) -> Sequence[type]:
        """Return the classes of all kinds."""
        return [each for kind in self._named for each in kind.classes()]

    def complaint(self, where: str, value: Any) -> str:
        """Return the message, in the words of the only other kind if None is the second."""
        if len(self._named) == 1:
            return self._named[0].complaint(where, value)
        return super().complaint(where, value)


class Items(Kind):
    """Lists and other collections, each item of one kind; not text, although text is a sequence in Python."""

    def __init__(self, wanted: type, item: Kind) -> None:
        self._class = wanted
        self._item = item

    @property
    def expected(self) -> str:
        """The values in words."""
        return f"a list with each item {self._item.expected}"

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        return self._is_list(value) and all(self._item.accepts(each) for each in self._looked_at(value))

    def fix(self, value: Any) -> str:
        """Return the value to write instead."""
        if self._item.accepts(value):
            return "put it into a list: [...]"
        return f"put it into a list, and {self._item.fix(value)}"

    def complaint(self, where: str, value: Any) -> str:
        """Return the message about the list, or about its first wrong item."""
        if self._is_list(value):
            for index, each in enumerate(self._looked_at(value)):
                if not self._item.accepts(each):
                    return self._item.complaint(f"{where}[{index}]", each)
        return super().complaint(where, value)

    def _is_list(self, value: Any) -> bool:
        return isinstance(value, self._class) and not isinstance(value, str | bytes | Mapping)

    @staticmethod
    def _looked_at(value: Any) -> Collection[Any]:
        # Reading an iterator would leave nothing of it for the function.
        return value if isinstance(value, Collection) else ()


class Mapped(Kind):
    """Mappings, each key and each value of one kind."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self._key = key
        self._value = value

    @property
    def expected(self) -> str:
        """The values in words."""
        return f"a mapping of {self._key.expected} to {self._value.expected}"

    def accepts(self, value: Any) -> bool:
        """Return True if the value is of this kind."""
        return isinstance(value, Mapping) and all(
            self._key.accepts(key) and self._value.accepts(each) for key, each in value.items()
        )

    def fix(self, value: Any) -> str:
        """Return the value to write instead; for a list of named mappings, as in AWS's API, a mapping by name."""
        if not isinstance(self._value, Mapped):
            return "use a mapping, as in {'key': 'value'}"
        listed = value if isinstance(value, list | tuple) else ()
        named = [list(each.values()) for each in listed if isinstance(each, Mapping)]
        groups = {each[0]: each[1] for each in named if len(each) > 1}
        return f"use {groups!r}" if groups else "use a mapping, as in {'name': {'key': 'value'}}"

    def complaint(self, where: str, value: Any) -> str:
        """Return the message about the mapping, or about its first wrong key or value."""
        if isinstance(value, Mapping):
            for key, each in value.items():
                if not self._key.accepts(key):
                    return self._key.complaint(f"a key of {where}", key)
                if not self._value.accepts(each):
                    return self._value.complaint(f"{where}[{key!r}]", each)
        return super().complaint(where, value)
