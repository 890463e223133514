"""Reading the account's enhanced snapshots, and the operations on them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_penstock.local.service.record_reader import RecordReader
from cdk_penstock.local.service.record_texts import SNAPSHOT_OPERATIONS, SNAPSHOTS
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperationName
from cdk_penstock.model.lifecycle.statuses import OperationStatus

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperation


class SnapshotFilter(StrEnum):
    """The columns by which enhanced snapshots can be listed; each has an index."""

    APPLICATION = "application_name"
    AUTOMATIC = "is_automatic"
    ORIGIN = "origin"
    STATUS = "status"


class SnapshotReader(RecordReader):
    """All records, with those of the account's snapshots."""

    def enhanced_snapshots(
        self, scope: str, *, only: tuple[SnapshotFilter, object] | None = None, before: int | None = None, limit: int
    ) -> list[tuple[int, SnapshotRecord]]:
        """Return enhanced snapshots of an account in a Region with their numbers, from the newest on."""
        condition, values = ("", ()) if only is None else (f"and {only[0].value} = ?", (only[1],))
        rows = self._rows(
            f"select number, document from snapshots where is_enhanced and scope = ? {condition}"  # noqa: S608
            " and (? is null or number < ?) order by number desc limit ?",
            scope, *values, before, before, limit,
        )  # fmt: skip
        return [(number, SNAPSHOTS.validate_json(document)) for number, document in rows]

    def snapshot_operations(
        self,
        arn: str,
        *,
        since: datetime,
        before: int | None = None,
        limit: int,
        name: str = "",
        status: str = "",
    ) -> list[tuple[int, SnapshotOperation]]:
        """Return operations on the enhanced snapshots that have or had this ARN, from the newest on."""
        scope, _, snapshot = arn.rpartition(":snapshot/")
        rows = self._rows(
            "select number, document from snapshot_operations where scope = ? and snapshot_name = ?"
            " and started_at >= ? and (? is null or number < ?) and (? = '' or name = ?) and (? = '' or status = ?)"
            " order by number desc limit ?",
            scope, snapshot, since.timestamp(), before, before, name, name, status, status, limit,
        )  # fmt: skip
        return [(number, SNAPSHOT_OPERATIONS.validate_json(document)) for number, document in rows]

    def snapshot_operation(self, arn: str, operation_id: str, *, since: datetime) -> SnapshotOperation | None:
        """Return an operation on an enhanced snapshot that has or had this ARN, None if there is none."""
        scope, _, snapshot = arn.rpartition(":snapshot/")
        rows = self._rows(
            "select document from snapshot_operations where operation_id = ? and scope = ? and snapshot_name = ?"
            " and started_at >= ?",
            operation_id, scope, snapshot, since.timestamp(),
        )  # fmt: skip
        return SNAPSHOT_OPERATIONS.validate_json(rows[0][0]) if rows else None

    def operation_making(self, snapshot: SnapshotRecord) -> SnapshotOperation | None:
        """Return the operation in progress that makes the snapshot, None if there is none."""
        names = {SnapshotOperationName.CREATE, SnapshotOperationName.SYSTEM_CREATE, SnapshotOperationName.IMPORT}
        return next((each for each in self._open_operations_on(snapshot.uid) if each.name in names), None)

    def is_exported(self, snapshot: SnapshotRecord) -> bool:
        """Return True if an export of the snapshot is in progress."""
        return any(each.name is SnapshotOperationName.EXPORT for each in self._open_operations_on(snapshot.uid))

    def is_restored(self, snapshot: SnapshotRecord) -> bool:
        """Return True if an operation of an application is restoring the snapshot."""
        return any(each.transit and each.transit.restore == snapshot.uid for each in self.active_applications())

    def _open_operations_on(self, snapshot_uid: str) -> list[SnapshotOperation]:
        rows = self._rows(
            f"select document from snapshot_operations where snapshot_uid = ? and status = '{_OPEN}'",  # noqa: S608
            snapshot_uid,
        )
        return [SNAPSHOT_OPERATIONS.validate_json(row[0]) for row in rows]

    def open_snapshot_operations(self) -> list[tuple[str, SnapshotOperation]]:
        """Return all operations on snapshots that are in progress, with their scopes, from the oldest on."""
        # SQLite uses the index of the open operations only if it sees their status in the query.
        rows = self._rows(
            f"select scope, document from snapshot_operations where status = '{_OPEN}' order by number"  # noqa: S608
        )
        return [(scope, SNAPSHOT_OPERATIONS.validate_json(document)) for scope, document in rows]


_OPEN = OperationStatus.IN_PROGRESS.value
