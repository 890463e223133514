"""A job package: the zip that is deployed, unpacked to be run here."""

from __future__ import annotations

import contextlib
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.errors import PackageError
from cdk_penstock.local.flink.submission import JobProgram

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PROPERTIES_VARIABLE: Final = "APPLICATION_PROPERTIES_FILE"
JAR_NAME: Final = "lib/pyflink-dependencies.jar"
PACKAGES_NAME: Final = "dep"


@dataclass(frozen=True, kw_only=True)
class UnpackedPackage:
    """A package's files: ``packages`` and ``jar`` are absent from a package that does without."""

    folder: Path
    packages: Path | None
    jar: Path | None

    def program(self, name: str, *, parallelism: int | None = None) -> JobProgram:
        """Return a program at the package's top level, such as ``main.py``, with the package's Python packages and jar.

        Without ``parallelism`` it has the cluster's. Raises PackageError if the package has no such program.
        """
        main = self.folder / name
        if not main.is_file():
            found = ", ".join(sorted(file.name for file in self.folder.glob("*.py"))) or "none"
            raise PackageError(f"the package has no {name} at its top level; programs found there: {found}")
        packages = [] if self.packages is None else [self.packages]
        return JobProgram(main=main, packages=packages, jar=self.jar, parallelism=parallelism)


def require_programs(package: Path, names: Sequence[str]) -> None:
    """Raise PackageError for a package that is missing, is no zip, or lacks one of these files at its top level."""
    with _open(package) as archive:
        entries = set(archive.namelist())
    missing = [name for name in names if name not in entries]
    if missing:
        raise PackageError(f"the package {package} has no {', '.join(missing)} at its top level")


@contextlib.contextmanager
def _open(package: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(package) as archive:
            yield archive
    except FileNotFoundError as error:
        raise PackageError(f"the package {package} does not exist; build it first") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise PackageError(f"the package {package} cannot be unpacked: {error}") from error


def unpack_package(package: Path, folder: Path) -> UnpackedPackage:
    """Unpack a package into a folder, which is made if it is not there.

    Raises PackageError for a zip that is missing, that is no zip, or that holds a path that leads out of the folder.
    """
    root = folder.resolve()
    with _open(package) as archive:
        for name in archive.namelist():
            if not (root / name).resolve().is_relative_to(root):
                raise PackageError(f"the package {package} holds {name!r}, which leads out of its folder")
        archive.extractall(root)
    packages, jar = root / PACKAGES_NAME, root / JAR_NAME
    return UnpackedPackage(
        folder=root, packages=packages if packages.is_dir() else None, jar=jar if jar.is_file() else None
    )


def write_properties(file: Path, groups: Mapping[str, Mapping[str, str]]) -> None:
    """Write property groups in the form of MSF's ``application_properties.json``."""
    document = [{"PropertyGroupId": group, "PropertyMap": dict(values)} for group, values in groups.items()]
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
