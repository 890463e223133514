"""Folders of downloads that are kept between runs, and appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def default_cache() -> Path:
    """Return the user's cache folder for penstock."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(root) if root else Path.home() / ".cache") / "penstock"


def cached_folder(cache: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Return a folder of the cache, which ``fill`` fills once; change its name when the content should change.

    The folder is filled under another name and then renamed, so that an interrupted run leaves nothing that looks done,
    and two runs at the same time do not disturb each other.
    """
    folder = cache / name
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
    try:
        fill(draft)
        draft.chmod(0o755)
        with contextlib.suppress(OSError):  # another run was faster, and its folder is as good
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
