"""Checksums of a body that its client sends along."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import IO, TYPE_CHECKING, Final, Protocol

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


_BLOCK: Final = 1 << 20


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    """CRC-32, with the methods of a hash."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


# CRC32C and CRC64NVME are not in the standard library: they are not looked at.
_ALGORITHMS: Final[dict[str, Callable[[], _Digest]]] = {
    "content-md5": lambda: hashlib.md5(usedforsecurity=False),
    "x-amz-checksum-crc32": _Crc32,
    "x-amz-checksum-sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "x-amz-checksum-sha256": hashlib.sha256,
}


def check_checksums(content: IO[bytes], headers: Iterable[tuple[str, str]], *, content_hash: str | None) -> None:
    """Check the content of an object, from the beginning of its file.

    Parameters
    ----------
    content
        The file.
    headers
        Headers and trailers of the request, by their names in lowercase.
    content_hash
        Its SHA-256 in hexadecimal digits, if the signature covers it.

    Raises
    ------
    ObjectStoreError
        A checksum is that of another content.
    """
    expected = [(name, value, _ALGORITHMS[name]()) for name, value in headers if name in _ALGORITHMS]
    digests: list[_Digest] = [digest for _, _, digest in expected]
    signed = hashlib.sha256()
    if content_hash is not None:
        digests.append(signed)
    content.seek(0)
    while digests and (block := content.read(_BLOCK)):
        for digest in digests:
            digest.update(block)
    if content_hash is not None and signed.hexdigest() != content_hash:
        raise ObjectStoreError(
            ObjectErrorCode.CONTENT_MISMATCH, "the header x-amz-content-sha256 is not the hash of the body"
        )
    for name, value, digest in expected:
        computed = base64.b64encode(digest.digest()).decode()
        if computed != value:
            raise ObjectStoreError(
                ObjectErrorCode.BAD_DIGEST, f"{name} is {value!a}, but that of the content is {computed}"
            )
