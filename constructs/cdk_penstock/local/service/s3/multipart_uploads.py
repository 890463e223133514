"""Uploads in parts, each a folder beside the buckets until it is an object."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from cdk_penstock.local.service.key_paths import check_key
from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cdk_penstock.local.service.object_store import ObjectStore


_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PART: Final = re.compile(r"[0-9]{5}", re.ASCII)
_ENDED: Final = "ended-"
_ABOUT: Final = "about.json"
_LEAST_BYTES: Final = 5 << 20
_LIFETIME_SECONDS: Final = 24 * 3600.0
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class UploadId:
    """The id of an upload, with the bucket and the key of its object."""

    bucket: str
    key: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part: its number, its size, the MD5 of its content, and the time of its upload."""

    number: int
    size_bytes: int
    etag: str
    modified: datetime


class MultipartUploads:
    """Uploads in parts. Any thread may use it. An upload that is a day old at the start is removed.

    Parameters
    ----------
    store
        The objects.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store: Final = store
        self._folder: Final = store.multipart_folder
        # Of two calls that end an upload, the second finds none.
        self._ending: Final = threading.Lock()
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder.name.startswith(_ENDED) or time.time() - folder.stat().st_mtime > _LIFETIME_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def create(self, bucket: str, key: str, headers: Mapping[str, str]) -> UploadId:
        """Begin an upload of an object that will have these headers.

        Raises
        ------
        ObjectStoreError
            There is no such bucket, or an object cannot have this key.
        """
        self._store.check_bucket(bucket)
        check_key(key)
        upload = UploadId(bucket=bucket, key=key, value=secrets.token_hex(16))
        folder = self._folder / upload.value
        folder.mkdir(parents=True)
        about = {"bucket": bucket, "key": key, "headers": dict(headers)}
        (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        return upload

    @contextmanager
    def part(self, upload: UploadId, number: int) -> Iterator[IO[bytes]]:
        """Give a file to write a part to, which is there when the block ends without an error.

        Raises
        ------
        ObjectStoreError
            There is no such upload, or it has ended meanwhile.
        """
        folder, _ = self._find(upload)
        try:
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                try:
                    yield file
                    file.close()
                    Path(file.name).replace(folder / f"{number:05}")
                finally:
                    Path(file.name).unlink(missing_ok=True)
        except FileNotFoundError as error:
            raise _no_such_upload(upload) from error

    def parts(self, upload: UploadId) -> list[Part]:
        """Return the parts of an upload, in the order of their numbers.

        Raises
        ------
        ObjectStoreError
            There is no such upload, or it ends meanwhile.
        """
        folder, _ = self._find(upload)
        try:
            return [_described(path) for path in sorted(folder.iterdir()) if _PART.fullmatch(path.name)]
        except FileNotFoundError as error:
            raise _no_such_upload(upload) from error

    def complete(self, upload: UploadId, wanted: Sequence[tuple[int, str]], check: Callable[[IO[bytes]], None]) -> str:
        """Make the object of some parts, end the upload, and return the object's ETag.

        Parameters
        ----------
        upload
            The upload.
        wanted
            Number and ETag of each part of the object, in order.
        check
            Raises ObjectStoreError if the content is another than expected.

        Raises
        ------
        ObjectStoreError
            There is no such upload, or a part is not there, or too small, or has another ETag. The upload goes on.
        """
        with self._ending:
            folder, headers = self._find(upload)
            md5s = hashlib.md5(usedforsecurity=False)
            with self._store.upload(upload.bucket, upload.key, headers) as target:
                for number, etag in wanted:
                    size, md5 = _append(folder / f"{number:05}", target)
                    if md5.hex() != etag:
                        raise _invalid_part(number)
                    if size < _LEAST_BYTES and number != wanted[-1][0]:
                        raise ObjectStoreError(
                            ObjectErrorCode.ENTITY_TOO_SMALL,
                            f"part {number} has {size} bytes: all but the last must have at least {_LEAST_BYTES}",
                        )
                    md5s.update(md5)
                check(target)
                headers["etag"] = f"{md5s.hexdigest()}-{len(wanted)}"
            self._remove(folder)
        return headers["etag"]

    def abort(self, upload: UploadId) -> None:
        """Remove an upload and its parts.

        Raises
        ------
        ObjectStoreError
            There is no such upload.
        """
        with self._ending:
            folder, _ = self._find(upload)
            self._remove(folder)

    def _find(self, upload: UploadId) -> tuple[Path, dict[str, str]]:
        """Return the folder of an upload, and the headers of its object."""
        self._store.check_bucket(upload.bucket)
        if not _ID.fullmatch(upload.value):
            raise _no_such_upload(upload)
        folder = self._folder / upload.value
        try:
            about = json.loads((folder / _ABOUT).read_bytes())
        except FileNotFoundError as error:
            raise _no_such_upload(upload) from error
        if (about["bucket"], about["key"]) != (upload.bucket, upload.key):
            raise _no_such_upload(upload)
        return folder, about["headers"]

    def _remove(self, folder: Path) -> None:
        # No part can come into a folder that has another name.
        ended = folder.rename(self._folder / f"{_ENDED}{folder.name}")
        shutil.rmtree(ended, ignore_errors=True)


def _append(path: Path, target: IO[bytes]) -> tuple[int, bytes]:
    """Write a part behind those before it, and return its size and its MD5."""
    md5 = hashlib.md5(usedforsecurity=False)
    size = 0
    try:
        with path.open("rb") as source:
            while block := source.read(_BLOCK):
                size += target.write(block)
                md5.update(block)
    except FileNotFoundError as error:
        raise _invalid_part(int(path.name)) from error
    return size, md5.digest()


def _described(path: Path) -> Part:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        etag = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return Part(number=int(path.name), size_bytes=status.st_size, etag=etag, modified=modified)


def _invalid_part(number: int) -> ObjectStoreError:
    return ObjectStoreError(
        ObjectErrorCode.INVALID_PART, f"part {number} was not uploaded, or its ETag is another one: upload it again"
    )


def _no_such_upload(upload: UploadId) -> ObjectStoreError:
    return ObjectStoreError(
        ObjectErrorCode.NO_SUCH_UPLOAD,
        f"there is no upload {upload.value!a} of {upload.key!a}: it was completed or aborted, or never created",
    )
