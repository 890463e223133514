"""The goals of a schedule: a parallelism, a stopped or a started application, and the next step towards each.

A schedule acts on a steady application only, outside of deployments, and tries once: what MSF has failed is reported,
and not asked for again. It acts within ``LATEST`` after its time, or not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.deployment import Operation
    from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

LATEST: Final = timedelta(hours=1)
"""A call that comes later than this could undo what a later schedule has done."""
STOPPED_TAG: Final = "penstock:stopped-by-schedule"
"""The tag of an application that a schedule has stopped; its value is the id of the operation."""
START: Final = "StartApplication"
STOP: Final = "StopApplication"
UPDATE: Final = "UpdateApplication"


class StepKind(Enum):
    """The next action of the schedule's function."""

    WAIT = "wait"
    REQUEST = "request"
    DONE = "done"
    GIVE_UP = "give up"


@dataclass(frozen=True, kw_only=True)
class Step:
    """The next step, and why."""

    kind: StepKind
    reason: str


@dataclass(frozen=True, kw_only=True)
class ScheduledSituation:
    """Everything that the next step depends on.

    Parameters
    ----------
    now, scheduled_at
        The time, and that of the schedule.
    status, parallelism, operations, snapshots_enabled
        The application, and its operations in any order.
    deployment
        The status of the application's stack while CloudFormation changes it, else empty.
    stopped_by_schedule
        The operation with which a schedule has stopped the application, as its tag says; else empty.
    """

    now: datetime
    scheduled_at: datetime
    status: ApplicationStatus
    parallelism: ParallelismSettings
    operations: tuple[Operation, ...] = ()
    snapshots_enabled: bool = True
    deployment: str = ""
    stopped_by_schedule: str = ""

    @property
    def is_running(self) -> bool:
        """True if a job runs."""
        return self.status is ApplicationStatus.RUNNING

    def newest(self, name: str, *, since_schedule: bool = False) -> Operation | None:
        """Return the newest operation of a name, None without one."""
        found = [each for each in self.operations if each.name == name]
        # MSF counts in whole seconds.
        begin = self.scheduled_at.replace(microsecond=0)
        recent = [each for each in found if not since_schedule or each.started_at >= begin]
        return max(recent, key=lambda each: each.started_at, default=None)


class ScheduledGoal(ABC):
    """A goal of a schedule."""

    operation: str
    """The operation that the goal asks MSF for."""

    def next_step(self, at: ScheduledSituation) -> Step:
        """Return the next step towards the goal."""
        steady = at.status in STEADY_STATUSES and not at.deployment
        failed = at.newest(self.operation, since_schedule=True)
        if steady and failed is not None and failed.failed:
            # Also where the configuration is as wanted: MSF may have stopped the application with it.
            return Step(kind=StepKind.GIVE_UP, reason=f"MSF has failed {failed}; the application is {at.status}")
        if steady and self.is_met(at):
            return Step(kind=StepKind.DONE, reason=f"{self}: the application is {at.status}")
        if at.now - at.scheduled_at >= LATEST:
            return Step(
                kind=StepKind.GIVE_UP,
                reason=f"the application is {at.status}{_during(at)}, and the time of the schedule is {LATEST} ago",
            )
        if not steady:
            return Step(kind=StepKind.WAIT, reason=f"the application is {at.status}{_during(at)}")
        if at.is_running and not at.snapshots_enabled:
            reason = "snapshots are switched off, so that the job would lose its state: switch them on"
            return Step(kind=StepKind.GIVE_UP, reason=reason)
        return self.step_of_steady(at)

    @abstractmethod
    def is_met(self, at: ScheduledSituation) -> bool:
        """Return True if a steady application is as the goal wants it."""

    def step_of_steady(self, at: ScheduledSituation) -> Step:
        """Return the next step for a steady application that is not as the goal wants it."""
        return Step(kind=StepKind.REQUEST, reason=f"{self}: the application is {at.status}")

    def tag_after(self, at: ScheduledSituation) -> str:
        """Return the operation that STOPPED_TAG is to name once the goal is met; empty for no tag."""
        return at.stopped_by_schedule


@dataclass(frozen=True)
class SetParallelism(ScheduledGoal):
    """A configured parallelism; a stopped application takes it up at its next start."""

    parallelism: int
    operation = UPDATE

    def is_met(self, at: ScheduledSituation) -> bool:
        """Return True if it is configured."""
        return at.parallelism.parallelism == self.parallelism

    def __str__(self) -> str:
        return f"parallelism {self.parallelism}"


@dataclass(frozen=True)
class Stop(ScheduledGoal):
    """A stopped application, with a snapshot; never with force, which would lose state."""

    operation = STOP

    def is_met(self, at: ScheduledSituation) -> bool:
        """Return True if no job runs."""
        return not at.is_running

    def tag_after(self, at: ScheduledSituation) -> str:
        """Return the operation of this schedule's stop; an application that was stopped before keeps its tag."""
        stopped = at.newest(STOP, since_schedule=True)
        return at.stopped_by_schedule if stopped is None or at.is_running else stopped.operation_id

    def __str__(self) -> str:
        return "stop"


@dataclass(frozen=True)
class Start(ScheduledGoal):
    """A running application, from its latest snapshot.

    Parameters
    ----------
    also_if_others_stopped_it
        True to start an application that no schedule has stopped.
    """

    also_if_others_stopped_it: bool
    operation = START

    def is_met(self, at: ScheduledSituation) -> bool:
        """Return True if a job runs, or if this schedule started a batch job that has finished."""
        started = at.newest(START, since_schedule=True)
        return at.is_running or (started is not None and started.succeeded)

    def step_of_steady(self, at: ScheduledSituation) -> Step:
        """Return the start, or the end where it is not this schedule's to start the application."""
        stopped = at.newest(STOP)
        if self.also_if_others_stopped_it or (stopped is not None and stopped.operation_id == at.stopped_by_schedule):
            return super().step_of_steady(at)
        return Step(kind=StepKind.DONE, reason="left stopped: no schedule has stopped it")

    def tag_after(self, at: ScheduledSituation) -> str:
        """Return no operation for a running application: whoever stops it next has to be told apart."""
        return "" if at.is_running else at.stopped_by_schedule

    def __str__(self) -> str:
        return "start"


def _during(at: ScheduledSituation) -> str:
    return f", its stack {at.deployment}" if at.deployment else ""
