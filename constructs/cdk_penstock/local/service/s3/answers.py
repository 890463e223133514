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


def xml_answer(root: str, *children: str) -> Response:
    """Return the answer with a document of S3."""
    return Response(document(element(root, *children, namespace=_NAMESPACE)), media_type=_XML)


def etag_element(etag: str) -> str:
    """Return the element with an ETag."""
    return text_element("ETag", f'"{etag}"')


def time_element(name: str, time: datetime) -> str:
    """Return an element with a time."""
    return text_element(name, f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z")


def object_headers(stored: StoredObject) -> dict[str, str]:
    """Return the headers that describe an object."""
    return {
        "accept-ranges": "bytes",
        "content-type": "binary/octet-stream",
        "etag": f'"{stored.etag}"',
        "last-modified": f"{stored.modified:%a, %d %b %Y %H:%M:%S} GMT",
        **stored.headers,
    }


def check_match(stored: StoredObject, wanted: str | None) -> None:
    """Raise ObjectStoreError if the header If-Match, None if there is none, names other ETags than the object's.

    Clients send it with the ranges of a download, so that all come from one content.
    """
    etags = {etag.strip().strip('"') for etag in ("*" if wanted is None else wanted).split(",")}
    if not etags & {"*", stored.etag}:
        raise ObjectStoreError(
            ObjectErrorCode.PRECONDITION_FAILED, f"the object's ETag is {stored.etag!a}, but If-Match is {wanted!a}"
        )


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
    return StreamingResponse(blocks(file, first, last - first + 1), status_code=status, headers=headers)


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


def blocks(file: IO[bytes], first: int, length: int) -> Iterator[bytes]:
    """Yield a range of a file, which is closed then."""
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
            time_element("LastModified", each.modified),
            etag_element(each.etag),
            text_element("Size", each.size_bytes),
            text_element("StorageClass", "STANDARD"),
        )
        for each in objects
    ]
    prefixes = [element("CommonPrefixes", text_element("Prefix", shown(each))) for each in page.common_prefixes]
    head = [text_element(name, value) for name, value in fields.items() if value != "" or name == "Prefix"]
    return xml_answer("ListBucketResult", *head, *contents, *prefixes)
