"""The next step towards a key goal, from what is observed and nothing else.

The algorithm: verify the new key, open its permission window, snapshot, update (or rotate and restart), snapshot under
the new key, soak, delete the snapshots under other keys, close the permission windows of the other keys. Each step is
decided again from the present state, so a run can be killed at any point, and the next one goes on where it ended.

Four rules hold for every answer:

- a snapshot is deleted only while a READY snapshot under the goal's key exists, that is newer than it;
- the last READY snapshot is never deleted;
- the permission window of a key is closed only when neither the configuration nor any snapshot depends on the key;
- a stopped application is started only if the same goal stopped it, which its last stop after the rotation shows.

Sources: managed-flink key-management-flink and manage-cmk-api.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys import steps
from cdk_penstock.model.keys.goal_checks import check_snapshots_enabled, check_switch, checked_key
from cdk_penstock.model.keys.goals import Disable, Enable, PurgeSnapshots, RotateOnDemand, RotateToNewKey
from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation, keys_involved
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.runtimes import FlinkRuntime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.model.keys.goals import Goal
    from cdk_penstock.model.keys.observed_application import ObservedApplication, Snapshot

BEFORE_PREFIX: Final = "penstock-before-key-"
VERIFY_PREFIX: Final = "penstock-verify-key-"
"""Names of the planner's snapshots: before a change, and after it to verify the key."""

FRESH_SECONDS: Final = 3600
"""A snapshot this young is good enough as the one before a change."""


def next_action(observed: ObservedApplication, goal: Goal) -> steps.Action:
    """Return the next step; one of ``steps.Ending`` where there is none to take now.

    Raises PenstockError, before anything was changed, if the goal cannot be reached.
    """
    if not observed.is_steady:
        return steps.AwaitSteady(status=observed.status)
    match goal:
        case Enable() | RotateToNewKey() | Disable():
            return _switch(observed, goal)
        case RotateOnDemand():
            return _rotate_on_demand(observed, goal)
        case PurgeSnapshots():
            current = [each for each in observed.snapshots if each.encryption == observed.configured]
            return _finish(observed, current, goal.soak_seconds) or steps.Done(
                text=f"every snapshot is under {observed.configured}"
            )
    assert_never(goal)  # pragma: no cover


def _switch(observed: ObservedApplication, goal: Enable | RotateToNewKey | Disable) -> steps.Action:
    check_switch(observed, goal)
    target = goal.target
    runtime = FlinkRuntime.of(observed.runtime_environment)
    if target.key_arn is not None and not runtime.customer_managed_key_allowed:
        return steps.AwaitUpgrade(
            application_name=observed.application_arn.rpartition("/")[2], runtime_environment=runtime.identifier
        )
    involved = keys_involved(
        LifecycleOperation.UPDATE,
        KeyUse(configured=observed.configured, effective=observed.effective, new=target),
    )
    if observed.permission_windows is not None and involved - observed.permission_windows:
        return steps.OpenWindow(key_arn=min(involved - observed.permission_windows))
    if observed.configured != target:
        before = _before_change(observed) if observed.is_running else None
        return before or steps.UpdateEncryption(target=target, restarts=observed.is_running)
    current = [each for each in observed.snapshots if each.encryption == target]
    for step in (_finish(observed, current, goal.soak_seconds), _close_window(observed, target.key_arn)):
        if step is not None:
            return step
    if not observed.is_running:
        return steps.Done(text=f"the application is configured with {target} and uses it from its next start")
    return steps.Done(text=f"the application runs under {target}, and so is every snapshot")


