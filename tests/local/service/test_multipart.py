"""Uploads in parts, with boto3 and byte by byte."""

from __future__ import annotations

import base64
import os
import zlib
from functools import partial
from typing import TYPE_CHECKING

import pytest
from boto3.s3.transfer import TransferConfig

from tests.local.service.multipart_upload import LARGE, MIB, Upload, etag_of, md5, uploads
from tests.local.service.s3_requests import chunked, code, error, put_raw

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[first : first + size] for first in range(0, len(content), size)]


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
