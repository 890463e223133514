"""The decision to scale an application because its job is behind, or has nothing to catch up with.

Every scaling is a snapshot, a stop and a start, during which the job falls behind: so nothing is decided until some
time after the end of the last operation of any kind, and never during one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.deployment import CHANGES
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from cdk_penstock.model.deployment import Operation
    from cdk_penstock.model.scaling.parallelism_range import ParallelismRange
    from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

_START: Final = "StartApplication"


@dataclass(frozen=True, kw_only=True)
class LagSituation:
    """Everything that the decision depends on.

    Parameters
    ----------
    now
        The time.
    is_behind, is_idle
        True if the alarm of that name is in ALARM.
    status, parallelism, operations, snapshots_enabled
        The application, and its operations in any order.
    deployment
        The status of the application's stack while CloudFormation changes it, else empty.
    """

    now: datetime
    is_behind: bool
    is_idle: bool
    status: ApplicationStatus
    parallelism: ParallelismSettings
    operations: tuple[Operation, ...] = ()
    snapshots_enabled: bool = True
    deployment: str = ""


@dataclass(frozen=True, kw_only=True)
class LagDecision:
    """The parallelism to scale to, None to leave the application as it is, and why.

    ``needs_a_person`` is True if scaling has ended until somebody looks at it.
    """

    parallelism: int | None
    reason: str
    needs_a_person: bool = False


@dataclass(frozen=True, kw_only=True)
class LagRule:
    """Between which parallelisms an application is scaled, and how long after its last operation."""

    range: ParallelismRange
    cool_down: timedelta

    def decide(self, at: LagSituation) -> LagDecision:
        """Return what to do now."""
        passing = _under_way(at)
        if passing is not None:
            return _leave(passing)
        failed = _failed_change(at.operations)
        if failed is not None:
            return _stop(
                f"the last change has failed, {failed}, and the application is {at.status}: correct the cause and"
                " update or start the application, and scaling goes on"
            )
        if at.status is not ApplicationStatus.RUNNING:
            return _leave(f"the application is {at.status}")
        if at.parallelism.auto_scaling_enabled:
            return _stop(
                "MSF's automatic scaling has been switched on, and two kinds of scaling would undo each other: switch"
                " it off"
            )
        if not at.snapshots_enabled:
            return _stop("snapshots are switched off, so that each scaling would lose the job's state: switch them on")
        ended_at = max((each.ended_at for each in at.operations), default=None)
        if ended_at is not None and at.now < ended_at + self.cool_down:
            return _leave(f"the last operation ended at {ended_at:%H:%M:%S %Z}, less than {self.cool_down} ago")
        return self._choose(at)

    def _choose(self, at: LagSituation) -> LagDecision:
        present = at.parallelism.parallelism
        if at.is_behind:
            wanted = self.range.above(present)
            why = "the job is behind"
        elif at.is_idle:
            wanted = self.range.below(present)
            why = "the job keeps up and is hardly busy"
        else:
            return _leave("no alarm")
        if wanted is None:
            bounds = f"{self.range.smallest} to {self.range.largest}"
            return _leave(f"{why}, but {present} is the end of the range {bounds}")
        return LagDecision(parallelism=wanted, reason=f"{why}: from {present} to {wanted}")


def _under_way(at: LagSituation) -> str | None:
    """Return what is at work on the application, None for nothing."""
    if at.deployment:
        return f"a deployment is at work ({at.deployment})"
    if at.status not in STEADY_STATUSES:
        return f"the application is {at.status}"
    under_way = [each for each in at.operations if not each.is_over]
    return f"an operation is under way, {under_way[0]}" if under_way else None


def _leave(reason: str) -> LagDecision:
    return LagDecision(parallelism=None, reason=reason)


def _stop(reason: str) -> LagDecision:
    return LagDecision(parallelism=None, reason=reason, needs_a_person=True)


def _failed_change(operations: Iterable[Operation]) -> Operation | None:
    """Return the newest change, if it failed and the application has not been changed or started since."""
    for each in sorted(operations, key=lambda each: each.started_at, reverse=True):
        if each.succeeded and (each.name in CHANGES or each.name == _START):
            return None
        if each.failed and each.name in CHANGES:
            return each
    return None
