"""A snapshot of a running application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import Action, AwaitSnapshot, Ended, TakeSnapshot
from cdk_penstock.model.lifecycle.planning.plan_target import Target
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning.observation import Observation


@dataclass(frozen=True, kw_only=True)
class SnapshotTarget(Target):
    """A READY snapshot of this name."""

    name: str

    def when_steady(self, seen: Observation) -> Action:
        """Return the next step towards the snapshot."""
        found = next((each for each in seen.snapshots if each.name == self.name), None)
        if found is not None and found.status is SnapshotStatus.READY:
            return Ended(outcome=Outcome.DONE, text=f"snapshot {self.name} is READY")
        if found is not None and found.status is SnapshotStatus.CREATING:
            return AwaitSnapshot(name=self.name)
        if found is not None:
            return Ended(outcome=Outcome.FAILED, text=f"snapshot {self.name} is {found.status}: take another one")
        if not seen.is_running:
            return Ended(
                outcome=Outcome.REFUSED, text=f"a snapshot needs a running job, the application is {seen.status}"
            )
        if seen.refused_snapshot is not None:
            return Ended(outcome=Outcome.REFUSED, text=f"no snapshot can be taken: {seen.refused_snapshot}")
        return TakeSnapshot(name=self.name, reason="as asked")
