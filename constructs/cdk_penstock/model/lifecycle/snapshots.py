"""Snapshots: when one can be taken, names, limits and deletion; legacy ones and the account's enhanced ones.

Sources: how-snapshots, snapshots-setup and snapshots-manage of the developer guide, and API_CreateApplicationSnapshot.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation
from cdk_penstock.model.keys.key_assignment import AWS_OWNED
from cdk_penstock.model.lifecycle.changes import Begun, Change
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.records import SnapshotRecord
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperationName, begin_snapshot_operation
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cdk_penstock.model.lifecycle.changes import Moment
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.situation import Situation


MAXIMUM_SNAPSHOTS: Final = 1_000
"""Legacy snapshots of an application from which on MSF takes none on request; automatic ones go on."""
_RESERVED_PREFIX: Final = "SYSTEMSNAPSHOT"


def can_save(at: Situation) -> bool:
    """Return True if the job can take a savepoint now."""
    return at.job.state is JobState.RUNNING and not at.is_lost


def check_can_save(at: Situation) -> None:
    """Raise RefusedCallError if the job cannot take a savepoint now."""
    if can_save(at):
        return
    raise RefusedCallError(
        RefusalCode.INVALID_APPLICATION_CONFIGURATION,
        f"Failed to take snapshot for the application {at.application.name} at this moment. The application is"
        " currently experiencing downtime. Please check the application's CloudWatch metrics or CloudWatch logs for any"
        " possible errors and retry the request. You can also retry the request after disabling the snapshots in the"
        " Amazon Managed Service for Apache Flink console or by updating the ApplicationSnapshotConfiguration through"
        " the AWS SDK.",
    )


def _taken(application: Application, moment: Moment, name: str) -> SnapshotRecord:
    return SnapshotRecord(
        uid=moment.new_id(),
        application_uid=application.uid,
        application_name=application.name,
        application_created_at=application.created_at,
        name=name,
        created_at=moment.now,
        version_id=application.running_version or application.version_id,
        runtime=application.settings.runtime,
        encryption=application.effective_encryption or AWS_OWNED,
        is_enhanced=application.settings.has_enhanced_snapshots,
    )


def automatic_snapshot(application: Application, moment: Moment, *, enhanced: bool | None = None) -> SnapshotRecord:
    """Return a snapshot that MSF takes by itself, with the version and the key of the job that runs.

    An update to enhanced snapshots takes an enhanced one already; otherwise the present mode decides.
    """
    taken = _taken(application, moment, "")
    taken = taken if enhanced is None else replace(taken, is_enhanced=enhanced)
    prefix = f"{_RESERVED_PREFIX}-" if taken.is_enhanced else ""
    return replace(taken, name=f"{prefix}{application.name[:60]}-{taken.uid[:20]}", is_automatic=True)


def create_snapshot(at: Situation, name: str) -> Begun:
    """Begin CreateApplicationSnapshot.

    Raises
    ------
    RefusedCallError
        Status, mode or job do not allow it, snapshots are disabled, the name is taken, or there are too many.
    """
    application = at.application
    _check_can_snapshot(at, StatusBound.SNAPSHOT, enhanced=False)
    if not application.settings.snapshots_enabled:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST,
            f"Snapshots are disabled for application {application.name}: enable them with UpdateApplication",
        )
    if at.records.legacy_snapshot(application, name) is not None:
        raise _name_taken(name)
    if at.records.count_snapshots(application) >= MAXIMUM_SNAPSHOTS:
        raise RefusedCallError(
            RefusalCode.LIMIT_EXCEEDED,
            f"Application {application.name} has {MAXIMUM_SNAPSHOTS} snapshots, the limit: delete old ones",
        )
    check_can_save(at)
    return _begun(at, Change(application=application, snapshots=(_taken(application, at.moment, name),)))


def create_enhanced_snapshot(at: Situation, name: str, *, description: str, tags: Mapping[str, str]) -> Begun:
    """Begin CreateSnapshot, also if snapshots are disabled: that concerns only those that MSF takes by itself.

    Raises
    ------
    RefusedCallError
        Status, mode or job do not allow it, the name is taken or reserved, or another one is being created.
    """
    application, records = at.application, at.records
    _check_can_snapshot(at, StatusBound.ENHANCED_SNAPSHOT, enhanced=True)
    check_enhanced_name(name, records.enhanced_snapshot(enhanced_arn(application.arn, name)))
    present = [each for each in records.unsettled_snapshots(application) if each.status is SnapshotStatus.CREATING]
    if present:
        raise RefusedCallError(
            RefusalCode.LIMIT_EXCEEDED,
            f"Snapshot {present[0].name} of application {application.name} is being created: one at a time",
        )
    check_can_save(at)
    snapshot = replace(_taken(application, at.moment, name), description=description, tags=dict(tags))
    operation = begin_snapshot_operation(snapshot, SnapshotOperationName.CREATE, at.moment)
    change = Change(application=application, snapshots=(snapshot,), snapshot_operations=(operation,))
    return replace(_begun(at, change), operation_id=operation.operation_id)


def _check_can_snapshot(at: Situation, bound: StatusBound, *, enhanced: bool) -> None:
    check_status(bound, at.application.name, at.application.status)
    if enhanced != at.application.settings.has_enhanced_snapshots:
        mode = "ENHANCED_SNAPSHOTS" if enhanced else "APPLICATION_SNAPSHOTS_LEGACY"
        raise RefusedCallError(
            RefusalCode.INVALID_APPLICATION_CONFIGURATION, f"{bound} needs an application whose SnapshotMode is {mode}"
        )


def _begun(at: Situation, change: Change) -> Begun:
    application = at.application
    return Begun(
        change=change,
        key_operation=LifecycleOperation.SNAPSHOT,
        key_use=KeyUse(configured=application.settings.encryption, effective=application.effective_encryption),
    )


def _name_taken(name: str) -> RefusedCallError:
    return RefusedCallError(RefusalCode.RESOURCE_IN_USE, f"Snapshot {name} already exists")


def check_enhanced_name(name: str, present: SnapshotRecord | None) -> None:
    """Raise RefusedCallError if the name is MSF's, or that of a present snapshot, be it a FAILED one."""
    if name.upper().startswith(_RESERVED_PREFIX):
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"SnapshotName must not begin with {_RESERVED_PREFIX}, which is reserved; got {name}",
        )
    if present is not None:
        raise _name_taken(name)


