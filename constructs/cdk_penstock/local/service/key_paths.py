"""Keys of objects, as the paths of files."""

from __future__ import annotations

import re
from typing import Final

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

UPLOAD_PREFIX: Final = ".penstock-upload-"
"""The beginning of the name of a file that is not an object yet."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_KEY: Final = 1024
_LONGEST_NAME: Final = 255


def check_key(key: str) -> None:
    """Check that a key is the path of a file below a folder.

    S3 takes more: keys that begin or end with a slash, that have two in a row, and control characters.

    Raises
    ------
    ObjectStoreError
        It is not: it would lead out of the folder, or no file can have this name.
    """
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        raise ObjectStoreError(ObjectErrorCode.INVALID_ARGUMENT, f"expected a key in UTF-8, got {key!a}") from error
    names = key.split("/")
    if length > _LONGEST_KEY or any(len(name.encode()) > _LONGEST_NAME for name in names):
        raise ObjectStoreError(
            ObjectErrorCode.KEY_TOO_LONG,
            f"a key may have {_LONGEST_KEY} bytes, {_LONGEST_NAME} between two slashes; got {length} bytes",
        )
    if _CONTROL.search(key) or any(name in {"", ".", ".."} or name.startswith(UPLOAD_PREFIX) for name in names):
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_ARGUMENT,
            f"expected a key that is the path of a file, such as jobs/job.zip, got {key!a}",
        )
