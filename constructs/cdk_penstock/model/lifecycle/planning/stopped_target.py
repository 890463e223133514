"""A stopped application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.legality import LEGAL_STATUSES, StatusBound
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import Action, Ended, ForceStop, Stop
from cdk_penstock.model.lifecycle.planning.plan_target import Target

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning.observation import Observation


@dataclass(frozen=True, kw_only=True)
class StoppedTarget(Target):
    """An application that is stopped with a snapshot; with ``may_force`` at once and without one."""

    def when_steady(self, seen: Observation) -> Action:
        """Return the stop of a running application."""
        if seen.is_at_rest:
            return Ended(outcome=Outcome.DONE, text="the application is stopped")
        if self.may_force:
            return ForceStop(reason="as asked")
        return stop_with_snapshot(seen)

    def in_transit(self, seen: Observation) -> Action:
        """Stop with force in whatever status MSF allows it; else wait."""
        if self.may_force and seen.status in LEGAL_STATUSES[StatusBound.FORCE_STOP]:
            return ForceStop(reason="as asked")
        return super().in_transit(seen)


def stop_with_snapshot(seen: Observation) -> Action:
    """Return the stop of a running application, or the end where no snapshot can be taken."""
    if not seen.present.settings.snapshots_enabled:
        return Ended(
            outcome=Outcome.REFUSED,
            text="snapshots are disabled, so that a stop would lose the state: enable them, or stop with force; nothing"
            " was changed",
        )
    if seen.refused_snapshot is not None:
        return Ended(
            outcome=Outcome.REFUSED,
            text=f"it cannot be stopped with a snapshot: {seen.refused_snapshot}; nothing was changed: correct the job,"
            " or stop it with force, which loses what is newer than its last snapshot",
        )
    return Stop()
