"""The states of a set of alarms in the course of a history, evaluated each minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, TypeAlias

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError, AlarmState
from cdk_penstock.model.alarm_evaluation.composite_alarm import CompositeAlarm, Suppression
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.alarm_evaluation.metric_samples import MetricHistory

Alarm: TypeAlias = MetricAlarm | CompositeAlarm


@dataclass(frozen=True)
class StateChange:
    """A change to a state, or an action that tells of it."""

    at_seconds: int
    state: AlarmState


@dataclass(frozen=True)
class AlarmTimeline:
    """The changes of state of one alarm, and the times at which its actions told of them."""

    changes: list[StateChange] = field(default_factory=list)
    told: list[StateChange] = field(default_factory=list)

    def times(self, state: AlarmState) -> Sequence[int]:
        """Return the times at which the alarm went into a state."""
        return [change.at_seconds for change in self.changes if change.state is state]


def evaluate(
    alarms: Mapping[str, Alarm], history: MetricHistory, *, begin_seconds: int, end_seconds: int, step_seconds: int = 60
) -> Mapping[str, AlarmTimeline]:
    """Return the timeline of each alarm, evaluated at the end of each step; all begin in INSUFFICIENT_DATA.

    Args:
        alarms: the alarms by the names by which the rules of composite alarms know them.
        history: the samples.
        begin_seconds: the end of the first step.
        end_seconds: the end of the last step.
        step_seconds: the time between two evaluations; CloudWatch's is a minute, for periods of a minute and more.

    Raises
    ------
        AlarmEvaluationError: if a composite alarm depends on one that is not there, or on itself.
    """
    order = _order(alarms)
    states = dict.fromkeys(order, AlarmState.INSUFFICIENT_DATA)
    suppressions = dict.fromkeys(order, Suppression())
    timelines = {name: AlarmTimeline() for name in alarms}
    for now in range(begin_seconds, end_seconds + 1, step_seconds):
        for name in order:
            alarm = alarms[name]
            if isinstance(alarm, MetricAlarm):
                state = alarm.state(history, now_seconds=now, before=states[name])
                told = state
            else:
                state = alarm.state(states)
                suppressions[name] = suppressions[name].after(alarm, states, state, now_seconds=now)
                told = suppressions[name].told
            _note(timelines[name].changes, state, now)
            if alarm.has_actions:
                _note(timelines[name].told, told, now)
            states[name] = state
    return timelines


def _note(changes: list[StateChange], state: AlarmState, now_seconds: int) -> None:
    before = changes[-1].state if changes else AlarmState.INSUFFICIENT_DATA
    if state is not before:
        changes.append(StateChange(now_seconds, state))


def _order(alarms: Mapping[str, Alarm]) -> Sequence[str]:
    """Return the names, those of alarms that others depend on first."""
    children = {
        name: alarm.children() if isinstance(alarm, CompositeAlarm) else frozenset() for name, alarm in alarms.items()
    }
    for name, needed in children.items():
        if missing := sorted(needed - alarms.keys()):
            raise AlarmEvaluationError(
                f"composite alarm {name!r} depends on {missing[0]!r}, which is not among the alarms"
            )
    try:
        return list(TopologicalSorter(children).static_order())
    except CycleError as error:
        raise AlarmEvaluationError(f"composite alarms depend on each other: {' -> '.join(error.args[1])}") from error
