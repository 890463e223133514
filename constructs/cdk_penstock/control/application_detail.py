"""An application as DescribeApplication returns it, and the changes of its encryption that it allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.keys import STEADY_STATUSES, ApplicationStatus, KeyAssignment, KeyFacts
from cdk_penstock.model.runtimes import FlinkRuntime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ENHANCED_SNAPSHOTS: Final = "ENHANCED_SNAPSHOTS"


@dataclass(frozen=True, kw_only=True)
class ApplicationDetail:
    """The answer of DescribeApplication, as far as keys and lifecycle go.

    ``revision`` is None for code that is not in S3; ``rolled_back_from`` is the version that a rollback has replaced by
    the present one, None where there was no rollback; ``restored_snapshot`` is the snapshot that the running job was
    told by name to restore.
    """

    name: str
    arn: str
    runtime_environment: str
    status: ApplicationStatus
    version_id: int
    created_at: datetime
    conditional_token: str | None
    encryption: KeyAssignment
    snapshots_enabled: bool
    enhanced_snapshots: bool
    revision: Revision | None
    rolled_back_from: int | None
    restored_snapshot: str | None

    @property
    def is_steady(self) -> bool:
        """True if the status lasts until somebody acts."""
        return self.status in STEADY_STATUSES

    @property
    def is_running(self) -> bool:
        """True if a job runs."""
        return self.status is ApplicationStatus.RUNNING

    @classmethod
    def parse(cls, described: Mapping[str, Any]) -> ApplicationDetail:
        """Return the application of an answer of MSF."""
        configuration = described.get("ApplicationConfigurationDescription", {})
        encryption = configuration.get("ApplicationEncryptionConfigurationDescription", {})
        snapshots = configuration.get("ApplicationSnapshotConfigurationDescription", {})
        return cls(
            name=described["ApplicationName"],
            arn=described["ApplicationARN"],
            runtime_environment=described["RuntimeEnvironment"],
            status=ApplicationStatus(described["ApplicationStatus"]),
            version_id=described["ApplicationVersionId"],
            created_at=described["CreateTimestamp"],
            conditional_token=described.get("ConditionalToken"),
            encryption=KeyAssignment.described(
                encryption.get("KeyType"), encryption.get("KeyId"), application_arn=described["ApplicationARN"]
            ),
            # The default of MSF.
            snapshots_enabled=snapshots.get("SnapshotsEnabled", True),
            enhanced_snapshots=snapshots.get("SnapshotMode") == ENHANCED_SNAPSHOTS,
            revision=_revision(described, configuration),
            rolled_back_from=described.get("ApplicationVersionRolledBackFrom"),
            restored_snapshot=_restored_snapshot(configuration),
        )

    def check_encryption_change(self, target: KeyAssignment) -> None:
        """Refuse what would fail late, or lose state: an old runtime, a key elsewhere, a restart without a snapshot."""
        if target.key_arn is not None:
            KeyFacts(key_arn=target.key_arn).check_fit_for(self.arn)
            problem = FlinkRuntime.of(self.runtime_environment).problem_with_customer_managed_key
            if problem is not None:
                raise ControlError(f"application {self.name}: {problem}; nothing was changed")
        if self.is_running and not self.snapshots_enabled:
            raise ControlError(
                f"application {self.name} is RUNNING with snapshots disabled: the restart that a change of key needs"
                " would lose its state; enable snapshots or stop it first; nothing was changed"
            )

    def encryption_update(self, target: KeyAssignment) -> dict[str, Any]:
        """Return the UpdateApplication request that changes the encryption, and is refused after any other change."""
        update: dict[str, Any] = {"KeyTypeUpdate": target.key_type.value}
        if target.key_arn is not None:
            update["KeyIdUpdate"] = target.key_arn
        return {
            "ApplicationName": self.name,
            "ApplicationConfigurationUpdate": {"ApplicationEncryptionConfigurationUpdate": update},
            **(
                {"ConditionalToken": self.conditional_token}
                if self.conditional_token
                else {"CurrentApplicationVersionId": self.version_id}
            ),
        }


def _revision(described: Mapping[str, Any], configuration: Mapping[str, Any]) -> Revision | None:
    content = configuration.get("ApplicationCodeConfigurationDescription", {}).get("CodeContentDescription", {})
    location = content.get("S3ApplicationCodeLocationDescription")
    if location is None:
        return None
    return Revision(
        code_bucket_arn=location["BucketARN"],
        code_key=location["FileKey"],
        code_version=location.get("ObjectVersion", ""),
        runtime_environment=described["RuntimeEnvironment"],
    )


def _restored_snapshot(configuration: Mapping[str, Any]) -> str | None:
    run = configuration.get("RunConfigurationDescription", {})
    restore = run.get("ApplicationRestoreConfigurationDescription", {})
    named = restore.get("SnapshotName") or restore.get("SnapshotArn")
    # An enhanced snapshot is named by its ARN, which ends with its name.
    return None if named is None else named.rpartition("/")[2]
