"""The parts that CompleteMultipartUpload names."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final
from xml.etree import ElementTree as ET

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

MOST_PARTS: Final = 10_000
_ROOT: Final = re.compile(r"(\{.*\})?CompleteMultipartUpload")
_NUMBER: Final = re.compile(r"[0-9]{1,5}", re.ASCII)


def wanted_parts(body: bytes) -> list[tuple[int, str]]:
    """Return number and ETag of each part, in order.

    Raises
    ------
    ObjectStoreError
        The body is not the XML that S3 expects, or the parts are not in order.
    """
    parts = [_part(each) for each in _document(body).iterfind("{*}Part")]
    if not parts:
        raise _malformed("it has no Part")
    if any(one[0] >= other[0] for one, other in pairwise(parts)):
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_PART_ORDER, "the parts must be in ascending order of their numbers, each once"
        )
    return parts


def _document(body: bytes) -> ET.Element:
    try:
        text = body.decode()
        # S3's API has no document type, with which a small document may declare itself huge.
        if "<!DOCTYPE" in text:
            raise _malformed("it has a document type")
        root = ET.fromstring(text)  # noqa: S314 - see above
    except (ET.ParseError, ValueError) as error:
        raise _malformed(str(error)) from error
    if not _ROOT.fullmatch(root.tag):
        raise _malformed(f"its root is {root.tag!a}")
    return root


def _part(element: ET.Element) -> tuple[int, str]:
    number, etag = ((element.findtext(f"{{*}}{name}") or "").strip() for name in ("PartNumber", "ETag"))
    if not etag or not _NUMBER.fullmatch(number) or not 1 <= int(number) <= MOST_PARTS:
        raise _malformed(f"a Part has the number {number!a} and the ETag {etag!a}")
    return int(number), etag.strip('"')


def _malformed(problem: str) -> ObjectStoreError:
    return ObjectStoreError(
        ObjectErrorCode.MALFORMED_XML,
        "expected a CompleteMultipartUpload with a Part for each part, PartNumber and ETag in it: " + problem,
    )
