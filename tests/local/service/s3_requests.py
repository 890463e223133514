"""Requests to S3, and how they are refused."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from tests.local.service.raw_http import Answer, Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.local.service.serving import Served


def error(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refused call."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def put_raw(served: Served, bucket: str, headers: Mapping[str, str], body: bytes, key: str = "k") -> Answer:
    """Put an object; x-amz-content-sha256 may say anything."""
    request = Raw("PUT", f"{served.url}/{bucket}/{key}", dict(headers), body)
    announced = headers.get("x-amz-content-sha256", hashlib.sha256(body).hexdigest())
    with patch("botocore.auth.S3SigV4Auth.payload", lambda _self, _request: announced):
        return request.signed(served.credential, "s3").send()


def code(answer: Answer) -> str:
    """Return the code of an error, empty if it is none."""
    return answer.body.decode().partition("<Code>")[2].partition("</Code>")[0]


def chunked(content: bytes, *, checksum: str | None = None) -> tuple[dict[str, str], bytes]:
    """Return headers and body of an upload in chunks, as recent SDKs send it."""
    right = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    trailer = f"x-amz-checksum-crc32:{right if checksum is None else checksum}\r\n".encode()
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(len(content)),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
    }
    return headers, b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(content), content, trailer)
