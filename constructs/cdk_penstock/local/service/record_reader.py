"""Reading the service's records."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.database import open_database
from cdk_penstock.local.service.record_texts import application_of, operation_of, snapshot_of, version_of
from cdk_penstock.local.service.tables import scope_of
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.model.lifecycle.records import Application, ApplicationVersion, Operation, SnapshotRecord


_MAXIMUM_READ = 1_000


class RecordReader:
    """All records, to read; every method may be called from any thread.

    Parameters
    ----------
    file
        The database, made if it is not there; None for one in memory.
    """

    def __init__(self, file: Path | None) -> None:
        self.lock = threading.RLock()
        self._read: dict[tuple[object, ...], list[Any]] = {}
        self._database = open_database(file)

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._database.close()

    def _rows(self, query: str, *values: object) -> list[Any]:
        # Nothing but this process writes, and reads are far more: each is answered once between two writes.
        with self.lock:
            rows = self._read.get((query, *values))
            if rows is None:
                if len(self._read) >= _MAXIMUM_READ:
                    self._read.clear()
                rows = self._read[query, *values] = self._database.execute(query, values).fetchall()
            return rows

    # Applications

    def application(self, arn: str) -> Application:
        """Return an application; raise RefusedCallError if there is none with this ARN."""
        rows = self._rows("select document from applications where arn = ?", arn)
        if not rows:
            raise RefusedCallError(
                RefusalCode.RESOURCE_NOT_FOUND,
                f"Application {arn.rpartition('/')[2]} not found in {':'.join(arn.split(':')[3:5])}",
            )
        return application_of(rows[0][0])

    def has_application(self, arn: str) -> bool:
        """Return True if there is an application with this ARN."""
        return bool(self._rows("select 1 from applications where arn = ?", arn))

    def count_applications(self, scope: str) -> int:
        """Return how many applications an account has in a Region."""
        return int(self._rows("select count(*) from applications where scope = ?", scope)[0][0])

    def applications(self, scope: str, *, after: int = 0, limit: int = -1) -> list[tuple[int, Application]]:
        """Return applications of an account in a Region with their numbers, in the order of their creation."""
        rows = self._rows(
            "select number, document from applications where scope = ? and number > ? order by number limit ?",
            scope, after, limit,
        )  # fmt: skip
        return [(number, application_of(document)) for number, document in rows]

    def all_applications(self) -> list[Application]:
        """Return every application, of any account and Region."""
        return [application_of(row[0]) for row in self._rows(
            "select document from applications order by number"
        )]  # fmt: skip

    def application_arns(self) -> list[tuple[str, str]]:
        """Return uid and ARN of every application, in the order of their creation."""
        return self._rows("select uid, arn from applications order by number")

    def active_applications(self) -> list[Application]:
        """Return the applications with a job, an operation in progress, or a snapshot to come, the oldest first."""
        return [application_of(row[0]) for row in self._rows(
            "select document from applications where is_active order by number"
        )]  # fmt: skip

    # What the state machine reads

    def version(self, application: Application, version_id: int) -> ApplicationVersion:
        """Return a version; raise RefusedCallError if there is none."""
        rows = self._rows(
            "select document from versions where application_uid = ? and version_id = ?", application.uid, version_id
        )
        if not rows:
            raise RefusedCallError(
                RefusalCode.RESOURCE_NOT_FOUND, f"Version {version_id} of application {application.name} not found"
            )
        return version_of(rows[0][0])

    def operation(self, application: Application, operation_id: str) -> Operation:
        """Return an operation; raise RefusedCallError if there is none."""
        rows = self._rows(
            "select document from operations where application_uid = ? and operation_id = ?",
            application.uid, operation_id,
        )  # fmt: skip
        if not rows:
            raise RefusedCallError(
                RefusalCode.RESOURCE_NOT_FOUND, f"Operation {operation_id} of application {application.name} not found"
            )
        return operation_of(rows[0][0])

    def snapshot(self, uid: str) -> SnapshotRecord:
        """Return a snapshot, which exists."""
        return snapshot_of(self._rows("select document from snapshots where uid = ?", uid)[0][0])

    def legacy_snapshot(self, application: Application, name: str) -> SnapshotRecord | None:
        """Return the application's legacy snapshot of this name, None if there is none."""
        return self._snapshot(
            "application_uid = ? and not is_enhanced and name = ?", application.uid, name
        )  # fmt: skip

    def enhanced_snapshot(self, arn: str) -> SnapshotRecord | None:
        """Return the enhanced snapshot with this ARN, None if there is none."""
        return self._snapshot("is_enhanced and scope = ? and name = ?", scope_of(arn), arn.rpartition("/")[2])

    def newest_snapshot(self, application: Application, version_id: int | None = None) -> SnapshotRecord | None:
        """Return the newest READY snapshot taken from the application, or from one of its versions."""
        ready = SnapshotStatus.READY.value
        if version_id is None:
            return self._snapshot("application_uid = ? and status = ?", application.uid, ready)
        return self._snapshot(
            "application_uid = ? and status = ? and version_id = ?", application.uid, ready, version_id
        )

    def _snapshot(self, condition: str, *values: object) -> SnapshotRecord | None:
        query = f"select document from snapshots where {condition} order by created_at desc, number desc limit 1"  # noqa: S608
        rows = self._rows(query, *values)
        return snapshot_of(rows[0][0]) if rows else None

    def has_snapshot(self, uid: str) -> bool:
        """Return True if there is a snapshot with this uid."""
        return bool(self._rows("select 1 from snapshots where uid = ?", uid))

    def is_running_from(self, location: str) -> bool:
        """Return True if the running job of an application started from the savepoint at this location."""
        query = "select 1 from applications where is_active and json_extract(document, '$.restored') = ? limit 1"
        return bool(location) and bool(self._rows(query, location))

    def unsettled_snapshots(self, application: Application) -> tuple[SnapshotRecord, ...]:
        """Return the snapshots of the application that are being created or deleted."""
        rows = self._rows(
            "select document from snapshots where application_uid = ? and status in (?, ?) order by number",
            application.uid, SnapshotStatus.CREATING.value, SnapshotStatus.DELETING.value,
        )  # fmt: skip
        return tuple(snapshot_of(row[0]) for row in rows)

    def count_snapshots(self, application: Application) -> int:
        """Return how many legacy snapshots the application has."""
        rows = self._rows(
            "select count(*) from snapshots where application_uid = ? and not is_enhanced", application.uid
        )
        return int(rows[0][0])

    # The newest records

    def recent_versions(self, application: Application, limit: int) -> list[ApplicationVersion]:
        """Return the newest versions of an application, from the newest on."""
        rows = self._rows(
            "select document from versions where application_uid = ? order by version_id desc limit ?",
            application.uid, limit,
        )  # fmt: skip
        return [version_of(row[0]) for row in rows]

    def recent_snapshots(self, application: Application, limit: int) -> list[SnapshotRecord]:
        """Return the newest snapshots that were taken from an application, legacy and enhanced, from the newest on."""
        rows = self._rows(
            "select document from (select * from snapshots where application_uid = ? and not is_enhanced"
            " order by number desc limit ?) union all select document from (select * from snapshots"
            " where application_uid = ? and is_enhanced order by number desc limit ?)",
            application.uid, limit, application.uid, limit,
        )  # fmt: skip
        found = [snapshot_of(row[0]) for row in rows]
        return sorted(found, key=lambda each: each.created_at, reverse=True)[:limit]

    def snapshots_without_application(self, limit: int) -> list[tuple[str, SnapshotRecord]]:
        """Return the newest enhanced snapshots whose application does not exist, each with account and Region."""
        rows = self._rows(
            "select scope, document from snapshots where is_enhanced and application_uid not in"
            " (select uid from applications) order by number desc limit ?",
            limit,
        )  # fmt: skip
        return [(scope, snapshot_of(document)) for scope, document in rows]

    # Pages

    def versions(self, application: Application, *, after: int = 0, limit: int = -1) -> list[ApplicationVersion]:
        """Return versions of an application from the oldest on; ``after`` is a version id."""
        rows = self._rows(
            "select document from versions where application_uid = ? and version_id > ? order by version_id limit ?",
            application.uid, after, limit,
        )  # fmt: skip
        return [version_of(row[0]) for row in rows]

    def operations(
        self,
        application: Application,
        *,
        before: int | None = None,
        limit: int = -1,
        name: str = "",
        status: str = "",
    ) -> list[tuple[int, Operation]]:
        """Return operations of an application with their numbers, from the newest on; empty stands for any."""
        rows = self._rows(
            "select number, document from operations where application_uid = ? and (? is null or number < ?)"
            " and (? = '' or name = ?) and (? = '' or status = ?) order by number desc limit ?",
            application.uid, before, before, name, name, status, status, limit,
        )  # fmt: skip
        return [(number, operation_of(document)) for number, document in rows]

    def legacy_snapshots(
        self, application: Application, *, after: int = 0, limit: int = -1
    ) -> list[tuple[int, SnapshotRecord]]:
        """Return legacy snapshots of an application with their numbers, from the oldest on."""
        rows = self._rows(
            "select number, document from snapshots where application_uid = ? and not is_enhanced and number > ?"
            " order by number limit ?",
            application.uid, after, limit,
        )  # fmt: skip
        return [(number, snapshot_of(document)) for number, document in rows]
