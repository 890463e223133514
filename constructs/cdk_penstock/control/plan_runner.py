"""Steps of an application to a target, each decided on what is observed.

A run may end with an error, a kill or its deadline: the next run observes again and continues. No state is kept between
runs but MSF's: its versions, operations and snapshots. Each step is one request, so that a run which was killed has
made it or has not. Before a rollback or a forced stop, the evidence that they would end is saved.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from botocore import exceptions

from cdk_penstock.control.errors import BusyError, ControlError, SnapshotNotPossibleError, UnavailableError
from cdk_penstock.control.plan_requests import PlanRequests
from cdk_penstock.control.retries import UNAVAILABLE_SECONDS
from cdk_penstock.model.health import HealthRules
from cdk_penstock.model.lifecycle.planning import Ended, Outcome
from cdk_penstock.model.lifecycle.planning import plan_actions as steps
from cdk_penstock.model.lifecycle.planning.observation import STOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.application_observer import ApplicationObserver
    from cdk_penstock.control.application_requests import ApplicationRequests
    from cdk_penstock.control.health_watch import JobWatch
    from cdk_penstock.model.health import Verdict
    from cdk_penstock.model.keys import KeyUse, LifecycleOperation
    from cdk_penstock.model.lifecycle.planning import Action, Observation, Target

_POLL_SECONDS: Final = 5.0
_JUST_LAUNCHED: Final = timedelta(hours=1)
_AWS_PAUSE_SECONDS: Final = 10.0
_PASSING: Final = (BusyError, UnavailableError, exceptions.ConnectionError, exceptions.HTTPClientError)
"""Failures that pass by themselves, whatever was asked."""
_MOST_STEPS: Final = 300
"""Above what any target takes, with repetitions of steps that came too late or were not answered."""


class PlanRunner:
    """Takes the steps to a target.

    Parameters
    ----------
    application, observer, requests, watch
        The application, as its operator.
    check_keys
        Raises ControlError where a key that an operation needs cannot be used; called before each change.
    save_evidence
        Saves what a rollback or a forced stop is about to end; it gets the reason.
    report
        Called with each step.
    progress
        Called with the state of a step that takes long. Default: ``report``.
    rules
        The evidence of a healthy job. Default: by the application's checkpoint interval.
    stable_seconds
        The time without a failure, where ``rules`` are not given. Default: by the checkpoint interval.
    """

    def __init__(
        self,
        *,
        application: ApplicationControl,
        observer: ApplicationObserver,
        requests: ApplicationRequests,
        watch: JobWatch,
        check_keys: Callable[[LifecycleOperation, KeyUse], None],
        save_evidence: Callable[[str], None],
        report: Callable[[str], None],
        progress: Callable[[str], None] | None = None,
        rules: HealthRules | None = None,
        stable_seconds: float | None = None,
    ) -> None:
        self._application = application
        self._observer = observer
        self._requests = PlanRequests(application, requests, check_keys=check_keys, save_evidence=save_evidence)
        self._watch = watch
        self._report = report
        self._progress = progress or report
        self._rules = rules
        self._stable_seconds = stable_seconds
        self._verdict: Verdict | None = None
        self._refused_rollback: str | None = None
        self._refused_snapshot: str | None = None
        self._has_changed = False
        self._failure: str | None = None
        self._is_made = False
        self._out_of_reach_since: datetime | None = None

    @property
    def has_changed(self) -> bool:
        """True if MSF has accepted a change in this run."""
        return self._has_changed

    def observe(self) -> Observation:
        """Return the application as it is, with what this run has learned."""
        return self._observe()[0]

    def run(self, target: Target, *, deadline: datetime | None = None) -> Ended | None:
        """Take every step to the target, and return its end; None if the deadline came before it.

        Raises ControlError where a call fails for good: the application is then as the last report says.
        """
        clock = self._application.clock
        self._is_made = False
        for _ in range(_MOST_STEPS):
            if deadline is not None and clock.now() >= deadline:
                return None
            try:
                ended = self._step(target, deadline)
            except _PASSING as error:
                self._wait_for_aws(error)
            else:
                self._out_of_reach_since = None
                if ended is not None:
                    return ended
        raise ControlError(f"{_MOST_STEPS} steps were taken without reaching the target: run this again to go on")

    def _step(self, target: Target, deadline: datetime | None) -> Ended | None:
        seen, detail = self._observe()
        step = target.next_action(seen)
        if isinstance(step, Ended):
            return self._with_reason(step, seen)
        if self._is_made and isinstance(step, (steps.TakeSnapshot, steps.Update)):
            raise ControlError(
                f"somebody else has changed the application to version {seen.version_id} while this run verified its"
                " change, and nothing more was changed: see penstock app versions"
            )
        self._report(str(step))
        return self._take(step, seen, detail, target, deadline)

    def _wait_for_aws(self, error: Exception) -> None:
        """Wait a while: whether a request was carried out is seen when the application is observed again."""
        clock = self._application.clock
        self._out_of_reach_since = self._out_of_reach_since or clock.now()
        if clock.now() - self._out_of_reach_since >= timedelta(seconds=UNAVAILABLE_SECONDS):
            raise ControlError(
                f"AWS is out of reach since {self._out_of_reach_since:%H:%M:%S %Z}, MSF goes on by itself: {error}; run"
                " this again, it continues from there"
            ) from error
        self._report(f"AWS does not answer, trying again: {error}")
        clock.sleep(_AWS_PAUSE_SECONDS)

    def _observe(self) -> tuple[Observation, ApplicationDetail]:
        seen, detail = self._observer.observe()
        if not seen.is_running:
            self._verdict = None
        learned = replace(
            seen,
            verdict=self._verdict,
            refused_rollback=self._refused_rollback,
            refused_snapshot=self._refused_snapshot,
        )
        return learned, detail

    def _take(
        self,
        step: Action,
        seen: Observation,
        detail: ApplicationDetail,
        target: Target,
        deadline: datetime | None,
    ) -> Ended | None:
        match step:
            case steps.AwaitSteady():
                until = seen.now + target.transit - (seen.in_transit_for or target.transit)
                until = until if deadline is None else min(until, deadline)
                self._observer.await_steady(poll_seconds=_POLL_SECONDS, until=until)
            case steps.TakeSnapshot() | steps.AwaitSnapshot():
                self._take_snapshot(step, detail)
            case steps.Verify():
                self._verdict = self._watch.watch(
                    self._rules_for(seen),
                    since=_launched_at(seen),
                    goes_on=lambda: self._application.describe().is_running,
                    deadline=deadline,
                    report=self._progress,
                )
            case _:
                return self._change(step, seen, detail)
        return None

    def _rules_for(self, seen: Observation) -> HealthRules:
        interval = seen.present.settings.checkpoint_interval_seconds
        return self._rules or HealthRules.for_checkpoints(interval, stable_seconds=self._stable_seconds)

    def _change(self, step: Action, seen: Observation, detail: ApplicationDetail) -> Ended | None:
        """Carry out a step that changes the application."""
        begun = False
        if isinstance(step, (steps.RollBack, steps.ForceStop)):
            self._failure = step.reason
        try:
            begun = self._requests.change(step, seen, detail)
        except SnapshotNotPossibleError as error:
            self._refused_snapshot = str(error)
        except ControlError as error:
            if type(error) is not ControlError:
                # A permission, a key or a service: somebody may see to it and run this again, nothing is forced.
                raise
            if self._application.describe().status is seen.status:
                if isinstance(step, steps.RollBack):
                    self._refused_rollback = str(error)
                elif self._has_changed:
                    raise
                else:
                    return Ended(outcome=Outcome.REFUSED, text=str(error))
            # Else the application has moved on since it was observed: decide again.
        self._has_changed = self._has_changed or begun
        self._is_made = self._is_made or (begun and isinstance(step, steps.Update))
        self._verdict = None
        if not begun:
            self._application.clock.sleep(_POLL_SECONDS)
        return None

    def _take_snapshot(self, step: steps.TakeSnapshot | steps.AwaitSnapshot, detail: ApplicationDetail) -> None:
        try:
            self._requests.snapshot(step, detail)
        except _PASSING:
            raise
        except ControlError as error:
            self._refused_snapshot = str(error)

    def _with_reason(self, end: Ended, seen: Observation) -> Ended:
        """Return the end of a plan with the reason of the failure, as far as it is known."""
        if end.outcome in {Outcome.ROLLED_BACK, Outcome.RESTORED}:
            why = self._failure or self._why_undone(seen)
            return end if why is None else replace(end, text=f"{why}; {end.text}")
        if end.outcome is not Outcome.FAILED:
            return end
        failed = max((each for each in seen.operations if each.failed), key=lambda each: each.started_at, default=None)
        if failed is None or failed is not max(seen.operations, key=lambda each: each.started_at):
            return end
        return replace(end, text=f"{end.text}; {failed}: {self._application.reason_of(failed)}")

    def _why_undone(self, seen: Observation) -> str | None:
        """Return what MSF says of the version that the present one has undone; None if it reported no failure."""
        undone = seen.version(seen.present.rolled_back_from or seen.present.updated_from)
        begin = seen.present.created_at if undone is None else undone.created_at
        within = [each for each in seen.operations if begin <= each.started_at <= seen.present.created_at]
        failed = next((each for each in within if each.failed), None)
        return None if failed is None else f"{failed.name} failed: {self._application.reason_of(failed)}"


def _launched_at(seen: Observation) -> datetime | None:
    """Return when the operation began that launched the job, None if it is long over: the job has run since."""
    began = max((each.started_at for each in seen.operations if each.name != STOP), default=None)
    return None if began is None or seen.now - began > _JUST_LAUNCHED else began
