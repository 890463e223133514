"""CreateApplication, and every change of an application that makes a new version.

Sources: API_CreateApplication, API_UpdateApplication, how-running-apps, how-system-rollbacks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation
from cdk_penstock.model.lifecycle.changes import Begun, Change, begin_operation, end_operation
from cdk_penstock.model.lifecycle.legality import StatusBound, check_status
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshots import automatic_snapshot, can_save, check_can_save
from cdk_penstock.model.lifecycle.starting import chosen_snapshot, parsed_run_configuration
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.transit import Phase, Transit
from cdk_penstock.model.lifecycle.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.lifecycle.records import Application, Operation, SnapshotRecord
    from cdk_penstock.model.lifecycle.situation import Situation
    from cdk_penstock.model.lifecycle.transit import RunConfiguration
    from cdk_penstock.model.lifecycle.version_settings import Settings


DEFAULT_MAINTENANCE_START: Final = "03:00"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The state that a caller believes the application to be in: its version, or its conditional token."""

    version_id: int | None = None
    token: str | None = None


def check_current(application: Application, guard: Guard) -> None:
    """Raise RefusedCallError unless the caller names the present state, by version or by token, or by both."""
    if guard.version_id is None and guard.token is None:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, "Either CurrentApplicationVersionId or ConditionalToken must be given"
        )
    if guard.version_id not in {None, application.version_id} or guard.token not in {None, application.token}:
        got = f"version {guard.version_id}" if guard.version_id is not None else "the given ConditionalToken"
        raise RefusedCallError(
            RefusalCode.CONCURRENT_MODIFICATION,
            f"Application {application.name} is at version {application.version_id} now, {got} is not current",
        )


def create(application: Application) -> Change:
    """Return the change that adds a new application, READY at version 1."""
    return Change(application=application, versions=(version_of(application),))


def change_settings(
    at: Situation,
    settings: Settings,
    *,
    bound: StatusBound,
    guard: Guard,
    run: Mapping[str, Any],
    names_parallelism: bool = False,
) -> Begun:
    """Begin an update to new settings: at once if the application is READY, with a restart if it is RUNNING.

    Parameters
    ----------
    at
        The application as it is.
    settings
        Its settings after the update.
    bound
        The API's operation.
    guard
        The state that the caller believes it to be in.
    run
        RunConfigurationUpdate.
    names_parallelism
        True if the caller names the parallelism, be it the configured one: what autoscaling has made of it ends.

    Raises
    ------
    RefusedCallError
        Status, guard or job do not allow it, or the snapshot of a custom restore cannot be restored.
    """
    application, moment = at.application, at.moment
    check_status(bound, application.name, application.status)
    check_current(application, guard)
    new_id = application.newest_version_id + 1
    operation = begin_operation(application, bound, moment, updated_to=new_id)
    updated = replace(
        at.touched(),
        settings=settings,
        version_id=new_id,
        newest_version_id=new_id,
        version_created_at=moment.now,
        updated_from=application.version_id,
        rolled_back_from=None,
        rolled_back_to=None,
    )
    restart = None
    if application.status is ApplicationStatus.RUNNING:
        restart = _restart(at, settings, operation, parsed_run_configuration(run), names_parallelism=names_parallelism)
        updated = replace(
            updated,
            status=ApplicationStatus.UPDATING,
            transit=restart.transit,
            launch=application.launch + (1 if restart.transit.phase is Phase.LAUNCH else 0),
        )
    elif run and moment.switches.refuses_run_configuration_when_ready:
        raise RefusedCallError(RefusalCode.INVALID_ARGUMENT, "RunConfigurationUpdate needs a RUNNING application")
    else:
        operation = end_operation(operation, moment)
    return Begun(
        change=Change(
            application=updated,
            versions=(version_of(updated),),
            operations=(operation,),
            snapshots=restart.snapshots if restart else (),
        ),
        operation_id=operation.operation_id,
        key_operation=LifecycleOperation.UPDATE,
        key_use=KeyUse(
            configured=application.settings.encryption,
            effective=application.effective_encryption,
            new=settings.encryption,
            restored_snapshot=restart.restored if restart else None,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Restart:
    """The restart of an update: its snapshots to take, and the key of an older one to restore."""

    transit: Transit
    snapshots: tuple[SnapshotRecord, ...]
    restored: KeyAssignment | None


def _restart(
    at: Situation, settings: Settings, operation: Operation, run: RunConfiguration, *, names_parallelism: bool
) -> _Restart:
    application, moment = at.application, at.moment
    saved: tuple[SnapshotRecord, ...] = ()
    # MSF's message says that disabling snapshots lets an update through while the job is down.
    if application.settings.snapshots_enabled and (settings.snapshots_enabled or can_save(at)):
        check_can_save(at)
        saved = (automatic_snapshot(application, moment, enhanced=settings.has_enhanced_snapshots),)
    # Without snapshots, an update starts without state, also if there are older ones.
    latest = run.restore_type == "RESTORE_FROM_LATEST_SNAPSHOT"
    chosen = None if latest else chosen_snapshot(at, run, settings)
    restored = saved if latest else ((chosen,) if chosen else ())
    transit = Transit(
        operation_id=operation.operation_id,
        phase=Phase.SAVE if saved else Phase.LAUNCH,
        since=moment.now,
        phase_since=moment.now,
        snapshot=saved[0].uid if saved else "",
        restore=restored[0].uid if restored else "",
        run=run,
        parallelism=settings.parallelism if names_parallelism else _parallelism(at, settings),
    )
    return _Restart(transit=transit, snapshots=saved, restored=chosen.encryption if chosen else None)


def _parallelism(at: Situation, settings: Settings) -> int:
    application = at.application
    is_kept = settings.parallelism == application.settings.parallelism
    if is_kept and at.moment.switches.update_keeps_current_parallelism and application.current_parallelism:
        return application.current_parallelism
    return settings.parallelism


def set_maintenance_window(at: Situation, start: str) -> Change:
    """Return the change of the maintenance window's start, ``HH:MM`` in UTC; the version stays.

    Raises
    ------
    RefusedCallError
        The status does not allow it.
    """
    check_status(StatusBound.MAINTENANCE_WINDOW, at.application.name, at.application.status)
    return Change(application=replace(at.touched(), maintenance_start=start))
