"""The base of every target: waiting for a steady application, and what to do about one that is stuck."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from cdk_penstock.model.lifecycle.legality import LEGAL_STATUSES, StatusBound
from cdk_penstock.model.lifecycle.planning.outcome import Outcome
from cdk_penstock.model.lifecycle.planning.plan_actions import AwaitSteady, Ended, ForceStop
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning.observation import Observation
    from cdk_penstock.model.lifecycle.planning.plan_actions import Action

_TRANSIT: Final = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class Target(ABC):
    """A state of an application that a plan leads to.

    Parameters
    ----------
    transit
        How long the application may be on its way from one status to another, before it counts as stuck: an update
        saves the state, starts a cluster and restores it. Default: 20 minutes.
    may_force
        True to stop the application with force where nothing else helps, which loses what is newer than its last
        snapshot. Default: False.
    """

    transit: timedelta = _TRANSIT
    may_force: bool = False

    @final
    def next_action(self, seen: Observation) -> Action:
        """Return the next step; Ended where there is none to take."""
        if seen.status is ApplicationStatus.DELETING:
            return Ended(outcome=Outcome.REFUSED, text="the application is being deleted")
        if seen.is_running or seen.is_at_rest:
            return self.when_steady(seen)
        if seen.in_transit_for is None or seen.in_transit_for < self.transit:
            return self.in_transit(seen)
        return self.when_stuck(seen)

    @abstractmethod
    def when_steady(self, seen: Observation) -> Action:
        """Return the next step of an application that runs or is stopped."""

    def in_transit(self, seen: Observation) -> Action:
        """Return the next step of an application that is on its way to another status."""
        return AwaitSteady(status=seen.status)

    def when_stuck(self, seen: Observation) -> Action:
        """Return the next step of an application that has been on its way for too long."""
        minutes = self.transit.total_seconds() / 60
        if self.may_force and seen.status in LEGAL_STATUSES[StatusBound.FORCE_STOP]:
            return ForceStop(reason=f"it has been {seen.status} for more than {minutes:.0f} minutes")
        return Ended(
            outcome=Outcome.FAILED,
            text=f"the application has been {seen.status} for more than {minutes:.0f} minutes and was left so: see its"
            " log; to stop it with force, which loses what is newer than its last snapshot, allow force",
        )


def verified(seen: Observation) -> Ended:
    """Return the end of a plan whose job is healthy."""
    return Ended(outcome=Outcome.VERIFIED, text=f"version {seen.version_id} runs: {reason_of(seen)}")


def reason_of(seen: Observation) -> str:
    """Return why the job was found healthy or failing."""
    return "" if seen.verdict is None else seen.verdict.reason
