"""MSF for tests of whatever calls it: the local service's rules in process, on a clock that the test moves."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.faults import Faults
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.policy_source import AllowAll, KeyState, ResolvedKey
from cdk_penstock.local.service.shapes.service_shapes import ServiceShapes
from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.lifecycle.jobs import JobState, SavedState, SaveState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from cdk_penstock.model.policies.evaluator import Decision, Outcome
from cdk_penstock.model.policies.operations import Verdict
from tests.control.fake_aws import (
    ACCOUNT,
    APPLICATION,
    APPLICATION_ARN,
    OPERATOR,
    REGION,
    Client,
    FakeIam,
    FakeKms,
    World,
    error,
    operations_by_method,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.policies.evaluator import Caller
    from cdk_penstock.model.policies.operations import KeyPath

AWS_OWNED = {"KeyType": "AWS_OWNED_KEY"}
CODE_BUCKET = "arn:aws:s3:::code"
PAGE = 3
TRANSITION_SECONDS = 25.0
RECONCILE_SECONDS = 5.0
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
SERVICE = "kinesisanalyticsv2"
_SHAPES = ServiceShapes(SERVICE)


def cmk(arn: str) -> dict[str, str]:
    return {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": arn}


class AnyCode:
    """A bucket with an object under every key."""

    def read(self, bucket: str, key: str) -> Path:
        assert (bucket, key) != ("", "")
        return Path(__file__)


def _code_store() -> CodeStore:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return CodeStore(Path(folder.name), AnyCode())


_CODE = _code_store()


class KeyPolicies(AllowAll):
    """Keys as KMS describes them; the operator may use those of ``managed_keys``, or of its inline policies."""

    def __init__(self, kms: FakeKms, iam: FakeIam) -> None:
        super().__init__()
        self._kms = kms
        self.iam = iam
        self.managed_keys: set[str] = set()

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        if caller.arn == ADMINISTRATOR or key_arn in self.managed_keys or self.iam.allows(key_arn):
            return super().caller_can_use_key(caller, path, key_arn)
        denied = Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason="no statement allows it")
        return Verdict(calls=tuple((each, denied) for each in path.requests(caller, key_arn)))

    def resolve_key(self, key_id: str, *, account: str, region: str) -> ResolvedKey | None:
        known = self._kms.metadata.get(key_id)
        return ResolvedKey(arn=key_id, state=KeyState(known["KeyState"])) if known else None


class MsfClient(Client):
    """A client whose answers the service's own shapes check: they are faster than botocore's, and as strict."""

    def _check_answer(self, operation: str, answer: dict[str, Any]) -> None:
        _SHAPES.write(operation, answer)


class MsfInProcess:
    """One application, behind methods as boto3 names them.

    Time passes by the world's clock: a status such as STARTING lasts for ``TRANSITION_SECONDS``, and the service goes
    on with what was begun every ``RECONCILE_SECONDS``. An administrator, whose calls the world does not count, arranges
    what a test needs.
    """

    def __init__(self, world: World, kms: FakeKms, iam: FakeIam) -> None:
        self.world = world
        self.policies = KeyPolicies(kms, iam)
        self.driver = SimulatedDriver(None, clock=lambda: world.time)
        self.driver.on_launch = self._launched
        self.launched_at: list[datetime] = []
        """When each job was launched."""
        self.outcomes: list[JobState] = []
        """What becomes of the next jobs; all others run."""
        self.rewrite: Callable[[str, dict[str, Any]], None] | None = None
        """Changes the answers to calls that are not the administrator's: for an MSF that is not as the service is."""
        self.msf = Msf(
            store=Store(None),
            driver=self.driver,
            code=_CODE,
            policies=self.policies,
            options=MsfOptions(clock=lambda: world.time, transition_seconds=TRANSITION_SECONDS),
        )
        self._operations = ServiceOperations(self.msf)
        self._reconciled_at = world.time
        self.create()

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = operations_by_method(SERVICE)[method]

        def call(**parameters: Any) -> dict[str, Any]:
            if (self.world.time - self._reconciled_at).total_seconds() >= RECONCILE_SECONDS:
                self._reconcile()
            if "Limit" in parameters:
                parameters["Limit"] = min(parameters["Limit"], PAGE)
            answer = self._call(operation, parameters, OPERATOR)
            if self.rewrite is not None:
                self.rewrite(operation, answer)
            return answer

        return call

    def _call(self, operation: str, parameters: Mapping[str, Any], principal_arn: str) -> dict[str, Any]:
        caller = ApiCaller(account=ACCOUNT, region=REGION, principal_arn=principal_arn)
        try:
            return dict(self._operations.call(operation, parameters, caller))
        except RefusedCallError as refused:
            raise error(refused.code.value, str(refused), operation) from refused

    def _reconcile(self) -> None:
        self._reconciled_at = self.world.time
        while self.msf.reconcile():
            pass

    def _launched(self, _application: str, job: SimulatedJob) -> None:
        self.launched_at.append(self.world.time)
        if self.outcomes:
            job.state = self.outcomes.pop(0)
            job.error = "the job did not start" if job.state is JobState.FAILED else ""

    # The application as it is

    @property
    def application(self) -> Application:
        self._reconcile()
        return self.msf.store.application(APPLICATION_ARN)

    @property
    def status(self) -> str:
        return self.application.status.value

    @property
    def configured(self) -> dict[str, str]:
        return _block(self.application.settings.encryption)

    @property
    def effective(self) -> dict[str, str] | None:
        effective = self.application.effective_encryption
        return None if effective is None else _block(effective)

    @property
    def snapshots(self) -> list[dict[str, Any]]:
        self._reconcile()
        found: list[dict[str, Any]] = self.ask("ListApplicationSnapshots")["SnapshotSummaries"]
        return found

    def operation_ids(self, name: str) -> list[str]:
        """Return the ids of the operations of a name, from the oldest on."""
        listed = self.ask("ListApplicationOperations", Operation=name)["ApplicationOperationInfoList"]
        return [each["OperationId"] for each in reversed(listed)]

    # What a test arranges

    def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation as the administrator."""
        return self._call(operation, {"ApplicationName": APPLICATION} | parameters, ADMINISTRATOR)

    def create(self, runtime: str = "FLINK-1_20") -> None:
        """Create the application under the AWS-owned key."""
        content = {"S3ContentLocation": {"BucketARN": CODE_BUCKET, "FileKey": "job-1.zip"}}
        code = {"CodeContentType": "ZIPFILE", "CodeContent": content}
        self.ask(
            "CreateApplication",
            RuntimeEnvironment=runtime,
            ServiceExecutionRole=f"{OPERATOR}-job",
            ApplicationConfiguration={"ApplicationCodeConfiguration": code},
        )

    def delete(self, seconds: float = 0) -> None:
        """Delete the application, which is DELETING for so long."""
        application = self.application
        self.fault(transition_seconds=seconds)
        self.ask("DeleteApplication", CreateTimestamp=application.created_at)
        self._reconcile()

    def fault(self, **faults: Any) -> None:
        """Have these faults instead of those before."""
        self.msf.faults[self.msf.store.application(APPLICATION_ARN).uid] = Faults(**faults)

    def run(self, encryption: dict[str, str] | None = None) -> None:
        """Be RUNNING, under a key, with one snapshot of the time before."""
        if encryption is not None:
            self.change_key(encryption)
        self.start()
        self.take("old")
        self.world.sleep(3600 * 24 * 30)

    def start(self) -> None:
        """Start, and wait until it is RUNNING."""
        self.ask("StartApplication")
        self.await_status("RUNNING")

    def stop(self) -> None:
        """Stop with a snapshot, and wait until it is READY."""
        self.ask("StopApplication")
        self.await_status("READY")

    def await_status(self, *statuses: str) -> None:
        """Wait for one of these statuses."""
        for _ in range(100):
            if self.status in statuses:
                return
            self.world.sleep(2 * RECONCILE_SECONDS)
        raise AssertionError(self.status)

    def take(self, snapshot: str) -> None:
        """Take a snapshot."""
        self.ask("CreateApplicationSnapshot", SnapshotName=snapshot)
        self._reconcile()

    def hold_saving(self) -> None:
        """Let the savepoints that were just asked for go on without end."""
        application = self.msf.store.application(APPLICATION_ARN)
        for each in self.msf.store.unsettled_snapshots(application):
            self.driver.jobs[application.uid].saved[each.uid] = SavedState(state=SaveState.IN_PROGRESS)

    def update(self, **configuration: Any) -> None:
        """Begin an update with this ApplicationConfigurationUpdate."""
        version_id = self.application.version_id
        self.ask(
            "UpdateApplication", CurrentApplicationVersionId=version_id, ApplicationConfigurationUpdate=configuration
        )

    def change(self, **configuration: Any) -> None:
        """Update, and wait until the application is steady again."""
        self.update(**configuration)
        self.await_status("READY", "RUNNING")

    def change_key(self, encryption: dict[str, str]) -> None:
        changed = {f"{name}Update": value for name, value in encryption.items()}
        self.change(ApplicationEncryptionConfigurationUpdate=changed)

    def change_code(self, key: str) -> None:
        location = {"BucketARNUpdate": CODE_BUCKET, "FileKeyUpdate": key}
        self.change(ApplicationCodeConfigurationUpdate={"CodeContentUpdate": {"S3ContentLocationUpdate": location}})

    def change_snapshots(self, **configuration: Any) -> None:
        self.change(ApplicationSnapshotConfigurationUpdate=configuration)

    def enable_rollback(self) -> None:
        self.change(ApplicationSystemRollbackConfigurationUpdate={"RollbackEnabledUpdate": True})

    def move(self, status: str) -> None:
        """Leave RUNNING for a status that passes."""
        match status:
            case "AUTOSCALING":
                self.msf.commit(scale(self.msf.situation(APPLICATION_ARN), up=True))
            case "MAINTENANCE":
                self.msf.commit(maintain(self.msf.situation(APPLICATION_ARN)))
            case "ROLLING_BACK":
                self.outcomes.insert(0, JobState.FAILED)
                self.update(ApplicationSystemRollbackConfigurationUpdate={"RollbackEnabledUpdate": True})
                self.await_status(status)
            case "STARTING":
                self.stop()
                self.ask("StartApplication")
            case "STOPPING":
                self.ask("StopApplication")
            case "UPDATING":
                self.update(EnvironmentPropertyUpdates={"PropertyGroups": []})
            case _:
                raise AssertionError(status)


def _block(encryption: KeyAssignment) -> dict[str, str]:
    return cmk(encryption.key_arn) if encryption.key_arn else AWS_OWNED
