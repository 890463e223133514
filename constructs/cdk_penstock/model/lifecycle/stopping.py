"""StopApplication, also with Force, and DeleteApplication.

Sources: API_StopApplication, API_DeleteApplication, and how-running-apps of the developer guide.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation
from cdk_penstock.model.lifecycle.changes import Begun, Change, begin_operation, end_transit, touch
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshots import automatic_snapshot, check_can_save
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.transit import Phase, Transit

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.situation import Situation


def stop(at: Situation) -> Begun:
    """Begin StopApplication: with a snapshot, if snapshots are enabled.

    Raises
    ------
    RefusedCallError
        The application is not RUNNING, or its job cannot take a snapshot; it goes on.
    """
    application, moment = at.application, at.moment
    check_status(StatusBound.STOP, application.name, application.status)
    operation = begin_operation(application, "StopApplication", moment)
    transit = Transit(operation_id=operation.operation_id, phase=Phase.CANCEL, since=moment.now, phase_since=moment.now)
    snapshots: tuple[SnapshotRecord, ...] = ()
    if application.settings.snapshots_enabled:
        check_can_save(at)
        snapshot = automatic_snapshot(application, moment)
        snapshots = (snapshot,)
        transit = replace(transit, phase=Phase.SAVE, snapshot=snapshot.uid)
    stopping = replace(at.touched(), status=ApplicationStatus.STOPPING, transit=transit)
    return Begun(
        change=Change(application=stopping, operations=(operation,), snapshots=snapshots),
        operation_id=operation.operation_id,
        key_operation=LifecycleOperation.STOP,
        key_use=KeyUse(configured=application.settings.encryption, effective=application.effective_encryption),
    )


def force_stop(at: Situation) -> Begun:
    """Begin StopApplication with Force: no snapshot, and what was in progress is cancelled.

    Raises
    ------
    RefusedCallError
        The status does not allow it.
    """
    application, moment = at.application, at.moment
    check_status(StatusBound.FORCE_STOP, application.name, application.status)
    abandoned = end_transit(application, at.records, moment)
    operation = begin_operation(application, "StopApplication", moment)
    stopping = replace(
        touch(abandoned.application, moment),
        status=ApplicationStatus.FORCE_STOPPING,
        transit=Transit(
            operation_id=operation.operation_id, phase=Phase.CANCEL, since=moment.now, phase_since=moment.now
        ),
    )
    change = replace(abandoned, application=stopping, operations=(*abandoned.operations, operation))
    return Begun(change=change, operation_id=operation.operation_id)


def delete(at: Situation, created_at: datetime) -> Begun:
    """Begin DeleteApplication; legacy snapshots go with the application, enhanced ones stay.

    Terraform sends the time of creation without its fraction, and AWS takes it.

    Raises
    ------
    RefusedCallError
        The status does not allow it, or the time of creation is another.
    """
    application, moment = at.application, at.moment
    check_status(StatusBound.DELETE, application.name, application.status)
    if created_at.astimezone(UTC).replace(microsecond=0) != application.created_at.replace(microsecond=0):
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"CreateTimestamp {created_at.isoformat()} does not match that of application {application.name}",
        )
    deleting = replace(
        at.touched(),
        status=ApplicationStatus.DELETING,
        transit=Transit(operation_id="", phase=Phase.CANCEL, since=moment.now, phase_since=moment.now),
    )
    return Begun(change=Change(application=deleting))
