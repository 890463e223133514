"""The body of an upload, in the form that its header announces."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from cdk_penstock.local.service.identity import UNSIGNED_PAYLOAD
from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.s3.aws_chunked import ChunkSignatures, decode_chunks
from cdk_penstock.local.service.s3.checksums import check_checksums

if TYPE_CHECKING:
    from cdk_penstock.local.service.identity import Authenticated
    from cdk_penstock.local.service.request_head import RequestHead


_HEADER: Final = "x-amz-content-sha256"
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNED_CHUNKS: Final = frozenset({"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"})
_CHUNKS: Final = _SIGNED_CHUNKS | {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
_BLOCK: Final = 1 << 20


def announced_payload(head: RequestHead) -> str:
    """Return the hash of the body that a request announces, or the name of the form that it has instead.

    Raises
    ------
    ObjectStoreError
        It announces nothing, or a form that is not known.
    """
    announced = head.header(_HEADER)
    if announced is None:
        if head.header("authorization") is None:
            # A presigned URL says nothing of the body, whoever will send it.
            return UNSIGNED_PAYLOAD
        raise ObjectStoreError(ObjectErrorCode.INVALID_ARGUMENT, f"the header {_HEADER} is missing")
    if announced not in {*_CHUNKS, UNSIGNED_PAYLOAD} and not _HASH.fullmatch(announced):
        raise ObjectStoreError(
            ObjectErrorCode.INVALID_ARGUMENT,
            f"expected a SHA-256 in the header {_HEADER}, or one of {', '.join(sorted(_CHUNKS))}; got {announced!a}",
        )
    return announced


def write_content(head: RequestHead, caller: Authenticated, body: IO[bytes], target: IO[bytes]) -> None:
    """Write the content that a body holds, and verify it.

    Raises
    ------
    ObjectStoreError
        The body is not complete, or a checksum or signature is that of another content.
    """
    announced = announced_payload(head)
    body.seek(0)
    if announced in _CHUNKS:
        signed = announced in _SIGNED_CHUNKS
        signatures = ChunkSignatures(caller.signature, caller.credential.secret_access_key) if signed else None
        trailers = decode_chunks(body, target, signatures)
    else:
        trailers = {}
        while block := body.read(_BLOCK):
            target.write(block)
    length = head.header("x-amz-decoded-content-length")
    if length is not None and length != str(target.tell()):
        raise ObjectStoreError(
            ObjectErrorCode.INCOMPLETE_BODY,
            f"x-amz-decoded-content-length is {length!a}, but the content has {target.tell()} bytes",
        )
    content_hash = announced if _HASH.fullmatch(announced) else None
    check_checksums(target, (*head.headers, *trailers.items()), content_hash=content_hash)
