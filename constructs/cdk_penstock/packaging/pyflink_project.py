"""The folder of a PyFlink job, and the place of its files in the zip."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from cdk_penstock.model.python_roots import shared_folder
from cdk_penstock.packaging.code_archive import MODULES_FOLDER
from cdk_penstock.packaging.errors import PackagingError
from cdk_penstock.packaging.job_folder import list_files, read_file
from cdk_penstock.packaging.left_behind import find_left_behind
from cdk_penstock.packaging.maven_parent import has_parent_above
from cdk_penstock.packaging.shared_packages import find_shared_packages

_CACHES: Final = frozenset(
    {
        ".git",
        ".hypothesis",
        ".idea",
        ".mypy_cache",
        ".penstock",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        ".vscode",
        "__pycache__",
        "node_modules",
    }
)
_BUILD_OUTPUT: Final = frozenset({"build", "dist", "target", "venv"})
_OF_JAVA: Final = frozenset({".java", ".kt", ".scala"})
_TESTS: Final = "tests"
_SKIPPED_SUFFIXES: Final = frozenset({".pyc", ".pyo", ".swp"})
# Emacs keeps a broken link, .#main.py, beside each file that is being edited.
_LEFT_BY_EDITORS: Final = re.compile(r"\.#.*|#.*#|.*~")
_SKIPPED_TOP_NAMES: Final = frozenset({"conftest.py", "setup.py"})


@dataclass(frozen=True)
class PyFlinkProject:
    """A folder with a PyFlink job.

    - Each Python file at its top is an entry point and goes to the top of the zip.
    - Each folder with an ``__init__.py`` is a package of the job and goes with all of its files, also data, below
      ``dep/``.
    - A package in a folder ``shared`` beside this one goes there too, if the job imports it.
    - ``requirements.txt`` pins third-party packages, which go below ``dep/`` as well.
    - ``pom.xml`` builds the one jar with all Java dependencies. Where it has its parent in the folder above, as Maven
      looks for one by default, several jobs may share the Java in the folders beside them.

    Ignored are caches; at the folder's top also ``tests``, ``setup.py`` and ``conftest.py``, and unless they are
    packages ``build``, ``dist``, ``target`` and ``venv``; and Maven's ``target`` beside any ``pom.xml``.

    Raises PackagingError if the folder does not exist or has no Python file.
    """

    folder: Path

    def __post_init__(self) -> None:
        """Refuse a folder without a job."""
        if self.folder.is_file():
            raise PackagingError(
                f"{self.folder} is a file, expected the folder of a job: for a finished zip or jar use"
                f" ApplicationCode.from_asset({str(self.folder)!r})"
            )
        if not self.folder.is_dir():
            raise PackagingError(
                f"there is no job folder {self.folder} (looked for in {Path.cwd()}): give the folder that holds the"
                " job's main.py"
            )
        if not self.entry_points:
            below = ", ".join(path.as_posix() for path in self.files if path.suffix == ".py")
            there = f" (there are {below})" if below else ""
            raise PackagingError(
                f"job folder {self.folder} has no Python file at its top{there}: put the job's main.py there"
            )

    @cached_property
    def files(self) -> list[Path]:
        """Every file that the build depends on, relative to the folder."""
        return list_files(self.folder, passes_over=self._passes_over)

    @cached_property
    def entry_points(self) -> list[str]:
        """The Python files at the folder's top."""
        return [path.name for path in self.files if len(path.parts) == 1 and path.suffix == ".py"]

    @cached_property
    def packages(self) -> list[str]:
        """The job's own Python packages, the shared ones included."""
        return sorted({*self._packages_in_folder, *self.shared_packages})

    @cached_property
    def shared_packages(self) -> dict[str, list[Path]]:
        """The files of each package that the job shares with jobs beside it; one of its own with that name wins."""
        sources = [self.folder / path for path in self.python_files]
        shared = find_shared_packages(shared_folder(self.folder), sources, passes_over=self._passes_over)
        return {name: files for name, files in shared.items() if name not in self._packages_in_folder}

    @cached_property
    def python_files(self) -> list[Path]:
        """The Python files of the folder that go into the zip."""
        taken = {*self.entry_points, *self._packages_in_folder}
        return [path for path in self.files if path.suffix == ".py" and path.parts[0] in taken]

    @cached_property
    def _packages_in_folder(self) -> set[str]:
        return {path.parent.name for path in self.files if path.name == "__init__.py" and len(path.parent.parts) == 1}

    @cached_property
    def passed_over(self) -> list[str]:
        """Files at the folder's top, and folders with their count, that are neither in the zip nor read by Maven."""
        taken = {*self._packages_in_folder, *self.entry_points, "requirements.txt", "pom.xml"}
        if self.pom is not None:
            taken |= {path.parts[0] for path in self.files if path.suffix in _OF_JAVA or path.name == "pom.xml"}
        counts = Counter(path.parts[0] for path in self.files if path.parts[0] not in taken)
        return [
            f"{name}/ ({count} file{'s' if count > 1 else ''})" if (self.folder / name).is_dir() else name
            for name, count in sorted(counts.items())
        ]

    @property
    def requirements(self) -> Path | None:
        """The file that pins third-party packages."""
        path = self.folder / "requirements.txt"
        return path if path.is_file() else None

    @property
    def pom(self) -> Path | None:
        """Maven's description of the jar."""
        path = self.folder / "pom.xml"
        return path if path.is_file() else None

    @cached_property
    def shared_files(self) -> list[Path]:
        """The files beside the folder, which Maven may read; none unless the Maven project has its parent there."""
        if self.pom is None or not has_parent_above(self.pom):
            return []
        above = self.folder.absolute().parent
        return [above / path for path in list_files(above, passes_over=self._is_not_shared)]

    def check_entry_point(self, name: str) -> None:
        """Raise PackagingError unless the folder has this entry point."""
        if name not in self.entry_points:
            there = ", ".join(self.entry_points)
            raise PackagingError(
                f"entry point {name!r} is not in {self.folder}, at its top is {there}: choose one of those"
            )

    def sources(self) -> dict[str, bytes]:
        """Return the entry points and the files of the job's packages, under their names in the zip's layout.

        Raises PackagingError for files that the job needs and that would be missing, see ``left_behind``.
        """
        problems = find_left_behind(self)
        if problems:
            raise PackagingError.of_problems(self.folder, problems)
        top = {name: read_file(self.folder / name) for name in self.entry_points}
        modules = {path: self.folder / path for path in self.files if path.parts[0] in self._packages_in_folder}
        modules |= {path.relative_to(shared_folder(self.folder)): path for path in self._shared_python}
        return top | {f"{MODULES_FOLDER}{name.as_posix()}": read_file(path) for name, path in modules.items()}

    def fingerprint(self, *salt: str) -> str:
        """Return a hash of every file that the build depends on, and of the salt."""
        digest = hashlib.sha256("\0".join(salt).encode())
        named = {path.as_posix(): self.folder / path for path in self.files}
        named |= {os.path.relpath(path, self.folder): path for path in (*self.shared_files, *self._shared_python)}
        for name, path in named.items():
            content = hashlib.sha256(read_file(path)).hexdigest()
            digest.update(f"\0{name}\0{content}".encode())
        return digest.hexdigest()

    @property
    def _shared_python(self) -> list[Path]:
        return [path for files in self.shared_packages.values() for path in files]

    def _passes_over(self, path: Path) -> bool:
        if path.name in _CACHES or _LEFT_BY_EDITORS.fullmatch(path.name):
            return True
        return self._skips_folder(path) if path.is_dir() else self._skips_file(path)

    def _is_not_shared(self, path: Path) -> bool:
        return path == self.folder.absolute() or self._passes_over(path)

    def _skips_folder(self, path: Path) -> bool:
        at_top = path.parent == self.folder
        if path.name.endswith(".egg-info") or (at_top and path.name == _TESTS):
            return True
        is_output = (
            path.name in _BUILD_OUTPUT if at_top else path.name == "target" and (path.parent / "pom.xml").exists()
        )
        return is_output and not (path / "__init__.py").exists()

    def _skips_file(self, path: Path) -> bool:
        at_top = path.parent == self.folder
        return (
            path.suffix in _SKIPPED_SUFFIXES or path.name == ".DS_Store" or (at_top and path.name in _SKIPPED_TOP_NAMES)
        )
