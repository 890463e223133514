"""Records of the state machine: an application, its versions, snapshots and operations, each at one moment.

All are values: a change makes new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyAssignment
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, OperationStatus, SnapshotStatus
from cdk_penstock.model.lifecycle.transit import RunConfiguration, Transit
from cdk_penstock.model.lifecycle.version_settings import Settings


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application.

    Parameters
    ----------
    uid
        Identifies it among all that ever had its name.
    arn, name, description, mode
        As created.
    created_at, updated_at, version_created_at
        When it, its last change, and its version were made.
    status, version_id, settings
        The present ones. A running job has those of ``running_version``.
    newest_version_id
        The highest version id so far, which a rollback may leave; it is never given again.
    changes
        Counts every change, for the conditional token.
    maintenance_start
        The beginning of its maintenance window, ``HH:MM`` in UTC.
    updated_from, rolled_back_from, rolled_back_to
        Versions, if the present one was made so.
    run_configuration
        Of the running job, or of the one that is being started; None while there is no job.
    running_version
        The version of the job that runs, or ran until an operation in progress ended it; None without one.
    ran
        Versions that ran, the last one at the end, without those that were rolled back; a version that a rollback made
        stands in the place of the one that it went back to.
    current_parallelism
        The parallelism of the running job, which autoscaling may have changed; None while none runs.
    effective_encryption
        The key that the running job uses; None while none runs.
    restored
        Where the data of the snapshot is that the running job started from; empty if it started without state.
    launch
        Counts launches of jobs: with ``uid`` the id of the last order to launch.
    launched_at
        When the last order to launch was given; None if never.
    transit
        The operation in progress; None in a steady status.
    tags
        By key.
    """

    uid: str
    arn: str
    name: str
    created_at: datetime
    updated_at: datetime
    version_created_at: datetime
    settings: Settings
    maintenance_start: str
    description: str = ""
    mode: str = "STREAMING"
    status: ApplicationStatus = ApplicationStatus.READY
    version_id: int = 1
    newest_version_id: int = 1
    changes: int = 1
    updated_from: int | None = None
    rolled_back_from: int | None = None
    rolled_back_to: int | None = None
    run_configuration: RunConfiguration | None = None
    running_version: int | None = None
    ran: tuple[int, ...] = ()
    current_parallelism: int | None = None
    effective_encryption: KeyAssignment | None = None
    restored: str = ""
    launch: int = 0
    launched_at: datetime | None = None
    transit: Transit | None = None
    tags: dict[str, str] | None = None

    @property
    def token(self) -> str:
        """The conditional token, which every change renews."""
        return f"{self.uid}-{self.changes}"

    @property
    def launch_id(self) -> str:
        """The id of the last order to launch; empty if there was none."""
        return f"{self.uid}-{self.launch}" if self.launch else ""


@dataclass(frozen=True, kw_only=True)
class ApplicationVersion:
    """A version, for DescribeApplicationVersion: the application as it was."""

    application_uid: str
    version_id: int
    created_at: datetime
    settings: Settings
    status: ApplicationStatus = ApplicationStatus.READY
    updated_from: int | None = None
    rolled_back_from: int | None = None
    rolled_back_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation as ListApplicationOperations shows it.

    Parameters
    ----------
    application_uid, operation_id, name
        Whose, which, and MSF's name of it.
    started_at, ended_at
        When; ``ended_at`` is None while it is in progress.
    updated_from, updated_to
        The versions before and after, if it makes one.
    error
        Why it failed.
    rollback_operation_id
        The system rollback that followed its failure.
    """

    application_uid: str
    operation_id: str
    name: str
    started_at: datetime
    status: OperationStatus = OperationStatus.IN_PROGRESS
    ended_at: datetime | None = None
    updated_from: int | None = None
    updated_to: int | None = None
    error: str = ""
    rollback_operation_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SnapshotRecord:
    """A snapshot, legacy or enhanced.

    Parameters
    ----------
    uid
        Identifies it among all that ever had its name.
    application_uid, application_name, application_created_at, version_id, runtime
        What it was taken from, and with which version; an imported one has no application.
    name
        Unique in the application (legacy), or in account and Region (enhanced).
    created_at, status
        When, and what has become of it.
    encryption
        The key that was effective.
    location, size_bytes
        Where its data is, once it is READY.
    is_enhanced
        True if it belongs to the account.
    is_automatic
        True if MSF took it, at a stop, an update or a scaling.
    description, tags
        Of an enhanced one.
    imported_from
        The bucket's ARN and the prefix of an imported one, with a slash between them.
    error
        Why it FAILED.
    """

    uid: str
    application_uid: str
    application_name: str
    name: str
    created_at: datetime
    version_id: int
    runtime: str
    encryption: KeyAssignment = AWS_OWNED
    status: SnapshotStatus = SnapshotStatus.CREATING
    location: str = ""
    size_bytes: int = 0
    is_enhanced: bool = False
    is_automatic: bool = False
    application_created_at: datetime | None = None
    description: str = ""
    tags: dict[str, str] | None = None
    imported_from: str = ""
    error: str = ""
