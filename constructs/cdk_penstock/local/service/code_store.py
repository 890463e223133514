"""The copies that the service keeps of the code of each version."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.code_location import CodeCopy, code_unavailable
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.code_location import CodeLocation


_MAXIMUM_BYTES: Final = 512 * 1024 * 1024


class CodeObjects(Protocol):
    """The objects in S3 that applications may have as their code."""

    def read(self, bucket: str, key: str) -> Path:
        """Return the file of an object; raise PenstockError if there is none."""


class CodeStore:
    """Copies of code, by their content: versions with the same code share one.

    Parameters
    ----------
    folder
        Where the copies are.
    objects
        Where code comes from.
    """

    def __init__(self, folder: Path, objects: CodeObjects) -> None:
        self._folder = folder
        self._objects = objects

    def copy(self, location: CodeLocation) -> CodeCopy:
        """Return a copy of the code, which stays as it is whatever becomes of the object.

        Raises
        ------
        RefusedCallError
            There is no such object, or it is larger than MSF's limit of 512 MiB.
        """
        content = location.content if location.content is not None else self._read(location)
        if len(content) > _MAXIMUM_BYTES:
            raise RefusedCallError(
                RefusalCode.INVALID_ARGUMENT, f"The code must be at most {_MAXIMUM_BYTES} bytes, it has {len(content)}"
            )
        suffix = ".jar" if location.key.lower().endswith(".jar") else ".zip"
        path = self._folder / f"{hashlib.sha256(content).hexdigest()}{suffix}"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return CodeCopy(path=str(path.absolute()), size_bytes=len(content), md5=md5)

    def _read(self, location: CodeLocation) -> bytes:
        bucket = location.bucket
        try:
            return self._objects.read(bucket, location.key).read_bytes()
        except (OSError, PenstockError) as error:
            raise code_unavailable(location) from error
