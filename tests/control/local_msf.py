"""MSF for tests of whatever calls it: the local service's rules in process, on a clock that the test moves."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.code_store import CodeStore
from cdk_penstock.local.service.msf import Msf, MsfOptions
from cdk_penstock.local.service.operations.registry import ServiceOperations
from cdk_penstock.local.service.shapes.service_shapes import ServiceShapes
from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
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
from tests.control.key_policies import ADMINISTRATOR, KeyPolicies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.lifecycle.records import Application

AWS_OWNED = {"KeyType": "AWS_OWNED_KEY"}
CODE_BUCKET = "arn:aws:s3:::code"
PAGE = 3
TRANSITION_SECONDS = 25.0
RECONCILE_SECONDS = 5.0
SERVICE = "kinesisanalyticsv2"
_SHAPES = ServiceShapes(SERVICE)


def cmk(arn: str) -> dict[str, str]:
    return {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": arn}


class AnyCode:
    """A bucket with an object under every key."""

    def read(self, bucket: str, key: str) -> Path:
        assert (bucket, key) != ("", "")
        return Path(__file__)


def _temporary_folder() -> Path:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


# Applications have ids that never come again, so all worlds can share one folder.
_FOLDER = _temporary_folder()
_CODE = CodeStore(_FOLDER / "code", AnyCode())


class MsfClient(Client):
    """A client whose answers the service's own shapes check: they are faster than botocore's, and as strict."""

    def _check_answer(self, operation: str, answer: dict[str, Any]) -> None:
        _SHAPES.write(operation, answer)


class MsfInProcess:
    """One application, behind methods as boto3 names them.

    Time passes by the world's clock: a status such as STARTING lasts for ``TRANSITION_SECONDS``, and the service goes
    on with what was begun every ``RECONCILE_SECONDS``. The administrator's calls are not among the world's.
    """

    def __init__(self, world: World, kms: FakeKms, iam: FakeIam) -> None:
        self.world = world
        self.policies = KeyPolicies(kms, iam)
        self.driver = SimulatedDriver(_FOLDER / "savepoints", clock=lambda: world.time)
        self.driver.on_launch = self._launched
        self.launched_at: list[datetime] = []
        """The times at which jobs were launched."""
        self.outcomes: list[JobState] = []
        """The outcomes of the next jobs; all others run."""
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

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = operations_by_method(SERVICE)[method]

        def call(**parameters: Any) -> dict[str, Any]:
            if (self.world.time - self._reconciled_at).total_seconds() >= RECONCILE_SECONDS:
                self.reconcile()
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

    def reconcile(self) -> None:
        """Let the service do what it can do at this time."""
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
        self.reconcile()
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
        self.reconcile()
        found: list[dict[str, Any]] = self.ask("ListApplicationSnapshots")["SnapshotSummaries"]
        return found

    def operation_ids(self, name: str) -> list[str]:
        """Return the ids of the operations of a name, from the oldest on."""
        listed = self.ask("ListApplicationOperations", Operation=name)["ApplicationOperationInfoList"]
        return [each["OperationId"] for each in reversed(listed)]

    def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation as the administrator."""
        return self._call(operation, {"ApplicationName": APPLICATION} | parameters, ADMINISTRATOR)


def _block(encryption: KeyAssignment) -> dict[str, str]:
    return cmk(encryption.key_arn) if encryption.key_arn else AWS_OWNED
