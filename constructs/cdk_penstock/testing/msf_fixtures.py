"""Fixtures of pytest over a local MSF: ``pytest_plugins = ["cdk_penstock.testing.msf_fixtures"]`` in ``conftest.py``.

Jobs are simulated, unless ``--msf-job-python`` names the interpreter of an environment with ``apache-flink``: then they
run on Flink.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.exceptions import ClientError

from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.service.local_msf_options import LocalMsfOptions
from cdk_penstock.local.service.object_errors import ObjectStoreError
from cdk_penstock.model.lifecycle.refusals import RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.local.service.faults import Faults

_BUCKET = "penstock-tests"
_KEY = "application.zip"
_ROLE = "arn:aws:iam::000000000000:role/test"


class ApplicationFactory(Protocol):
    """Creates applications."""

    def __call__(self, name: str, *, code: Path | None = None, **request: Any) -> str:
        """Create an application, READY, and return its name.

        Parameters
        ----------
        name
            Its name.
        code
            The zip of a Python job, or a jar. Without it the code is an empty file, which only a simulated job takes.
        request
            Members of CreateApplication, which come before those of the fixture.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--msf-job-python", default="", help="the python with apache-flink that runs the jobs of local_msf"
    )


@pytest.fixture(scope="session")
def local_msf(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[LocalMsf]:
    """Return a local MSF that all tests share."""
    python = pytestconfig.getoption("--msf-job-python")
    options = LocalMsfOptions(folder=tmp_path_factory.mktemp("local-msf"), job_python=Path(python) if python else None)
    with LocalMsf(options) as msf:
        yield msf


@pytest.fixture(scope="session")
def msf_client(local_msf: LocalMsf) -> Any:
    """Return the client ``kinesisanalyticsv2`` of the local MSF."""
    return boto3.client("kinesisanalyticsv2", **local_msf.client_options)


@pytest.fixture
def msf_application(local_msf: LocalMsf, msf_client: Any) -> Iterator[ApplicationFactory]:
    """Return a factory of applications, which are stopped by force and deleted after the test."""
    made: list[str] = []

    def create(name: str, *, code: Path | None = None, **request: Any) -> str:
        with contextlib.suppress(ObjectStoreError):
            local_msf.objects.create_bucket(_BUCKET)
        with local_msf.objects.upload(_BUCKET, f"{name}/{_KEY}") as file:
            file.write(code.read_bytes() if code else b"")
        location = {"BucketARN": f"arn:aws:s3:::{_BUCKET}", "FileKey": f"{name}/{_KEY}"}
        configuration = {
            "ApplicationCodeConfiguration": {
                "CodeContent": {"S3ContentLocation": location},
                "CodeContentType": "ZIPFILE",
            }
        } | request.pop("ApplicationConfiguration", {})
        defaults = {"RuntimeEnvironment": "FLINK-1_20", "ServiceExecutionRole": _ROLE}
        msf_client.create_application(
            **{**defaults, "ApplicationName": name, "ApplicationConfiguration": configuration, **request}
        )
        made.append(name)
        return name

    yield create
    for name in made:
        _remove(local_msf, msf_client, name)


@pytest.fixture
def msf_faults(local_msf: LocalMsf) -> Iterator[Callable[[str, Faults], None]]:
    """Return a function that sets the faults of an application; they are taken back after the test."""
    changed: list[str] = []

    def set_faults(name: str, faults: Faults) -> None:
        uid = local_msf.application(name).uid
        local_msf.msf.faults[uid] = faults
        changed.append(uid)

    yield set_faults
    for uid in changed:
        local_msf.msf.faults.pop(uid, None)


def _remove(msf: LocalMsf, client: Any, name: str) -> None:
    with contextlib.suppress(RefusedCallError, ClientError):
        msf.msf.faults.pop(msf.application(name).uid, None)
        with contextlib.suppress(ClientError):
            client.stop_application(ApplicationName=name, Force=True)
        created_at = msf.wait_until_steady(name).created_at
        client.delete_application(ApplicationName=name, CreateTimestamp=created_at)
        # Ends with the refusal of an application that does not exist any more.
        msf.wait_until_steady(name)
