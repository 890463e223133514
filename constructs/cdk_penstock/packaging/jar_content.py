"""The parts of a jar, as far as it names them: Maven artifacts with their versions, and files."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.archive_damage import read_start

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator, Mapping

# Names of files in Maven: a letter, then the version from the first digit after a hyphen.
_FILE_NAME: Final = re.compile(r"(?P<artifact>[a-z][\w.-]*?)-(?P<version>\d[\w.-]*)")


@dataclass(frozen=True, kw_only=True, order=True)
class Artifact:
    """A Maven artifact; its group is empty if only a file's name is known."""

    group: str
    name: str
    version: str

    def __str__(self) -> str:
        """Return the artifact as people write it."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, kw_only=True)
class JarContent:
    """The content of a jar.

    Parameters
    ----------
    artifacts
        The artifacts shaded into it, by Maven's ``pom.properties`` and by the file's name. Artifacts that Gradle
        builds, such as kafka-clients, have no ``pom.properties``.
    copies
        The checksums of the files by name: two checksums are two files of one name.
    """

    artifacts: tuple[Artifact, ...]
    copies: Mapping[str, frozenset[int]]

    @classmethod
    def read(cls, name: str, jar: zipfile.ZipFile) -> JarContent:
        """Read a jar, whose path or name within a zip is ``name``."""
        copies: dict[str, set[int]] = defaultdict(set)
        for info in jar.infolist():
            copies[info.filename].add(info.CRC)
        found = {*_shaded(jar)}
        found |= {own for own in _named(name) if own.name not in {artifact.name for artifact in found}}
        return cls(
            artifacts=tuple(sorted(found)), copies={entry: frozenset(checksums) for entry, checksums in copies.items()}
        )

    def holds(self, *entries: str) -> bool:
        """Return True if any of these files is in it."""
        return any(entry in self.copies for entry in entries)

    def of_group(self, group: str) -> list[Artifact]:
        """Return the artifacts of a Maven group."""
        return [artifact for artifact in self.artifacts if artifact.group == group]


def _shaded(jar: zipfile.ZipFile) -> Iterator[Artifact]:
    for info in jar.infolist():
        parts = info.filename.split("/")
        if info.filename.startswith("META-INF/maven/") and parts[-1] == "pom.properties":
            lines = read_start(jar, info).decode(errors="replace").splitlines()
            known = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
            group, name = known.get("groupId", "").strip(), known.get("artifactId", "").strip()
            yield Artifact(group=group or parts[2], name=name or parts[-2], version=known.get("version", "").strip())


def _named(name: str) -> Iterator[Artifact]:
    match = _FILE_NAME.fullmatch(PurePosixPath(name).stem)
    if match:
        yield Artifact(group="", name=match["artifact"], version=match["version"])
