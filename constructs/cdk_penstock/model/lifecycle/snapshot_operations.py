"""Operations on enhanced snapshots, as ListSnapshotOperations shows them.

Sources: snapshots-monitor-operations and snapshots-import-export of the developer guide, and
API_SnapshotOperationInfoDetails. The codes of errors are not documented.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyAssignment
from cdk_penstock.model.lifecycle.statuses import OperationStatus, SnapshotStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.changes import Change, Moment
    from cdk_penstock.model.lifecycle.records import Application, SnapshotRecord


KEPT_FOR: Final = timedelta(days=90)
"""Time for which an operation can be described, also after its snapshot is deleted."""
_ERROR_LENGTH: Final = 512


class SnapshotOperationName(StrEnum):
    """The operations on enhanced snapshots, as MSF names them."""

    CREATE = "CreateSnapshot"
    DELETE = "DeleteSnapshot"
    IMPORT = "ImportSnapshot"
    EXPORT = "ExportSnapshot"
    SYSTEM_CREATE = "SystemCreateSnapshot"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The place in S3 that an import reads, or that an export writes to.

    Parameters
    ----------
    bucket_arn, key_prefix
        As the call gives them.
    source_encryption
        The key of the objects that an import reads.
    destination_encryption
        The key of the imported snapshot, or of the exported objects.
    """

    bucket_arn: str
    key_prefix: str
    source_encryption: KeyAssignment = AWS_OWNED
    destination_encryption: KeyAssignment = AWS_OWNED

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.bucket_arn.rpartition(":")[2]

    @property
    def folder_prefix(self) -> str:
        """The beginning of the keys of an imported savepoint's files: a slash ends it."""
        return f"{self.key_prefix.removesuffix('/')}/"

    def exported_prefix(self, operation_id: str) -> str:
        """Return the beginning of the keys of an export: MSF adds the operation's id to the given prefix."""
        return f"{self.key_prefix}{operation_id}/"


@dataclass(frozen=True, kw_only=True)
class SnapshotOperation:
    """An operation on an enhanced snapshot.

    Parameters
    ----------
    operation_id, snapshot_uid, snapshot_name, name
        Which, on which snapshot, and MSF's name of it.
    started_at, ended_at
        When; ``ended_at`` is None while it is in progress.
    error_code, error
        Why it failed.
    application_name, application_operation_id
        What MSF took an automatic snapshot for.
    transfer
        Of an import or export.
    """

    operation_id: str
    snapshot_uid: str
    snapshot_name: str
    name: SnapshotOperationName
    started_at: datetime
    status: OperationStatus = OperationStatus.IN_PROGRESS
    ended_at: datetime | None = None
    error_code: str = ""
    error: str = ""
    application_name: str = ""
    application_operation_id: str = ""
    transfer: Transfer | None = None


@dataclass(frozen=True, kw_only=True)
class SnapshotChange:
    """Records of snapshots to write in one transaction, whatever has become of their applications.

    ``scope`` is an account and Region, as the beginning of an ARN.
    """

    scope: str
    snapshots: tuple[SnapshotRecord, ...] = ()
    removed_snapshots: tuple[SnapshotRecord, ...] = ()
    operations: tuple[SnapshotOperation, ...] = ()


class SnapshotOperationRecords(Protocol):
    """The operations that are recorded already."""

    def operation_making(self, snapshot: SnapshotRecord) -> SnapshotOperation | None:
        """Return the operation in progress that makes the snapshot, None if there is none."""


def origin_of(snapshot: SnapshotRecord) -> SnapshotOperationName:
    """Return the operation that makes an enhanced snapshot."""
    if snapshot.imported_from:
        return SnapshotOperationName.IMPORT
    return SnapshotOperationName.SYSTEM_CREATE if snapshot.is_automatic else SnapshotOperationName.CREATE


def begin_snapshot_operation(
    snapshot: SnapshotRecord, name: SnapshotOperationName, moment: Moment, transfer: Transfer | None = None
) -> SnapshotOperation:
    """Return a new operation on the snapshot, in progress."""
    return SnapshotOperation(
        operation_id=moment.new_id(),
        snapshot_uid=snapshot.uid,
        snapshot_name=snapshot.name,
        name=name,
        started_at=moment.now,
        transfer=transfer,
    )


def end_snapshot_operation(
    operation: SnapshotOperation, now: datetime, *, error_code: str = "", error: str = ""
) -> SnapshotOperation:
    """Return the operation as it ended: it failed if there is an error code. MSF keeps 512 characters of an error."""
    status = OperationStatus.FAILED if error_code else OperationStatus.SUCCESSFUL
    return replace(operation, status=status, ended_at=now, error_code=error_code, error=error[:_ERROR_LENGTH])


def with_snapshot_operations(change: Change, records: SnapshotOperationRecords, moment: Moment) -> Change:
    """Add the operations that follow from the enhanced snapshots of a change: each is begun, or ends, with them."""
    operations = list(change.snapshot_operations)
    begun = {each.snapshot_uid for each in operations}
    for snapshot in change.snapshots:
        if not snapshot.is_enhanced or snapshot.uid in begun:
            continue
        present = records.operation_making(snapshot)
        if snapshot.status is SnapshotStatus.CREATING and present is None:
            operations.append(_begun_by(change.application, snapshot, moment))
        elif snapshot.status is not SnapshotStatus.CREATING and present is not None:
            code = "SnapshotFailed" if snapshot.status is SnapshotStatus.FAILED else ""
            operations.append(end_snapshot_operation(present, moment.now, error_code=code, error=snapshot.error))
    return replace(change, snapshot_operations=tuple(operations))


def _begun_by(application: Application, snapshot: SnapshotRecord, moment: Moment) -> SnapshotOperation:
    operation = begin_snapshot_operation(snapshot, origin_of(snapshot), moment)
    if not snapshot.is_automatic or application.transit is None:
        return operation
    return replace(
        operation, application_name=application.name, application_operation_id=application.transit.operation_id
    )
