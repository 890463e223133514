"""A wheel: its requirements, and its files with their places on the Python path."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from cdk_penstock.packaging.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Files that an installer writes about its run, and files that only an installer needs.
_NOT_TAKEN: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_ON_THE_PATH: Final = frozenset({"purelib", "platlib", "data"})
"""The parts of a wheel's ``.data`` folder that MSF can use: scripts and headers have no place in a job."""


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A published package.

    Parameters
    ----------
    name, version
        The package, its name in the normal form.
    requires
        Its requirements, with markers.
    files
        Its files by their place on the Python path, the same with every Python.
    """

    name: str
    version: Version
    requires: tuple[Requirement, ...]
    files: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Wheel:
        """Read a wheel, or raise PackagingError for a damaged one."""
        try:
            with zipfile.ZipFile(path) as archive:
                files = {
                    place: archive.read(info)
                    for info in archive.infolist()
                    if not info.is_dir() and (place := _place(info.filename)) is not None
                }
            text = next(
                content
                for name, content in files.items()
                if name.count("/") == 1 and name.endswith(".dist-info/METADATA")
            )
            metadata = parse_email(text)[0]
            return cls(
                name=canonicalize_name(metadata["name"]),
                version=Version(metadata["version"]),
                requires=tuple(Requirement(line) for line in metadata.get("requires_dist", ())),
                files=files,
            )
        except (zipfile.BadZipFile, zlib.error, StopIteration, KeyError, InvalidVersion, InvalidRequirement) as error:
            reason = str(error).partition("\n")[0] or "it has no METADATA"
            raise PackagingError(f"{path.name} is a damaged wheel ({reason}): pin another release") from error


def _place(name: str) -> str | None:
    """Return the place of a wheel's file on the Python path, None if it has none (PEP 427)."""
    first, *rest = name.split("/")
    if first.endswith(".data") and len(rest) > 1:
        scheme, *rest = rest
        return "/".join(rest) if scheme in _ON_THE_PATH and rest[0] != "bin" else None
    if "__pycache__" in rest or (first.endswith(".dist-info") and rest and rest[-1] in _NOT_TAKEN):
        return None
    return name
