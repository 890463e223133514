"""RollbackApplication, and the rollback that MSF begins by itself after a failed update.

Sources: API_RollbackApplication, rollback and how-system-rollbacks of the developer guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation
from cdk_penstock.model.lifecycle.changes import Begun, Change, begin_operation, end_transit, touch
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.switches import RollbackRestores
from cdk_penstock.model.lifecycle.transit import Phase, Transit
from cdk_penstock.model.lifecycle.updating import check_current
from cdk_penstock.model.lifecycle.versions import gone_back

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.changes import Moment, Records
    from cdk_penstock.model.lifecycle.records import Application, ApplicationVersion, SnapshotRecord
    from cdk_penstock.model.lifecycle.situation import Situation
    from cdk_penstock.model.lifecycle.updating import Guard


def rollback_target(application: Application) -> int | None:
    """Return the version that a rollback goes back to: the last one that ran before the present one.

    A scaling made no version: it goes back to the parallelism before.
    """
    if application.status is ApplicationStatus.AUTOSCALING:
        return application.running_version
    return next((each for each in reversed(application.ran) if each != application.version_id), None)


def _snapshot(application: Application, target: int, records: Records, moment: Moment) -> SnapshotRecord | None:
    if moment.switches.rollback_restores is RollbackRestores.NEWEST:
        return records.newest_snapshot(application)
    return records.newest_snapshot(application, target)


def roll_back(at: Situation, guard: Guard) -> Begun:
    """Begin RollbackApplication.

    Raises
    ------
    RefusedCallError
        The status or the guard do not allow it, no earlier version ran, there is no snapshot, or the application
        was updated since it changed to enhanced snapshots.
    """
    application, records, moment = at.application, at.records, at.moment
    check_status(StatusBound.ROLLBACK, application.name, application.status)
    check_current(application, guard)
    target = rollback_target(application)
    if target is None:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST,
            f"Application {application.name} has no previous running version to roll back to",
        )
    transit = application.transit
    # A rollback that comes before the update's snapshot is complete goes on from that one.
    is_saving = transit is not None and transit.phase is Phase.SAVE
    snapshot = (
        records.snapshot(transit.snapshot)
        if transit is not None and is_saving
        else _snapshot(application, target, records, moment)
    )
    if snapshot is None:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST,
            f"Application {application.name} has no snapshot to roll back to; stop it by force instead",
        )
    version = records.version(application, target)
    _check_mode(application, version, records)
    abandoned = end_transit(application, records, moment)
    change = _going_back(abandoned.application, version, snapshot, moment)
    if is_saving:
        back = change.application
        waiting = replace(_transit_of(back), phase=Phase.SAVE, snapshot=snapshot.uid)
        change = replace(change, application=replace(back, transit=waiting, launch=application.launch))
    return Begun(
        change=replace(change, operations=(*abandoned.operations, *change.operations)),
        operation_id=change.operations[0].operation_id,
        key_operation=LifecycleOperation.ROLLBACK,
        key_use=KeyUse(
            configured=application.settings.encryption,
            effective=application.effective_encryption,
            previous_version=version.settings.encryption,
            restored_snapshot=snapshot.encryption,
        ),
    )


def _check_mode(application: Application, version: ApplicationVersion, records: Records) -> None:
    """Raise RefusedCallError if legacy snapshots would come back after more than the one update that ended them."""
    if version.settings.has_enhanced_snapshots or not application.settings.has_enhanced_snapshots:
        return
    before = application.updated_from
    if before is None or records.version(application, before).settings.has_enhanced_snapshots:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST,
            f"Application {application.name} was updated since it changed to ENHANCED_SNAPSHOTS, and cannot go back to"
            f" version {version.version_id} with APPLICATION_SNAPSHOTS_LEGACY",
        )


def system_rollback(at: Situation) -> Change | None:
    """Return the change that begins MSF's own rollback of a failed update; None if nothing can be gone back to."""
    application, records, moment = at.application, at.records, at.moment
    target = rollback_target(application)
    snapshot = None if target is None else _snapshot(application, target, records, moment)
    if target is None or snapshot is None:
        return None
    return _going_back(application, records.version(application, target), snapshot, moment)


def _transit_of(application: Application) -> Transit:
    if application.transit is None:
        raise RuntimeError(f"application {application.name} must be on its way, it is {application.status}")
    return application.transit


def _going_back(
    application: Application, version: ApplicationVersion, snapshot: SnapshotRecord, moment: Moment
) -> Change:
    """Return the change that begins a rollback; MSF calls its own by the same name (how-system-rollbacks)."""
    back = touch(application, moment)
    versions: tuple[ApplicationVersion, ...] = ()
    updated_to: int | None = None
    if version.version_id != application.version_id:
        back, versions = gone_back(application, version, moment)
        updated_to = back.version_id
    operation = begin_operation(application, StatusBound.ROLLBACK, moment, updated_to=updated_to)
    parallelism = version.settings.parallelism
    if version.version_id == application.running_version and application.current_parallelism is not None:
        parallelism = application.current_parallelism
    back = replace(
        back,
        status=ApplicationStatus.ROLLING_BACK,
        launch=application.launch + 1,
        transit=Transit(
            operation_id=operation.operation_id,
            phase=Phase.LAUNCH,
            since=moment.now,
            phase_since=moment.now,
            restore=snapshot.uid,
            parallelism=parallelism,
        ),
    )
    return Change(application=back, versions=versions, operations=(operation,))