def check_deletable(snapshot: SnapshotRecord, created_at: datetime, application: Application | None) -> None:
    """Raise RefusedCallError unless the snapshot can be deleted.

    Parameters
    ----------
    snapshot
        The snapshot.
    created_at
        Its time of creation as the caller gives it: it must be exact, to the second or to the microsecond.
    application
        The application that a legacy one belongs to, None for an enhanced one: that is deleted as soon as nothing
        uses it.
    """
    if application is not None:
        check_status(StatusBound.DELETE_SNAPSHOT, application.name, application.status)
        if application.transit is not None and application.transit.restore == snapshot.uid:
            raise RefusedCallError(
                RefusalCode.RESOURCE_IN_USE, f"Snapshot {snapshot.name} is being restored, and cannot be deleted now"
            )
    given, known = created_at.astimezone(UTC), snapshot.created_at
    if given != known and given != known.replace(microsecond=0):
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"SnapshotCreationTimestamp {created_at.isoformat()} does not match that of snapshot {snapshot.name}",
        )
    if snapshot.status in {SnapshotStatus.CREATING, SnapshotStatus.DELETING}:
        raise RefusedCallError(
            RefusalCode.RESOURCE_IN_USE, f"Snapshot {snapshot.name} is {snapshot.status}, and cannot be deleted now"
        )


def enhanced_arn(application_arn: str, name: str) -> str:
    """Return the ARN of an enhanced snapshot in an application's account and Region."""
    return f"{application_arn.rpartition(':')[0]}:snapshot/{name}"
