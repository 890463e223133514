"""Builder of the zip of a PyFlink job, once for each state of its folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.code_archive import JAR_ENTRY, MANIFEST_ENTRY, MODULES_FOLDER, CodeArchive, PackageManifest
from cdk_penstock.packaging.code_archive_checks import check_archive
from cdk_penstock.packaging.deterministic_zip import write_zip
from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.job_jar import build_jar
from cdk_penstock.packaging.third_party import fetch_packages

try:
    import fcntl
except ImportError:  # on Windows, where two simultaneous builds are not serialized
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_penstock.model.runtimes import FlinkRuntime
    from cdk_penstock.packaging.pyflink_project import PyFlinkProject

_FORMAT: Final = "3"
_KEPT_BUILDS: Final = 3


@dataclass(frozen=True, kw_only=True)
class PyFlinkPackage:
    """A built and checked zip.

    Parameters
    ----------
    path
        The zip.
    sha256
        The hash of its bytes, in hexadecimal.
    reused
        True if it is an earlier build of the same input.
    """

    path: Path
    sha256: str
    reused: bool


def build_package(project: PyFlinkProject, *, runtime: FlinkRuntime) -> PyFlinkPackage:
    """Build the job's zip for a runtime, or return the earlier build of the same input.

    Builds lie in ``.penstock`` in the job's folder, each under the fingerprint of its input; the three newest are kept.
    Of two simultaneous builds the second waits, and takes the result of the first. The same input gives the same bytes
    on every machine, at any time and with any Python, with the same JDK and Maven. Raises PackagingError for a job that
    cannot be built, or that would not run.
    """
    if runtime.problem_with_python is not None:
        raise PackagingError(runtime.problem_with_python)
    folder = project.folder / ".penstock"
    path = folder / f"{project.fingerprint(_FORMAT, runtime.identifier)[:32]}.zip"
    reused = path.is_file()
    if not reused:
        _prepare(folder)
        with _alone(folder):
            reused = path.is_file()
            if not reused:
                _write_atomically(path, _content(project, runtime), runtime)
                _forget_old_builds(folder)
    return PyFlinkPackage(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), reused=reused)


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except FileExistsError as error:
        raise PackagingError(
            f"{folder} is a file, but builds need a folder of that name: rename or remove it"
        ) from error
    except OSError as error:
        raise _cannot_write(folder, error) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Serialize builds of one folder, since Maven has one ``target``; the lock ends with the process that holds it."""
    with (folder / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cannot_write(folder: Path, error: OSError) -> PackagingError:
    return PackagingError(
        f"cannot write builds into {folder} ({error.strerror}): make {folder.parent} writable, and free space on its"
        " disk"
    )


def _content(project: PyFlinkProject, runtime: FlinkRuntime) -> dict[str, bytes]:
    files = project.sources()
    if project.requirements is not None:
        third_party = fetch_packages(project.requirements, runtime)
        clashes = sorted({name.partition("/")[0].removesuffix(".py") for name in third_party} & set(project.packages))
        if clashes:
            raise PackagingError(
                f"the job's own packages {', '.join(clashes)} have the names of packages in"
                f" {project.requirements}: rename them"
            )
        files |= {f"{MODULES_FOLDER}{name}": content for name, content in third_party.items()}
    if project.pom is not None:
        files[JAR_ENTRY] = build_jar(project.pom)
    manifest = PackageManifest(runtime=runtime.identifier, packages=tuple(project.packages))
    files[MANIFEST_ENTRY] = manifest.to_json()
    return files


def _write_atomically(path: Path, files: dict[str, bytes], runtime: FlinkRuntime) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".zip")
    os.close(handle)
    draft = Path(name)
    try:
        try:
            write_zip(draft, files)
        except OSError as error:
            raise _cannot_write(path.parent, error) from error
        check_archive(CodeArchive.open(draft), runtime=runtime, shown_as=path.parent.parent)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _forget_old_builds(folder: Path) -> None:
    builds = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[_KEPT_BUILDS:]:
        old.unlink(missing_ok=True)
