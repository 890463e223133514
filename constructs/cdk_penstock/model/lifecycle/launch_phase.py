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

    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.situation import Situation


_ROLLED_BACK_BY_MSF: Final = frozenset({ApplicationStatus.UPDATING, ApplicationStatus.AUTOSCALING})
_VERSIONS_REMEMBERED: Final = 10
_START_TIMEOUT_SECONDS: Final = 300.0


def advance_launch(at: Situation) -> Change | None:
    """Return the next change of an application whose job is launched.

    RUNNING follows as soon as Flink accepts the job, although tasks may still fail: only with system rollback, an
    update or a scaling watches it for a while.
    """
    if at.job.launch_id != at.application.launch_id or at.job.state is JobState.ABSENT:
        error = _obstacle(at)
        if not error:
            return _ordered(at)
    else:
        error = _problem(at)
        if not error and _is_waiting(at):
            return None
        if not error and _is_watched(at) and at.job.state is JobState.RUNNING:
            if at.transit.accepted_at is None:
                return Change(application=_accepted(at, at.moment.now))
            if _seconds_since(at.transit.accepted_at, at) < at.moment.switches.loop_watch_seconds:
                return None
    if at.is_early:
        return None
    return _failed(at, error) if error else _running(at)


def _accepted(at: Situation, accepted_at: datetime | None) -> Application:
    return replace(at.application, transit=replace(at.transit, accepted_at=accepted_at))


def _ordered(at: Situation) -> Change:
    ordered = replace(_accepted(at, None), launched_at=at.moment.now)
    return Change(application=ordered, orders=(launch_order(at.application, at.transit, at.records),))


def _is_watched(at: Situation) -> bool:
    """Return True if MSF rolls the operation back by itself, and so watches the job for restarts."""
    return at.application.settings.rollback_enabled and at.application.status in _ROLLED_BACK_BY_MSF


def _is_waiting(at: Situation) -> bool:
    return at.job.state is JobState.LAUNCHING or (_is_watched(at) and at.job.state is JobState.RESTARTING)


def _problem(at: Situation) -> str:
    """Return why the job that was launched does not run; an empty text if it does, or may still come to."""
    job = at.job
    if job.state in {JobState.FAILED, JobState.CANCELED}:
        return job.error or "the job did not start"
    if _is_waiting(at) and _seconds_since(at.application.launched_at, at) >= _START_TIMEOUT_SECONDS:
        return f"Flink job did not start within a total timeout of 5 minutes; it is {job.state}. {job.error}".strip()
    if _is_watched(at) and job.restarts >= at.moment.switches.loop_restarts:
        return f"the job restarts again and again: {job.error}"
    return ""


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
