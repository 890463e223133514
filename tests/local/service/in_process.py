"""The service in this process, over simulated jobs and a clock that only a test moves; called as boto3 is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.validate import validate_parameters

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.switches import Switches
from tests.local.service.msf_account import MsfAccount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.calls import ApiOperations
    from cdk_penstock.local.service.policy_source import PolicySource

ACCOUNT, REGION = "123456789012", "eu-central-1"
CALLER = ApiCaller(account=ACCOUNT, region=REGION, principal_arn=f"arn:aws:iam::{ACCOUNT}:role/operator")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
KEY_1, KEY_2 = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{n}1111111-1111-1111-1111-111111111111" for n in (1, 2))
BUCKET_ARN = "arn:aws:s3:::code"
CODE, BROKEN_CODE = b"code", b"broken code"


class Clock:
    """A clock that a test moves; each reading takes a millisecond, so that no two moments are the same."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += timedelta(seconds=seconds)


class Buckets:
    """Objects in S3, files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes, *, bucket: str = "code") -> None:
        """Write an object."""
        file = self._folder / bucket / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def read(self, bucket: str, key: str) -> Path:
        """Return the file of an object."""
        file = self._folder / bucket / key
        if not file.is_file():
            message = f"expected an object {key} in bucket {bucket}, got none"
            raise PenstockError(message)
        return file


@cache
def _shapes() -> Any:
    return botocore.session.get_session().get_service_model("kinesisanalyticsv2")


class Client:
    """Calls operations as a client of boto3 does: methods in snake case, keyword arguments, errors with a ``code``."""

    def __init__(self, operations: ApiOperations) -> None:
        self._operations = operations

    def __getattr__(self, name: str) -> Callable[..., Mapping[str, Any]]:
        operation = next(each for each in _shapes().operation_names if xform_name(each) == name)

        def call(**given: Any) -> Mapping[str, Any]:
            validate_parameters(given, _shapes().operation_model(operation).input_shape)
            return self._operations.call(operation, given, CALLER)

        return call


class InProcess(MsfAccount):
    """A service, its client, its clock and its driver.

    Parameters
    ----------
    folder
        Where files are kept.
    switches, policies, clock, store, driver
        Those of the service; without a store, its records are in memory.
    launch_seconds
        How long a job is LAUNCHING, without a driver.
    """

    name = "app"
    scope = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}"
    role = ROLE
    code: Mapping[str, str] = MappingProxyType({"BucketARN": BUCKET_ARN, "FileKey": "job.zip"})
    most_steps = 1_000

    def __init__(
        self,
        folder: Path,
        *,
        switches: Switches | None = None,
        policies: PolicySource | None = None,
        clock: Clock | None = None,
        store: Store | None = None,
        driver: SimulatedDriver | None = None,
        launch_seconds: float = 0.0,
    ) -> None:
        self.clock = clock or Clock()
        self.buckets = Buckets(folder / "buckets")
        self.buckets.put("job.zip", CODE)
        self.driver = driver or SimulatedDriver(folder / "savepoints", clock=self.clock, launch_seconds=launch_seconds)
        self.service = Msf(
            store=store or Store(None),
            driver=self.driver,
            code=CodeStore(folder / "code", self.buckets),
            policies=policies or AllowAll(),
            options=MsfOptions(clock=self.clock, switches=switches or Switches()),
        )
        self.operations = ServiceOperations(self.service)
        self.msf = Client(self.operations)

    def call(self, operation: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation by its name in the API."""
        return self.operations.call(operation, given, CALLER)

    def step(self) -> bool:
        """Let everything take a step and a second pass; return False if everything is steady already."""
        changed = self.service.reconcile()
        store = self.service.store
        active = store.active_applications()
        is_steady = all(each.transit is None and not store.unsettled_snapshots(each) for each in active)
        if is_steady and not changed:
            return False
        self.clock.advance(1)
        return True

    def put_code(self, key: str, *, broken: bool = False) -> dict[str, str]:
        """Write code, and return its location."""
        self.buckets.put(key, BROKEN_CODE if broken else CODE)
        return {"BucketARN": BUCKET_ARN, "FileKey": key}

    def check_local_text(self, message: str, text: str) -> None:
        """Check that the text is in the message."""
        assert text in message

    def database(self) -> list[str]:
        """Return all records, to compare them."""
        return list(self.service.store._database.iterdump())

    def uid(self, name: str = "") -> str:
        """Return the key of an application's job in the driver."""
        return self.service.store.application(self.describe(name)["ApplicationARN"]).uid

    def job(self, name: str = "") -> SimulatedJob:
        """Return the job of an application."""
        return self.driver.jobs[self.uid(name)]

    def job_properties(self) -> dict[str, Any]:
        """Return the property groups of the job."""
        return dict(self.job().launch.property_groups)

    def fail_next_launch(self, error: str = "boom") -> None:
        """Let the next job fail that is launched."""

        def fail(_: str, job: SimulatedJob) -> None:
            job.state, job.error = JobState.FAILED, error
            self.driver.on_launch = None

        self.driver.on_launch = fail

    def fail_launches(self, error: str = "main() failed") -> None:
        """Let each job fail that is launched from now on."""

        def fail(_: str, job: SimulatedJob) -> None:
            job.state, job.error = JobState.FAILED, error

        self.driver.on_launch = fail


def fail_broken_code(_: str, job: SimulatedJob) -> None:
    """Let a job fail whose code is broken, when it is launched."""
    if Path(job.launch.code).read_bytes() == BROKEN_CODE:
        job.state, job.error = JobState.FAILED, "the program's entry point class was not found"
