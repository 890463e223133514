"""The way back after a change that failed: MSF's rollback, else the version before put back by hand.

RollbackApplication comes first: it has MSF's own copy of the code and the snapshot of the time before the change, and a
forced stop makes it impossible. One change is rolled back once. Source:
https://docs.aws.amazon.com/managed-flink/latest/java/rollback.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cdk_penstock.model.health import Health
from cdk_penstock.model.lifecycle.planning.observation import START
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import (
    Action,
    Ended,
    ForceStop,
    PutBack,
    RollBack,
    Start,
    Verify,
)
from cdk_penstock.model.lifecycle.planning.plan_target import reason_of
from cdk_penstock.model.lifecycle.planning.restore import Restore

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning.observation import Observation, VersionFacts
    from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A change that was made, and the version before it.

    Parameters
    ----------
    version
        The version that the change has made.
    before
        The version before, None where it is not known any more.
    undone_by
        The present version, where it brings the version before back; None while the change is in force.
    """

    version: VersionFacts
    before: VersionFacts | None
    undone_by: VersionFacts | None = None

    @classmethod
    def of(cls, version: VersionFacts, seen: Observation) -> Self | None:
        """Return the change that has made a version; None if others were made since."""
        before, present = seen.version(version.updated_from), seen.present
        if present.version_id == version.version_id:
            return cls(version=version, before=before)
        put_back = bool(
            before is not None
            and present.updated_from == version.version_id
            # A version that has changed nothing, such as CloudFormation's rollback after MSF's, cannot be put back.
            and before.settings.update_from(version.settings)
            and not before.settings.update_from(present.settings)
            # Else somebody has changed it back while its job ran well: that is another change.
            and seen.failed_between(version.created_at, present.created_at)
        )
        if present.rolled_back_from == version.version_id or put_back:
            return cls(version=version, before=before, undone_by=present)
        return None


def is_undo(seen: Observation) -> bool:
    """Return True if the present version undoes another one; to undo it would bring the one that failed back."""
    undone = (Attempt.of(each, seen) for each in seen.versions if each.version_id != seen.version_id)
    return any(each is not None for each in undone)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """The steps back to the version before a change.

    Parameters
    ----------
    attempt
        The change.
    may_force
        True to stop the application with force if MSF refuses to roll it back.
    rules
        The snapshots that may be restored.
    """

    attempt: Attempt
    may_force: bool
    rules: RestoreRules

    def undo(self, seen: Observation, reason: str) -> Action:
        """Return the next step from a change in force that has failed."""
        version_id, before = self.attempt.version.version_id, self.attempt.before
        if before is None:
            return Ended(
                outcome=Outcome.FAILED, text=f"{reason}; there is no version before {version_id} to go back to"
            )
        if not seen.is_at_rest:
            if seen.refused_rollback is None:
                return RollBack(version_id=version_id, reason=reason)
            if not self.may_force:
                return Ended(
                    outcome=Outcome.FAILED,
                    text=f"{reason}; MSF does not roll it back ({seen.refused_rollback}), and force is not allowed,"
                    " which would lose what is newer than the last snapshot",
                )
            return ForceStop(reason=f"MSF does not roll it back ({seen.refused_rollback})")
        if self.rules.restore_point(seen, before) is None:
            return self._no_restore_point(before, reason)
        return PutBack(version=before, left_out=tuple(before.settings.left_out_from(seen.present.settings)))

    def after_undoing(self, seen: Observation) -> Action:
        """Return the next step while the version before is in force again."""
        version = self.attempt.version
        started = seen.last(START, since=version.created_at)
        if seen.is_running:
            if seen.verdict is None:
                return Verify()
            return self._undone(seen, restored=started is not None)
        before = self.attempt.before or self.attempt.undone_by
        if before is None:  # pragma: no cover - there is a version that has undone the change
            return Ended(outcome=Outcome.FAILED, text="there is no version before")
        if started is not None and started.failed:
            return Ended(
                outcome=Outcome.FAILED,
                text=f"version {version.version_id} was undone, but version {before.version_id} does not start either:"
                " the application is READY, with its snapshots as they were",
            )
        point = self.rules.restore_point(seen, before)
        if point is None:
            return self._no_restore_point(before, f"version {version.version_id} was undone")
        return Start(restore=Restore.snapshot(point.name))

    def _undone(self, seen: Observation, *, restored: bool) -> Ended:
        version_id = self.attempt.version.version_id
        healthy = seen.verdict is not None and seen.verdict.health is not Health.FAILING
        how = "undone" if restored else "rolled back"
        if not healthy:
            return Ended(
                outcome=Outcome.FAILED,
                text=f"version {version_id} was {how}, but the version before fails as well: {reason_of(seen)}",
            )
        return Ended(
            outcome=Outcome.RESTORED if restored else Outcome.ROLLED_BACK,
            text=f"version {version_id} was {how}; version {seen.version_id} has the settings of before and runs:"
            f" {reason_of(seen)}",
        )

    @staticmethod
    def _no_restore_point(before: VersionFacts, reason: str) -> Ended:
        return Ended(
            outcome=Outcome.FAILED,
            text=f"{reason}; there is no snapshot from which version {before.version_id} could be started: the"
            " application is READY and was left so; starting it without one would lose its state",
        )
