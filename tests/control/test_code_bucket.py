"""Code in S3, through boto3 and the S3 of the local MSF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_penstock.control.clients import Clock
from cdk_penstock.control.code_bucket import CodeBucket, CodeObject
from cdk_penstock.control.errors import ControlError
from cdk_penstock.local.service.credentials import Credentials, MemorySessions, user
from cdk_penstock.local.service.identity import Identity
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.protocol import service_app
from tests.local.service.fakes import RecordedOperations, RefusingPolicies, SetClock
from tests.local.service.serving import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = CodeObject(bucket="code", key="jobs/job.zip")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeBucket]:
    objects, credential, clock = ObjectStore(tmp_path_factory.mktemp("buckets")), user(), SetClock()
    objects.create_bucket("code")
    app = service_app(
        operations=RecordedOperations(),
        identity=Identity(Credentials(credential, MemorySessions()), clock=clock),
        policies=RefusingPolicies(),
        objects=objects,
        routes=[],
    )
    with serve(app) as url:
        yield CodeBucket(Served(url, credential).client("s3"), clock=Clock())


def test_code_is_found_after_it_was_uploaded_once(bucket: CodeBucket, tmp_path: Path) -> None:
    path, copy = tmp_path / "job.zip", tmp_path / "copy.zip"
    path.write_bytes(b"zip" * 1_000_000)
    assert bucket.find(PLACE) is None
    uploaded = bucket.upload(path, PLACE)
    assert uploaded == bucket.find(PLACE)
    assert uploaded.size_bytes == 3_000_000
    bucket.download(PLACE, copy)
    assert copy.read_bytes() == path.read_bytes()


def test_another_object_is_left_as_it_is(bucket: CodeBucket, tmp_path: Path) -> None:
    place = CodeObject(bucket="code", key="other.zip")
    first, second, copy = tmp_path / "first", tmp_path / "second", tmp_path / "copy"
    first.write_bytes(b"first")
    second.write_bytes(b"the second")
    bucket.upload(first, place)
    assert bucket.upload(second, place).size_bytes == len(b"first")
    bucket.download(place, copy)
    assert copy.read_bytes() == b"first"


def test_what_is_not_there_is_told(bucket: CodeBucket, tmp_path: Path) -> None:
    (tmp_path / "job.zip").write_bytes(b"zip")
    with pytest.raises(ControlError, match=r"s3://code/none.zip is not there \(NoSuchKey\)"):
        bucket.download(CodeObject(bucket="code", key="none.zip"), tmp_path / "copy.zip")
    with pytest.raises(ControlError, match="there is no bucket nobodys: name another one with --bucket"):
        bucket.upload(tmp_path / "job.zip", CodeObject(bucket="nobodys", key="job.zip"))
    assert bucket.find(CodeObject(bucket="nobodys", key="job.zip")) is None
