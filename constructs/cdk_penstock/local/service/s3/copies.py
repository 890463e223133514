"""Copies of objects within the object store."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.request_head import unquoted
from cdk_penstock.local.service.s3.answers import check_match
from cdk_penstock.local.service.s3.s3_call import COPY_SOURCE, COPY_SOURCE_MATCH, COPY_SOURCE_RANGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.object_store import ObjectStore, StoredObject
    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.local.service.s3.s3_request import S3Request


_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{1,18})", re.ASCII)
_DIRECTIVE: Final = "x-amz-metadata-directive"


def open_source(store: ObjectStore, head: RequestHead) -> tuple[StoredObject, IO[bytes]]:
    """Return the object that a request copies, and its open file.

    Raises
    ------
    ObjectStoreError
        There is none, or it is not the one that the request expects.
    """
    stored, file = store.open(*copy_source(head))
    try:
        check_match(stored, head.header(COPY_SOURCE_MATCH))
    except ObjectStoreError:
        file.close()
        raise
    return stored, file


def copy_source(head: RequestHead) -> tuple[str, str]:
    """Return bucket and key of the object that a request copies."""
    text, version, _ = (head.header(COPY_SOURCE) or "").partition("?")
    if version:
        raise ObjectStoreError(
            ObjectErrorCode.NOT_IMPLEMENTED, "a version in x-amz-copy-source is not implemented by this object store"
        )
    bucket, _, key = unquoted(text.removeprefix("/")).partition("/")
    return bucket, key


def copied_headers(request: S3Request, stored: StoredObject) -> Mapping[str, str]:
    """Return the headers of the copy of an object: the same, or those of the request if it wants to replace them.

    Raises
    ------
    ObjectStoreError
        The request wants something else, or the copy would change nothing.
    """
    directive = request.head.header(_DIRECTIVE) or "COPY"
    if directive == "REPLACE":
        return request.kept_headers
    if directive != "COPY":
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_ARGUMENT, f"expected COPY or REPLACE in {_DIRECTIVE}, got {directive!a}"
        )
    if copy_source(request.head) == (request.call.bucket, request.call.key):
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_REQUEST, f"a copy of an object to itself needs {_DIRECTIVE}: REPLACE"
        )
    return stored.headers


def copied_range(head: RequestHead, size: int) -> tuple[int, int]:
    """Return the first byte that a part copies from an object of this size, and how many.

    Raises
    ------
    ObjectStoreError
        The object does not have them all.
    """
    wanted = head.header(COPY_SOURCE_RANGE)
    if wanted is None:
        return 0, size
    match = _RANGE.fullmatch(wanted)
    if match is None or not int(match[1]) <= int(match[2]) < size:
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_ARGUMENT,
            f"expected bytes=FIRST-LAST in {COPY_SOURCE_RANGE}, within {size} bytes; got {wanted!a}",
        )
    return int(match[1]), int(match[2]) - int(match[1]) + 1
