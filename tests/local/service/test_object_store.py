"""Buckets as folders."""

from __future__ import annotations

import hashlib
import os
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.key_paths import check_key
from cdk_penstock.local.service.object_errors import ObjectErrorCode, ObjectStoreError
from cdk_penstock.local.service.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """Return a store with an empty bucket."""
    store = ObjectStore(tmp_path / "buckets")
    store.create_bucket("code")
    return store


def put(store: ObjectStore, key: str, content: bytes = b"zip", *, bucket: str = "code") -> None:
    with store.upload(bucket, key) as file:
        file.write(content)


def code_of(call: Callable[[], object]) -> ObjectErrorCode:
    with pytest.raises(ObjectStoreError) as refused:
        call()
    return refused.value.code


def test_an_object_is_a_file_below_the_folder_of_its_bucket(store: ObjectStore, tmp_path: Path) -> None:
    put(store, "jobs/one/job.zip", b"first")
    put(store, "jobs/one/job.zip", b"second")
    path = store.read("code", "jobs/one/job.zip")
    assert path == tmp_path / "buckets" / "code" / "jobs" / "one" / "job.zip"
    assert path.read_bytes() == b"second"
    stored = store.describe("code", "jobs/one/job.zip")
    assert (stored.size_bytes, stored.etag) == (6, hashlib.md5(b"second", usedforsecurity=False).hexdigest())


def test_an_etag_follows_a_change_of_the_file(store: ObjectStore) -> None:
    put(store, "job.zip", b"one")
    before = store.describe("code", "job.zip").etag
    store.read("code", "job.zip").write_bytes(b"another")
    assert store.describe("code", "job.zip").etag != before


def test_an_etag_is_computed_once_for_a_file_that_does_not_change(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "job.zip", b"one")
    path = store.read("code", "job.zip")
    os.utime(path, (1, 1))
    etag = store.describe("code", "job.zip").etag
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert store.describe("code", "job.zip").etag == etag
    monkeypatch.undo()
    # The same time, but another size.
    path.write_bytes(b"another")
    os.utime(path, (1, 1))
    assert store.describe("code", "job.zip").etag != etag


def test_a_folder_elsewhere_can_be_a_bucket(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "job.jar").write_bytes(b"jar")
    store = ObjectStore(tmp_path / "buckets", folders={"built": tmp_path / "target"})
    assert store.read("built", "job.jar").read_bytes() == b"jar"
    put(store, "more.jar", bucket="built")
    assert store.keys("built") == ["job.jar", "more.jar"]
    assert code_of(lambda: store.create_bucket("built")) is ObjectErrorCode.BUCKET_EXISTS
    assert not (tmp_path / "buckets" / "built").exists()


def test_what_is_not_there_is_refused(store: ObjectStore) -> None:
    put(store, "folder/job.zip")
    for key in ("job.zip", "folder", "folder/job.zip/more"):
        assert code_of(partial(store.read, "code", key)) is ObjectErrorCode.NO_SUCH_KEY
    for bucket in ("other", "..", "", "code/folder", "CODE", "a" * 300):
        assert code_of(partial(store.read, bucket, "job.zip")) is ObjectErrorCode.NO_SUCH_BUCKET
    store.delete("code", "never-there")
    assert store.keys("code") == ["folder/job.zip"]


@pytest.mark.parametrize("bucket", ["..", ".", "", "a/b", "Upper", "ab", "a" * 64, "a..b", "-ab", "a\n", "ab\n", "a_b"])
def test_a_bucket_that_s3_would_not_name_so_is_refused(store: ObjectStore, tmp_path: Path, bucket: str) -> None:
    assert code_of(lambda: store.create_bucket(bucket)) is ObjectErrorCode.INVALID_BUCKET_NAME
    assert [path.name for path in (tmp_path / "buckets").iterdir()] == ["code"]


@pytest.mark.parametrize(
    "key",
    [
        *("../escaped", "a/../../escaped", "..", ".", "/absolute", "a//b", "a/", "", "a\0b", "a\nb", "./a", "\udcff"),
        *(".penstock-upload-1", "a/.penstock-upload-1"),
    ],
)
def test_a_key_that_is_no_path_below_the_folder_is_refused(store: ObjectStore, tmp_path: Path, key: str) -> None:
    for call in (lambda: put(store, key), lambda: store.read("code", key), lambda: store.delete("code", key)):
        assert code_of(call) is ObjectErrorCode.INVALID_ARGUMENT
    assert [path.name for path in tmp_path.rglob("*")] == ["buckets", "code"]


def test_a_key_that_is_too_long_is_refused(store: ObjectStore) -> None:
    for key in ("é" * 128, "/".join(["a" * 200] * 6)):
        assert code_of(partial(put, store, key)) is ObjectErrorCode.KEY_TOO_LONG
    put(store, "/".join(["a" * 200] * 5))


def test_a_link_does_not_lead_out_of_the_bucket(store: ObjectStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tmp_path / "buckets" / "code" / "link").symlink_to(outside)
    for call in (lambda: store.read("code", "link/secret"), lambda: put(store, "link/new")):
        assert code_of(call) is ObjectErrorCode.INVALID_ARGUMENT
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_an_upload_that_fails_changes_nothing(store: ObjectStore, tmp_path: Path) -> None:
    put(store, "job.zip", b"good")
    with pytest.raises(RuntimeError), store.upload("code", "job.zip") as file:
        file.write(b"half")
        assert store.keys("code") == ["job.zip"]
        raise RuntimeError
    assert store.read("code", "job.zip").read_bytes() == b"good"
    assert len(list((tmp_path / "buckets" / "code").iterdir())) == 1


def test_an_object_is_not_below_another(store: ObjectStore) -> None:
    put(store, "a/b")
    assert code_of(lambda: put(store, "a")) is ObjectErrorCode.INVALID_ARGUMENT
    assert code_of(lambda: put(store, "a/b/c")) is ObjectErrorCode.INVALID_ARGUMENT
    assert store.keys("code") == ["a/b"]


def test_a_folder_goes_with_its_last_object(store: ObjectStore, tmp_path: Path) -> None:
    put(store, "a/b/one")
    put(store, "a/two")
    store.delete("code", "a/b/one")
    assert [path.name for path in (tmp_path / "buckets" / "code" / "a").iterdir()] == ["two"]
    store.delete("code", "a/two")
    assert list((tmp_path / "buckets" / "code").iterdir()) == []
    put(store, "a")


def test_objects_of_a_folder_come_and_go_at_the_same_time(store: ObjectStore) -> None:
    failures = list[Exception]()

    def work(number: int) -> None:
        try:
            for _ in range(100):
                put(store, f"folder/{number}")
                store.delete("code", f"folder/{number}")
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.keys("code") == []


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20), min_size=1))
def test_any_key_that_is_accepted_stays_in_the_folder(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    key = "/".join(names)
    folder = tmp_path_factory.getbasetemp()
    try:
        check_key(key)
    except ObjectStoreError:
        return
    path = folder / key
    assert path.resolve().is_relative_to(folder.resolve())
    assert path.relative_to(folder).as_posix() == key
