"""Headers that objects keep, copies of objects, and the list of buckets."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig

from cdk_penstock.local.service.object_store import ObjectStore
from tests.local.service.raw_http import Raw
from tests.local.service.s3_requests import chunked, code, error, put_raw

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

ABOUT = {
    "ContentType": "application/zip",
    "ContentEncoding": "gzip",
    "ContentLanguage": "en",
    "ContentDisposition": 'attachment; filename="job.zip"',
    "CacheControl": "no-store",
    "Metadata": {"built-by": "me", "commit": "a1 b2"},
}
MIB = 1 << 20


def about(s3: Any, bucket: str, key: str = "k") -> dict[str, Any]:
    """Return what GetObject and HeadObject both tell about an object."""
    head = s3.head_object(Bucket=bucket, Key=key)
    got = s3.get_object(Bucket=bucket, Key=key)
    found = {name: head.get(name) for name in ABOUT}
    assert {name: got.get(name) for name in ABOUT} == found
    return found


def sidecars(endpoint: Endpoint) -> int:
    return len(list((endpoint.root / ".headers").iterdir()))


def test_the_headers_of_an_object_are_kept_until_it_is_replaced(
    endpoint: Endpoint, served: Served, bucket: str
) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"zip", **ABOUT)
    assert about(s3, bucket) == ABOUT
    before = sidecars(endpoint)
    s3.put_object(Bucket=bucket, Key="k", Body=b"zip")
    expected: dict[str, Any] = {**dict.fromkeys(ABOUT), "ContentType": "binary/octet-stream", "Metadata": {}}
    assert about(s3, bucket) == expected
    assert sidecars(endpoint) == before - 1


def test_the_headers_of_an_object_go_with_it(endpoint: Endpoint, served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"zip", **ABOUT)
    before = sidecars(endpoint)
    s3.delete_object(Bucket=bucket, Key="k")
    assert sidecars(endpoint) == before - 1


def test_headers_outlive_a_restart_and_belong_to_the_content_that_was_uploaded(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "buckets")
    store.create_bucket("code")
    headers = {"content-type": "application/zip", "etag": "0-2"}
    with store.upload("code", "job.zip", headers) as file:
        file.write(b"zip")
    again = ObjectStore(tmp_path / "buckets").describe("code", "job.zip")
    assert (again.headers, again.etag) == ({"content-type": "application/zip"}, "0-2")
    again.path.write_bytes(b"piz")
    os.utime(again.path, (1, 1))
    changed = store.describe("code", "job.zip")
    assert (changed.headers, changed.etag) == ({}, hashlib.md5(b"piz", usedforsecurity=False).hexdigest())


def test_an_upload_that_fails_keeps_the_headers(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "buckets")
    store.create_bucket("code")
    with store.upload("code", "k", {"x-amz-meta-a": "1"}) as file:
        file.write(b"zip")
    with pytest.raises(RuntimeError), store.upload("code", "k", {"x-amz-meta-a": "2"}):
        raise RuntimeError
    assert store.describe("code", "k").headers == {"x-amz-meta-a": "1"}


@pytest.mark.parametrize(("sent", "kept"), [("aws-chunked", None), ("aws-chunked, gzip", "gzip"), ("gzip", "gzip")])
def test_the_form_of_the_body_is_not_kept(served: Served, bucket: str, sent: str, kept: str | None) -> None:
    headers, body = chunked(b"content")
    assert put_raw(served, bucket, {**headers, "content-encoding": sent}, body).status == 200
    assert about(served.client("s3"), bucket)["ContentEncoding"] == kept


def test_headers_that_s3_would_not_keep_are_refused(endpoint: Endpoint, served: Served, bucket: str) -> None:
    long = {"x-amz-meta-a": "x" * 2047}
    assert put_raw(served, bucket, long, b"x", key="fits").status == 200
    assert code(put_raw(served, bucket, {"x-amz-meta-ab": "x" * 2047}, b"x")) == "MetadataTooLarge"
    assert code(put_raw(served, bucket, {"x-amz-meta-a": "\u00e9"}, b"x")) == "InvalidArgument"
    created = Raw("POST", f"{served.url}/{bucket}/k?uploads", {"x-amz-meta-ab": "x" * 2047})
    assert code(created.signed(served.credential, "s3").send()) == "MetadataTooLarge"
    assert endpoint.objects.keys(bucket) == ["fits"]


def test_an_object_is_copied_with_its_headers_or_with_others(endpoint: Endpoint, served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="a b/\u00e9+", Body=b"zip", **ABOUT)
    source = {"Bucket": bucket, "Key": "a b/\u00e9+"}
    copied = s3.copy_object(Bucket=bucket, Key="k", CopySource=source)["CopyObjectResult"]
    assert copied["ETag"] == f'"{hashlib.md5(b"zip", usedforsecurity=False).hexdigest()}"'
    assert datetime.now(UTC) - copied["LastModified"] < timedelta(minutes=1)
    assert about(s3, bucket) == ABOUT
    s3.copy_object(Bucket=bucket, Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert about(s3, bucket)["Metadata"] == {"new": "1"}
    assert about(s3, bucket)["CacheControl"] is None
    assert endpoint.objects.read(bucket, "k").read_bytes() == b"zip"


def test_a_copy_to_itself_changes_the_headers(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"zip")
    to_itself = {"Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k"}
    assert error(lambda: s3.copy_object(**to_itself)) == (400, "InvalidRequest")
    s3.copy_object(**to_itself, MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert about(s3, bucket)["Metadata"] == {"new": "1"}
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"zip"


@pytest.mark.parametrize(
    ("source", "directive", "expected"),
    [
        ("nowhere/k", "COPY", "NoSuchBucket"),
        ("{bucket}/other", "COPY", "NoSuchKey"),
        ("{bucket}/..%2F..%2Fk", "COPY", "InvalidArgument"),
        ("k", "COPY", "NoSuchBucket"),
        ("", "COPY", "NoSuchBucket"),
        ("/{bucket}/k", "ELSE", "InvalidArgument"),
    ],
)
def test_a_copy_of_what_is_not_there_is_refused(
    endpoint: Endpoint, served: Served, bucket: str, *, source: str, directive: str, expected: str
) -> None:
    served.client("s3").put_object(Bucket=bucket, Key="k", Body=b"zip")
    headers = {"x-amz-copy-source": source.format(bucket=bucket), "x-amz-metadata-directive": directive}
    assert code(put_raw(served, bucket, headers, b"", key="copy")) == expected
    assert endpoint.objects.keys(bucket) == ["k"]


def test_boto3_copies_a_large_object_in_parts(endpoint: Endpoint, served: Served, bucket: str) -> None:
    content = os.urandom(11 * MIB)
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=content)
    config = TransferConfig(multipart_threshold=MIB, multipart_chunksize=5 * MIB)
    s3.copy({"Bucket": bucket, "Key": "k"}, bucket, "copy", Config=config)
    assert endpoint.objects.read(bucket, "copy").read_bytes() == content
    assert s3.head_object(Bucket=bucket, Key="copy")["ETag"].endswith('-3"')


@pytest.mark.parametrize("wanted", ["bytes=0-3", "bytes=2-1", "bytes=-1", "bytes=0-", "0-1"])
def test_a_part_is_copied_from_bytes_that_are_there(served: Served, bucket: str, wanted: str) -> None:
    s3 = served.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"zip")
    upload = {"Bucket": bucket, "Key": "copy"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {**upload, "PartNumber": 1, "CopySource": f"{bucket}/k"}
    assert error(lambda: s3.upload_part_copy(**part, CopySourceRange=wanted)) == (400, "InvalidArgument")
    etag = s3.upload_part_copy(**part, CopySourceRange="bytes=1-2")["CopyPartResult"]["ETag"]
    assert etag == f'"{hashlib.md5(b"ip", usedforsecurity=False).hexdigest()}"'
    s3.abort_multipart_upload(**upload)


def test_a_download_can_insist_on_the_content_that_it_began_with(served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"zip")["ETag"]
    for match in (etag, etag.strip('"'), "*", f'"x", {etag}'):
        assert s3.get_object(Bucket=bucket, Key="k", IfMatch=match)["Body"].read() == b"zip"
        s3.head_object(Bucket=bucket, Key="k", IfMatch=match)
    assert error(lambda: s3.get_object(Bucket=bucket, Key="k", IfMatch='"x"')) == (412, "PreconditionFailed")
    assert error(lambda: s3.head_object(Bucket=bucket, Key="k", IfMatch='"x"')) == (412, "412")


def test_a_copy_can_insist_on_the_content_of_its_source(endpoint: Endpoint, served: Served, bucket: str) -> None:
    s3 = served.client("s3")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"zip")["ETag"]
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}
    assert error(lambda: s3.copy_object(**copy, CopySourceIfMatch='"x"')) == (412, "PreconditionFailed")
    assert endpoint.objects.keys(bucket) == ["k"]
    s3.copy_object(**copy, CopySourceIfMatch=etag)
    assert endpoint.objects.keys(bucket) == ["copy", "k"]


def test_buckets_are_listed(endpoint: Endpoint, served: Served) -> None:
    s3 = served.client("s3")
    names = [f"listed-{number}" for number in range(5)]
    for name in names:
        endpoint.objects.create_bucket(name)
    listed = s3.list_buckets(Prefix="listed-")["Buckets"]
    assert [each["Name"] for each in listed] == names
    assert all(datetime.now(UTC) - each["CreationDate"] < timedelta(minutes=1) for each in listed)
    pages = s3.get_paginator("list_buckets").paginate(Prefix="listed-", PaginationConfig={"PageSize": 2})
    assert [[each["Name"] for each in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert {*names} <= {each["Name"] for each in s3.list_buckets()["Buckets"]}


def test_folders_elsewhere_are_listed_and_what_is_beside_the_buckets_is_not(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "buckets", folders={"Built": tmp_path / "target", "gone": tmp_path / "gone"})
    (tmp_path / "target").mkdir()
    assert list(store.buckets()) == ["Built"]
    store.create_bucket("code")
    store.multipart_folder.mkdir()
    (tmp_path / "buckets" / "a-file").touch()
    assert list(store.buckets()) == ["Built", "code"]
