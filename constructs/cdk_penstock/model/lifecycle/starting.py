"""StartApplication: the snapshot to restore, and the beginning of the start.

Sources: API_StartApplication, API_ApplicationRestoreConfiguration, and how-snapshots of the developer guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation
from cdk_penstock.model.lifecycle.changes import Begun, Change, begin_operation
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshots import enhanced_arn
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus
from cdk_penstock.model.lifecycle.transit import Phase, RunConfiguration, Transit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.situation import Situation
    from cdk_penstock.model.lifecycle.version_settings import Settings


def parsed_run_configuration(given: Mapping[str, Any]) -> RunConfiguration:
    """Return a RunConfiguration, or its Update, with MSF's defaults.

    Raises
    ------
    RefusedCallError
        A custom restore names no snapshot, or two; another restore names one; or it is of an SQL application.
    """
    if given.get("SqlRunConfigurations"):
        raise RefusedCallError(
            RefusalCode.UNSUPPORTED_OPERATION, "SqlRunConfigurations is not supported for a Flink application"
        )
    restore = given.get("ApplicationRestoreConfiguration", {})
    parsed = RunConfiguration(
        restore_type=restore.get("ApplicationRestoreType", "RESTORE_FROM_LATEST_SNAPSHOT"),
        snapshot_name=restore.get("SnapshotName", ""),
        snapshot_arn=restore.get("SnapshotArn", ""),
        allow_non_restored_state=given.get("FlinkRunConfiguration", {}).get("AllowNonRestoredState", False),
    )
    named = bool(parsed.snapshot_name) + bool(parsed.snapshot_arn)
    if named != (parsed.restore_type == "RESTORE_FROM_CUSTOM_SNAPSHOT"):
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            "RESTORE_FROM_CUSTOM_SNAPSHOT needs exactly one of SnapshotName and SnapshotArn, and only that takes one;"
            f" got {parsed.restore_type} with {named}",
        )
    return parsed


def chosen_snapshot(at: Situation, run: RunConfiguration, settings: Settings) -> SnapshotRecord | None:
    """Return the snapshot to restore, None to start without state: the first start has none, whatever it asks for.

    An enhanced snapshot may be another application's, but of the same account and Region.

    Raises
    ------
    RefusedCallError
        The snapshot does not exist, is not READY, or is not of the mode of these settings.
    """
    application, records = at.application, at.records
    if run.restore_type == "SKIP_RESTORE_FROM_SNAPSHOT":
        return None
    if run.restore_type == "RESTORE_FROM_LATEST_SNAPSHOT":
        return records.newest_snapshot(application)
    name = run.snapshot_name or run.snapshot_arn
    if settings.has_enhanced_snapshots != bool(run.snapshot_arn):
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            "SnapshotArn is for an application with ENHANCED_SNAPSHOTS, SnapshotName for one without; got"
            f" {name} for application {application.name}",
        )
    expected = enhanced_arn(application.arn, run.snapshot_arn.rpartition("/")[2])
    if run.snapshot_arn not in {"", expected}:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"SnapshotArn must be of the application's account and Region, as {expected}; got {name}",
        )
    found = (
        records.legacy_snapshot(application, run.snapshot_name)
        if run.snapshot_name
        else records.enhanced_snapshot(run.snapshot_arn)
    )
    if found is None:
        raise RefusedCallError(
            RefusalCode.RESOURCE_NOT_FOUND, f"Snapshot {name} not found for application {application.name}"
        )
    if found.status is not SnapshotStatus.READY:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, f"Snapshot {name} is {found.status}, and must be READY to be restored"
        )
    return found


def start(at: Situation, given: Mapping[str, Any]) -> Begun:
    """Begin StartApplication with a RunConfiguration; the version stays.

    Raises
    ------
    RefusedCallError
        The application is not READY, or its snapshot cannot be restored.
    """
    application, moment = at.application, at.moment
    check_status(StatusBound.START, application.name, application.status)
    run = parsed_run_configuration(given)
    settings = application.settings
    snapshot = chosen_snapshot(at, run, settings)
    operation = begin_operation(application, "StartApplication", moment)
    started = replace(
        at.touched(),
        status=ApplicationStatus.STARTING,
        run_configuration=run,
        launch=application.launch + 1,
        transit=Transit(
            operation_id=operation.operation_id,
            phase=Phase.LAUNCH,
            since=moment.now,
            phase_since=moment.now,
            restore=snapshot.uid if snapshot else "",
            run=run,
            parallelism=settings.parallelism,
        ),
    )
    return Begun(
        change=Change(application=started, operations=(operation,)),
        operation_id=operation.operation_id,
        key_operation=LifecycleOperation.START,
        key_use=KeyUse(configured=settings.encryption, restored_snapshot=snapshot.encryption if snapshot else None),
    )
