"""Comparison of a job's imports with its zip and MSF's Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.packaging.code_archive import MODULES_FOLDER
from cdk_penstock.packaging.python_imports import imported_modules, modules_of_msf

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from cdk_penstock.packaging.code_archive import CodeArchive


def find_missing_imports(
    archive: CodeArchive, opened: zipfile.ZipFile, source: str, python_version: str
) -> Iterator[str]:
    """Yield the modules that a Python file of the zip imports and would not find on MSF."""
    known = modules_of_msf(python_version) | _packed(archive)
    for module in sorted(imported_modules(opened.read(source)) - known):
        place = _elsewhere(archive, module)
        yield f"{source} imports {module}, which is " + (
            f"in {place}, where the job cannot import it: move it into {MODULES_FOLDER}"
            if place
            else "neither in the zip nor part of Python or PyFlink: add its package to requirements.txt, or"
            f" its files to {MODULES_FOLDER}"
        )


def _packed(archive: CodeArchive) -> set[str]:
    below = {name.removeprefix(MODULES_FOLDER) for name in archive.entries if name.startswith(MODULES_FOLDER)}
    # A module's file is named x.py, x.so, or x.cpython-311-x86_64-linux-gnu.so.
    return {name.partition("/")[0].partition(".")[0] for name in below}


def _elsewhere(archive: CodeArchive, module: str) -> str | None:
    """Return the place in the zip of a module that is not below ``dep/``."""
    for name in sorted(archive.entries):
        *folders, file = name.split("/")
        if name.startswith(MODULES_FOLDER) or not file.endswith(".py"):
            continue
        if file == f"{module}.py":
            return name
        if module in folders:
            return "/".join(folders[: folders.index(module) + 1])
    return None
