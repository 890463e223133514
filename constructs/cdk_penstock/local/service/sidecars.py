"""Headers of objects, kept in files beside the buckets: a file of an object holds nothing but its content."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path


class Sidecars:
    """The headers of objects that have any. Its user holds a lock.

    They belong to the file of an object as it was uploaded: when something else has changed the file, they are gone.

    Parameters
    ----------
    folder
        Where they are; it is made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def read(self, bucket: str, key: str, status: os.stat_result) -> dict[str, str]:
        """Return the headers of an object, whose file has this status now."""
        try:
            document = json.loads(self._file(bucket, key).read_bytes())
        except FileNotFoundError:
            return {}
        return dict(document["headers"]) if document["of"] == _identity(status) else {}

    def write(self, bucket: str, key: str, status: os.stat_result, headers: Mapping[str, str]) -> None:
        """Keep the headers of an object, in place of those that it had."""
        if not headers:
            self.remove(bucket, key)
            return
        file = self._file(bucket, key)
        self._folder.mkdir(exist_ok=True, parents=True)
        # Never half a file, should the process be killed.
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps({"of": _identity(status), "headers": dict(headers)}), encoding="utf-8")
        draft.replace(file)

    def remove(self, bucket: str, key: str) -> None:
        """Forget the headers of an object."""
        self._file(bucket, key).unlink(missing_ok=True)

    def _file(self, bucket: str, key: str) -> Path:
        # A key may be longer than the name of a file, and one key the beginning of another.
        return self._folder / f"{hashlib.sha256(f'{bucket}/{key}'.encode()).hexdigest()}.json"


def _identity(status: os.stat_result) -> list[int]:
    """Return what changes with a file, but not when the folder is copied with its times."""
    return [status.st_size, status.st_mtime_ns]
