"""A code archive as MSF gets it, and the layout of a PyFlink job's archive."""

from __future__ import annotations

import json
import reprlib
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.archive_damage import ZIP_ERRORS
from cdk_penstock.packaging.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Mapping

JAR_ENTRY: Final = "lib/pyflink-dependencies.jar"
MODULES_FOLDER: Final = "dep/"
MANIFEST_ENTRY: Final = "penstock-package.json"

_SUFFIXES: Final = frozenset({".zip", ".jar"})
_MANIFEST_MAX_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class PackageManifest:
    """Manifest that penstock's packager adds to each zip that it builds.

    Parameters
    ----------
    runtime
        The identifier of the runtime that the zip was built for.
    packages
        The job's own Python packages, without third-party ones.
    """

    runtime: str | None = None
    packages: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: bytes) -> PackageManifest:
        """Read a manifest, or raise PackagingError if penstock's packager did not write it."""
        try:
            noted = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PackagingError(_foreign_manifest("it is not JSON")) from error
        if not isinstance(noted, dict):
            raise PackagingError(_foreign_manifest(f"got {type(noted).__name__}, expected an object"))
        runtime, packages = noted.get("runtime"), noted.get("packages")
        if not isinstance(runtime, str | None) or "runtime" not in noted:
            raise PackagingError(_foreign_manifest(f"runtime is {reprlib.repr(runtime)}, expected one as FLINK-1_20"))
        if not isinstance(packages, list) or not all(isinstance(name, str) for name in packages):
            raise PackagingError(_foreign_manifest(f"packages is {reprlib.repr(packages)}, expected a list of names"))
        return cls(runtime=runtime, packages=tuple(packages))

    def to_json(self) -> bytes:
        """Write a manifest; the same content gives the same bytes."""
        noted = {"runtime": self.runtime, "packages": list(self.packages)}
        return (json.dumps(noted, indent=2, sort_keys=True) + "\n").encode()


@dataclass(frozen=True, kw_only=True)
class CodeArchive:
    """A zip or jar on disk and the sizes, in bytes, of the files in it.

    Parameters
    ----------
    path
        The file.
    size_bytes
        The size of the file.
    entries
        The unpacked size of each file in it, by name.
    """

    path: Path
    size_bytes: int
    entries: Mapping[str, int] = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> CodeArchive:
        """Read the archive's table of contents, or raise PackagingError if it has none."""
        cls.check_path(path)
        try:
            with zipfile.ZipFile(path) as archive:
                entries = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
            size_bytes = path.stat().st_size
        except OSError as error:
            raise PackagingError(f"cannot read {path}: {error.strerror or error}") from error
        except ZIP_ERRORS as error:
            raise PackagingError(f"{path} is not a zip archive ({error}): build it again") from error
        return cls(path=path, size_bytes=size_bytes, entries=MappingProxyType(entries))

    @staticmethod
    def check_path(path: Path) -> None:
        """Raise PackagingError if the path cannot be an archive, before reading it."""
        is_archive = path.suffix.lower() in _SUFFIXES
        if is_archive and not path.exists():
            raise PackagingError(
                f"there is no code archive {path}: build it with `penstock package FOLDER --output {path}`"
            )
        if not path.exists():
            raise PackagingError(
                f"there is no {path} (looked for in {Path.cwd()}): give a job's folder, a .zip or a .jar"
            )
        if path.is_dir():
            raise PackagingError(
                f"code must be a .zip or a .jar, got the folder {path}: build it with `penstock package {path}` or"
                " ApplicationCode.from_pyflink_folder"
            )
        if not is_archive or not path.is_file():
            raise PackagingError(
                f"code must be a .zip or a .jar, got {path}: build one with `penstock package {path.parent}`"
            )

    @property
    def is_python(self) -> bool:
        """True if it holds a Python job; a Java job is a jar."""
        return self.path.suffix.lower() == ".zip"

    @property
    def jars(self) -> list[str]:
        """The jars that can be on a job's class path; a jar below ``dep/`` is data of a Python package."""
        return sorted(name for name in self.entries if name.endswith(".jar") and not name.startswith(MODULES_FOLDER))

    @cached_property
    def manifest(self) -> PackageManifest:
        """Manifest of the packager; an empty one if penstock did not build the archive.

        Raises PackagingError if another program wrote a file of that name.
        """
        if MANIFEST_ENTRY not in self.entries:
            return PackageManifest()
        if self.entries[MANIFEST_ENTRY] > _MANIFEST_MAX_BYTES:
            raise PackagingError(_foreign_manifest(f"it has {self.entries[MANIFEST_ENTRY]} bytes"))
        with zipfile.ZipFile(self.path) as archive:
            return PackageManifest.from_json(archive.read(MANIFEST_ENTRY))


@dataclass(frozen=True, kw_only=True)
class PyFlinkLayout:
    """Paths in the zip of a PyFlink job (managed-flink, how-python-creating).

    Parameters
    ----------
    entry_point
        The Python file with the job.
    jar
        The one jar with all of the job's Java dependencies, None if there is none.
    modules
        The folder, file or comma-separated list with the job's Python modules, None if there is none.
    """

    entry_point: str = "main.py"
    jar: str | None = JAR_ENTRY
    modules: str | None = MODULES_FOLDER

    @classmethod
    def of(cls, archive: CodeArchive, *, entry_point: str) -> PyFlinkLayout:
        """Return the layout of an archive."""
        has_modules = any(name.startswith(MODULES_FOLDER) for name in archive.entries)
        return cls(
            entry_point=entry_point,
            jar=archive.jars[0] if archive.jars else None,
            modules=MODULES_FOLDER if has_modules else None,
        )

    def run_options(self) -> dict[str, str]:
        """Return the property group from which MSF starts the job."""
        options = {"python": self.entry_point}
        if self.jar is not None:
            options["jarfile"] = self.jar
        if self.modules is not None:
            options["pyFiles"] = self.modules
        return options


def _foreign_manifest(reason: str) -> str:
    return (
        f"{MANIFEST_ENTRY} was not written by penstock ({reason}): build the archive with `penstock package`, or leave"
        " that file out"
    )
