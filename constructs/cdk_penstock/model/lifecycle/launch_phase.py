"""An operation that waits for its job: success, failure, and the rollback that MSF begins by itself.

Sources: how-running-apps, how-system-rollbacks and troubleshooting of the developer guide; AWS's blog on the lifecycle
of applications for what RUNNING means.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.jobs import JobState
from cdk_penstock.model.lifecycle.launching import launch_order
from cdk_penstock.model.lifecycle.records import Phase
from cdk_penstock.model.lifecycle.rolling_back import system_rollback
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, OperationStatus
from cdk_penstock.model.lifecycle.switches import FailedUpdate

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.situation import Situation

__all__ = ("advance_launch",)

_ROLLED_BACK_BY_MSF: Final = frozenset({ApplicationStatus.UPDATING, ApplicationStatus.AUTOSCALING})
_VERSIONS_REMEMBERED: Final = 10


def advance_launch(at: Situation) -> Change | None:
    """Return the next change of an application whose job is launched.

    RUNNING follows as soon as Flink accepts the job, although tasks may still fail: only an update with system
    rollback watches it for a while.
    """
    application, job = at.application, at.job
    error = _obstacle(at)
    if not error and (job.launch_id != application.launch_id or job.state is JobState.ABSENT):
        ordered = replace(application, launched_at=at.moment.now)
        return Change(application=ordered, orders=(launch_order(application, at.transit, at.records),))
    if not error and job.state is JobState.FAILED:
        error = job.error or "the job did not start"
    if not error and job.state in {JobState.LAUNCHING, JobState.CANCELED}:
        return None
    if at.is_early:
        return None
    if not error and application.settings.rollback_enabled and application.status in _ROLLED_BACK_BY_MSF:
        if job.restarts >= at.moment.switches.loop_restarts:
            error = f"the job restarts again and again: {job.error}"
        elif job.state is JobState.RESTARTING or (job.state is JobState.RUNNING and _is_watched(at)):
            return None
    return _failed(at, error) if error else _running(at)


def _obstacle(at: Situation) -> str:
    """Return why no job can be launched now; an empty text if nothing stands against it."""
    settings, restore = at.application.settings, at.transit.restore
    keys = settings.encryption.keys | (at.records.snapshot(restore).encryption.keys if restore else frozenset())
    unusable = sorted(keys & at.moment.unusable_keys)
    if unusable:
        return f"KMSInvalidStateException: key {unusable[0]} is not enabled"
    if not settings.code:
        return "the application has no code: give it ApplicationCodeConfiguration with UpdateApplication"
    return ""


def _is_watched(at: Situation) -> bool:
    since = at.application.launched_at or at.moment.now
    return (at.moment.now - since).total_seconds() < at.moment.switches.loop_watch_seconds


def _running(at: Situation) -> Change:
    application, transit = at.application, at.transit
    version_id = application.version_id
    version = replace(at.records.version(application, version_id), has_run=True)
    ran = (*(each for each in application.ran if each != version_id), version_id)[-_VERSIONS_REMEMBERED:]
    running = replace(
        at.touched(),
        status=ApplicationStatus.RUNNING,
        transit=None,
        running_version=version_id,
        ran=ran,
        current_parallelism=transit.parallelism,
        effective_encryption=application.settings.encryption,
        restored=transit.restore,
    )
    if at.is_finished:
        running = replace(at.stopped(), ran=ran)
    return Change(application=running, operations=at.ended(), versions=(version,))


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
            return Change(application=replace(at.touched(), transit=stuck), operations=operations)
    # The job that failed is cleared away before the application is READY.
    cancelling = replace(at.transit, phase=Phase.CANCEL, operation_id="", phase_since=at.moment.now)
    return Change(application=replace(at.touched(), transit=cancelling), operations=operations)
