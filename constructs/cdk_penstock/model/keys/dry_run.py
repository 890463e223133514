"""The whole way to a key goal, for people to read before anything is changed.

It is what the planner answers when each step is assumed to succeed; what comes true in between may change it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.keys.observed_application import Restart, Snapshot
from cdk_penstock.model.keys.planner import next_action
from cdk_penstock.model.keys.steps import (
    AwaitRotation,
    AwaitSnapshot,
    AwaitStart,
    AwaitSteady,
    CloseWindow,
    DeleteSnapshot,
    Done,
    OpenWindow,
    RotateKey,
    Soak,
    Start,
    Stop,
    TakeSnapshot,
    UpdateEncryption,
)
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.model.keys.goals import Goal
    from cdk_penstock.model.keys.observed_application import ObservedApplication
    from cdk_penstock.model.keys.steps import Action

MAX_STEPS: Final = 5000
"""Above what any goal takes: an application has at most some thousand snapshots."""

_TICK: Final = timedelta(seconds=1)


def plan(observed: ObservedApplication, goal: Goal) -> tuple[Action, ...]:
    """Return every step from here to the goal, or to where it has to wait for somebody; the last one says which.

    A soak is among the steps, and those behind it are taken by a later run.
    """
    steps: list[Action] = []
    while len(steps) < MAX_STEPS:
        step = next_action(observed, goal)
        steps.append(step)
        if isinstance(step, Done | AwaitStart):
            break
        observed = _after(observed, step)
    return tuple(steps)


def _after(observed: ObservedApplication, step: Action) -> ObservedApplication:
    """Return the state that a step leads to if all goes well."""
    observed = replace(observed, now=observed.now + _TICK)
    return _EFFECTS[type(step)](observed, step)


def _open(observed: ObservedApplication, step: OpenWindow) -> ObservedApplication:
    return replace(observed, permission_windows=(observed.permission_windows or frozenset()) | {step.key_arn})


def _close(observed: ObservedApplication, step: CloseWindow) -> ObservedApplication:
    return replace(observed, permission_windows=(observed.permission_windows or frozenset()) - {step.key_arn})


def _with_snapshot(observed: ObservedApplication, name: str) -> ObservedApplication:
    made = Snapshot(
        name=name,
        status=SnapshotStatus.READY,
        created_at=observed.now,
        encryption=observed.configured,
        application_version_id=observed.version_id,
    )
    return replace(observed, snapshots=(*observed.snapshots, made), now=observed.now + _TICK)


def _take(observed: ObservedApplication, step: TakeSnapshot) -> ObservedApplication:
    return _with_snapshot(observed, step.name)


def _update(observed: ObservedApplication, step: UpdateEncryption) -> ObservedApplication:
    if step.restarts:
        observed = _with_snapshot(observed, "the automatic snapshot of the update")
    return replace(observed, configured=step.target, version_id=observed.version_id + 1)


def _rotate(observed: ObservedApplication, step: RotateKey) -> ObservedApplication:
    rotated = replace(observed.keys[step.key_arn], rotated_at=observed.now)
    return replace(observed, keys=MappingProxyType({**observed.keys, step.key_arn: rotated}))


def _stop(observed: ObservedApplication, _step: Stop) -> ObservedApplication:
    stopped_at = observed.now
    observed = _with_snapshot(observed, "the automatic snapshot of the stop")
    return replace(observed, status=ApplicationStatus.READY, stopped_at=stopped_at)


def _start(observed: ObservedApplication, _step: Start) -> ObservedApplication:
    restart = Restart(started_at=observed.now, ended_at=observed.now)
    return replace(observed, status=ApplicationStatus.RUNNING, restarts=(*observed.restarts, restart))


def _delete(observed: ObservedApplication, step: DeleteSnapshot) -> ObservedApplication:
    return replace(observed, snapshots=tuple(each for each in observed.snapshots if each != step.snapshot))


def _become_steady(observed: ObservedApplication, step: AwaitSteady) -> ObservedApplication:
    stops = {ApplicationStatus.STOPPING, ApplicationStatus.FORCE_STOPPING, ApplicationStatus.DELETING}
    return replace(observed, status=ApplicationStatus.READY if step.status in stops else ApplicationStatus.RUNNING)


def _finish_snapshot(observed: ObservedApplication, step: AwaitSnapshot) -> ObservedApplication:
    others = tuple(each for each in observed.snapshots if each != step.snapshot)
    if step.snapshot.status is SnapshotStatus.DELETING:
        return replace(observed, snapshots=others)
    return replace(observed, snapshots=(*others, replace(step.snapshot, status=SnapshotStatus.READY)))


def _finish_rotation(observed: ObservedApplication, step: AwaitRotation) -> ObservedApplication:
    rotated = replace(observed.keys[step.key_arn], rotated_at=observed.now, is_rotating=False)
    return replace(observed, keys=MappingProxyType({**observed.keys, step.key_arn: rotated}))


def _soak(observed: ObservedApplication, step: Soak) -> ObservedApplication:
    return replace(observed, now=step.until)


_EFFECTS: Final[dict[type, Callable[[ObservedApplication, Any], ObservedApplication]]] = {
    OpenWindow: _open,
    CloseWindow: _close,
    TakeSnapshot: _take,
    UpdateEncryption: _update,
    RotateKey: _rotate,
    Stop: _stop,
    Start: _start,
    DeleteSnapshot: _delete,
    AwaitSteady: _become_steady,
    AwaitSnapshot: _finish_snapshot,
    AwaitRotation: _finish_rotation,
    Soak: _soak,
}
