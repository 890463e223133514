"""Savepoints on disk, the data of snapshots."""

from __future__ import annotations

import contextlib
import shutil
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.records import SnapshotRecord

__all__ = ("path_of_savepoint", "remove_savepoint")


def path_of_savepoint(snapshot: SnapshotRecord) -> Path | None:
    """Return where the data of a snapshot is, None if it has none."""
    parts = urllib.parse.urlsplit(snapshot.location)
    return Path(urllib.request.url2pathname(parts.path)) if parts.path else None


def remove_savepoint(snapshot: SnapshotRecord) -> None:
    """Remove the data of a snapshot, if it is there."""
    path = path_of_savepoint(snapshot)
    if path is None:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    # Flink names a savepoint itself, inside of the folder that it is given.
    with contextlib.suppress(OSError):
        path.parent.rmdir()
