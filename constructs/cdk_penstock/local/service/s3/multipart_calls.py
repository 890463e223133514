"""The calls of S3 about uploads in parts."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final

from starlette.responses import Response

from cdk_penstock.local.service.s3.answers import blocks, etag_element, time_element, xml_answer
from cdk_penstock.local.service.s3.checksums import check_checksums
from cdk_penstock.local.service.s3.copies import copied_range, open_source
from cdk_penstock.local.service.s3.multipart_uploads import MultipartUploads, UploadId
from cdk_penstock.local.service.s3.s3_call import COPY_SOURCE
from cdk_penstock.local.service.s3.wanted_parts import MOST_PARTS, wanted_parts
from cdk_penstock.local.service.xml_elements import element, text_element

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.object_store import ObjectStore
    from cdk_penstock.local.service.s3.multipart_uploads import Part
    from cdk_penstock.local.service.s3.s3_request import S3Request


_CHECKSUM: Final = "x-amz-checksum-"
_MOST_LISTED: Final = 1000


class MultipartCalls:
    """Answers the calls.

    Parameters
    ----------
    store
        The objects.

    Attributes
    ----------
    calls
        The methods that answer, by the kind of call.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store: Final = store
        self._uploads: Final = MultipartUploads(store)
        self.calls: Final[Mapping[tuple[str, str], Callable[[S3Request], Response]]] = {
            ("DELETE", "multipart upload"): self._abort,
            ("GET", "multipart upload"): self._list_parts,
            ("POST", "multipart upload"): self._complete,
            ("POST", "multipart uploads"): self._create,
            ("PUT", "part"): self._upload_part,
        }

    def _create(self, request: S3Request) -> Response:
        upload = self._uploads.create(request.call.bucket, request.call.key, request.kept_headers)
        return xml_answer("InitiateMultipartUploadResult", *_named(upload), text_element("UploadId", upload.value))

    def _upload_part(self, request: S3Request) -> Response:
        number = request.call.number("partNumber", least=1, most=MOST_PARTS)
        copies = request.head.header(COPY_SOURCE) is not None
        with self._uploads.part(_upload(request), number) as target:
            if copies:
                stored, file = open_source(self._store, request.head)
                with file:
                    target.writelines(blocks(file, *copied_range(request.head, stored.size_bytes)))
            else:
                request.write_content(target)
            etag = _md5(target)
        return xml_answer("CopyPartResult", etag_element(etag)) if copies else Response(headers={"etag": f'"{etag}"'})

    def _complete(self, request: S3Request) -> Response:
        upload = _upload(request)
        # These checksums are of the object, and not of the body.
        checksums = [(name, value) for name, value in request.head.headers if name.startswith(_CHECKSUM)]
        others = tuple(header for header in request.head.headers if header not in checksums)
        body = io.BytesIO()
        replace(request, head=replace(request.head, headers=others)).write_content(body)
        # With a hyphen it is a checksum of the parts' checksums: the ETags prove the same.
        whole = [(name, value) for name, value in checksums if "-" not in value]

        def check(content: IO[bytes]) -> None:
            check_checksums(content, whole, content_hash=None)

        etag = self._uploads.complete(upload, wanted_parts(body.getvalue()), check)
        location = text_element("Location", f"/{upload.bucket}/{upload.key}")
        return xml_answer("CompleteMultipartUploadResult", location, *_named(upload), etag_element(etag))

    def _abort(self, request: S3Request) -> Response:
        self._uploads.abort(_upload(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _list_parts(self, request: S3Request) -> Response:
        upload = _upload(request)
        marker = request.call.number("part-number-marker", default=0)
        most = min(request.call.number("max-parts", default=_MOST_LISTED), _MOST_LISTED)
        parts = [part for part in self._uploads.parts(upload) if part.number > marker]
        page = parts[:most]
        return xml_answer(
            "ListPartsResult",
            *_named(upload),
            text_element("UploadId", upload.value),
            text_element("PartNumberMarker", marker),
            text_element("NextPartNumberMarker", page[-1].number if page else marker),
            text_element("MaxParts", most),
            text_element("IsTruncated", str(0 < most < len(parts)).lower()),
            *(_part_element(part) for part in page),
            text_element("StorageClass", "STANDARD"),
        )


def _upload(request: S3Request) -> UploadId:
    call = request.call
    return UploadId(bucket=call.bucket, key=call.key, value=call.parameters["uploadId"])


def _named(upload: UploadId) -> tuple[str, str]:
    return text_element("Bucket", upload.bucket), text_element("Key", upload.key)


def _part_element(part: Part) -> str:
    return element(
        "Part",
        text_element("PartNumber", part.number),
        time_element("LastModified", part.modified),
        etag_element(part.etag),
        text_element("Size", part.size_bytes),
    )


def _md5(file: IO[bytes]) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    while block := file.read(1 << 20):
        md5.update(block)
    return md5.hexdigest()
