"""The folders from which the packages of a job are imported, on MSF and here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_SHARED: Final = "shared"


def shared_folder(folder: Path) -> Path:
    """Return the folder with the packages that a job shares with the jobs beside it; there may be none."""
    return folder.absolute().parent / _SHARED


def add_python_roots(path: list[str], folder: Path) -> None:
    """Add a job's folder and the shared one to the end of a Python path, so that they hide no other module."""
    roots = (str(folder.absolute()), str(shared_folder(folder)))
    path += [root for root in roots if root not in path]
