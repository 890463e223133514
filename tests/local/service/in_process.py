"""The service in this process, over simulated jobs and a clock that only a test moves; called as boto3 is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cdk_penstock.local.service.calls import ApiOperations
    from cdk_penstock.local.service.policy_source import PolicySource

ACCOUNT, REGION = "123456789012", "eu-central-1"
CALLER = ApiCaller(account=ACCOUNT, region=REGION, principal_arn=f"arn:aws:iam::{ACCOUNT}:role/operator")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
KEY_1, KEY_2 = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{n}1111111-1111-1111-1111-111111111111" for n in (1, 2))
BUCKET_ARN = "arn:aws:s3:::code"
CODE = {
    "CodeContentType": "ZIPFILE",
    "CodeContent": {"S3ContentLocation": {"BucketARN": BUCKET_ARN, "FileKey": "job.zip"}},
}
TRANSIENT_ROUNDS = 1_000


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


class InProcess:
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
        self.buckets.put("job.zip", b"code")
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

    def settle(self) -> None:
        """Let everything that was begun come to its end, as the seconds pass."""
        for _ in range(TRANSIENT_ROUNDS):
            changed = self.service.reconcile()
            active = self.service.store.active_applications()
            is_steady = all(
                each.transit is None and not self.service.store.unsettled_snapshots(each) for each in active
            )
            if is_steady and not changed:
                return
            self.clock.advance(1)
        message = f"still not steady: {self.service.store.active_applications()}"
        raise AssertionError(message)

    def database(self) -> list[str]:
        """Return all records, to compare them."""
        return list(self.service.store._database.iterdump())

    # Shorthands

    def create(self, name: str = "app", *, start: bool = False, **configuration: Any) -> Mapping[str, Any]:
        """Create an application with code and this configuration, and start it."""
        made = self.msf.create_application(
            ApplicationName=name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=ROLE,
            ApplicationConfiguration={"ApplicationCodeConfiguration": CODE, **configuration},
        )
        if start:
            self.msf.start_application(ApplicationName=name)
            self.settle()
        return self.describe(name) if start else made["ApplicationDetail"]

    def describe(self, name: str = "app") -> Mapping[str, Any]:
        """Return the description of an application."""
        return self.msf.describe_application(ApplicationName=name)["ApplicationDetail"]

    def update(self, name: str = "app", *, run: Mapping[str, Any] | None = None, **blocks: Any) -> Mapping[str, Any]:
        """Update the present version of an application, and return the answer."""
        given: dict[str, Any] = {"RunConfigurationUpdate": run} if run is not None else {}
        return self.msf.update_application(
            ApplicationName=name,
            CurrentApplicationVersionId=self.describe(name)["ApplicationVersionId"],
            ApplicationConfigurationUpdate=blocks,
            **given,
        )

    def roll_back(self, name: str = "app") -> Mapping[str, Any]:
        """Roll the present version of an application back, and return the answer."""
        version = self.describe(name)["ApplicationVersionId"]
        return self.msf.rollback_application(ApplicationName=name, CurrentApplicationVersionId=version)

    def snapshots(self, name: str = "app") -> list[Mapping[str, Any]]:
        """Return the snapshots of an application, from the oldest on."""
        return list(self.msf.list_application_snapshots(ApplicationName=name)["SnapshotSummaries"])

    def operation(self, operation_id: str, name: str = "app") -> Mapping[str, Any]:
        """Return the description of an operation."""
        answer = self.msf.describe_application_operation(ApplicationName=name, OperationId=operation_id)
        details: Mapping[str, Any] = answer["ApplicationOperationInfoDetails"]
        return details

    def uid(self, name: str = "app") -> str:
        """Return the key of an application's job in the driver."""
        return self.service.store.application(self.describe(name)["ApplicationARN"]).uid

    def job(self, name: str = "app") -> SimulatedJob:
        """Return the job of an application."""
        return self.driver.jobs[self.uid(name)]

    def fail_launches(self, error: str = "main() failed") -> None:
        """Let each job fail that is launched from now on."""

        def fail(_: str, job: SimulatedJob) -> None:
            job.state, job.error = JobState.FAILED, error

        self.driver.on_launch = fail


def properties(**values: str) -> dict[str, Any]:
    """Return EnvironmentPropertyUpdates with one group."""
    return {"EnvironmentPropertyUpdates": {"PropertyGroups": [{"PropertyGroupId": "job", "PropertyMap": values}]}}
