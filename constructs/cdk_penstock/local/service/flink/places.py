"""Folders and files of one application."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


METADATA_FILE = "_metadata"


@dataclass(frozen=True)
class ApplicationPlaces:
    """Folders and files of one application; savepoints and checkpoints outlive the cluster and its folder."""

    folder: Path

    @property
    def cluster(self) -> Path:
        """The folder of the cluster."""
        return self.folder / "cluster"

    @property
    def code(self) -> Path:
        """The folder of the unpacked code of the present version."""
        return self.folder / "code"

    @property
    def properties(self) -> Path:
        """The file of the property groups."""
        return self.folder / "application_properties.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints, one folder in it for each job."""
        return self.folder / "checkpoints"

    @property
    def savepoints(self) -> Path:
        """The folder of the savepoints, one folder in it for each snapshot."""
        return self.folder / "savepoints"

    def newest_checkpoint(self) -> Path | None:
        """Return the newest complete checkpoint of any job of the application, None if there is none."""
        complete = self.checkpoints.glob(f"*/chk-*/{METADATA_FILE}")
        newest = max(complete, key=lambda file: file.stat().st_mtime_ns, default=None)
        return None if newest is None else newest.parent

    def delete_checkpoints(self, *, keep: Path | None = None) -> None:
        """Delete the checkpoints of all jobs but the one that has a checkpoint to keep."""
        for job in self.checkpoints.glob("*"):
            if keep is None or keep.parent != job:
                shutil.rmtree(job, ignore_errors=True)

    def delete_all_but_savepoints(self) -> None:
        """Delete what no snapshot needs, and the folder itself if there is no snapshot."""
        for place in (self.cluster, self.code, self.checkpoints):
            shutil.rmtree(place, ignore_errors=True)
        self.properties.unlink(missing_ok=True)
        for place in (self.savepoints, self.folder):
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
