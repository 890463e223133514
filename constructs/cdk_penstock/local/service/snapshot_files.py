"""The files of enhanced snapshots: imports from S3, and exports to it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


_METADATA: Final = "_metadata"
"""The file that makes a folder a savepoint of Flink."""


class SnapshotObjects(Protocol):
    """The objects in S3 that savepoints are copied from and to; its methods raise PenstockError."""

    def keys(self, bucket: str, *, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix."""

    def read(self, bucket: str, key: str) -> Path:
        """Return the file of an object."""

    def upload(self, bucket: str, key: str) -> AbstractContextManager[IO[bytes]]:
        """Give a file to write an object to."""


class SnapshotFiles:
    """Copies of savepoints between S3 and a folder. A copy that is repeated after an interruption does no harm.

    Parameters
    ----------
    folder
        Where imported savepoints are.
    objects
        The objects of S3.
    """

    def __init__(self, folder: Path, objects: SnapshotObjects) -> None:
        self._folder = folder
        self._objects = objects

    def fetch(self, bucket: str, prefix: str, *, name: str) -> tuple[Path, int]:
        """Copy a savepoint from S3, and return its folder with its size in bytes.

        Parameters
        ----------
        bucket, prefix
            Where it is; the prefix ends with a slash.
        name
            The name of the folder.

        Raises
        ------
        PenstockError
            There is no such bucket, or no savepoint below the prefix.
        OSError
            A file cannot be copied.
        """
        keys = self._objects.keys(bucket, prefix=prefix)
        if f"{prefix}{_METADATA}" not in keys:
            raise PenstockError(
                f"s3://{bucket}/{prefix} is not a savepoint: expected an object {_METADATA} below the prefix"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._folder.absolute() / name
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="import-") as temporary:
            copied = Path(temporary) / name
            for key in keys:
                target = copied / key.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._objects.read(bucket, key), target)
            shutil.rmtree(place, ignore_errors=True)
            copied.rename(place)
        return place, sum(file.stat().st_size for file in place.rglob("*") if file.is_file())

    def export(self, savepoint: Path | None, bucket: str, prefix: str) -> None:
        """Copy a savepoint to S3: what is there without ``_metadata`` is not complete.

        Raises
        ------
        PenstockError
            There is no such bucket, or the savepoint is not there.
        OSError
            A file cannot be copied.
        """
        if savepoint is None or not (savepoint / _METADATA).is_file():
            raise PenstockError(f"the data of the snapshot is not there: expected {_METADATA} in {savepoint}")
        files = sorted(file for file in savepoint.rglob("*") if file.is_file())
        for file in sorted(files, key=lambda each: each == savepoint / _METADATA):
            key = f"{prefix}{file.relative_to(savepoint).as_posix()}"
            with self._objects.upload(bucket, key) as target, file.open("rb") as source:
                shutil.copyfileobj(source, target)