def _rotate_on_demand(observed: ObservedApplication, goal: RotateOnDemand) -> steps.Action:
    key = checked_key(observed, observed.configured.key_arn, "rotate --on-demand")
    if key.is_rotating:
        return steps.AwaitRotation(key_arn=key.key_arn)
    if key.rotated_at is None or key.rotated_at < goal.rotated_since:
        if observed.is_running:
            check_snapshots_enabled(observed)
        before = _before_change(observed) if observed.is_running else None
        return before or steps.RotateKey(key_arn=key.key_arn)
    restart = observed.restart_after(key.rotated_at)
    if restart is None:
        if observed.is_running:
            check_snapshots_enabled(observed)
            return steps.Stop()
        if observed.stopped_at is not None and observed.stopped_at >= key.rotated_at:
            return steps.Start()
        if observed.snapshots:
            return steps.AwaitStart(reason="its snapshots are under the material from before the rotation")
        return steps.Done(text=f"{key.key_arn} was rotated; the application uses the new material from its first start")
    current = [
        each
        for each in observed.snapshots
        if each.encryption == observed.configured and each.created_at > restart.ended_at
    ]
    return _finish(observed, current, goal.soak_seconds) or steps.Done(
        text=f"the application runs under the material of {key.rotated_at:%Y-%m-%d %H:%M:%SZ}, and so is every snapshot"
    )


def _finish(observed: ObservedApplication, current: Sequence[Snapshot], soak_seconds: int) -> steps.Action | None:
    """Return the next step from the change to a state in which only the current snapshots are left."""
    others = [each for each in observed.snapshots if each not in current]
    latest_other = max((each.created_at for each in others), default=None)
    good = [
        each
        for each in current
        if each.status is SnapshotStatus.READY and (latest_other is None or each.created_at > latest_other)
    ]
    if not good:
        return _missing_snapshot(observed, others)
    if not others:
        return None
    until = min(each.created_at for each in good) + timedelta(seconds=soak_seconds)
    if observed.now < until:
        return steps.Soak(until=until, seconds=soak_seconds)
    for each in sorted(others, key=lambda other: other.created_at):
        if each.status in {SnapshotStatus.READY, SnapshotStatus.FAILED}:
            return steps.DeleteSnapshot(snapshot=each)
    return steps.AwaitSnapshot(snapshot=others[0])


def _missing_snapshot(observed: ObservedApplication, others: Sequence[Snapshot]) -> steps.Action | None:
    """Return how to come by a good snapshot; None where there is no state that would need one."""
    creating = [each for each in observed.snapshots if each.status is SnapshotStatus.CREATING]
    if creating:
        return steps.AwaitSnapshot(snapshot=creating[0])
    wrong = [
        each
        for each in others
        if each.name.startswith(f"{VERIFY_PREFIX}v{observed.version_id}-") and each.encryption != observed.configured
    ]
    if wrong:
        raise PenstockError(
            f"snapshot {wrong[-1].name} was taken after the change to {observed.configured}, but is under"
            f" {wrong[-1].encryption}: nothing was deleted and no permission window closed; restart the"
            " application, delete that snapshot and run this again"
        )
    if observed.is_running:
        if not others and not observed.snapshots_enabled:
            return None
        check_snapshots_enabled(observed)
        return steps.TakeSnapshot(
            name=_snapshot_name(VERIFY_PREFIX, observed),
            encryption=observed.configured,
            reason="to verify the key and to have a good one before others are deleted",
        )
    if others:
        return steps.AwaitStart(
            reason=f"{len(others)} older snapshots are left, and no good one is newer than they are"
        )
    return None


def _before_change(observed: ObservedApplication) -> steps.Action | None:
    """Return the snapshot to take, or to wait for, before a running application is changed."""
    for each in observed.snapshots:
        if each.status is SnapshotStatus.CREATING:
            return steps.AwaitSnapshot(snapshot=each)
    oldest = observed.now - timedelta(seconds=FRESH_SECONDS)
    fresh = [
        each
        for each in observed.snapshots
        if each.status is SnapshotStatus.READY and each.created_at >= oldest and each.encryption == observed.configured
    ]
    if fresh:
        return None
    return steps.TakeSnapshot(
        name=_snapshot_name(BEFORE_PREFIX, observed), encryption=observed.configured, reason="to go back to"
    )


def _snapshot_name(prefix: str, observed: ObservedApplication) -> str:
    return f"{prefix}v{observed.version_id}-{observed.now:%Y%m%d-%H%M%S}"


def _close_window(observed: ObservedApplication, kept: str | None) -> steps.Action | None:
    for key_arn in sorted((observed.permission_windows or frozenset()) - {kept}):
        if not observed.dependents(key_arn):
            return steps.CloseWindow(key_arn=key_arn)
    return None
