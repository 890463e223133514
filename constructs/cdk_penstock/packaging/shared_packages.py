"""Python packages that several jobs share: those in ``shared``, beside the jobs' folders, that a job imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.packaging.job_folder import list_files, read_file
from cdk_penstock.packaging.python_imports import mentioned_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def find_shared_packages(
    shared: Path, sources: Iterable[Path], *, passes_over: Callable[[Path], bool]
) -> dict[str, list[Path]]:
    """Return the files of each shared package that these sources import, or that such a package imports.

    Other jobs' packages stay out, so that a change of theirs does not change this job's zip.
    """
    if not shared.is_dir():
        return {}
    by_folder: dict[str, list[Path]] = {}
    for path in list_files(shared, passes_over=passes_over):
        by_folder.setdefault(path.parts[0], []).append(shared / path)
    found: dict[str, list[Path]] = {}
    pending = list(sources)
    while pending:
        for module in mentioned_modules(read_file(pending.pop())) - set(found):
            files = by_folder.get(module, [])
            if shared / module / "__init__.py" in files:
                found[module] = files
                pending += [path for path in files if path.suffix == ".py"]
    return dict(sorted(found.items()))
