"""Property groups: the configuration that MSF hands to a job, read from its file and checked."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MSF_FILE = "/etc/flink/application_properties.json"
FILE_VARIABLE = "APPLICATION_PROPERTIES_FILE"

_REQUIRED = object()
_LARGEST = 2**53


class PropertyError(ValueError):
    """A property group or one of its keys is missing or has a value that cannot be used."""


@dataclass(frozen=True)
class PropertyGroup:
    """One property group with typed access.

    Every error names the group, the key, what was got and what was expected.
    """

    name: str
    values: Mapping[str, str]

    def text(self, key: str, default: object = _REQUIRED) -> str:
        """Return a text without white space around it; an empty one counts as missing."""
        value = self.values.get(key)
        if value is None or not value.strip():
            if default is _REQUIRED:
                raise PropertyError(
                    f"property group '{self.name}': got no value for key '{key}', expected a non-empty text"
                )
            return str(default)
        return value.strip()

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of the allowed texts."""
        value = self.text(key, default)
        if value not in allowed:
            raise self._unexpected(key, value, f"one of {', '.join(allowed)}")
        return value

    def whole(self, key: str, default: object = _REQUIRED, *, least: int = 0, most: int = _LARGEST) -> int:
        """Return a whole number within its limits."""
        value = self.text(key, default)
        if not value.isascii() or not value.isdecimal() or not least <= int(value) <= most:
            raise self._unexpected(key, value, f"a whole number from {least} to {most}")
        return int(value)

    def probability(self, key: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self.text(key, default)
        try:
            number = float(value)
        except ValueError as error:
            raise self._unexpected(key, value, "a number from 0 to 1") from error
        if not 0.0 <= number <= 1.0:
            raise self._unexpected(key, value, "a number from 0 to 1")
        return number

    def _unexpected(self, key: str, value: str, expected: str) -> PropertyError:
        return PropertyError(f"property group '{self.name}': got '{value}' for key '{key}', expected {expected}")


class PropertyGroups:
    """All property groups of the job."""

    def __init__(self, groups: Mapping[str, Mapping[str, str]], origin: str) -> None:
        self._groups = {name: dict(values) for name, values in groups.items()}
        self._origin = origin

    def required(self, name: str) -> PropertyGroup:
        """Return a group that has keys without a default."""
        if name not in self._groups:
            known = ", ".join(sorted(self._groups)) or "none"
            raise PropertyError(f"property group '{name}' is missing in {self._origin}: got {known}")
        return PropertyGroup(name, self._groups[name])

    def optional(self, name: str) -> PropertyGroup:
        """Return a group whose keys all have defaults; it may be left out."""
        return PropertyGroup(name, self._groups.get(name, {}))


def load_property_groups(environment: Mapping[str, str] = os.environ) -> PropertyGroups:
    """Read MSF's file, or the one that ``APPLICATION_PROPERTIES_FILE`` names (local runs)."""
    path = Path(environment.get(FILE_VARIABLE) or MSF_FILE)
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PropertyError(
            f"property groups cannot be read: got {error.strerror or error} for {path}, "
            f"expected the file of MSF, or a file named by the variable {FILE_VARIABLE}"
        ) from error
    return PropertyGroups(parse_property_groups(content, str(path)), str(path))


def parse_property_groups(content: str, origin: str) -> dict[str, dict[str, str]]:
    """Turn MSF's JSON list of groups into a mapping. A group that occurs twice is an error, not a guess."""
    try:
        listed = json.loads(content)
    except json.JSONDecodeError as error:
        raise PropertyError(
            f"property groups in {origin}: got invalid json ({error}), expected a list of groups"
        ) from error
    if not isinstance(listed, list):
        raise PropertyError(f"property groups in {origin}: got {type(listed).__name__}, expected a list of groups")
    groups: dict[str, dict[str, str]] = {}
    for position, entry in enumerate(listed):
        name, values = _group(entry, f"entry {position} of {origin}")
        if name in groups:
            raise PropertyError(f"property groups in {origin}: got group '{name}' twice, expected it once")
        groups[name] = values
    return groups


def _group(entry: object, origin: str) -> tuple[str, dict[str, str]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("PropertyGroupId"), str):
        raise PropertyError(f"property groups, {origin}: got {entry!r}, expected PropertyGroupId and PropertyMap")
    name, values = entry["PropertyGroupId"], entry.get("PropertyMap")
    if not isinstance(values, dict):
        raise PropertyError(f"property group '{name}', {origin}: got no PropertyMap, expected one of text values")
    for key, value in values.items():
        if not isinstance(value, str):
            raise PropertyError(f"property group '{name}': got {value!r} for key '{key}', expected a text in quotes")
    return name, values
