"""Operations on enhanced snapshots without a job: imports, exports and deletions, carried on to their end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.savepoints import path_of_savepoint, remove_savepoint
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.snapshot_operations import (
    SnapshotChange,
    SnapshotOperationName,
    end_snapshot_operation,
)
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.local.service.snapshot_files import SnapshotFiles
    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperation, Transfer


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """The end of an operation: why it failed, or where an imported snapshot is."""

    error_code: str = ""
    error: str = ""
    location: str = ""
    size_bytes: int = 0


def carry_on_snapshots(msf: Msf) -> bool:
    """Carry on with every operation that is due; return True if anything changed."""
    changed = False
    for scope, operation in msf.store.open_snapshot_operations():
        age = (msf.options.clock() - operation.started_at).total_seconds()
        work = _WORK.get(operation.name)
        if work is None or age < msf.options.transition_seconds:
            continue
        # Files are copied without the lock: calls go on meanwhile.
        outcome = work(msf, operation)
        if outcome is not None:
            _end(msf, scope, operation, outcome)
            changed = True
    return changed


def _end(msf: Msf, scope: str, operation: SnapshotOperation, outcome: _Outcome) -> None:
    ended = end_snapshot_operation(operation, msf.options.clock(), error_code=outcome.error_code, error=outcome.error)
    change = SnapshotChange(scope=scope, operations=(ended,))
    with msf.store.lock:
        snapshot = msf.store.snapshot(operation.snapshot_uid)
        if operation.name is SnapshotOperationName.IMPORT:
            change = replace(change, snapshots=(_imported(snapshot, outcome),))
        elif operation.name is SnapshotOperationName.DELETE:
            change = replace(change, removed_snapshots=(snapshot,))
        msf.store.write_snapshots(change)
    for each in change.removed_snapshots:
        remove_savepoint(each)


def _imported(snapshot: SnapshotRecord, outcome: _Outcome) -> SnapshotRecord:
    if outcome.error_code:
        return replace(snapshot, status=SnapshotStatus.FAILED, error=outcome.error)
    return replace(snapshot, status=SnapshotStatus.READY, location=outcome.location, size_bytes=outcome.size_bytes)


def _import(msf: Msf, operation: SnapshotOperation) -> _Outcome:
    transfer, files = _transfer_of(msf, operation)
    unusable = _unusable_key(msf, operation, transfer)
    if unusable is not None:
        return unusable
    try:
        folder, size = files.fetch(transfer.bucket, transfer.folder_prefix, name=operation.snapshot_uid)
    except (OSError, PenstockError) as error:
        return _Outcome(error_code="InvalidSource", error=str(error))
    return _Outcome(location=str(folder), size_bytes=size)


def _export(msf: Msf, operation: SnapshotOperation) -> _Outcome:
    transfer, files = _transfer_of(msf, operation)
    unusable = _unusable_key(msf, operation, transfer)
    if unusable is not None:
        return unusable
    savepoint = path_of_savepoint(msf.store.snapshot(operation.snapshot_uid))
    try:
        files.export(savepoint, transfer.bucket, transfer.exported_prefix(operation.operation_id))
    except (OSError, PenstockError) as error:
        return _Outcome(error_code="InvalidDestination", error=str(error))
    return _Outcome()


def _delete(msf: Msf, operation: SnapshotOperation) -> _Outcome | None:
    """Wait while another operation uses the snapshot: nothing new can begin to, since it is DELETING."""
    snapshot = msf.store.snapshot(operation.snapshot_uid)
    return None if msf.store.is_exported(snapshot) or msf.store.is_restored(snapshot) else _Outcome()


_WORK: Final[Mapping[SnapshotOperationName, Callable[[Msf, SnapshotOperation], _Outcome | None]]] = {
    SnapshotOperationName.DELETE: _delete,
    SnapshotOperationName.EXPORT: _export,
    SnapshotOperationName.IMPORT: _import,
}


def _transfer_of(msf: Msf, operation: SnapshotOperation) -> tuple[Transfer, SnapshotFiles]:
    if operation.transfer is None or msf.snapshot_files is None:
        raise RuntimeError(
            f"{operation.name} of snapshot {operation.snapshot_name} needs a place in S3, and the objects of S3"
        )
    return operation.transfer, msf.snapshot_files


def _unusable_key(msf: Msf, operation: SnapshotOperation, transfer: Transfer) -> _Outcome | None:
    """Return the failure if a key cannot be used any more, None if all can."""
    snapshot = msf.store.snapshot(operation.snapshot_uid)
    used = (snapshot.encryption, transfer.source_encryption, transfer.destination_encryption)
    unusable = sorted(msf.authorization.unusable(frozenset[str]().union(*(each.keys for each in used))))
    if not unusable:
        return None
    return _Outcome(error_code="KMSInvalidStateException", error=f"key {unusable[0]} is not enabled")
