"""Uploads in parts that end, all at once or late, and the XML that names their parts."""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.s3.multipart_uploads import MultipartUploads
from cdk_penstock.local.service.s3.wanted_parts import wanted_parts
from tests.local.service.multipart_upload import LARGE, MIB, Upload, uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.service.conftest import Endpoint
    from tests.local.service.serving import Served

NAMED = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"


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


def test_an_upload_that_is_being_removed_takes_no_part(
    endpoint: Endpoint, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = MultipartUploads(endpoint.objects)
    begun = parts.create(bucket, "k", {})
    remove = shutil.rmtree

    def remove_later(folder: Path, **options: Any) -> None:
        with pytest.raises(ObjectStoreError), parts.part(begun, 1) as target:
            target.write(b"late")
        remove(folder, **options)

    monkeypatch.setattr(shutil, "rmtree", remove_later)
    parts.abort(begun)
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
