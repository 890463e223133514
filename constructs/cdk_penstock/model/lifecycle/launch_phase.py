"""An operation that waits for its job: success, failure, and the rollback that MSF begins by itself.

Sources: how-running-apps, how-system-rollbacks and troubleshooting of the developer guide; AWS's blog on the lifecycle
of applications for what RUNNING means.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.launching import launch_order
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.rolling_back import system_rollback
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, OperationStatus
from cdk_penstock.model.lifecycle.switches import FailedUpdate
from cdk_penstock.model.lifecycle.transit import Phase

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.situation import Situation


_ROLLED_BACK_BY_MSF: Final = frozenset({ApplicationStatus.UPDATING, ApplicationStatus.AUTOSCALING})
_VERSIONS_REMEMBERED: Final = 10
_START_TIMEOUT_SECONDS: Final = 300.0


def advance_launch(at: Situation) -> Change | None:
    """Return the next change of an application whose job is launched.

    RUNNING follows as soon as Flink accepts the job, although tasks may still fail: only with system rollback, an
    update or a scaling watches it for a while.
    """
    application, job = at.application, at.job
    is_to_launch = job.launch_id != application.launch_id or job.state is JobState.ABSENT
    error = _obstacle(at) if is_to_launch else ""
    if is_to_launch and not error:
        transit = replace(at.transit, accepted_at=None)
        ordered = replace(application, launched_at=at.moment.now, transit=transit)
        return Change(application=ordered, orders=(launch_order(application, at.transit, at.records),))
    if not error and job.state in {JobState.FAILED, JobState.CANCELED}:
        error = job.error or "the job did not start"
    is_watched = application.settings.rollback_enabled and application.status in _ROLLED_BACK_BY_MSF
    is_waiting = job.state is JobState.LAUNCHING or (is_watched and job.state is JobState.RESTARTING)
    if not error and is_waiting and _seconds_since(application.launched_at, at) >= _START_TIMEOUT_SECONDS:
        error = f"Flink job did not start within a total timeout of 5 minutes; it is {job.state}. {job.error}".strip()
    if not error and is_watched and job.restarts >= at.moment.switches.loop_restarts:
        error = f"the job restarts again and again: {job.error}"
    if not error and is_waiting:
        return None
    if not error and is_watched and job.state is JobState.RUNNING:
        if at.transit.accepted_at is None:
            return Change(application=replace(application, transit=replace(at.transit, accepted_at=at.moment.now)))
        if _seconds_since(at.transit.accepted_at, at) < at.moment.switches.loop_watch_seconds:
            return None
    if at.is_early:
        return None
    return _failed(at, error) if error else _running(at)


def _obstacle(at: Situation) -> str:
    """Return why no job can be launched now; an empty text if nothing stands against it."""
    settings, restore = at.application.settings, at.transit.restore
    if restore and not at.records.has_snapshot(restore):
        return "the snapshot to restore does not exist any more"
    keys = settings.encryption.keys | (at.records.snapshot(restore).encryption.keys if restore else frozenset())
    unusable = sorted(keys & at.moment.unusable_keys)
    if unusable:
        return f"KMSInvalidStateException: key {unusable[0]} is not enabled"
    if not settings.code:
        return "the application has no code: give it ApplicationCodeConfiguration with UpdateApplication"
    return ""


def _seconds_since(since: datetime | None, at: Situation) -> float:
    return 0.0 if since is None else (at.moment.now - since).total_seconds()


def _running(at: Situation) -> Change:
    application, transit = at.application, at.transit
    version_id = application.version_id
    ran = (*(each for each in application.ran if each != version_id), version_id)[-_VERSIONS_REMEMBERED:]
    running = replace(
        at.touched(),
        status=ApplicationStatus.RUNNING,
        transit=None,
        running_version=version_id,
        ran=ran,
        current_parallelism=transit.parallelism,
        effective_encryption=application.settings.encryption,
        restored=at.records.snapshot(transit.restore).location if transit.restore else "",
        run_configuration=transit.run or application.run_configuration,
    )
    if at.is_finished:
        running = replace(at.stopped(), ran=ran)
    return Change(application=running, operations=at.ended())


def _failed(at: Situation, error: str) -> Change:
    application = at.application
    operations = at.ended(OperationStatus.FAILED, error=error)
    if application.status in _ROLLED_BACK_BY_MSF:
        back = system_rollback(at) if application.settings.rollback_enabled else None
        if back is not None:
            rollback_id = back.operations[0].operation_id
            failed = tuple(replace(each, rollback_operation_id=rollback_id) for each in operations)
            return replace(back, operations=(*failed, *back.operations))
        if not application.settings.rollback_enabled and at.moment.switches.failed_update is FailedUpdate.UPDATING:
            stuck = replace(at.transit, phase=Phase.STUCK, operation_id="")
            return Change(application=replace(application, transit=stuck), operations=operations)
    # The job that failed is cleared away before the application is READY.
    cancelling = replace(at.transit, phase=Phase.CANCEL, operation_id="", phase_since=at.moment.now)
    return Change(application=replace(application, transit=cancelling), operations=operations)
