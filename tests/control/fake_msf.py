"""A small stateful stand-in for MSF's control plane: one application, as far as keys and lifecycle go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.control.application_control import ApplicationControl
from tests.control.fake_aws import (
    APPLICATION,
    APPLICATION_ARN,
    OPERATOR,
    REGION,
    Client,
    FakeCloudFormation,
    FakeEc2,
    FakeIam,
    FakeKms,
    FakeSts,
    World,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

AWS_OWNED = {"KeyType": "AWS_OWNED_KEY"}
CODE_BUCKET = "arn:aws:s3:::code"
PAGE = 3


def cmk(arn: str) -> dict[str, str]:
    return {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": arn}


@dataclass
class FakeSnapshot:
    name: str
    created_at: datetime
    version: int
    encryption: dict[str, str]
    material: int
    status: str = "READY"
    looks: int = 0


class FakeMsf:
    """One application.

    It is READY or RUNNING, or on its way for as many descriptions as ``looks``. Each call that needs a key checks that
    the operator has it, from ``managed_keys`` or an inline policy, and that KMS would let it be used.
    """

    def __init__(self, world: World, kms: FakeKms, iam: FakeIam) -> None:
        self.world, self.kms, self.iam = world, kms, iam
        self.exists = True
        self.status = "READY"
        self.version = 1
        self.looks = 2
        self.runtime = "FLINK-1_20"
        self.snapshots_enabled: bool | None = True
        self.snapshot_mode: str | None = None
        self.tokens = True
        self.code = "job-1.zip"
        self.rolled_back_from: int | None = None
        self.configured: dict[str, str] = AWS_OWNED
        self.effective: dict[str, str] | None = None
        self.effective_material = 0
        self.snapshots: list[FakeSnapshot] = []
        self.operations: list[dict[str, Any]] = []
        self.managed_keys: set[str] = set()
        self.everything_allowed = False
        self.system_rollback = False
        self.failing: dict[str, int] = {}
        self.ignoring_updates = False
        self.failing_snapshots = 0
        self.batch = False
        self._moving = 0
        self._settled: Callable[[], None] | None = None

    # What a test arranges

    def run(self, encryption: dict[str, str] | None = None) -> None:
        """Be RUNNING, under a key, with one snapshot of the time before."""
        self.configured = encryption or self.configured
        self.status, self.effective = "RUNNING", self.configured
        self.effective_material = self.kms.material(self.configured.get("KeyId"))
        self._snapshot("old")
        self.world.sleep(3600 * 24 * 30)

    def move(self, status: str, then: str, *, looks: int = 2) -> None:
        """Be on the way to another status."""
        self.status, self._moving = status, looks

        def settle() -> None:
            self.status = then

        self._settled = settle

    def update_by_cloudformation(self, code: str | None = None) -> None:
        """Be updated as CloudFormation does it, which waits until the application is RUNNING again."""
        operation = self._operation("UpdateApplication")
        self.version, self.rolled_back_from = self.version + 1, None
        self.world.sleep(300)
        if not self._end(operation):
            self.code = code or self.code
        elif self.system_rollback:
            self.version, self.rolled_back_from = self.version + 1, self.version
        else:
            self.code, self.status, self.effective = code or self.code, "READY", None

    # What MSF answers

    def describe_application(self, ApplicationName: str) -> dict[str, Any]:  # noqa: N803
        self._check_name(ApplicationName)
        if self._settled is not None:
            self._moving -= 1
            if self._moving < 0:
                settled, self._settled = self._settled, None
                settled()
        return {"ApplicationDetail": self._detail()}

    def _detail(self) -> dict[str, Any]:
        configuration: dict[str, Any] = {}
        if self.configured != AWS_OWNED:
            configuration["ApplicationEncryptionConfigurationDescription"] = self.configured
        if self.snapshots_enabled is not None:
            snapshots: dict[str, Any] = {"SnapshotsEnabled": self.snapshots_enabled}
            if self.snapshot_mode:
                snapshots["SnapshotMode"] = self.snapshot_mode
            configuration["ApplicationSnapshotConfigurationDescription"] = snapshots
        configuration["ApplicationCodeConfigurationDescription"] = {
            "CodeContentType": "ZIPFILE",
            "CodeContentDescription": {
                "S3ApplicationCodeLocationDescription": {"BucketARN": CODE_BUCKET, "FileKey": self.code}
            },
        }
        detail: dict[str, Any] = {
            "ApplicationARN": APPLICATION_ARN,
            "ApplicationName": APPLICATION,
            "RuntimeEnvironment": self.runtime,
            "ApplicationStatus": self.status,
            "ApplicationVersionId": self.version,
            "ApplicationConfigurationDescription": configuration,
        }
        if self.rolled_back_from is not None:
            detail["ApplicationVersionRolledBackFrom"] = self.rolled_back_from
        return detail | ({"ConditionalToken": f"token-{self.version}"} if self.tokens else {})

    def update_application(
        self,
        ApplicationName: str,  # noqa: N803
        ApplicationConfigurationUpdate: dict[str, Any],  # noqa: N803
        ConditionalToken: str | None = None,  # noqa: N803
        CurrentApplicationVersionId: int | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        self._check_name(ApplicationName)
        self._check_status("READY", "RUNNING")
        if ConditionalToken != f"token-{self.version}" and CurrentApplicationVersionId != self.version:
            refuse("ConcurrentModificationException", "stale")
        update = ApplicationConfigurationUpdate["ApplicationEncryptionConfigurationUpdate"]
        new = {"KeyType": update["KeyTypeUpdate"]}
        if "KeyIdUpdate" in update:
            new["KeyId"] = update["KeyIdUpdate"]
        self._check_keys(self.configured, self.effective, new)
        if self.ignoring_updates:
            new = self.configured
        running, old = self.status == "RUNNING", self.configured
        if running and self.snapshots_enabled:
            self._snapshot(f"system-{self.world.time:%d%H%M%S}")
        operation = self._operation("UpdateApplication")
        self.version += 1
        self.configured = new

        def settle() -> None:
            failed = self._end(operation)
            if failed and self.system_rollback:
                self.configured, self.version = old, self.version + 1
            elif failed:
                self.status, self.effective = "READY", None
                return
            self.status = "RUNNING" if running else "READY"
            if running:
                self._restart()

        if running:
            self.status, self._moving, self._settled = "UPDATING", self.looks, settle
        else:
            settle()
        return {"ApplicationDetail": self._detail(), "OperationId": operation["OperationId"]}

    def start_application(self, ApplicationName: str, RunConfiguration: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self._check_name(ApplicationName)
        self._check_status("READY")
        restore = RunConfiguration["ApplicationRestoreConfiguration"]["ApplicationRestoreType"]
        assert restore == "RESTORE_FROM_LATEST_SNAPSHOT"
        latest = max(self.snapshots, key=lambda each: each.created_at, default=None)
        self._check_keys(self.configured, latest.encryption if latest else None)
        operation = self._operation("StartApplication")

        def settle() -> None:
            if self._end(operation) or self.batch:
                self.status = "READY"
            else:
                self.status = "RUNNING"
                self._restart()

        self.status, self._moving, self._settled = "STARTING", self.looks, settle
        return {"OperationId": operation["OperationId"]}

    def stop_application(self, ApplicationName: str, Force: bool = False) -> dict[str, Any]:  # noqa: N803
        self._check_name(ApplicationName)
        if Force:
            self._check_status("RUNNING", "STARTING", "UPDATING", "STOPPING", "AUTOSCALING")
        else:
            self._check_status("RUNNING")
            self._check_keys(self.effective)
            if self.snapshots_enabled:
                self._snapshot(f"system-{self.world.time:%d%H%M%S}")
        operation = self._operation("StopApplication")

        def settle() -> None:
            if self._end(operation):
                self.status = "RUNNING"
            else:
                self.status, self.effective = "READY", None

        self.status, self._moving, self._settled = "FORCE_STOPPING" if Force else "STOPPING", self.looks, settle
        return {"OperationId": operation["OperationId"]}

    def create_application_snapshot(self, ApplicationName: str, SnapshotName: str) -> None:  # noqa: N803
        self._check_name(ApplicationName)
        self._check_status("RUNNING")
        if any(each.name == SnapshotName for each in self.snapshots):
            refuse("ResourceInUseException", "exists")
        self._check_keys(self.effective)
        made = self._snapshot(SnapshotName)
        made.status, made.looks = "CREATING", 2

    def delete_application_snapshot(
        self,
        ApplicationName: str,  # noqa: N803
        SnapshotName: str,  # noqa: N803
        SnapshotCreationTimestamp: datetime,  # noqa: N803
    ) -> None:
        self._check_name(ApplicationName)
        for each in self.snapshots:
            if each.name == SnapshotName:
                assert each.created_at == SnapshotCreationTimestamp
                assert each.status != "CREATING"
                each.status, each.looks = "DELETING", 1
                return
        refuse("ResourceNotFoundException", "no such snapshot")

    def list_application_snapshots(
        self,
        ApplicationName: str,  # noqa: N803
        Limit: int,  # noqa: N803
        NextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        self._check_name(ApplicationName)
        assert Limit <= 50
        index = int(NextToken)
        if index == 0:
            self._age_snapshots()
        page = {"SnapshotSummaries": [_summary(each) for each in self.snapshots[index : index + PAGE]]}
        return page | ({"NextToken": str(index + PAGE)} if index + PAGE < len(self.snapshots) else {})

    def list_application_operations(
        self,
        ApplicationName: str,  # noqa: N803
        Limit: int,  # noqa: N803
        NextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        self._check_name(ApplicationName)
        assert Limit <= 50
        index = int(NextToken)
        page = {"ApplicationOperationInfoList": self.operations[index : index + PAGE]}
        return page | ({"NextToken": str(index + PAGE)} if index + PAGE < len(self.operations) else {})

    def describe_application_operation(self, ApplicationName: str, OperationId: str) -> dict[str, Any]:  # noqa: N803
        self._check_name(ApplicationName)
        found = next(each for each in self.operations if each["OperationId"] == OperationId)
        details = {name: value for name, value in found.items() if name != "OperationId"}
        failure: dict[str, Any] = {"ErrorInfo": {"ErrorString": "the job did not start"}}
        if self.system_rollback:
            failure["RollbackOperationId"] = "rollback"
        return {"ApplicationOperationInfoDetails": details | {"OperationFailureDetails": failure}}

    # How MSF does it

    def _check_name(self, name: str) -> None:
        if not self.exists or name != APPLICATION:
            refuse("ResourceNotFoundException", f"Application {name} not found")

    def _check_status(self, *allowed: str) -> None:
        if self.status not in allowed:
            refuse("ResourceInUseException", f"the application is {self.status}")

    def _check_keys(self, *encryptions: dict[str, str] | None) -> None:
        for arn in sorted({each["KeyId"] for each in encryptions if each and "KeyId" in each}):
            if self.kms.metadata[arn]["KeyState"] != "Enabled":
                refuse("InvalidArgumentException", f"KMSInvalidStateException: key {arn} is disabled")
            if not (self.everything_allowed or arn in self.managed_keys or self.iam.allows(arn)):
                refuse("AccessDeniedException", f"{OPERATOR} is not authorized to perform: kms:Decrypt on {arn}")

    def _restart(self) -> None:
        self.effective = self.configured
        self.effective_material = self.kms.material(self.configured.get("KeyId"))

    def _snapshot(self, name: str) -> FakeSnapshot:
        assert self.effective is not None
        made = FakeSnapshot(name, self.world.time, self.version, self.effective, self.effective_material)
        self.snapshots.append(made)
        return made

    def _age_snapshots(self) -> None:
        for each in list(self.snapshots):
            if each.status in {"CREATING", "DELETING"}:
                each.looks -= 1
                if each.looks < 0 and each.status == "DELETING":
                    self.snapshots.remove(each)
                elif each.looks < 0:
                    each.status = "FAILED" if self.failing_snapshots > 0 else "READY"
                    self.failing_snapshots -= 1

    def _operation(self, name: str) -> dict[str, Any]:
        operation = {
            "Operation": name,
            "OperationId": f"operation-{len(self.operations)}",
            "StartTime": self.world.time,
            # MSF models it as required, so an operation that goes on has one, too.
            "EndTime": self.world.time,
            "OperationStatus": "IN_PROGRESS",
        }
        self.operations.append(operation)
        return operation

    def _end(self, operation: dict[str, Any]) -> bool:
        failed = self.failing.get(operation["Operation"], 0) > 0
        if failed:
            self.failing[operation["Operation"]] -= 1
        operation["OperationStatus"] = "FAILED" if failed else "SUCCESSFUL"
        operation["EndTime"] = self.world.time
        return failed


def _summary(snapshot: FakeSnapshot) -> dict[str, Any]:
    return {
        "SnapshotName": snapshot.name,
        "SnapshotStatus": snapshot.status,
        "ApplicationVersionId": snapshot.version,
        "SnapshotCreationTimestamp": snapshot.created_at,
        "ApplicationEncryptionConfigurationDescription": snapshot.encryption,
    }


class FakeAws:
    """Everything together, behind what looks like ``boto3.Session``."""

    def __init__(self) -> None:
        self.world = World()
        self.kms = FakeKms(self.world)
        self.iam = FakeIam(self.world)
        self.msf = FakeMsf(self.world, self.kms, self.iam)
        self.ec2 = FakeEc2()
        self.stack = FakeCloudFormation(self.world)
        self.sessions: list[dict[str, Any]] = []
        self._backends = {
            "kinesisanalyticsv2": self.msf,
            "kms": self.kms,
            "iam": self.iam,
            "sts": FakeSts(self.world),
            "ec2": self.ec2,
            "cloudformation": self.stack,
        }

    def client(self, service: str) -> Any:
        return Client(service, self._backends[service], self.world)

    def control(self) -> ApplicationControl:
        return ApplicationControl(self.client("kinesisanalyticsv2"), APPLICATION, clock=self.world.clock)

    def new_session(self, **options: Any) -> FakeSession:
        self.sessions.append(options)
        return FakeSession(self, options)


class FakeSession:
    region_name = REGION

    def __init__(self, aws: FakeAws, options: dict[str, Any]) -> None:
        self._aws, self._options = aws, options

    def client(self, service: str, config: object = None) -> Any:
        as_operator = self._options.get("aws_access_key_id") == f"of {OPERATOR}"
        assert config is not None or "profile_name" in self._options or as_operator
        # MSF is called as the operator, everything else as the caller.
        assert as_operator == (service == "kinesisanalyticsv2") or "profile_name" in self._options
        return self._aws.client(service)
