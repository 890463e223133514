"""An application that runs from a snapshot of one's choice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import Action, Ended, ForceStop
from cdk_penstock.model.lifecycle.planning.plan_target import Target
from cdk_penstock.model.lifecycle.planning.restore import Restore
from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules
from cdk_penstock.model.lifecycle.planning.running_target import judged, start_once
from cdk_penstock.model.lifecycle.planning.stopped_target import stop_with_snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.planning.observation import Observation

_MOST_SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True)
class RestoreTarget(Target):
    """An application that is stopped, with a snapshot, and started from an earlier one.

    The job reads again what its sources have had since then, and writes it again: where its sink does not tell
    repetitions apart, they are duplicates.

    Parameters
    ----------
    snapshot_name
        The snapshot.
    began_at
        The moment since which a start that failed is not tried again.
    again
        True to restore it again, where the application runs from it already. Default: False.
    allow_non_restored_state
        True to leave out state that no operator of the job takes. Default: False.
    rules
        The snapshots that may be restored.
    """

    snapshot_name: str
    began_at: datetime
    again: bool = False
    allow_non_restored_state: bool = False
    rules: RestoreRules = field(default_factory=RestoreRules)

    def when_steady(self, seen: Observation) -> Action:
        """Return the next step towards the restored job."""
        if seen.is_running and self._is_restored(seen):
            return judged(seen)
        problem = self._problem(seen)
        if problem is not None:
            return Ended(outcome=Outcome.REFUSED, text=f"{problem}; nothing was changed")
        if not seen.is_running:
            restore = Restore.snapshot(self.snapshot_name)
            if self.allow_non_restored_state:
                restore = restore.leaving_out_state()
            return start_once(seen, restore, self.began_at)
        if self.may_force and seen.refused_snapshot is not None:
            return ForceStop(reason=seen.refused_snapshot)
        return stop_with_snapshot(seen)

    def _is_restored(self, seen: Observation) -> bool:
        if seen.restored_snapshot != self.snapshot_name:
            return False
        return not self.again or seen.launched_since(self.began_at)

    def _problem(self, seen: Observation) -> str | None:
        found = next((each for each in seen.snapshots if each.name == self.snapshot_name), None)
        if found is None:
            if not seen.snapshots:
                return f"there is no snapshot {self.snapshot_name!r}: the application has none"
            newest = sorted(seen.snapshots, key=lambda each: each.created_at, reverse=True)[:_MOST_SHOWN]
            more = (
                "" if len(newest) == len(seen.snapshots) else f", or one of {len(seen.snapshots) - _MOST_SHOWN} older"
            )
            there = f"{', '.join(each.name for each in newest)}{more}"
            return f"there is no snapshot {self.snapshot_name!r}: expected one of {there}; see penstock snapshot list"
        return self.rules.problem(found, runtime=seen.present.settings.runtime_environment, now=seen.now)
