"""A running application whose job is verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.model.health import Health
from cdk_penstock.model.lifecycle.planning.observation import START
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import Action, Ended, Start, Verify
from cdk_penstock.model.lifecycle.planning.plan_target import Target, reason_of, verified
from cdk_penstock.model.lifecycle.planning.restore import Restore

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.planning.observation import Observation


@dataclass(frozen=True, kw_only=True)
class RunningTarget(Target):
    """An application that is started, if it is not, and verified.

    Parameters
    ----------
    began_at
        The moment since which a start that failed is not tried again.
    restore
        The state that it starts from. Default: its latest snapshot.
    """

    began_at: datetime
    restore: Restore = field(default_factory=Restore.latest)

    def when_steady(self, seen: Observation) -> Action:
        """Return the next step towards a running job."""
        if seen.is_running:
            return judged(seen) if self._may_run_from(seen) else self._refused(seen)
        return start_once(seen, self.restore, self.began_at)

    def _may_run_from(self, seen: Observation) -> bool:
        """Return True if the running job may have begun with the state that is asked for."""
        named = self.restore.snapshot_name
        is_restored = named is not None and seen.restored_snapshot == named
        return self.restore == Restore.latest() or is_restored or seen.last(START, since=self.began_at) is not None

    def _refused(self, seen: Observation) -> Ended:
        return Ended(
            outcome=Outcome.REFUSED,
            text=f"the application is {seen.status} already, and was not started from {self.restore}: restore a"
            " snapshot instead, or stop it first; nothing was changed",
        )


def judged(seen: Observation) -> Action:
    """Return the look at the job, or the end that its health decides."""
    if seen.verdict is None:
        return Verify()
    if seen.verdict.health is Health.FAILING:
        return Ended(outcome=Outcome.FAILED, text=f"version {seen.version_id} fails and was left so: {reason_of(seen)}")
    return verified(seen)


def start_once(seen: Observation, restore: Restore, began_at: datetime) -> Action:
    """Return the start of a stopped application, unless one has failed, or its job has finished, since a moment."""
    started = seen.last(START, since=began_at)
    if started is None:
        return Start(restore=restore)
    if started.failed:
        return Ended(outcome=Outcome.FAILED, text="it did not start, and is READY with its snapshots as they were")
    return Ended(outcome=Outcome.DONE, text="the job has finished")
