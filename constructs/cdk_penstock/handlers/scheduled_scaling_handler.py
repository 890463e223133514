"""The function that a schedule calls to set the parallelism of an application, to stop it or to start it.

End states. Nothing is requested of an application that is not steady, and nothing twice. Where the time of one call is
over before the goal is reached, the function fails, and Lambda calls it again, twice (Lambda, "Asynchronous
invocation"): the next call looks again and goes on from there. What MSF has failed, and what is too late, is told in
the log and in the metric ScalingFailures.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import UnavailableError
from cdk_penstock.control.stack_deployment import changing_status
from cdk_penstock.handlers.function_settings import read_settings, tell
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.custom_resources.stringified import read_object
from cdk_penstock.model.scaling.scaling_settings import ScheduledCall, ScheduledScalingSettings
from cdk_penstock.model.scaling.scheduled_goal import (
    START,
    STOP,
    STOPPED_TAG,
    UPDATE,
    ScheduledSituation,
    StepKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.control.parallelism_control import ParallelismControl, ScalableApplication
    from cdk_penstock.model.scaling.scheduled_goal import ScheduledGoal, Step

_CALL_SECONDS: Final = 8 * 60
"""Longest wait of one call, less than its function lives."""
_PAUSE_SECONDS: Final = 15.0


class ScheduledScaler:
    """Carries out the calls of schedules, with the clients it is given."""

    def __init__(self, settings: ScheduledScalingSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._clock = services.clock
        self._requests: dict[str, Callable[[ParallelismControl, ScalableApplication, ScheduledCall], object]] = {
            UPDATE: lambda control, found, call: control.change(found, call.parallelism),
            STOP: lambda control, _found, _call: control.application.stop(),
            START: lambda control, _found, _call: control.application.start(),
        }

    def handle(self, call: ScheduledCall) -> dict[str, str]:
        """Take the steps to the goal of a call, and return the last one; raise UnavailableError if time is over."""
        goal, end = call.goal, self._clock.now() + timedelta(seconds=_CALL_SECONDS)
        while True:
            # The credentials of the operator last for an hour, which is longer than any call.
            control = self._services.parallelism_control(
                self._settings.application_name, self._settings.operator_role_arn
            )
            found = control.describe()
            at = self._situation(control, found, call)
            step = goal.next_step(at)
            if step.kind is StepKind.REQUEST:
                self._requests[goal.operation](control, found, call)
            elif step.kind is not StepKind.WAIT:
                return self._end(control, found, goal, at, step)
            if self._clock.now() >= end:
                raise UnavailableError(f"cannot reach the goal of the schedule, {goal}, yet: {step.reason}")
            self._clock.sleep(_PAUSE_SECONDS)

    def _situation(
        self, control: ParallelismControl, found: ScalableApplication, call: ScheduledCall
    ) -> ScheduledSituation:
        return ScheduledSituation(
            now=self._clock.now(),
            scheduled_at=call.time,
            status=found.detail.status,
            parallelism=found.parallelism,
            operations=tuple(control.application.operations()),
            snapshots_enabled=found.detail.snapshots_enabled,
            deployment=changing_status(self._services.cloudformation(), self._settings.stack_id, clock=self._clock),
            stopped_by_schedule=control.tags.read(found.detail.arn, STOPPED_TAG),
        )

    def _end(
        self,
        control: ParallelismControl,
        found: ScalableApplication,
        goal: ScheduledGoal,
        at: ScheduledSituation,
        step: Step,
    ) -> dict[str, str]:
        tag = goal.tag_after(at)
        if tag and tag != at.stopped_by_schedule:
            control.tags.write(found.detail.arn, STOPPED_TAG, tag)
        elif not tag and at.stopped_by_schedule:
            control.tags.remove(found.detail.arn, STOPPED_TAG)
        reason = step.reason
        failed = at.newest(goal.operation, since_schedule=True)
        if step.kind is StepKind.GIVE_UP and failed is not None and failed.failed:
            reason += f": {control.application.reason_of(failed)}"
        values = {
            "ScalingFailures": int(step.kind is StepKind.GIVE_UP),
            "Parallelism": found.parallelism.parallelism if at.is_running else 0,
        }
        tell(
            self._settings.application_name,
            values,
            scaled_by="schedule",
            at=at.now,
            Goal=str(goal),
            Outcome=step.kind.value,
            Reason=reason,
        )
        return {"Outcome": step.kind.value, "Reason": reason}


def handle(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Answer EventBridge Scheduler."""
    del context
    settings = read_settings(ScheduledScalingSettings)
    return ScheduledScaler(settings, Services()).handle(read_object(ScheduledCall, event))
