"""Checks that find what MSF or Flink would refuse in a code archive, before it is uploaded."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.names import CODE_ARCHIVE_MAX_BYTES
from cdk_penstock.packaging.archive_damage import ZIP_ERRORS, find_bad_entries, find_damage
from cdk_penstock.packaging.code_archive import MODULES_FOLDER, CodeArchive
from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.import_checks import find_missing_imports
from cdk_penstock.packaging.jar_checks import find_jar_problems
from cdk_penstock.packaging.msf_python import PROVIDED_BY_MSF
from cdk_penstock.packaging.native_checks import find_native_problems
from cdk_penstock.packaging.python_syntax import find_syntax_error
from cdk_penstock.packaging.secret_checks import find_secrets, find_secrets_in_jar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_penstock.model.runtimes import FlinkRuntime

_MIB: Final = 1024 * 1024
_PYTHON_MAX_BYTES: Final = 4 * _MIB
_SHOWN: Final = 5
_MAIN: Final = "main.py"
_CACHES: Final = re.compile(
    r"(?:^|/)(?:__pycache__|\.git|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.idea|\.vscode|\.venv|node_modules)/"
    r"|(?:^|/)\.DS_Store$|\.pyc$"
)


def check_archive(
    archive: CodeArchive, *, runtime: FlinkRuntime, entry_point: str | None = None, shown_as: Path | None = None
) -> None:
    """Raise PackagingError with every problem of the archive; see find_problems.

    ``shown_as`` is the path that the error names. Default: the archive's path.
    """
    problems = find_problems(archive, runtime=runtime, entry_point=entry_point)
    if problems:
        raise PackagingError.of_problems(shown_as or archive.path, problems)


def check_entry_point(archive: CodeArchive, *, runtime: FlinkRuntime, entry_point: str, shown_as: Path) -> None:
    """Raise PackagingError if a checked archive lacks the entry point or a module that it imports."""
    with zipfile.ZipFile(archive.path) as opened:
        problems = [*_entry_points(archive, opened, runtime, entry_point)]
    if problems:
        raise PackagingError.of_problems(shown_as, problems)


def find_problems(archive: CodeArchive, *, runtime: FlinkRuntime, entry_point: str | None = None) -> list[str]:
    """Return the problems for which MSF or Flink would refuse the archive on this runtime, each with its fix.

    Of a PyFlink zip: an entry point that is missing or does not compile, packages outside ``dep/``, several jars,
    connectors of another Flink line, native code of another platform, a bundled PyFlink. Of any archive: more than
    512 MiB, secrets, caches. Secrets are found by their names, in jars too, and by the content of the job's own files
    in a zip, see ``secret_checks``. Without ``entry_point``, every Python file at the top of the zip counts as one;
    if there is a ``main.py``, only its imports are checked.
    """
    with zipfile.ZipFile(archive.path) as opened:
        damage = find_damage(opened, size_bytes=archive.size_bytes) or _foreign_manifest(archive)
        if damage:
            return damage
        problems = [*_size(archive), *_caches(archive)]
        if not archive.is_python:
            name = archive.path.name
            return [*problems, *find_jar_problems(name, opened, runtime), *find_secrets_in_jar(name, opened)]
        return [
            *find_bad_entries(opened),
            *_manifest(archive, runtime),
            *_entry_points(archive, opened, runtime, entry_point),
            *_packages_elsewhere(archive),
            *_jars(archive, opened, runtime),
            *find_native_problems(archive, opened, runtime),
            *_bundled_runtime(archive),
            *problems,
            *find_secrets(archive, opened),
        ]


def _size(archive: CodeArchive) -> Iterator[str]:
    if archive.size_bytes > CODE_ARCHIVE_MAX_BYTES:
        largest = sorted(archive.entries, key=archive.entries.__getitem__, reverse=True)[:3]
        shown = ", ".join(f"{name} ({archive.entries[name] / _MIB:.0f} MiB)" for name in largest)
        yield (
            f"it has {archive.size_bytes / _MIB:.0f} MiB, MSF takes at most {CODE_ARCHIVE_MAX_BYTES // _MIB}: leave out"
            f" files that the job does not need; the largest are {shown}"
        )


def _foreign_manifest(archive: CodeArchive) -> list[str]:
    try:
        _ = archive.manifest
    except PackagingError as error:
        return [str(error)]
    return []


def _manifest(archive: CodeArchive, runtime: FlinkRuntime) -> Iterator[str]:
    built_for = archive.manifest.runtime
    if built_for not in {None, runtime.identifier}:
        yield f"it was built for {built_for}, and is to run on {runtime.identifier}: build it for that runtime"


def _entry_points(
    archive: CodeArchive, opened: zipfile.ZipFile, runtime: FlinkRuntime, entry_point: str | None
) -> Iterator[str]:
    missing = _missing_entry_point(archive, entry_point)
    if missing is not None:
        yield missing
    if missing is not None and entry_point is not None:
        return
    if runtime.python_version is None:
        yield str(runtime.problem_with_python)
        return
    entry_points = _top(archive) if entry_point is None else [entry_point]
    own = _own_modules(archive)
    # A script beside the job may need modules that the job does not need.
    jobs = [_MAIN] if _MAIN in entry_points else entry_points
    for name in [*entry_points, *own]:
        if archive.entries[name] > _PYTHON_MAX_BYTES:
            size = f"{archive.entries[name] / _MIB:.0f} MiB"
            yield f"{name} is {size} of Python, expected at most {_PYTHON_MAX_BYTES // _MIB}: move data into files"
            continue
        problem = find_syntax_error(opened.read(name), name, runtime.python_version)
        if problem is not None:
            yield problem
        elif name in jobs or name in own:
            yield from find_missing_imports(archive, opened, name, runtime.python_version)


def _missing_entry_point(archive: CodeArchive, entry_point: str | None) -> str | None:
    top, below = ", ".join(_top(archive)), _python_files_below(archive)
    if entry_point is None:
        if top:
            return None
        return "it has no Python file at its top: " + (
            f"there are {below}: name the one with the job (`--entry-point`, or entry_point of from_asset)"
            if below
            else f"put the job's entry point there, for example {_MAIN}"
        )
    if entry_point in archive.entries and entry_point.endswith(".py"):
        return None
    if not below:
        fix = f"nor any Python file: put the job's entry point at its top, for example {_MAIN}"
    else:
        there = f"at its top is {top}" if top else f"its Python files are {below}"
        fix = f"{there}: choose one of those as entry_point"
    return f"entry point {entry_point!r} is not in it, {fix}"


def _top(archive: CodeArchive) -> list[str]:
    return sorted(name for name in archive.entries if "/" not in name and name.endswith(".py"))


def _python_files_below(archive: CodeArchive) -> str:
    """Return the Python files outside ``dep/``, the place of the entry point in zips of other builders."""
    below = sorted(name for name in archive.entries if name.endswith(".py") and not name.startswith(MODULES_FOLDER))
    return ", ".join(below[:_SHOWN]) + (f" and {len(below) - _SHOWN} more" if len(below) > _SHOWN else "")


def _own_modules(archive: CodeArchive) -> list[str]:
    """Return the modules of the job's own packages; of third-party ones, some files are for other Pythons."""
    folders = tuple(f"{MODULES_FOLDER}{package}/" for package in archive.manifest.packages)
    return sorted(name for name in archive.entries if name.startswith(folders) and name.endswith(".py"))


