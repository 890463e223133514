"""Modules and jars that a job needs and the builder does not pack, and packages that nothing can import."""

from __future__ import annotations

import keyword
import re
import sys
from typing import TYPE_CHECKING, Final

from cdk_penstock.packaging.job_folder import read_file
from cdk_penstock.packaging.msf_python import PROVIDED_MODULES
from cdk_penstock.packaging.python_imports import imported_modules, text_constants
from cdk_penstock.packaging.requirements_file import names, read_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_penstock.packaging.pyflink_project import PyFlinkProject

_OF_BUILD_TOOLS: Final = frozenset({"gradle-wrapper.jar", "maven-wrapper.jar"})


def find_left_behind(project: PyFlinkProject) -> list[str]:
    """Return the files in the folder that the job needs and that would be missing in its zip, each with the fix.

    A folder without an ``__init__.py`` is legal Python. It is not packed, because it may as well hold notebooks or
    scripts. If the job imports it, it is refused here rather than on MSF.
    """
    sources = {path: read_file(project.folder / path) for path in project.python_files}
    return [*_unusable_names(project), *_modules(project, sources), *_jars(project, sources)]


def _unusable_names(project: PyFlinkProject) -> Iterator[str]:
    for name in project.packages:
        if not name.isidentifier() or keyword.iskeyword(name):
            yield (
                f"nothing can import the package {name!r}, whose name is not a Python name: rename the folder, or"
                " remove its __init__.py"
            )


def _modules(project: PyFlinkProject, sources: dict[Path, bytes]) -> Iterator[str]:
    entry_points = {name.removesuffix(".py") for name in project.entry_points}
    installed = _installed(project)
    for path, source in sources.items():
        for module in sorted(imported_modules(source) - {*project.packages, *sys.stdlib_module_names, *installed}):
            if module in entry_points:
                yield (
                    f"{path} imports {module}, which MSF does not put on the job's path: move the shared code into a"
                    " package, a folder with an __init__.py"
                )
            elif _has_python(project.folder / module):
                yield f"{path} imports {module}, {_why_not_taken(project, module)}"
            elif module not in PROVIDED_MODULES:
                yield from (
                    f"{path} imports {module}, which is in {elsewhere}, which is not packed: move it to the"
                    f" top of {project.folder}"
                    for elsewhere in _elsewhere(project, module)
                )


def _installed(project: PyFlinkProject) -> set[str]:
    """Return the modules of the requirements, if they have their package's name."""
    if project.requirements is None:
        return set()
    return {name.replace("-", "_") for name in names(read_requirements(project.requirements))}


def _why_not_taken(project: PyFlinkProject, module: str) -> str:
    if any(path.parts[0] == module for path in project.files):
        return f"a folder without an __init__.py, which is not packed: add an empty {module}/__init__.py"
    return f"but {module}/ is ignored: move the code that the job needs into a package"


def _has_python(folder: Path) -> bool:
    return folder.is_dir() and next(folder.rglob("*.py"), None) is not None


def _elsewhere(project: PyFlinkProject, module: str) -> list[str]:
    """Return the places of a module in folders that are not packages, such as ``src/``."""
    places = {
        path.parent if path.name == "__init__.py" else path
        for path in project.files
        if path.parts[0] not in project.packages
        and (path.name == f"{module}.py" or (path.name == "__init__.py" and path.parent.name == module))
    }
    return sorted(place.as_posix() for place in places)[:1]


def _jars(project: PyFlinkProject, sources: dict[Path, bytes]) -> Iterator[str]:
    jars = [
        path
        for path in project.files
        if path.suffix == ".jar" and path.parts[0] not in project.packages and path.name not in _OF_BUILD_TOOLS
    ]
    if project.pom is not None:
        texts = [text for source in sources.values() for text in text_constants(source)]
        declared = read_file(project.pom).decode(errors="replace")
        jars = [path for path in jars if any(path.name in text for text in texts) and _artifact(path) not in declared]
    if jars:
        shown = ", ".join(path.as_posix() for path in jars)
        yield (
            f"{shown} would not be packed, because MSF takes at most one jar: declare the ones that the job needs as"
            f" dependencies in {'the' if project.pom else 'a'} pom.xml, from which that one jar is built; MSF puts it"
            " on the class path without add_jars"
        )


def _artifact(path: Path) -> str:
    """Return the name of a jar without its version, which starts at the first digit behind a hyphen."""
    return re.split(r"-(?=\d)", path.stem, maxsplit=1)[0]
