"""The local MSF in one process, with a simulated driver and a clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.object_store import ObjectStore
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.policy_source import AllowAll
from cdk_penstock.local.service.shapes import ServiceShapes
from cdk_penstock.local.service.simulated_driver import SimulatedDriver
from cdk_penstock.local.service.snapshot_files import SnapshotFiles
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.policies.evaluator import Decision, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cdk_penstock.local.service.simulated_driver import SimulatedJob
    from cdk_penstock.local.service.simulated_flink.rest_pages import FlinkPage
    from cdk_penstock.model.lifecycle.refusals import RefusalCode
    from cdk_penstock.model.policies.evaluator import Request

ACCOUNT = "111122223333"
REGION = "eu-central-1"
SCOPE = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
CALLER = ApiCaller(account=ACCOUNT, region=REGION, principal_arn=f"arn:aws:iam::{ACCOUNT}:role/operator")
BUCKET = "code-bucket"
CODE = {
    "CodeContentType": "ZIPFILE",
    "CodeContent": {"S3ContentLocation": {"BucketARN": f"arn:aws:s3:::{BUCKET}", "FileKey": "job.zip"}},
}
_SHAPES = ServiceShapes("kinesisanalyticsv2")
_MOST_STEPS = 50


class VirtualClock:
    """A clock that stands still between calls but for a moment, so that no two times are equal."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time, a moment after the last one."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class DenyingPolicies(AllowAll):
    """Policies that allow everything but what is in ``denied``: pairs of an action and a resource, or ``*``.

    ``requests`` has the action and resource of each decision.
    """

    def __init__(self) -> None:
        super().__init__()
        self.denied: set[tuple[str, str]] = set()
        self.requests: list[tuple[str, str]] = []

    def decide(self, request: Request) -> Decision:
        """Deny what is denied."""
        self.requests.append((request.action, request.resource))
        if {(request.action, request.resource), (request.action, "*")} & self.denied:
            return Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason="a test denies it")
        return super().decide(request)


class PagedDriver(SimulatedDriver):
    """A simulated driver whose jobs have pages at ``address`` while they run."""

    address: str | None = None

    def simulated_page(self, application: str, path: str) -> FlinkPage | None:  # noqa: ARG002 - the interface
        """Return None, as a driver of Flink does."""
        return None

    def dashboard(self, application: str) -> str | None:
        """Return the address while the job runs."""
        return self.address if self.observe(application).state is JobState.RUNNING else None


class InProcessMsf:
    """The service with everything around it; ``restart`` does what a kill and a new process would do.

    Parameters
    ----------
    folder
        Where records, buckets and savepoints are.
    transition_seconds
        How long a status such as STARTING, or an operation, lasts at least.
    """

    def __init__(self, folder: Path, *, transition_seconds: float = 0.0) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.policies = DenyingPolicies()
        self.objects = ObjectStore(folder / "buckets")
        self.objects.create_bucket(BUCKET)
        self.put(BUCKET, "job.zip", b"code")
        self._transition_seconds = transition_seconds
        self._open()

    def _open(self) -> None:
        self.driver = PagedDriver(self.folder / "savepoints", clock=self.clock)
        self.msf = Msf(
            store=Store(self.folder / "records.sqlite"),
            driver=self.driver,
            code=CodeStore(self.folder / "code", self.objects),
            policies=self.policies,
            options=MsfOptions(clock=self.clock, transition_seconds=self._transition_seconds),
            snapshot_files=SnapshotFiles(self.folder / "imports", self.objects),
        )
        self.operations = ServiceOperations(self.msf)

    def restart(self) -> None:
        """Open the records again, with a driver that knows no job."""
        self.msf.store.close()
        self._open()

    def close(self) -> None:
        """Close the records."""
        self.msf.store.close()

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Write an object."""
        with self.objects.upload(bucket, key) as file:
            file.write(content)

    def call(self, operation: str, *, caller: ApiCaller = CALLER, **parameters: Any) -> dict[str, Any]:
        """Call an operation; its answer must be one that the API's model allows."""
        answer = self.operations.call(operation, parameters, caller)
        _SHAPES.write(operation, answer)
        return dict(answer)

    def refusal(self, operation: str, *, caller: ApiCaller = CALLER, **parameters: Any) -> RefusalCode:
        """Call an operation that must be refused, and return the code of the error."""
        try:
            self.operations.call(operation, parameters, caller)
        except RefusedCallError as error:
            return error.code
        message = f"{operation} was not refused"
        raise AssertionError(message)

    def step(self) -> bool:
        """Let everything that has something to do take one step; return True if anything changed."""
        return self.msf.reconcile()

    def settle(self) -> None:
        """Let everything come to its end."""
        for _ in range(_MOST_STEPS):
            if not self.step():
                return
        message = "the service does not come to rest"
        raise AssertionError(message)

    def create(self, name: str = "app", *, enhanced: bool = False, **configuration: Any) -> None:
        """Create an application, READY at version 1."""
        mode = "ENHANCED_SNAPSHOTS" if enhanced else "APPLICATION_SNAPSHOTS_LEGACY"
        snapshots = {"SnapshotsEnabled": True, "SnapshotMode": mode}
        given: Mapping[str, Any] = {
            "ApplicationCodeConfiguration": CODE,
            "ApplicationSnapshotConfiguration": snapshots,
            **configuration,
        }
        self.call(
            "CreateApplication",
            ApplicationName=name,
            RuntimeEnvironment="FLINK-1_20",
            ServiceExecutionRole=ROLE,
            ApplicationConfiguration=given,
        )

    def start(self, name: str = "app", **restore: Any) -> None:
        """Start an application, with an ApplicationRestoreConfiguration if one is given, and wait."""
        run = {"ApplicationRestoreConfiguration": restore} if restore else {}
        self.call("StartApplication", ApplicationName=name, RunConfiguration=run)
        self.settle()

    def run(self, name: str = "app", **options: Any) -> None:
        """Create and start an application."""
        self.create(name, **options)
        self.start(name)

    def update(self, name: str = "app", **configuration: Any) -> str:
        """Begin to update an application, and return the operation's id; without a change, properties change."""
        groups = [{"PropertyGroupId": "group", "PropertyMap": {"time": self.clock().isoformat()}}]
        update = configuration or {"EnvironmentPropertyUpdates": {"PropertyGroups": groups}}
        answer = self.call(
            "UpdateApplication",
            ApplicationName=name,
            CurrentApplicationVersionId=self.detail(name)["ApplicationVersionId"],
            ApplicationConfigurationUpdate=update,
        )
        return str(answer["OperationId"])

    def detail(self, name: str = "app") -> dict[str, Any]:
        """Return ApplicationDetail."""
        return dict(self.call("DescribeApplication", ApplicationName=name)["ApplicationDetail"])

    def uid(self, name: str = "app") -> str:
        """Return the id of an application for its driver."""
        return self.msf.store.application(f"{SCOPE}:application/{name}").uid

    def job(self, name: str = "app") -> SimulatedJob:
        """Return the job of an application, which a test may change."""
        return self.driver.jobs[self.uid(name)]


def in_process_msf(folder: Path, *, transition_seconds: float = 0.0) -> Iterator[InProcessMsf]:
    """Yield a service in this process, for a fixture of pytest."""
    service = InProcessMsf(folder, transition_seconds=transition_seconds)
    try:
        yield service
    finally:
        service.close()
