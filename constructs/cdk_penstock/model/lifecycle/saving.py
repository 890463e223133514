"""An operation that waits for its snapshot, and snapshots that somebody asked for.

Sources: how-snapshots and how-running-apps of the developer guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.changes import Change, SaveOrder
from cdk_penstock.model.lifecycle.observed_job import JobState, SavedState, SaveState
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, OperationStatus, SnapshotStatus
from cdk_penstock.model.lifecycle.transit import Phase
from cdk_penstock.model.lifecycle.versions import gone_back

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.changes import Order
    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.situation import Situation


def advance_save(at: Situation) -> Change | None:
    """Return the next change of an application that takes a snapshot and ends its job by that."""
    application, transit = at.application, at.transit
    snapshot = at.records.snapshot(transit.snapshot)
    saved = _saved(snapshot, at)
    if saved is None:
        if at.is_finished:
            saved = SavedState(state=SaveState.FAILED, error="the job finished before its snapshot was taken")
        elif at.is_lost:
            return at.recovered()
        elif at.job.state is JobState.LAUNCHING:
            return None
        else:
            return Change(application=application, orders=(SaveOrder(snapshot=snapshot.uid, stop=True),))
    if saved.state is SaveState.IN_PROGRESS or at.is_early:
        return None
    if saved.state is SaveState.FAILED:
        return _unsaved(at, snapshot, saved.error)
    ready = (_ready(snapshot, saved),)
    if application.status is ApplicationStatus.STOPPING:
        return Change(application=at.stopped(), operations=at.ended(), snapshots=ready)
    next_phase = replace(transit, phase=Phase.LAUNCH, phase_since=at.moment.now)
    launching = replace(application, transit=next_phase, launch=application.launch + 1)
    return Change(application=launching, snapshots=ready)


def _saved(snapshot: SnapshotRecord, at: Situation) -> SavedState | None:
    saved = at.job.saved.get(snapshot.uid)
    key = snapshot.encryption.key_arn
    # What was written with the key while it was enabled is not lost.
    if saved is None and key in at.moment.unusable_keys:
        return SavedState(state=SaveState.FAILED, error=f"KMSInvalidStateException: key {key} is not enabled")
    return saved


def _ready(snapshot: SnapshotRecord, saved: SavedState) -> SnapshotRecord:
    return replace(snapshot, status=SnapshotStatus.READY, location=saved.location, size_bytes=saved.size_bytes)


def _unsaved(at: Situation, snapshot: SnapshotRecord, error: str) -> Change:
    """Return the change after a snapshot that failed: the job goes on, with the version that it has."""
    application = at.application
    message = f"Failed to take snapshot for the application {application.name}: {error}"
    change = Change(
        application=replace(at.touched(), status=ApplicationStatus.RUNNING, transit=None),
        operations=at.ended(OperationStatus.FAILED, error=message),
        snapshots=(replace(snapshot, status=SnapshotStatus.FAILED, error=error),),
    )
    if at.is_finished:
        return replace(change, application=at.stopped())
    version = application.running_version
    if version is None or version == application.version_id:
        return change
    kept, versions = change.application, change.versions
    # A rollback has the settings of the running version already.
    if application.status is not ApplicationStatus.ROLLING_BACK:
        kept, versions = gone_back(kept, at.records.version(application, version), at.moment)
    ran = (*(each for each in kept.ran if each != version), kept.version_id)
    return replace(change, application=replace(kept, running_version=kept.version_id, ran=ran), versions=versions)


def with_requested_snapshots(change: Change | None, at: Situation) -> Change | None:
    """Add what the snapshots that somebody asked for need: they are taken beside whatever the application does.

    An enhanced snapshot is deleted by the account, which it belongs to.
    """
    is_deleted = change is not None and change.is_deleted
    automatic = at.application.transit.snapshot if at.application.transit else ""
    settled: list[SnapshotRecord] = []
    removed: list[SnapshotRecord] = []
    orders: list[Order] = []
    for each in at.records.unsettled_snapshots(at.application):
        saved = _saved(each, at)
        if each.status is SnapshotStatus.DELETING:
            removed.extend(() if each.is_enhanced else (each,))
        elif each.uid == automatic:
            continue
        elif saved is None and at.job.state is JobState.RUNNING and not at.is_lost:
            orders.append(SaveOrder(snapshot=each.uid, stop=False))
        elif saved is not None and saved.state is SaveState.DONE:
            settled.append(_ready(each, saved))
        elif saved is None or saved.state is SaveState.FAILED or is_deleted:
            error = (saved.error if saved else "") or "the job ended before its snapshot was complete"
            settled.append(replace(each, status=SnapshotStatus.FAILED, error=error))
    if not settled and not removed and not orders:
        return change
    change = change or Change(application=at.application)
    return replace(
        change,
        snapshots=(*change.snapshots, *settled),
        removed_snapshots=tuple(removed),
        # Before the order that ends the job.
        orders=(*orders, *change.orders),
    )