def _packages_elsewhere(archive: CodeArchive) -> Iterator[str]:
    initial = [PurePosixPath(name) for name in archive.entries if name.endswith("/__init__.py")]
    for folder in sorted({path.parts[0] for path in initial} - {MODULES_FOLDER.rstrip("/")}):
        yield (
            f"{folder} holds Python packages that the job cannot import, since only {MODULES_FOLDER} is on its"
            f" path: move the packages into {MODULES_FOLDER}"
        )


def _jars(archive: CodeArchive, opened: zipfile.ZipFile, runtime: FlinkRuntime) -> Iterator[str]:
    if len(archive.jars) > 1:
        found = ", ".join(archive.jars)
        yield (
            f"MSF takes at most one jar, it holds {found}: shade all connectors into one (pom.xml with the"
            " maven-shade-plugin and its ServicesResourceTransformer)"
        )
    for jar in archive.jars:
        with opened.open(jar) as stream:
            if not zipfile.is_zipfile(stream):
                yield f"{jar} is not a jar, Java could not read it: build it again"
                continue
            try:
                with zipfile.ZipFile(stream) as nested:
                    damage = find_damage(nested, size_bytes=archive.entries[jar])
                    yield from (f"in {jar}, {problem}" for problem in damage)
                    if not damage:
                        yield from find_jar_problems(jar, nested, runtime)
                        yield from find_secrets_in_jar(jar, nested)
            except ZIP_ERRORS as error:
                yield f"{jar} is damaged ({error}): build it again"


def _bundled_runtime(archive: CodeArchive) -> Iterator[str]:
    provided = {f"{MODULES_FOLDER}{name.replace('-', '_')}" for name in PROVIDED_BY_MSF}
    bundled = sorted({"/".join(name.split("/")[:2]) for name in archive.entries} & provided)
    for name in bundled:
        yield f"{name} is part of MSF's runtime and would clash with it: remove it from the requirements"


def _caches(archive: CodeArchive) -> Iterator[str]:
    yield from (f"{name} is a cache: remove it" for name in archive.entries if _CACHES.search(name))
