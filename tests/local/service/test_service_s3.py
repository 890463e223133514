"""The part of S3's API, with boto3 and byte by byte."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdk_penstock.local.service.credentials import user
from cdk_penstock.local.service.key_paths import check_key
from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.local.service.s3 import S3
from cdk_penstock.local.service.s3.listing import page_of
from tests.local.service.raw_http import Raw
from tests.local.service.s3_requests import chunked, code, error, put_raw

if TYPE_CHECKING:
    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served


def can_be_key(key: str) -> bool:
    """Return True for a key that the object store takes."""
    try:
        check_key(key)
    except ObjectStoreError:
        return False
    return True


def test_an_object_is_put_read_and_deleted(endpoint: Endpoint, served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="made", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.head_bucket(Bucket="made")
    content = b"zip" * 100_000
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    put = s3.put_object(Bucket="made", Key="jobs/job 1+é.zip", Body=content)
    assert put["ETag"] == etag
    assert put["ResponseMetadata"]["RequestId"]
    head = s3.head_object(Bucket="made", Key="jobs/job 1+é.zip")
    assert (head["ETag"], head["ContentLength"], head["AcceptRanges"]) == (etag, len(content), "bytes")
    got = s3.get_object(Bucket="made", Key="jobs/job 1+é.zip")
    assert got["Body"].read() == content
    assert (got["ETag"], got["LastModified"]) == (etag, head["LastModified"])
    assert endpoint.objects.read("made", "jobs/job 1+é.zip").read_bytes() == content
    s3.delete_object(Bucket="made", Key="jobs/job 1+é.zip")
    s3.delete_object(Bucket="made", Key="jobs/job 1+é.zip")
    assert error(lambda: s3.get_object(Bucket="made", Key="jobs/job 1+é.zip")) == (404, "NoSuchKey")


def test_what_is_not_there_has_the_errors_of_s3(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    assert error(lambda: s3.get_object(Bucket=bucket, Key="k")) == (404, "NoSuchKey")
    assert error(lambda: s3.head_object(Bucket=bucket, Key="k")) == (404, "404")
    assert error(lambda: s3.get_object(Bucket="nowhere", Key="k")) == (404, "NoSuchBucket")
    assert error(lambda: s3.put_object(Bucket="nowhere", Key="k", Body=b"")) == (404, "NoSuchBucket")
    assert error(lambda: s3.list_objects_v2(Bucket="nowhere")) == (404, "NoSuchBucket")
    assert error(lambda: s3.head_bucket(Bucket="nowhere")) == (404, "404")
    assert error(lambda: s3.create_bucket(Bucket=bucket)) == (409, "BucketAlreadyOwnedByYou")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="k")


def test_a_wrong_signature_has_the_errors_of_s3(endpoint: Endpoint, served: Served, bucket: str) -> None:
    def refused(credential: Any) -> tuple[int, str]:
        return error(lambda: served.client("s3", credential).put_object(Bucket=bucket, Key="k", Body=b"x"))

    assert refused(user()) == (403, "InvalidAccessKeyId")
    assert refused(replace(served.credential, secret_access_key="other")) == (403, "SignatureDoesNotMatch")
    ended = endpoint.identity.credentials.issue(served.credential.principal, expires_at=endpoint.clock())
    assert refused(ended) == (400, "ExpiredToken")
    unsigned = Raw("PUT", f"{served.url}/{bucket}/k", {}, b"x").send()
    assert (unsigned.status, code(unsigned)) == (403, "AccessDenied")
    assert endpoint.objects.keys(bucket) == []


@pytest.mark.parametrize("style", ["virtual", "path"])
def test_a_bucket_is_in_the_path_or_in_the_host(
    endpoint: Endpoint, served: Served, bucket: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    # Not every system knows that names below localhost are this machine.
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1" if host else host, *more, **named)
    )
    local = replace(served, url=served.url.replace("127.0.0.1", "localhost"))
    s3 = local.client("s3", s3={"addressing_style": style})
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"x")
    assert endpoint.objects.keys(bucket) == ["a/b"]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("bytes=0-3", b"0123"),
        ("bytes=4-", b"456789"),
        ("bytes=-3", b"789"),
        ("bytes=-100", b"0123456789"),
        ("bytes=8-100", b"89"),
        ("bytes=9-9", b"9"),
    ],
)
def test_a_range_is_read(served: Served, bucket: str, wanted: str, expected: bytes) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
    assert got["Body"].read() == expected
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    first = b"0123456789".index(expected)
    assert got["ContentRange"] == f"bytes {first}-{first + len(expected) - 1}/10"


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=5-4", "bytes=-0"])
def test_a_range_without_a_byte_is_refused(served: Served, bucket: str, wanted: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert error(lambda: s3.get_object(Bucket=bucket, Key="k", Range=wanted)) == (416, "InvalidRange")


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=a-b"])
def test_a_range_that_is_not_understood_is_ignored(served: Served, bucket: str, wanted: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert s3.get_object(Bucket=bucket, Key="k", Range=wanted)["Body"].read() == b"0123456789"


def test_an_empty_object_is_read(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b""
    assert error(lambda: s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-")) == (416, "InvalidRange")


def test_keys_are_listed_page_by_page(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    keys = sorted(
        [f"jobs/{number:02d}" for number in range(7)] + ["a&<b>", "jobs/ü", "z", "jobs/sub/x"], key=str.encode
    )
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}))
    assert [page["KeyCount"] for page in pages] == [4, 4, 3]
    assert [each["Key"] for page in pages for each in page["Contents"]] == keys
    contents = s3.list_objects_v2(Bucket=bucket, Prefix="jobs/0")["Contents"]
    assert [each["Key"] for each in contents] == [key for key in keys if key.startswith("jobs/0")]
    assert (contents[0]["Size"], contents[0]["StorageClass"]) == (7, "STANDARD")
    assert contents[0]["ETag"] == f'"{hashlib.md5(b"jobs/00", usedforsecurity=False).hexdigest()}"'
    by_folder = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Prefix"] for each in by_folder["CommonPrefixes"]] == ["jobs/"]
    assert [each["Key"] for each in by_folder["Contents"]] == ["a&<b>", "z"]
    assert s3.list_objects_v2(Bucket=bucket, Prefix="none")["KeyCount"] == 0
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["IsTruncated"] is False
    assert error(lambda: s3.list_objects_v2(Bucket=bucket, ContinuationToken="é")) == (400, "InvalidArgument")


KEYS = st.lists(st.text(st.sampled_from("ab/é"), min_size=1, max_size=5), unique=True, max_size=12)


@given(
    keys=KEYS,
    prefix=st.sampled_from(["", "a", "a/"]),
    delimiter=st.sampled_from(["", "/", "b"]),
    most=st.integers(1, 4),
)
def test_all_pages_together_are_one_listing(keys: list[str], prefix: str, delimiter: str, most: int) -> None:
    ordered = sorted((key for key in keys if key.startswith(prefix)), key=str.encode)
    parameters = {"prefix": prefix, "delimiter": delimiter}
    whole = page_of(ordered, parameters)
    found: list[str] = []
    prefixes: list[str] = []
    token = ""
    for _ in range(len(keys) + 1):
        more = {"continuation-token": token} if token else {}
        page = page_of(ordered, {**parameters, **more, "max-keys": str(most)})
        assert len(page.keys) + len(page.common_prefixes) <= most
        found += page.keys
        prefixes += page.common_prefixes
        token = page.next_token
        if not token:
            break
    assert (found, prefixes, token) == (whole.keys, whole.common_prefixes, "")
    expected = [key for key in ordered if not delimiter or delimiter not in key.removeprefix(prefix)]
    assert list(whole.keys) == expected


@pytest.mark.parametrize("most", ["x", "-1", "1.5", "9" * 30])
def test_a_number_of_keys_that_is_none_is_refused(served: Served, bucket: str, most: str) -> None:
    request = Raw("GET", f"{served.url}/{bucket}?list-type=2&max-keys={most}").signed(served.credential, "s3")
    assert code(request.send()) == "InvalidArgument"


@pytest.mark.parametrize("key", ["..%2F..%2Fescaped", "%2Fetc%2Fpasswd", "a%00b", "a%2F..%2F..%2Fb", "%FF"])
def test_a_key_that_would_leave_the_folder_is_refused(
    endpoint: Endpoint, served: Served, bucket: str, key: str
) -> None:
    for method in ("PUT", "GET", "DELETE"):
        answer = Raw(method, f"{served.url}/{bucket}/{key}", {}, b"x").signed(served.credential, "s3").send()
        assert (answer.status, code(answer)) == (400, "InvalidArgument")
    assert endpoint.objects.keys(bucket) == []


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("GET", "", {}),
        ("GET", "?versioning", {}),
        ("GET", "?location", {}),
        ("POST", "?delete", {}),
        ("DELETE", "", {}),
        ("GET", "/k", {"x-amz-copy-source": "/other/key"}),
        ("PUT", "/k", {"x-amz-copy-source": "/other/key?versionId=1"}),
        ("PUT", "/k", {"x-amz-copy-source": "/other/key", "x-amz-copy-source-if-none-match": "x"}),
        ("PUT", "/k", {"x-amz-copy-source": "/other/key", "x-amz-copy-source-range": "bytes=0-1"}),
        ("PUT", "/k", {"if-none-match": "x"}),
        ("GET", "?uploads", {}),
        ("GET", "/k?uploads", {}),
        ("GET", "/k?partNumber=1", {}),
        ("GET", "/k?uploadId=x&partNumber=1", {}),
        ("PUT", "/k?partNumber=1", {}),
        ("PUT", "/k?uploadId=x", {}),
        ("DELETE", "/k?uploadId=x&versionId=1", {}),
        ("POST", "/k?uploads&uploadId=x", {}),
        ("GET", "/k?versionId=1", {}),
        ("PATCH", "/k", {}),
    ],
)
def test_what_is_not_implemented_is_refused_and_not_ignored(
    endpoint: Endpoint, served: Served, bucket: str, *, method: str, query: str, headers: dict[str, str]
) -> None:
    request = Raw(method, f"{served.url}/{bucket}{query}", headers).signed(served.credential, "s3")
    answer = request.send()
    assert (answer.status, code(answer)) == (501, "NotImplemented")
    assert endpoint.objects.keys(bucket) == []


def test_an_object_that_is_there_is_not_replaced_if_the_caller_says_so(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
    refused = (412, "PreconditionFailed")
    assert error(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")) == refused
    s3.put_object(Bucket=bucket, Key="other", Body=b"other")
    source = {"Bucket": bucket, "Key": "other"}
    assert error(lambda: s3.copy_object(Bucket=bucket, Key="k", CopySource=source, IfNoneMatch="*")) == refused
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"
    s3.put_object(Bucket=bucket, Key="k", Body=b"third")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"third"


def test_a_body_of_unknown_length_is_put(endpoint: Endpoint, served: Served, bucket: str) -> None:
    content = b"0123456789" * 20_000
    served.client("s3").put_object(Bucket=bucket, Key="k", Body=io.BytesIO(content))
    served.client("s3").upload_fileobj(io.BytesIO(content), bucket, "k2")
    for key in ("k", "k2"):
        assert endpoint.objects.read(bucket, key).read_bytes() == content


def test_a_body_in_chunks_with_a_trailer_is_put(endpoint: Endpoint, served: Served, bucket: str) -> None:
    answer = put_raw(served, bucket, *chunked(b"content"))
    assert (answer.status, answer.headers["etag"]) == (200, f'"{hashlib.md5(b"content").hexdigest()}"')  # noqa: S324
    assert endpoint.objects.read(bucket, "k").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (*chunked(b"content", checksum="AAAAAA=="), "BadDigest"),
        (chunked(b"content")[0], chunked(b"content")[1][:-20], "IncompleteBody"),
        ({**chunked(b"content")[0], "x-amz-decoded-content-length": "8"}, chunked(b"content")[1], "IncompleteBody"),
        ({**chunked(b"content")[0], "x-amz-content-sha256": "STREAMING-ELSE"}, chunked(b"x")[1], "InvalidArgument"),
        (
            {**chunked(b"content")[0], "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"},
            chunked(b"content")[1],
            "SignatureDoesNotMatch",
        ),
        ({"x-amz-content-sha256": "0" * 64}, b"content", "XAmzContentSHA256Mismatch"),
        ({"content-md5": "AAAA"}, b"content", "BadDigest"),
        ({"x-amz-checksum-sha256": "AAAA"}, b"content", "BadDigest"),
        ({"x-amz-checksum-sha1": "AAAA"}, b"content", "BadDigest"),
        ({"x-amz-checksum-crc32": "AAAA"}, b"content", "BadDigest"),
    ],
)
def test_a_body_that_is_not_what_was_announced_is_refused(
    endpoint: Endpoint, served: Served, bucket: str, *, headers: dict[str, str], body: bytes, expected: str
) -> None:
    assert code(put_raw(served, bucket, headers, body)) == expected
    assert endpoint.objects.keys(bucket) == []


def test_checksums_that_are_right_are_accepted(endpoint: Endpoint, served: Served, bucket: str) -> None:
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        served.client("s3").put_object(Bucket=bucket, Key=algorithm, Body=b"content", ChecksumAlgorithm=algorithm)
    answer = put_raw(served, bucket, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, b"content", key="unsigned")
    assert answer.status == 200
    assert endpoint.objects.keys(bucket) == ["CRC32", "SHA1", "SHA256", "unsigned"]


def test_presigned_urls_put_and_get(served: Served, bucket: str) -> None:
    s3 = served.client("s3", signature_version="s3v4")
    parameters = {"Bucket": bucket, "Key": "k"}
    assert Raw("PUT", s3.generate_presigned_url("put_object", parameters), {}, b"content").send().status == 200
    assert Raw("GET", s3.generate_presigned_url("get_object", parameters)).send().body == b"content"
    wrong = s3.generate_presigned_url("get_object", parameters).replace("/k?", "/other?")
    assert code(Raw("GET", wrong).send()) == "SignatureDoesNotMatch"


def test_a_body_that_is_too_large_is_refused(
    endpoint: Endpoint, served: Served, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3, "most_bytes", 100)
    assert code(put_raw(served, bucket, {}, b"a" * 101)) == "EntityTooLarge"
    assert endpoint.objects.keys(bucket) == []


def test_an_object_is_whole_while_it_is_replaced(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    contents = [bytes([letter]) * 300_000 for letter in b"ab"]
    s3.put_object(Bucket=bucket, Key="k", Body=contents[0])
    ended = threading.Event()

    def replace_it() -> None:
        while not ended.is_set():
            for content in contents:
                s3.put_object(Bucket=bucket, Key="k", Body=content)

    thread = threading.Thread(target=replace_it)
    thread.start()
    try:
        for _ in range(20):
            got = s3.get_object(Bucket=bucket, Key="k")
            body = got["Body"].read()
            assert got["ETag"] == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            assert body in contents
    finally:
        ended.set()
        thread.join()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), content=st.binary(max_size=100))
def test_any_key_that_is_put_can_be_read_and_listed(
    endpoint: Endpoint, served: Served, bucket: str, key: str, content: bytes
) -> None:
    s3 = served.client("s3")
    if not can_be_key(key):
        error(lambda: s3.put_object(Bucket=bucket, Key=key, Body=content))
        assert endpoint.objects.keys(bucket) == []
        return
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == content
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
