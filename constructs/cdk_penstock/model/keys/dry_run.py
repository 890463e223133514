"""All steps to a key goal, to be read before anything is changed.

They are the answers of the planner if each step succeeds; what happens in between may change them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.model.keys import steps
from cdk_penstock.model.keys.observed_application import Restart, Snapshot
from cdk_penstock.model.keys.planner import next_action
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.model.keys.goals import Goal
    from cdk_penstock.model.keys.observed_application import ObservedApplication

MAX_STEPS: Final = 5000
"""Above what any goal takes: an application has at most some thousand snapshots."""

_TICK: Final = timedelta(seconds=1)


def plan(observed: ObservedApplication, goal: Goal) -> tuple[steps.Action, ...]:
    """Return every step to the goal, or to the point where somebody must act; the last step says which.

    After a soak, a later run takes the remaining steps.
    """
    taken: list[steps.Action] = []
    while len(taken) < MAX_STEPS:
        step = next_action(observed, goal)
        taken.append(step)
        if isinstance(step, steps.Done | steps.AwaitStart | steps.AwaitUpgrade):
            break
        observed = _after(observed, step)
    return tuple(taken)


def _after(observed: ObservedApplication, step: steps.Action) -> ObservedApplication:
    """Return the state that a step leads to if all goes well."""
    observed = replace(observed, now=observed.now + _TICK)
    return _EFFECTS[type(step)](observed, step)


def _open(observed: ObservedApplication, step: steps.OpenWindow) -> ObservedApplication:
    return replace(observed, permission_windows=(observed.permission_windows or frozenset()) | {step.key_arn})


def _close(observed: ObservedApplication, step: steps.CloseWindow) -> ObservedApplication:
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


def _take(observed: ObservedApplication, step: steps.TakeSnapshot) -> ObservedApplication:
    return _with_snapshot(observed, step.name)


def _update(observed: ObservedApplication, step: steps.UpdateEncryption) -> ObservedApplication:
    if step.restarts:
        observed = _with_snapshot(observed, "the automatic snapshot of the update")
    return replace(observed, configured=step.target, version_id=observed.version_id + 1)


def _rotate(observed: ObservedApplication, step: steps.RotateKey) -> ObservedApplication:
    rotated = replace(observed.keys[step.key_arn], rotated_at=observed.now)
    return replace(observed, keys=MappingProxyType({**observed.keys, step.key_arn: rotated}))


def _stop(observed: ObservedApplication, _step: steps.Stop) -> ObservedApplication:
    stopped_at = observed.now
    observed = _with_snapshot(observed, "the automatic snapshot of the stop")
    return replace(observed, status=ApplicationStatus.READY, stopped_at=stopped_at)


def _start(observed: ObservedApplication, _step: steps.Start) -> ObservedApplication:
    restart = Restart(started_at=observed.now, ended_at=observed.now)
    return replace(observed, status=ApplicationStatus.RUNNING, restarts=(*observed.restarts, restart))


def _delete(observed: ObservedApplication, step: steps.DeleteSnapshot) -> ObservedApplication:
    return replace(observed, snapshots=tuple(each for each in observed.snapshots if each != step.snapshot))


def _become_steady(observed: ObservedApplication, step: steps.AwaitSteady) -> ObservedApplication:
    stops = {ApplicationStatus.STOPPING, ApplicationStatus.FORCE_STOPPING, ApplicationStatus.DELETING}
    return replace(observed, status=ApplicationStatus.READY if step.status in stops else ApplicationStatus.RUNNING)


def _finish_snapshot(observed: ObservedApplication, step: steps.AwaitSnapshot) -> ObservedApplication:
    others = tuple(each for each in observed.snapshots if each != step.snapshot)
    if step.snapshot.status is SnapshotStatus.DELETING:
        return replace(observed, snapshots=others)
    return replace(observed, snapshots=(*others, replace(step.snapshot, status=SnapshotStatus.READY)))


def _finish_rotation(observed: ObservedApplication, step: steps.AwaitRotation) -> ObservedApplication:
    rotated = replace(observed.keys[step.key_arn], rotated_at=observed.now, is_rotating=False)
    return replace(observed, keys=MappingProxyType({**observed.keys, step.key_arn: rotated}))


def _soak(observed: ObservedApplication, step: steps.Soak) -> ObservedApplication:
    return replace(observed, now=step.until)


_EFFECTS: Final[dict[type, Callable[[ObservedApplication, Any], ObservedApplication]]] = {
    steps.OpenWindow: _open,
    steps.CloseWindow: _close,
    steps.TakeSnapshot: _take,
    steps.UpdateEncryption: _update,
    steps.RotateKey: _rotate,
    steps.Stop: _stop,
    steps.Start: _start,
    steps.DeleteSnapshot: _delete,
    steps.AwaitSteady: _become_steady,
    steps.AwaitSnapshot: _finish_snapshot,
    steps.AwaitRotation: _finish_rotation,
    steps.Soak: _soak,
}
