"""Property groups, with which an application configures its job at run time, within MSF's limits.

Sources: EnvironmentProperties, PropertyGroup (kinesisanalyticsv2 API).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.names import RUN_OPTIONS_GROUP
from cdk_penstock.model.secrets import holds_secret, may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_GROUPS: Final = 50
MAX_ENTRIES_PER_GROUP: Final = 50
MAX_TEXT_CHARACTERS: Final = 2048

_GROUP_ID: Final = re.compile(r"[a-zA-Z0-9_.-]{1,50}")


class PropertyError(PenstockError):
    """A property group that MSF would refuse, or that contradicts another one."""


def _never_opaque(_: str) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class PropertyGroups:
    """An immutable set of property groups; every change returns a new one, checked.

    Parameters
    ----------
    groups
        Keys and values by property group id.
    is_opaque
        Returns True for a text whose value is known only at deployment (a CDK token), so that its length cannot be
        checked here.

    Raises PropertyError for more than 50 groups, more than 50 entries in one, an id that is not 1 to 50 letters,
    digits, ``_``, ``.`` or ``-``, a key or value that is not 1 to 2048 characters of text, and a value that holds an
    access key or a private key.
    """

    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_opaque: Callable[[str], bool] = _never_opaque

    def __post_init__(self) -> None:
        """Copy the groups, and refuse what MSF would refuse."""
        frozen = {group: MappingProxyType(dict(entries)) for group, entries in self.groups.items()}
        object.__setattr__(self, "groups", MappingProxyType(frozen))
        if len(frozen) > MAX_GROUPS:
            raise PropertyError(f"an application has at most {MAX_GROUPS} property groups, got {len(frozen)}")
        for group, entries in frozen.items():
            self._check_group(group, entries)

    def with_group(self, group: str, entries: Mapping[str, str]) -> PropertyGroups:
        """Return these groups with the entries added; a key that already has another value is refused."""
        merged = {name: dict(present) for name, present in self.groups.items()}
        target = merged.setdefault(group, {})
        for key, value in entries.items():
            if target.setdefault(key, value) != value:
                is_shown = not any(may_hold_secret(key, each) for each in (target[key], value))
                values = f" as {target[key]!r}, got {value!r} as well" if is_shown else " with two different values"
                raise PropertyError(f"property group {group!r} has {key!r}{values}: set it in one place")
        return PropertyGroups(groups=merged, is_opaque=self.is_opaque)

    def entries_like_secrets(self) -> Iterator[tuple[str, str]]:
        """Yield group and key of each entry that may be a secret; values known only at deployment are not judged."""
        for group, entries in self.groups.items():
            for key, value in entries.items():
                if not self.is_opaque(value) and may_hold_secret(key, value):
                    yield group, key

    def _check_group(self, group: str, entries: Mapping[str, str]) -> None:
        if not _GROUP_ID.fullmatch(group):
            raise PropertyError(f"property group id must be 1 to 50 letters, digits, '_', '.' or '-', got {group!r}")
        if not 1 <= len(entries) <= MAX_ENTRIES_PER_GROUP:
            raise PropertyError(
                f"property group {group!r} must have 1 to {MAX_ENTRIES_PER_GROUP} entries, got {len(entries)}"
            )
        for key, value in entries.items():
            self._check_text(f"key {key!r} of property group {group!r}", key)
            self._check_text(f"value of {key!r} in property group {group!r}", value)
            if holds_secret(value):
                raise PropertyError(
                    f"value of {key!r} in property group {group!r} is an access key or a private key, which everybody"
                    " can read who may describe the application or read the template: let the job use its role, or AWS"
                    " Secrets Manager at run time"
                )

    def _check_text(self, what: str, text: object) -> None:
        if not isinstance(text, str):
            raise PropertyError(
                f"{what} must be text, got {text!r} ({type(text).__name__}): convert it, for example with str()"
            )
        if not 1 <= len(text) <= MAX_TEXT_CHARACTERS and not self.is_opaque(text):
            raise PropertyError(f"{what} must be 1 to {MAX_TEXT_CHARACTERS} characters, got {len(text)}")


def refuse_run_options(groups: Mapping[str, Mapping[str, str]]) -> None:
    """Raise PropertyError if a caller sets the run options, which are derived from the application's code."""
    if RUN_OPTIONS_GROUP in groups:
        raise PropertyError(
            f"property group {RUN_OPTIONS_GROUP!r} is derived from the application's code, got"
            f" {dict(groups[RUN_OPTIONS_GROUP])!r}: remove it, and choose entry point, jar and modules on the code"
        )
