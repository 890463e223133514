"""Headers that an object keeps from its upload."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable


METADATA_PREFIX: Final = "x-amz-meta-"
_KEPT: Final = frozenset(
    {"cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"}
)
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)
_MOST_METADATA_BYTES: Final = 2048


def kept_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return those of an upload's headers that its object keeps, by their names in lowercase.

    Raises
    ------
    ObjectStoreError
        They are more than S3 keeps, or not in ASCII.
    """
    found: dict[str, list[str]] = {}
    for name, value in headers:
        if name in _KEPT or name.startswith(METADATA_PREFIX):
            found.setdefault(name, []).append(value)
    kept = {name: ",".join(values) for name, values in found.items()}
    # The form of the body is no property of the object.
    encodings = [each.strip() for each in kept.pop("content-encoding", "").split(",")]
    if encoding := ",".join(each for each in encodings if each not in {"", "aws-chunked"}):
        kept["content-encoding"] = encoding
    for name, value in kept.items():
        if not _PRINTABLE.fullmatch(value):
            raise ObjectStoreError(
                ObjectErrorCode.INVALID_ARGUMENT, f"expected printable ASCII in the header {name}, got {value!a}"
            )
    size = sum(
        len(name) - len(METADATA_PREFIX) + len(value)
        for name, value in kept.items()
        if name.startswith(METADATA_PREFIX)
    )
    if size > _MOST_METADATA_BYTES:
        raise ObjectStoreError(
            ObjectErrorCode.METADATA_TOO_LARGE,
            f"the metadata of an object may have {_MOST_METADATA_BYTES} bytes, names and values together; got {size}",
        )
    return kept
