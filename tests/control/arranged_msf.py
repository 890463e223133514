"""MSF with an application as a test needs it, arranged by calls of an administrator and by faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.faults import Faults
from cdk_penstock.model.lifecycle.observed_job import JobState, SavedState, SaveState
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from tests.control.fake_aws import APPLICATION_ARN, OPERATOR
from tests.control.local_msf import CODE_BUCKET, RECONCILE_SECONDS, MsfInProcess

if TYPE_CHECKING:
    from tests.control.fake_aws import FakeIam, FakeKms, World


class ArrangedMsf(MsfInProcess):
    """MSF with one application, READY under the AWS-owned key unless a test arranges it otherwise."""

    def __init__(self, world: World, kms: FakeKms, iam: FakeIam) -> None:
        super().__init__(world, kms, iam)
        self.create()

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
        self.reconcile()

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
        self.reconcile()

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
