"""Uploads in parts, with boto3 and byte by byte."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import zlib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.s3.multipart_uploads import MultipartUploads
from cdk_penstock.local.service.s3.wanted_parts import wanted_parts
from tests.local.service.s3_requests import chunked, code, error, put_raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

MIB = 1 << 20
LARGE = os.urandom(5 * MIB)
"""The content of a part that may have another behind it."""


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def etag_of(parts: Iterable[bytes]) -> str:
    """Return the ETag of an object that was uploaded in these parts."""
    md5s = [md5(part) for part in parts]
    return f'"{md5(b"".join(md5s)).hex()}-{len(md5s)}"'


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[first : first + size] for first in range(0, len(content), size)]


def uploads(endpoint: Endpoint) -> list[str]:
    """Return the names of the files of all uploads that have not ended."""
    return [path.name for path in (endpoint.root / ".multipart").rglob("*")]


NAMED = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"


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


@pytest.fixture
def upload(served: Served, bucket: str) -> Iterator[Upload]:
    """Return an upload that ends with the test."""
    begun = Upload(served.client("s3"), bucket)
    yield begun
    with suppress(begun.s3.exceptions.NoSuchUpload):
        begun.abort()


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (None, 8 * MIB),
        (TransferConfig(multipart_threshold=MIB, multipart_chunksize=5 * MIB, max_concurrency=8), 5 * MIB),
    ],
)
def test_boto3_uploads_a_large_file(
    endpoint: Endpoint, served: Served, bucket: str, tmp_path: Path, *, config: TransferConfig | None, size: int
) -> None:
    content = os.urandom(20 * MIB)
    (tmp_path / "job.zip").write_bytes(content)
    s3 = served.client("s3")
    more = {"ContentType": "application/zip", "Metadata": {"built-by": "me"}}
    s3.upload_file(str(tmp_path / "job.zip"), bucket, "jobs/job.zip", ExtraArgs=more, Config=config)
    s3.download_file(bucket, "jobs/job.zip", str(tmp_path / "back.zip"))
    assert (tmp_path / "back.zip").read_bytes() == content
    assert endpoint.objects.read(bucket, "jobs/job.zip").read_bytes() == content
    etag = etag_of(pieces(content, size))
    head = s3.head_object(Bucket=bucket, Key="jobs/job.zip")
    assert (head["ETag"], head["ContentLength"]) == (etag, len(content))
    assert (head["ContentType"], head["Metadata"]) == ("application/zip", {"built-by": "me"})
    assert s3.get_object(Bucket=bucket, Key="jobs/job.zip", Range="bytes=0-1")["ETag"] == etag
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["ETag"] == etag
    assert uploads(endpoint) == []


def test_parts_are_no_objects_until_they_are_one(endpoint: Endpoint, upload: Upload, bucket: str) -> None:
    parts = [upload.put(7, b"end"), upload.put(2, LARGE)]
    assert endpoint.objects.keys(bucket) == []
    answer = upload.complete(*reversed(parts))
    assert (answer["Bucket"], answer["Key"], answer["ETag"]) == (bucket, "k", etag_of([LARGE, b"end"]))
    assert endpoint.objects.read(bucket, "k").read_bytes() == LARGE + b"end"
    assert uploads(endpoint) == []


def test_the_last_upload_of_a_part_counts_and_others_are_left_out(
    endpoint: Endpoint, upload: Upload, bucket: str
) -> None:
    first = upload.put(1, b"first")
    second = upload.put(1, b"second")
    upload.put(2, b"left out")
    assert error(lambda: upload.complete(first)) == (400, "InvalidPart")
    assert upload.complete(second)["ETag"] == etag_of([b"second"])
    assert endpoint.objects.read(bucket, "k").read_bytes() == b"second"


def test_an_abort_leaves_nothing(endpoint: Endpoint, upload: Upload, bucket: str) -> None:
    part = upload.put(1, b"content")
    upload.abort()
    assert uploads(endpoint) == []
    assert endpoint.objects.keys(bucket) == []
    for call in (upload.abort, upload.list, lambda: upload.put(1, b"x"), lambda: upload.complete(part)):
        assert error(call) == (404, "NoSuchUpload")


def test_an_upload_belongs_to_its_bucket_and_key(endpoint: Endpoint, upload: Upload) -> None:
    endpoint.objects.create_bucket("other-bucket-of-parts")
    for name, value in {"Key": "j", "Bucket": "other-bucket-of-parts", "UploadId": "../../x"}.items():
        mine = upload.about[name]
        upload.about[name] = value
        for call in (upload.abort, upload.list, lambda: upload.put(1, b"x")):
            assert error(call) == (404, "NoSuchUpload")
        upload.about[name] = mine
    assert upload.list()["IsTruncated"] is False


def test_the_bucket_and_the_key_of_an_upload_are_checked(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    assert error(lambda: s3.create_multipart_upload(Bucket="nowhere", Key="k")) == (404, "NoSuchBucket")
    assert error(lambda: s3.create_multipart_upload(Bucket=bucket, Key="a/../b")) == (400, "InvalidArgument")


def test_parts_that_are_missing_wrong_small_or_out_of_order_are_refused(
    endpoint: Endpoint, upload: Upload, bucket: str
) -> None:
    one, two = upload.put(1, LARGE), upload.put(2, b"small")
    last = upload.put(3, b"end")
    missing = {"PartNumber": 4, "ETag": one["ETag"]}
    wrong = {"PartNumber": 1, "ETag": two["ETag"]}
    for parts, expected in (
        ([one, missing], "InvalidPart"),
        ([wrong], "InvalidPart"),
        ([{"PartNumber": 1, "ETag": "é"}], "InvalidPart"),
        ([two, one], "InvalidPartOrder"),
        ([one, one], "InvalidPartOrder"),
        ([one, two, last], "EntityTooSmall"),
        ([], "MalformedXML"),
        ([{**one, "PartNumber": 0}], "MalformedXML"),
    ):
        assert error(partial(upload.complete, *parts)) == (400, expected)
    assert endpoint.objects.keys(bucket) == []
    # Nothing of the upload is lost.
    assert upload.complete(one, last)["ETag"] == etag_of([LARGE, b"end"])


@pytest.mark.parametrize("number", [0, 10_001, -1])
def test_a_part_has_a_number_from_1_to_10000(upload: Upload, number: int) -> None:
    assert error(lambda: upload.put(number, b"x")) == (400, "InvalidArgument")
    upload.put(1, b"x")
    upload.put(10_000, b"x")


def test_parts_are_listed_in_pages(upload: Upload) -> None:
    for number in (3, 10, 1):
        upload.put(number, b"x" * number)
    pages = list(upload.s3.get_paginator("list_parts").paginate(**upload.about, PaginationConfig={"PageSize": 2}))
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 3], [10]]
    assert [part["Size"] for page in pages for part in page["Parts"]] == [1, 3, 10]
    assert pages[1]["Parts"][0]["ETag"] == f'"{md5(b"x" * 10).hex()}"'
    assert upload.list(MaxParts=0)["IsTruncated"] is False
    assert error(lambda: upload.list(PartNumberMarker=-1)) == (400, "InvalidArgument")


@pytest.mark.parametrize("checksum", [None, "AAAAAA=="])
def test_a_part_in_chunks_with_a_trailer_is_verified(
    endpoint: Endpoint, served: Served, bucket: str, upload: Upload, checksum: str | None
) -> None:
    headers, body = chunked(b"content", checksum=checksum)
    answer = put_raw(served, bucket, headers, body, key=f"k?partNumber=1&uploadId={upload.about['UploadId']}")
    if checksum:
        assert code(answer) == "BadDigest"
        assert sorted(uploads(endpoint)) == sorted([upload.about["UploadId"], "about.json"])
    else:
        assert answer.headers["etag"] == f'"{md5(b"content").hex()}"'
        assert upload.list()["Parts"][0]["Size"] == 7


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_of_a_part_is_verified(upload: Upload, algorithm: str) -> None:
    upload.put(1, b"content", ChecksumAlgorithm=algorithm)
    wrong = {f"Checksum{algorithm}": base64.b64encode(b"wrong").decode()}
    assert error(lambda: upload.put(2, b"content", **wrong)) == (400, "BadDigest")
    assert [part["PartNumber"] for part in upload.list()["Parts"]] == [1]


def test_a_checksum_of_the_whole_object_is_verified(endpoint: Endpoint, upload: Upload, bucket: str) -> None:
    parts = [upload.put(1, LARGE), upload.put(2, b"end")]
    assert error(lambda: upload.complete(*parts, ChecksumCRC32="AAAAAA==")) == (400, "BadDigest")
    assert endpoint.objects.keys(bucket) == []
    right = base64.b64encode(zlib.crc32(LARGE + b"end").to_bytes(4, "big")).decode()
    upload.complete(*parts, ChecksumCRC32=right)
    assert endpoint.objects.keys(bucket) == ["k"]


def test_the_checksum_of_the_checksums_is_left_to_the_etags(upload: Upload) -> None:
    assert upload.complete(upload.put(1, b"end"), ChecksumCRC32="AAAAAA==-1")["ETag"] == etag_of([b"end"])


def test_parts_come_at_the_same_time(endpoint: Endpoint, served: Served, bucket: str, upload: Upload) -> None:
    contents = [bytes([number]) * (5 * MIB) for number in range(8)]
    parts: dict[int, dict[str, Any]] = {}

    def put(number: int) -> None:
        parts[number] = upload.put(number + 1, contents[number])

    together(*(partial(put, number) for number in range(8)))
    upload.complete(*(parts[number] for number in range(8)))
    assert endpoint.objects.read(bucket, "k").read_bytes() == b"".join(contents)


def test_of_calls_that_end_an_upload_at_the_same_time_one_does(endpoint: Endpoint, upload: Upload, bucket: str) -> None:
    part = upload.put(1, LARGE)
    results: list[str] = []

    def end(call: Callable[[], object]) -> None:
        try:
            call()
            results.append("done")
        except upload.s3.exceptions.NoSuchUpload:
            results.append("NoSuchUpload")

    together(*[lambda: end(lambda: upload.complete(part)), lambda: end(upload.abort)] * 4)
    assert sorted(results) == ["NoSuchUpload"] * 7 + ["done"]
    assert uploads(endpoint) == []


def test_a_part_that_comes_while_the_upload_is_aborted_leaves_nothing(endpoint: Endpoint, bucket: str) -> None:
    parts = MultipartUploads(endpoint.objects)
    begun = parts.create(bucket, "k", {})
    with pytest.raises(ObjectStoreError) as refused, parts.part(begun, 1) as target:
        target.write(b"half")
        parts.abort(begun)
    assert refused.value.code is ObjectErrorCode.NO_SUCH_UPLOAD
    assert uploads(endpoint) == []


def together(*calls: Callable[[], object]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_upload_outlives_a_restart_but_not_a_day(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "buckets")
    store.create_bucket("code")
    before = MultipartUploads(store)
    old, young = before.create("code", "old", {}), before.create("code", "young", {})
    os.utime(store.multipart_folder / old.value, (1, 1))
    (store.multipart_folder / "ended-0").mkdir()
    after = MultipartUploads(store)
    assert [path.name for path in store.multipart_folder.iterdir()] == [young.value]
    assert after.parts(young) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no XML",
        b"\xff",
        b"<CompleteMultipartUpload/>",
        NAMED.replace(b"CompleteMultipartUpload", b"Other"),
        NAMED.replace(b"<ETag>x</ETag>", b""),
        NAMED.replace(b"1", b"x"),
        b"<!DOCTYPE a>" + NAMED,
        b"<a>" * 10_000 + NAMED + b"</a>" * 10_000,
    ],
)
def test_parts_that_are_not_named_in_s3s_xml_are_refused(body: bytes) -> None:
    with pytest.raises(ObjectStoreError) as refused:
        wanted_parts(body)
    assert refused.value.code is ObjectErrorCode.MALFORMED_XML


@pytest.mark.parametrize("namespace", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'])
def test_parts_are_read_with_and_without_a_namespace(namespace: str) -> None:
    assert wanted_parts(NAMED) == [(1, "x")]
    one = "<Part><ETag>&quot;a&quot;</ETag><PartNumber>1</PartNumber></Part>"
    two = "<Part><ETag>b</ETag><PartNumber>20</PartNumber></Part>"
    body = f"<CompleteMultipartUpload{namespace}>{one}{two}</CompleteMultipartUpload>".encode()
    assert wanted_parts(body) == [(1, "a"), (20, "b")]
