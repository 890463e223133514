"""Another value of a property that the application has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.secrets import MASK, may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORM: Final = re.compile(r"(?P<group>[a-zA-Z0-9_.-]{1,50}):(?P<key>[^=]+)=(?P<value>.+)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class PropertyOverride:
    """A property by its group and key, and its value."""

    group: str
    key: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the property of a text such as ``sink:topic=shadow``; raise PenstockError for another form."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise PenstockError(f"expected GROUP:KEY=VALUE, for example sink:topic=shadow, got {text!r}")
        return cls(**match.groupdict())

    def check_against(self, groups: Mapping[str, Mapping[str, str]]) -> None:
        """Raise PenstockError if the application does not have the property, or has this value.

        A job does not read a property that it does not know: a mistake in its name would leave two writers on one sink.
        """
        present = groups.get(self.group, {})
        if self.key not in present:
            there = ", ".join(f"{group}:{key}" for group in sorted(groups) for key in sorted(groups[group])) or "none"
            raise PenstockError(f"the application has no property {self.group}:{self.key}: expected one of {there}")
        if present[self.key] == self.value:
            raise PenstockError(
                f"{self} is the value that the application has: expected another one, so that the two stay apart"
            )

    def __str__(self) -> str:
        return f"{self.group}:{self.key}={MASK if may_hold_secret(self.key, self.value) else self.value}"
