"""The next change of an application, from its records and from what is observed of its job.

Nothing else is remembered: after an interruption at any moment, the same function goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.changes import CancelOrder, Change
from cdk_penstock.model.lifecycle.launch_phase import advance_launch
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.saving import advance_save, with_requested_snapshots
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.transit import Phase

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.situation import Situation


_ENDED: Final = frozenset({JobState.ABSENT, JobState.FINISHED, JobState.FAILED, JobState.CANCELED})


def advance(at: Situation) -> Change | None:
    """Return the next change, None if there is nothing to do but wait."""
    transit = at.application.transit
    change: Change | None
    if transit is None:
        change = _advance_steady(at)
    elif transit.phase is Phase.SAVE:
        change = advance_save(at)
    elif transit.phase is Phase.LAUNCH:
        change = advance_launch(at)
    elif transit.phase is Phase.CANCEL:
        change = _advance_cancel(at)
    else:
        change = None
    return with_requested_snapshots(change, at)


def _advance_steady(at: Situation) -> Change | None:
    if at.application.status is not ApplicationStatus.RUNNING:
        return None
    if at.is_finished:
        return Change(application=at.stopped())
    return at.recovered() if at.is_lost else None


def _advance_cancel(at: Situation) -> Change | None:
    if at.job.state not in _ENDED:
        return Change(application=at.application, orders=(CancelOrder(),))
    if at.is_early:
        return None
    deleted = at.application.status is ApplicationStatus.DELETING
    return Change(application=at.stopped(), operations=at.ended(), is_deleted=deleted)
