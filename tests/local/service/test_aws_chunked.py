"""Bodies in chunks, against the examples of S3's documentation."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.s3.aws_chunked import ChunkSignatures, decode_chunks
from cdk_penstock.local.service.signature import Signature

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CONTENT = b"a" * 66_560


def signatures(seed: str) -> ChunkSignatures:
    signature = Signature(
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        session_token="",
        region="us-east-1",
        service="s3",
        time_text="20130524T000000Z",
        expires_seconds=None,
        signed_headers=("host",),
        value=seed,
    )
    return ChunkSignatures(signature, SECRET)


def documented() -> ChunkSignatures:
    return signatures("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")


def documented_with_trailer() -> ChunkSignatures:
    return signatures("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")


DOCUMENTED = (
    b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
    + b"a" * 65_536
    + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
    + b"a" * 1024
    + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
)
DOCUMENTED_WITH_TRAILER = (
    b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
    + b"a" * 65_536
    + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
    + b"a" * 1024
    + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
    + b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    + b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)


def decoded(body: bytes, verified: ChunkSignatures | None = None) -> tuple[bytes, dict[str, str]]:
    target = io.BytesIO()
    trailers = decode_chunks(io.BytesIO(body), target, verified)
    return target.getvalue(), trailers


def code_of(body: bytes, verified: ChunkSignatures | None = None) -> ObjectErrorCode:
    with pytest.raises(ObjectStoreError) as refused:
        decoded(body, verified)
    return refused.value.code


def test_the_documented_chunks_are_right() -> None:
    assert decoded(DOCUMENTED, documented()) == (CONTENT, {})


def test_the_documented_chunks_with_a_trailer_are_right() -> None:
    expected = {"x-amz-checksum-crc32c": "sOO8/Q=="}
    assert decoded(DOCUMENTED_WITH_TRAILER, documented_with_trailer()) == (CONTENT, expected)


@pytest.mark.parametrize("place", [100, 65_800, -20])
def test_a_signed_chunk_that_was_changed_is_refused(place: int) -> None:
    changed = bytearray(DOCUMENTED)
    changed[place] ^= 1
    assert code_of(bytes(changed), documented()) is ObjectErrorCode.SIGNATURE_MISMATCH


def test_a_trailer_that_was_changed_is_refused() -> None:
    changed = DOCUMENTED_WITH_TRAILER.replace(b"sOO8", b"sOO9")
    assert code_of(changed, documented_with_trailer()) is ObjectErrorCode.SIGNATURE_MISMATCH


def test_a_chunk_without_a_signature_is_refused_where_they_are_signed() -> None:
    assert code_of(b"1\r\na\r\n0\r\n\r\n", documented()) is ObjectErrorCode.SIGNATURE_MISMATCH


@pytest.mark.parametrize("length", [0, 10, 89, 90, 60_000, 65_626, 65_628, 66_700, len(DOCUMENTED) - 90])
def test_a_body_that_ends_too_early_is_refused(length: int) -> None:
    assert code_of(DOCUMENTED[:length], documented()) is ObjectErrorCode.INCOMPLETE_BODY


@pytest.mark.parametrize(
    "body",
    [
        b"a",
        b"1\na\r\n0\r\n\r\n",
        b"-1\r\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\na",
        b"f" * 5000,
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n" + b"a:b\r\n" * 5,
        b"0\r\n" + b"".join(b"a%d:b\r\n" % number for number in range(20)),
    ],
)
def test_a_body_that_is_not_in_chunks_is_refused(body: bytes) -> None:
    if body.count(b"a:b") == 5:
        assert decoded(body) == (b"", {"a": "b"})
    else:
        assert code_of(body) is ObjectErrorCode.INCOMPLETE_BODY


@given(st.lists(st.binary(min_size=1, max_size=50)), st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.just("v=")))
def test_chunks_are_put_together(chunks: list[bytes], trailers: dict[str, str]) -> None:
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    ends = [f"{name}: {value}\r\n".encode() for name, value in trailers.items()]
    assert decoded(b"".join([*parts, b"0\r\n", *ends, b"\r\n"])) == (b"".join(chunks), trailers)
