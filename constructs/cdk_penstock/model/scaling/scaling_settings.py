"""The settings of the functions that scale an application, and what a schedule tells its function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.scaling.lag_rule import LagRule
from cdk_penstock.model.scaling.parallelism_choice import UNKNOWN
from cdk_penstock.model.scaling.parallelism_range import ParallelismRange
from cdk_penstock.model.scaling.scheduled_goal import ScheduledGoal, SetParallelism, Start, Stop

SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
"""A text that EventBridge Scheduler replaces by the schedule's time (User Guide, "Adding context attributes")."""


@dataclass(frozen=True, kw_only=True)
class ScheduledScalingSettings:
    """The application of a ScheduledScaling, and the stack that deploys it."""

    application_name: str
    operator_role_arn: str
    stack_id: str


@dataclass(frozen=True, kw_only=True)
class LagScalingSettings:
    """The application of a LagScaling, the stack that deploys it, its alarms and its rule."""

    application_name: str
    operator_role_arn: str
    stack_id: str
    behind_alarm_name: str
    idle_alarm_name: str | None
    smallest_parallelism: int
    largest_parallelism: int
    max_parallelism: int = UNKNOWN
    cool_down_seconds: int

    @property
    def rule(self) -> LagRule:
        """The rule; raises SizingError for an empty range."""
        return LagRule(
            range=ParallelismRange(
                smallest=self.smallest_parallelism,
                largest=self.largest_parallelism,
                max_parallelism=self.max_parallelism,
            ),
            cool_down=timedelta(seconds=self.cool_down_seconds),
        )


@dataclass(frozen=True, kw_only=True)
class ScheduledCall:
    """A call by a schedule.

    Parameters
    ----------
    action
        ``parallelism``, ``stop`` or ``start``.
    scheduled_at
        The time of the schedule.
    parallelism
        That of ``parallelism``.
    also_if_others_stopped_it
        As in Start.
    """

    action: str
    scheduled_at: str = SCHEDULED_TIME
    parallelism: int = UNKNOWN
    also_if_others_stopped_it: bool = False

    @property
    def goal(self) -> ScheduledGoal:
        """The goal; raises PenstockError for an unknown action."""
        goals: dict[str, ScheduledGoal] = {
            "parallelism": SetParallelism(self.parallelism),
            "stop": Stop(),
            "start": Start(self.also_if_others_stopped_it),
        }
        if self.action not in goals:
            raise PenstockError(f"expected one of the actions {', '.join(goals)}, got {self.action!r}: deploy again")
        return goals[self.action]

    @property
    def time(self) -> datetime:
        """The time of the schedule; raises PenstockError for a text that is none."""
        try:
            time = datetime.fromisoformat(self.scheduled_at)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            raise PenstockError(
                f"expected a time such as 2026-11-27T18:00:00Z in ScheduledAt, got {self.scheduled_at!r}: let"
                " EventBridge Scheduler call the function, or give a time"
            )
        return time
