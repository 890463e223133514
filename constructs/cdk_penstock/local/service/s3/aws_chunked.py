"""Bodies in chunks, as clients send them when they compute a checksum while they read: with trailers, perhaps signed.

Source: S3, "Signature calculations: transferring payload in multiple chunks", and the same with trailing headers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import IO, TYPE_CHECKING, Final, NoReturn

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

if TYPE_CHECKING:
    from cdk_penstock.local.service.signature import Signature


_HEADER: Final = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?\r\n")
_TRAILER: Final = re.compile(rb"([A-Za-z0-9-]+):([\x20-\x7e]*?)\r?\n(?:\r\n)?")
_LONGEST_LINE: Final = 4096
_MOST_TRAILERS: Final = 16
_BLOCK: Final = 1 << 16
_EMPTY_HASH: Final = hashlib.sha256(b"").hexdigest()
_TRAILER_SIGNATURE: Final = "x-amz-trailer-signature"


class ChunkSignatures:
    """Verifies the signatures of chunks, each of which covers the one before.

    Parameters
    ----------
    signature
        The verified signature of the request.
    secret
        The secret that it is made with.
    """

    def __init__(self, signature: Signature, secret: str) -> None:
        self._signer: Final = signature.signer(secret)
        self._context: Final = signature.signing_context()
        self._previous = signature.value

    def check(self, algorithm: str, hashes: tuple[str, ...], given: str) -> None:
        """Raise ObjectStoreError if a signature is not the one that follows."""
        scope = self._signer.credential_scope(self._context)
        text = "\n".join((algorithm, self._context.context["timestamp"], scope, self._previous, *hashes))
        expected = self._signer.signature(text, self._context)
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise ObjectStoreError(ObjectErrorCode.SIGNATURE_MISMATCH, "the signature of a chunk of the body is wrong")
        self._previous = expected


def decode_chunks(source: IO[bytes], target: IO[bytes], signatures: ChunkSignatures | None) -> dict[str, str]:
    """Write the content of a body in chunks, and return its trailers by their names in lowercase.

    Parameters
    ----------
    source, target
        The body, and the file for the content.
    signatures
        Verifies the chunks, None if they are not signed.

    Raises
    ------
    ObjectStoreError
        The body is not complete, or a chunk has another signature.
    """
    size = None
    while size != 0:
        header = _HEADER.fullmatch(source.readline(_LONGEST_LINE))
        if header is None:
            _refuse("a chunk must begin with its size")
        size = int(header[1], 16)
        content_hash = _copy(source, target, size)
        if signatures is not None:
            hashes = (_EMPTY_HASH, content_hash)
            signatures.check("AWS4-HMAC-SHA256-PAYLOAD", hashes, (header[2] or b"").decode())
        if size and source.readline(_LONGEST_LINE) != b"\r\n":
            _refuse("a chunk must end with a line break")
    return _trailers(source, signatures)


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> str:
    content_hash = hashlib.sha256()
    left = size
    while left:
        block = source.read(min(left, _BLOCK))
        if not block:
            _refuse(f"a chunk of {size} bytes lacks {left}")
        content_hash.update(block)
        target.write(block)
        left -= len(block)
    return content_hash.hexdigest()


def _trailers(source: IO[bytes], signatures: ChunkSignatures | None) -> dict[str, str]:
    trailers: dict[str, str] = {}
    while (line := source.readline(_LONGEST_LINE)) not in {b"\r\n", b""}:
        trailer = _TRAILER.fullmatch(line)
        if trailer is None or len(trailers) == _MOST_TRAILERS:
            _refuse("a trailer must be a name and a value")
        trailers[trailer[1].decode().lower()] = trailer[2].decode().strip()
    given = trailers.pop(_TRAILER_SIGNATURE, "")
    if signatures is not None and trailers:
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        signatures.check("AWS4-HMAC-SHA256-TRAILER", (hashlib.sha256(lines.encode()).hexdigest(),), given)
    return trailers


def _refuse(problem: str) -> NoReturn:
    raise ObjectStoreError(ObjectErrorCode.INCOMPLETE_BODY, f"the body is not a complete one in chunks: {problem}")
