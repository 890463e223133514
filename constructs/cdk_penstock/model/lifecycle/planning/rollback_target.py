"""An application that runs its version before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.planning.observation import STOP
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import Action, Ended
from cdk_penstock.model.lifecycle.planning.plan_target import Target
from cdk_penstock.model.lifecycle.planning.recovery import Attempt, Recovery
from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.planning.observation import Observation

_ROLLABLE = frozenset({ApplicationStatus.UPDATING, ApplicationStatus.AUTOSCALING})


@dataclass(frozen=True, kw_only=True)
class RollbackTarget(Target):
    """An application whose present version is undone.

    A version that a rollback has brought is not rolled back in turn, so that an interrupted run ends as it would have
    ended.

    Parameters
    ----------
    reason
        Why, for the record.
    again_since
        The moment since which a rollback counts. Default: None, any rollback counts.
    rules
        The snapshots that may be restored.
    """

    reason: str
    again_since: datetime | None = None
    rules: RestoreRules = field(default_factory=RestoreRules)

    def when_steady(self, seen: Observation) -> Action:
        """Return the next step back."""
        recovery = self._recovery(seen)
        if recovery.attempt.before is None and recovery.attempt.undone_by is None:
            return Ended(
                outcome=Outcome.REFUSED,
                text=f"there is no version before {seen.version_id} to go back to; nothing was changed",
            )
        if recovery.attempt.undone_by is not None:
            return recovery.after_undoing(seen)
        if seen.is_at_rest:
            stopped = seen.last(STOP, since=recovery.attempt.version.created_at)
            if stopped is not None and seen.failed_since(stopped.started_at) is None and not self.may_force:
                return Ended(
                    outcome=Outcome.REFUSED,
                    text="the application was stopped, and MSF rolls back none that does not run; nothing was changed:"
                    " start it, or allow force, which puts the version before back and starts that",
                )
        return recovery.undo(seen, self.reason)

    def in_transit(self, seen: Observation) -> Action:
        """Roll an update back that is in progress, which MSF allows."""
        recovery = self._recovery(seen)
        if seen.status in _ROLLABLE and recovery.attempt.undone_by is None and seen.refused_rollback is None:
            return recovery.undo(seen, self.reason)
        return super().in_transit(seen)

    def _recovery(self, seen: Observation) -> Recovery:
        return Recovery(attempt=self._attempt(seen), may_force=self.may_force, rules=self.rules)

    def _attempt(self, seen: Observation) -> Attempt:
        """Return the change that is undone: the present one, or the one that the present version undoes already."""
        since = self.again_since
        for each in sorted(seen.versions, key=lambda version: version.version_id, reverse=True):
            found = None if each.version_id == seen.version_id else Attempt.of(each, seen)
            if found is not None and found.undone_by is not None and self._counts(found.undone_by.created_at, since):
                return found
        return Attempt(version=seen.present, before=seen.version(seen.present.updated_from))

    @staticmethod
    def _counts(undone_at: datetime, since: datetime | None) -> bool:
        return since is None or undone_at >= since
