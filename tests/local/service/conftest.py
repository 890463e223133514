"""One endpoint for all tests of the protocol, with operations that a test sets."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from cdk_penstock.local.service.credentials import Credentials, MemorySessions, user
from cdk_penstock.local.service.identity import Identity
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.protocol import service_app
from tests.local.service.counting_app import CountingApp
from tests.local.service.fakes import RecordedOperations, RefusingPolicies, SetClock
from tests.local.service.flink_jobs import COUNTING_JOBS, counting_zip
from tests.local.service.multipart_upload import Upload
from tests.local.service.serving import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_penstock.local.service.credentials import Credential


class Endpoint:
    """The endpoint of the tests, and its parts."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.operations = RecordedOperations()
        self.clock = SetClock()
        self.policies = RefusingPolicies()
        self.sessions = MemorySessions()
        self.user: Credential = user()
        self.identity = Identity(Credentials(self.user, self.sessions), clock=self.clock)
        folder.mkdir()
        self.objects = ObjectStore(folder)
        self.app = service_app(
            operations=self.operations,
            identity=self.identity,
            policies=self.policies,
            objects=self.objects,
            routes=[
                Route("/", lambda _: PlainTextResponse("a page")),
                Route("/_admin/health", lambda _: PlainTextResponse("healthy")),
            ],
        )


@pytest.fixture(scope="session")
def running_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Endpoint, str]]:
    """Return the endpoint that all tests share, and its URL."""
    endpoint = Endpoint(tmp_path_factory.mktemp("objects") / "buckets")
    with serve(endpoint.app) as url:
        yield endpoint, url


@pytest.fixture
def endpoint(running_endpoint: tuple[Endpoint, str]) -> Endpoint:
    """Return the endpoint as it is at the beginning of a test."""
    found, _ = running_endpoint
    found.operations.__init__()  # type: ignore[misc]
    found.policies.__init__()  # type: ignore[misc]
    found.clock.moved_seconds = 0.0
    return found


@pytest.fixture
def served(running_endpoint: tuple[Endpoint, str], endpoint: Endpoint) -> Served:
    """Return the endpoint's URL with its user's credential."""
    return Served(running_endpoint[1], endpoint.user)


@pytest.fixture
def bucket(endpoint: Endpoint, request: pytest.FixtureRequest) -> str:
    """Return the name of a bucket of this test."""
    name = "b" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]
    endpoint.objects.create_bucket(name)
    return name


@pytest.fixture
def upload(served: Served, bucket: str) -> Iterator[Upload]:
    """Return an upload that ends with the test."""
    begun = Upload(served.client("s3"), bucket)
    yield begun
    with suppress(begun.s3.exceptions.NoSuchUpload):
        begun.abort()


@pytest.fixture(scope="session")
def flink_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("msf")


@pytest.fixture(scope="session")
def flink_msf(flink_folder: Path, job_python: Path) -> Iterator[LocalMsf]:
    """Return the endpoint of all tests, with the counting jobs in a bucket."""
    bucket = flink_folder / "buckets" / "code"
    bucket.mkdir(parents=True)
    for name in COUNTING_JOBS:
        counting_zip(bucket / f"{name}.zip", name)
    with LocalMsf(LocalMsfOptions(folder=flink_folder, job_python=job_python)) as msf:
        yield msf


@pytest.fixture
def app(flink_msf: LocalMsf, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CountingApp]:
    app = CountingApp(flink_msf, f"app-{abs(hash(request.node.name)) % 10**8}", tmp_path / "out")
    yield app
    application = flink_msf.wait_until_steady(app.name)
    if application.status == "RUNNING":
        app.client.stop_application(ApplicationName=app.name, Force=True)
        flink_msf.wait_until_steady(app.name)
    app.client.delete_application(ApplicationName=app.name, CreateTimestamp=application.created_at)
