"""Answers of S3: XML, and the bytes of objects."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.xml_elements import document, element, text_element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cdk_penstock.local.service.object_store import StoredObject
    from cdk_penstock.local.service.s3.listing import Page


_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_XML: Final = "application/xml"
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_BLOCK: Final = 1 << 16


def error_answer(code: ObjectErrorCode, message: str, *, resource: str, request_id: str) -> Response:
    """Return the answer of a refused call."""
    children = {"Code": code.code, "Message": message, "Resource": resource, "RequestId": request_id}
    body = document(element("Error", *(text_element(name, value) for name, value in children.items())))
    return Response(body, status_code=code.status, media_type=_XML)


def object_headers(stored: StoredObject) -> dict[str, str]:
    """Return the headers that describe an object."""
    return {
        "accept-ranges": "bytes",
        "content-type": "binary/octet-stream",
        "etag": f'"{stored.etag}"',
        "last-modified": f"{stored.modified:%a, %d %b %Y %H:%M:%S} GMT",
    }


def object_answer(stored: StoredObject, file: IO[bytes], wanted: str | None) -> Response:
    """Return the answer with the bytes of an object, or with the range of them that is wanted; it closes the file.

    Raises
    ------
    ObjectStoreError
        The object has no byte of the range.
    """
    first, last = _range(wanted, stored.size_bytes)
    headers = {**object_headers(stored), "content-length": str(last - first + 1)}
    status = HTTPStatus.OK
    if wanted is not None and _RANGE.fullmatch(wanted):
        status = HTTPStatus.PARTIAL_CONTENT
        headers["content-range"] = f"bytes {first}-{last}/{stored.size_bytes}"
    return StreamingResponse(_blocks(file, first, last - first + 1), status_code=status, headers=headers)


def _range(wanted: str | None, size: int) -> tuple[int, int]:
    """Return the first and the last byte; a range that is not understood is ignored, as HTTP says."""
    match = _RANGE.fullmatch(wanted or "")
    if match is None or not (match[1] or match[2]):
        return 0, size - 1
    if match[1]:
        first, last = int(match[1]), int(match[2] or size)
    else:
        first, last = max(size - int(match[2]), 0), size
    if first >= size or first > last:
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_RANGE, f"the object has {size} bytes, none of them in {wanted!a}"
        )
    return first, min(last, size - 1)


def _blocks(file: IO[bytes], first: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = length
        while left and (block := file.read(min(left, _BLOCK))):
            left -= len(block)
            yield block


def listing_answer(bucket: str, parameters: Mapping[str, str], page: Page, objects: Sequence[StoredObject]) -> Response:
    """Return the answer with a page of a listing."""
    encoding = parameters.get("encoding-type")

    def shown(key: str) -> str:
        return quote(key.encode("utf-8", "surrogateescape"), safe="/") if encoding == "url" else key

    fields = {
        "Name": bucket,
        "Prefix": shown(parameters.get("prefix", "")),
        "KeyCount": len(page.keys) + len(page.common_prefixes),
        "MaxKeys": page.most,
        "IsTruncated": str(bool(page.next_token)).lower(),
        "NextContinuationToken": page.next_token,
        "ContinuationToken": parameters.get("continuation-token", ""),
        "Delimiter": shown(parameters.get("delimiter", "")),
        "EncodingType": encoding or "",
        "StartAfter": shown(parameters.get("start-after", "")),
    }
    contents = [
        element(
            "Contents",
            text_element("Key", shown(each.key)),
            text_element("LastModified", _iso(each.modified)),
            text_element("ETag", f'"{each.etag}"'),
            text_element("Size", each.size_bytes),
            text_element("StorageClass", "STANDARD"),
        )
        for each in objects
    ]
    prefixes = [element("CommonPrefixes", text_element("Prefix", shown(each))) for each in page.common_prefixes]
    head = [text_element(name, value) for name, value in fields.items() if value != "" or name == "Prefix"]
    body = document(element("ListBucketResult", *head, *contents, *prefixes, namespace=_NAMESPACE))
    return Response(body, media_type=_XML)


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
