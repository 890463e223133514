"""The files of a job's folder, without links that lead out of it, loops and special files, which are refused."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from cdk_penstock.packaging.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SPECIAL_FILES = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def list_files(folder: Path, *, passes_over: Callable[[Path], bool]) -> list[Path]:
    """Return every file below the folder, relative to it and in order, without the ignored ones.

    A link to a file or folder inside the folder is followed. Raises PackagingError, with every reason, for a link
    that leads out of the folder or to nothing, for one to a folder around it, for pipes, sockets and devices, for
    a name that is not UTF-8, and for a file that cannot be read.
    """
    root = folder.resolve()
    found: list[Path] = []
    problems: list[str] = []
    pending: list[tuple[Path, tuple[Path, ...]]] = [(folder, (root,))]
    while pending:
        current, above = pending.pop()
        try:
            paths = sorted(current.iterdir())
        except OSError as error:
            problems.append(f"{current.relative_to(folder)} cannot be read ({error.strerror}): allow reading it")
            continue
        for path in paths:
            if passes_over(path):
                continue
            reasons = list(_reasons_against(path, above))
            if reasons:
                problems += [f"{str(path.relative_to(folder))!r} {reason}" for reason in reasons]
            elif path.is_dir():
                pending.append((path, (*above, path.resolve())))
            else:
                found.append(path.relative_to(folder))
    if problems:
        raise PackagingError.of_problems(folder, sorted(problems), verdict="cannot be packed")
    return sorted(found)


def read_file(path: Path) -> bytes:
    """Return a file's content, or raise PackagingError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackagingError(f"cannot read {path}: {error.strerror}") from error


def _reasons_against(path: Path, above: tuple[Path, ...]) -> Iterator[str]:
    root = above[0]
    try:
        path.name.encode()
    except UnicodeEncodeError:
        yield "has a name that is not UTF-8: rename it"
        return
    try:
        target = path.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError):  # a loop is a RuntimeError before Python 3.13
        yield (
            f"cannot be followed to a file, it is a link to {path.readlink()}: remove it"
            if path.is_symlink()
            else ("cannot be read: allow reading it")
        )
        return
    if not target.is_relative_to(root):
        yield f"is a link out of the folder, to {target}: copy the files that the job needs into the folder"
    elif target in above:
        yield "is a link to a folder around it, so following it would never end: remove it"
    yield from (f"is {kind}, not a file: remove it" for is_kind, kind in _SPECIAL_FILES if is_kind(mode))
