"""The records of the service, in SQLite: they survive a kill of the process at any moment."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.service.record_texts import APPLICATIONS, OPERATIONS, SNAPSHOT_OPERATIONS, SNAPSHOTS, VERSIONS
from cdk_penstock.local.service.snapshot_reader import SnapshotReader
from cdk_penstock.local.service.tables import scope_of
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotChange, origin_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydantic import TypeAdapter

    from cdk_penstock.model.lifecycle.changes import Change
    from cdk_penstock.model.lifecycle.records import Application


class Store(SnapshotReader):
    """All records, to read and to write; a change is written in one transaction.

    Parameters
    ----------
    file
        The database, made if it is not there; None for one in memory.

    Attributes
    ----------
    listeners
        Called after each write, in the thread that wrote: with the uid of the application that the records belong to,
        and with the application if it was written and still exists.
    """

    def __init__(self, file: Path | None) -> None:
        super().__init__(file)
        self.listeners: list[Callable[[str, Application | None], None]] = []

    def _tell(self, uid: str, application: Application | None = None) -> None:
        for listener in self.listeners:
            listener(uid, application)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            self._database.execute("begin immediate")
            self._read.clear()
            try:
                yield self._database
            except BaseException:
                self._database.execute("rollback")
                raise
            else:
                self._database.execute("commit")
            finally:
                self._read.clear()

    def write(self, change: Change) -> None:
        """Write a change, all of it or nothing."""
        self._write(change)
        application = change.application
        self._tell(application.uid, None if change.is_deleted else application)

    def _write(self, change: Change) -> None:
        application = change.application
        with self._transaction() as database:
            for version in change.versions:
                database.execute(
                    "insert or replace into versions values (?, ?, ?)",
                    (version.application_uid, version.version_id, _text(VERSIONS, version)),
                )
            for operation in change.operations:
                database.execute(
                    "insert into operations (application_uid, operation_id, name, status, document)"
                    " values (?, ?, ?, ?, ?) on conflict (operation_id) do update set"
                    " status = excluded.status, document = excluded.document",
                    (operation.application_uid, operation.operation_id, operation.name, operation.status.value,
                     _text(OPERATIONS, operation)),
                )  # fmt: skip
            scope = scope_of(application.arn)
            self._write_snapshots(
                SnapshotChange(
                    scope=scope,
                    snapshots=change.snapshots,
                    removed_snapshots=change.removed_snapshots,
                    operations=change.snapshot_operations,
                )
            )
            if change.is_deleted:
                self._remove(application)
                return
            is_active = (
                application.transit is not None
                or application.running_version is not None
                or bool(self.unsettled_snapshots(application))
            )
            database.execute(
                "insert into applications (uid, arn, scope, is_active, document) values (?, ?, ?, ?, ?)"
                " on conflict (uid) do update set is_active = excluded.is_active, document = excluded.document",
                (application.uid, application.arn, scope, is_active, _text(APPLICATIONS, application)),
            )

    def write_snapshots(self, change: SnapshotChange) -> None:
        """Write snapshots, which may have no application any more, and operations on them: all of it or nothing."""
        with self._transaction():
            self._write_snapshots(change)
        for uid in {each.application_uid for each in (*change.snapshots, *change.removed_snapshots)}:
            self._tell(uid)

    def _write_snapshots(self, change: SnapshotChange) -> None:
        database = self._database
        for snapshot in change.snapshots:
            database.execute(
                "insert into snapshots (uid, application_uid, scope, is_enhanced, name, version_id, status, created_at,"
                " application_name, origin, is_automatic, document) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (uid) do update set status = excluded.status, document = excluded.document",
                (snapshot.uid, snapshot.application_uid, change.scope, snapshot.is_enhanced, snapshot.name,
                 snapshot.version_id, snapshot.status.value, snapshot.created_at.timestamp(),
                 snapshot.application_name, origin_of(snapshot).value, snapshot.is_automatic,
                 _text(SNAPSHOTS, snapshot)),
            )  # fmt: skip
        for snapshot in change.removed_snapshots:
            database.execute("delete from snapshots where uid = ?", (snapshot.uid,))
        for operation in change.operations:
            database.execute(
                "insert into snapshot_operations (operation_id, scope, snapshot_uid, snapshot_name, name, status,"
                " started_at, document) values (?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (operation_id) do update set status = excluded.status, document = excluded.document",
                (operation.operation_id, change.scope, operation.snapshot_uid, operation.snapshot_name,
                 operation.name.value, operation.status.value, operation.started_at.timestamp(),
                 _text(SNAPSHOT_OPERATIONS, operation)),
            )  # fmt: skip

    def _remove(self, application: Application) -> None:
        for statement in (
            "delete from applications where uid = ?",
            "delete from versions where application_uid = ?",
            "delete from operations where application_uid = ?",
            "delete from snapshots where application_uid = ? and not is_enhanced",
        ):
            self._database.execute(statement, (application.uid,))

    # Notes of the other parts

    def note(self, kind: str, key: str) -> Any:
        """Return a small document, None if there is none."""
        rows = self._rows("select document from notes where kind = ? and key = ?", kind, key)
        return json.loads(rows[0][0]) if rows else None

    def notes(self, kind: str) -> dict[str, Any]:
        """Return all small documents of a kind, by their keys."""
        return {key: json.loads(text) for key, text in self._rows(
            "select key, document from notes where kind = ?", kind
        )}  # fmt: skip

    def write_note(self, kind: str, key: str, document: object) -> None:
        """Write a small document, or remove it if it is None."""
        with self._transaction() as database:
            if document is None:
                database.execute("delete from notes where kind = ? and key = ?", (kind, key))
            else:
                database.execute("insert or replace into notes values (?, ?, ?)", (kind, key, json.dumps(document)))


def _text(adapter: TypeAdapter[Any], value: object) -> str:
    return adapter.dump_json(value).decode()
