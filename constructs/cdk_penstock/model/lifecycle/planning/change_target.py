"""A change of an application that is made, verified, and undone where it fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.health import Health
from cdk_penstock.model.lifecycle.planning.observation import START, STOP
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import (
    Action,
    AwaitSnapshot,
    Ended,
    ForceStop,
    Start,
    TakeSnapshot,
    Update,
    Verify,
)
from cdk_penstock.model.lifecycle.planning.plan_target import Target, verified
from cdk_penstock.model.lifecycle.planning.recovery import Attempt, Recovery, is_undo
from cdk_penstock.model.lifecycle.planning.restore import Restore
from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.planning.change import Change
    from cdk_penstock.model.lifecycle.planning.observation import Observation, VersionFacts

BEFORE_PREFIX: Final = "penstock-before-"
"""Beginning of the names of snapshots that a plan takes before a change."""
_UNDOABLE_FOR: Final = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class VerifiedTarget(Target):
    """An application that runs a change which somebody else has made, such as CloudFormation.

    Parameters
    ----------
    change
        What has to be in force; None if anything may be.
    may_undo
        True to bring the version before back if the job of the change fails.
    undoable_for
        How old a change may be to be undone: an application that has run for long does not fail because of it.
        Default: 2 hours.
    rules
        The snapshots that may be restored.
    restore
        The state that a stopped application is started from, None to leave it stopped. Default: its latest snapshot.
    began_at
        The moment since which starts that failed count, and jobs that finished. Default: when the change was made.
    """

    change: Change | None = None
    may_undo: bool = True
    undoable_for: timedelta = _UNDOABLE_FOR
    rules: RestoreRules = field(default_factory=RestoreRules)
    restore: Restore | None = field(default_factory=Restore.latest)
    began_at: datetime | None = None

    def when_steady(self, seen: Observation) -> Action:
        """Return the next step towards a verified change."""
        attempt = self.attempt(seen)
        if attempt is None:
            return self.apply(seen)
        recovery = Recovery(attempt=attempt, may_force=self.may_force, rules=self.rules)
        if attempt.undone_by is not None:
            return recovery.after_undoing(seen)
        if seen.is_running:
            return self._judge(seen, recovery)
        return self._when_stopped(seen, recovery)

    def when_stuck(self, seen: Observation) -> Action:
        """Roll back an update that does not end; MSF allows it while the application is UPDATING."""
        attempt = self.attempt(seen)
        rollable = seen.status in {ApplicationStatus.UPDATING, ApplicationStatus.AUTOSCALING}
        is_undone = attempt is None or attempt.undone_by is not None or is_undo(seen)
        if attempt is None or is_undone or not (rollable and self.may_undo):
            return super().when_stuck(seen)
        recovery = Recovery(attempt=attempt, may_force=self.may_force, rules=self.rules)
        return recovery.undo(seen, f"it has been {seen.status} for too long")

    def attempt(self, seen: Observation) -> Attempt | None:
        """Return the change in force, or undone just now; None if it was never made, or others came after it."""
        if self.change is None:
            return self._undone_since(seen) or Attempt.of(seen.present, seen)
        made = [each for each in seen.versions if self.change.is_met_by(each.settings)]
        found = [Attempt.of(each, seen) for each in sorted(made, key=lambda each: each.version_id, reverse=True)]
        present = [each for each in found if each is not None and each.undone_by is None]
        undone = [each for each in found if each is not None and each.undone_by is not None]
        return next(iter(undone + present), None)

    def _undone_since(self, seen: Observation) -> Attempt | None:
        """Return a change of any settings that was undone after the beginning."""
        found = (Attempt.of(each, seen) for each in seen.versions if self.began_at is not None)
        return next((each for each in found if each is not None and self._is_new(each.undone_by)), None)

    def _is_new(self, version: VersionFacts | None) -> bool:
        return version is not None and self.began_at is not None and version.created_at >= self.began_at

    def apply(self, seen: Observation) -> Action:
        """Return the step that makes the change."""
        del seen
        return Ended(
            outcome=Outcome.REFUSED, text=f"the application does not have {self.change}, which should be in force"
        )

    def _judge(self, seen: Observation, recovery: Recovery) -> Action:
        if seen.verdict is None:
            return Verify()
        if seen.verdict.health is not Health.FAILING:
            return verified(seen)
        return self._undo(seen, recovery, seen.verdict.reason)

    def _undo(self, seen: Observation, recovery: Recovery, reason: str) -> Action:
        is_old = seen.now - recovery.attempt.version.created_at > self.undoable_for
        if not self.may_undo or is_old or is_undo(seen):
            return Ended(outcome=Outcome.FAILED, text=f"version {seen.version_id} fails and was not undone: {reason}")
        return recovery.undo(seen, reason)

    def _when_stopped(self, seen: Observation, recovery: Recovery) -> Action:
        made_at = recovery.attempt.version.created_at
        since = made_at if self.began_at is None else max(made_at, self.began_at)
        failed = seen.failed_since(since) if self.may_undo else seen.last(START, since=since)
        if failed is not None and failed.failed:
            return self._undo(seen, recovery, f"{failed.name} failed, so that no job runs")
        if self.may_force and seen.was_force_stopped(since):
            # By a run that was interrupted before it could put the version before back.
            return self._undo(seen, recovery, "its job failed and was stopped with force")
        if self.restore is None:
            return Ended(
                outcome=Outcome.DONE, text=f"version {seen.version_id} is in place, and the application stopped"
            )
        started, stopped = seen.last(START, since=since), seen.last(STOP, since=since)
        if started is not None and (stopped is None or stopped.started_at < started.started_at):
            return Ended(outcome=Outcome.DONE, text=f"the job of version {seen.version_id} has finished")
        return Start(restore=self.restore)


@dataclass(frozen=True, kw_only=True)
class ChangeTarget(VerifiedTarget):
    """A change that is made, verified, and undone if its job fails.

    A change that was made and undone is not made again, so that an interrupted run ends as it would have ended.

    Parameters
    ----------
    again_since
        The moment before which an undone change does not count, so that it is made again. Default: None, it counts.
    may_lose_state
        True to update a running application whose snapshots are disabled. Default: False.
    update_restore
        What a running application is restarted from. Default: the snapshot that the update takes.
    """

    again_since: datetime | None = None
    may_lose_state: bool = False
    update_restore: Restore | None = None

    def attempt(self, seen: Observation) -> Attempt | None:
        """Return the change in force, or undone just now; with ``again_since``, one that was undone before is none."""
        if self.change is not None and self.change.is_met_by(seen.present.settings):
            # Also where another change was undone, of a version that had this one as well.
            return Attempt.of(seen.present, seen)
        found = super().attempt(seen)
        if found is None or found.undone_by is None or self.again_since is None:
            return found
        return found if found.version.created_at >= self.again_since else None

    def apply(self, seen: Observation) -> Action:
        """Return the step that makes the change: for a running job, after a snapshot to go back to."""
        if self.change is None:  # pragma: no cover - a change target has a change
            return super().apply(seen)
        if seen.is_at_rest:
            return Update(change=self.change, restore=None, restarts=False)
        if not seen.present.settings.snapshots_enabled:
            if not self.may_lose_state:
                return Ended(
                    outcome=Outcome.REFUSED,
                    text="the application runs with snapshots disabled, so that an update would lose its state: enable"
                    " snapshots, or allow the loss; nothing was changed",
                )
            return Update(change=self.change, restore=self.update_restore, restarts=True)
        return self._snapshot_before(seen) or Update(change=self.change, restore=self.update_restore, restarts=True)

    def _snapshot_before(self, seen: Observation) -> Action | None:
        name = f"{BEFORE_PREFIX}v{seen.version_id}-{'' if self.change is None else self.change.digest}"
        taken = next((each for each in seen.snapshots if each.name == name), None)
        if taken is not None and taken.status is SnapshotStatus.CREATING:
            return AwaitSnapshot(name=name)
        if taken is not None and taken.status is SnapshotStatus.READY:
            return None
        if taken is None and seen.refused_snapshot is None:
            return TakeSnapshot(name=name, reason="to go back to")
        why = seen.refused_snapshot or f"snapshot {name} is {'gone' if taken is None else taken.status}"
        if self.may_force:
            return ForceStop(reason=why)
        return Ended(
            outcome=Outcome.REFUSED,
            text=f"no snapshot can be taken, so that the change could not be undone: {why}; nothing was changed:"
            " correct the job, or allow force, which stops it without a snapshot",
        )
