"""Buckets as folders, for the code of applications: an object is a file, its key the path below the folder."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from cdk_penstock.local.service.key_paths import UPLOAD_PREFIX, check_key
from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.sidecars import Sidecars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader


_BUCKET: Final = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_SETTLED_SECONDS: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object: its key, its file, its size, its ETag, the time of its last change, and the headers of its upload.

    The ETag is the MD5 of the content; after an upload in parts, the MD5 of their MD5s, and their number.
    """

    key: str
    path: Path
    size_bytes: int
    etag: str
    modified: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


class ObjectStore:
    """Objects in folders. It may be used from any thread.

    Parameters
    ----------
    root
        The folder of the buckets; it is made when it is needed.
    folders
        Folders elsewhere that are buckets, by the name of the bucket.

    Attributes
    ----------
    multipart_folder
        The folder for parts of objects; no bucket can have its name.
    """

    def __init__(self, root: Path, *, folders: Mapping[str, Path] | None = None) -> None:
        self._root: Final = root
        self._folders: Final = dict(folders or {})
        self.multipart_folder: Final = root / ".multipart"
        self._sidecars: Final = Sidecars(root / ".headers")
        # A folder is removed with its last object, which must not happen while another object is put into it.
        self._moving: Final = threading.Lock()
        self._etags: dict[Path, tuple[tuple[int, ...], str]] = {}

    def create_bucket(self, bucket: str) -> None:
        """Make a bucket.

        Raises
        ------
        ObjectStoreError
            It exists, or cannot have this name.
        """
        if not _BUCKET.fullmatch(bucket):
            raise ObjectStoreError(
                ObjectErrorCode.INVALID_BUCKET_NAME,
                f"expected a bucket's name, 3 to 63 lowercase letters, digits, dots and hyphens, got {bucket!a}",
            )
        self._root.mkdir(parents=True, exist_ok=True)
        try:
            self._place(bucket).mkdir()
        except FileExistsError as error:
            raise ObjectStoreError(ObjectErrorCode.BUCKET_EXISTS, f"the bucket {bucket} exists already") from error

    def delete_bucket(self, bucket: str) -> None:
        """Delete a bucket.

        Raises
        ------
        ObjectStoreError
            There is no such bucket, or it has objects.
        """
        folder = self._folder(bucket)
        try:
            folder.rmdir()
        except OSError as error:
            raise ObjectStoreError(
                ObjectErrorCode.BUCKET_NOT_EMPTY, f"the bucket {bucket} you tried to delete is not empty"
            ) from error

    def buckets(self) -> dict[str, datetime]:
        """Return the names of all buckets, in order, each with the time of its last change."""
        names = {*self._folders, *(path.name for path in (self._root.iterdir() if self._root.is_dir() else ()))}
        found = [(name, self._place(name)) for name in sorted(names) if self._is_bucket(name)]
        return {name: datetime.fromtimestamp(place.stat().st_mtime, UTC) for name, place in found}

    def check_bucket(self, bucket: str) -> None:
        """Raise ObjectStoreError if there is no such bucket."""
        self._folder(bucket)

    def read(self, bucket: str, key: str) -> Path:
        """Return the file of an object.

        Raises
        ------
        ObjectStoreError
            There is no such bucket or key.
        """
        path = self._path(bucket, key)
        if not path.is_file():
            raise _no_such_key(key)
        return path

    def open(self, bucket: str, key: str) -> tuple[StoredObject, BufferedReader]:
        """Return an object and its open file, at any place, which keeps its content when the object is replaced.

        Raises
        ------
        ObjectStoreError
            There is no such bucket or key.
        """
        path = self.read(bucket, key)
        with self._moving:
            try:
                file = path.open("rb")
            except FileNotFoundError as error:
                raise _no_such_key(key) from error
            status = os.fstat(file.fileno())
            headers = self._sidecars.read(bucket, key, status)
        etag = headers.pop("etag", None) or self._etag(path, file, status)
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        size = status.st_size
        return StoredObject(key=key, path=path, size_bytes=size, etag=etag, modified=modified, headers=headers), file

    def describe(self, bucket: str, key: str) -> StoredObject:
        """Return an object.

        Raises
        ------
        ObjectStoreError
            There is no such bucket or key.
        """
        stored, file = self.open(bucket, key)
        file.close()
        return stored

    @contextmanager
    def upload(
        self, bucket: str, key: str, headers: Mapping[str, str] | None = None, *, replaces: bool = True
    ) -> Iterator[IO[bytes]]:
        """Give a file to write an object to, which becomes the object when the block ends without an error.

        Parameters
        ----------
        bucket, key
            Where the object will be.
        headers
            Headers that the object keeps, by their names in lowercase, as they are at the end of the block; with an
            ``etag``, that is the object's instead of the MD5 of its content.
        replaces
            False to leave an object that is there as it is.

        Raises
        ------
        ObjectStoreError
            There is no such bucket, or an object cannot have this key, or one is there that is not to be replaced.
        """
        path = self._path(bucket, key)
        descriptor, name = tempfile.mkstemp(prefix=UPLOAD_PREFIX, dir=self._folder(bucket))
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
            with self._moving:
                if not replaces and path.is_file():
                    raise ObjectStoreError(
                        ObjectErrorCode.PRECONDITION_FAILED, f"there is an object with the key {key!a} already"
                    )
                path.parent.mkdir(parents=True, exist_ok=True)
                Path(name).replace(path)
                self._sidecars.write(bucket, key, path.stat(), headers or {})
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectStoreError(
                ObjectErrorCode.INVALID_ARGUMENT,
                f"{key!a} is the beginning of another object's key, or the reverse, which files cannot have",
            ) from error
        finally:
            Path(name).unlink(missing_ok=True)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object, if it exists.

        Raises
        ------
        ObjectStoreError
            There is no such bucket.
        """
        path = self._path(bucket, key)
        folder = self._folder(bucket)
        with self._moving:
            if path.is_file():
                path.unlink()
                self._sidecars.remove(bucket, key)
                with suppress(OSError):  # the first folder that is not empty
                    for parent in path.parents[: len(path.relative_to(folder).parts) - 1]:
                        parent.rmdir()

    def keys(self, bucket: str, *, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix, in the order of their bytes.

        Raises
        ------
        ObjectStoreError
            There is no such bucket.
        """
        folder = self._folder(bucket)
        found = []
        for parent, _, names in os.walk(folder):
            for name in names:
                key = (Path(parent) / name).relative_to(folder).as_posix()
                with suppress(ObjectStoreError):  # an upload, or a name that no key has
                    check_key(key)
                    if key.startswith(prefix):
                        found.append(key)
        return sorted(found, key=str.encode)

    def _place(self, bucket: str) -> Path:
        return self._folders.get(bucket) or self._root / bucket

    def _is_bucket(self, bucket: str) -> bool:
        return bool(bucket in self._folders or _BUCKET.fullmatch(bucket)) and self._place(bucket).is_dir()

    def _folder(self, bucket: str) -> Path:
        if not self._is_bucket(bucket):
            raise ObjectStoreError(ObjectErrorCode.NO_SUCH_BUCKET, f"there is no bucket {bucket!a}")
        return self._place(bucket)

    def _path(self, bucket: str, key: str) -> Path:
        folder = self._folder(bucket)
        check_key(key)
        path = folder / key
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ObjectStoreError(
                ObjectErrorCode.INVALID_ARGUMENT, f"{key!a} leads out of the bucket, over a symbolic link"
            )
        return path

    def _etag(self, path: Path, file: BufferedReader, status: os.stat_result) -> str:
        seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        known, etag = self._etags.get(path, ((), ""))
        if known == seen:
            return etag
        etag = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        # A file that has just changed may change again without another time, size and number.
        if time.time() - status.st_mtime > _SETTLED_SECONDS:
            self._etags[path] = (seen, etag)
        return etag


def _no_such_key(key: str) -> ObjectStoreError:
    return ObjectStoreError(ObjectErrorCode.NO_SUCH_KEY, f"there is no object with the key {key!a}")
