"""An upload in parts, with boto3."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.local.service.conftest import Endpoint

MIB = 1 << 20
LARGE = os.urandom(5 * MIB)
"""The content of a part that may have another behind it."""


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def etag_of(parts: Iterable[bytes]) -> str:
    """Return the ETag of an object that was uploaded in these parts."""
    md5s = [md5(part) for part in parts]
    return f'"{md5(b"".join(md5s)).hex()}-{len(md5s)}"'


def uploads(endpoint: Endpoint) -> list[str]:
    """Return the names of the files of all uploads that have not ended."""
    return [path.name for path in (endpoint.root / ".multipart").rglob("*")]


class Upload:
    """An upload in parts of the key ``k``."""

    def __init__(self, s3: Any, bucket: str, **headers: Any) -> None:
        self.s3 = s3
        self.about = {"Bucket": bucket, "Key": "k"}
        self.about["UploadId"] = s3.create_multipart_upload(**self.about, **headers)["UploadId"]

    def put(self, number: int, content: bytes, **more: Any) -> dict[str, Any]:
        """Upload a part, and return it as it is named at the end."""
        etag = self.s3.upload_part(**self.about, PartNumber=number, Body=content, **more)["ETag"]
        return {"PartNumber": number, "ETag": etag}

    def complete(self, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
        return dict(self.s3.complete_multipart_upload(**self.about, MultipartUpload={"Parts": list(parts)}, **more))

    def abort(self) -> None:
        self.s3.abort_multipart_upload(**self.about)

    def list(self, **more: Any) -> dict[str, Any]:
        return dict(self.s3.list_parts(**self.about, **more))
