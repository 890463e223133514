"""Savepoints on disk, the data of snapshots: each is a folder, in the folder that Flink was given for it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.records import SnapshotRecord


def path_of_savepoint(snapshot: SnapshotRecord) -> Path | None:
    """Return where the data of a snapshot is, None if it has none."""
    return Path(snapshot.location) if snapshot.location else None


def remove_savepoint(snapshot: SnapshotRecord) -> None:
    """Remove the data of a snapshot, if it is there."""
    path = path_of_savepoint(snapshot)
    if path is None:
        return
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()
