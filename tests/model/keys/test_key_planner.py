"""The planner over states of every kind, without any service: what it answers, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys import (
    AWS_OWNED,
    ApplicationStatus,
    Disable,
    Enable,
    Goal,
    KeyAssignment,
    KeyFacts,
    ObservedApplication,
    PurgeSnapshots,
    Restart,
    RotateOnDemand,
    RotateToNewKey,
    Snapshot,
    SnapshotStatus,
    next_action,
    plan,
)
from cdk_penstock.model.keys.dry_run import MAX_STEPS
from cdk_penstock.model.keys.steps import (
    AwaitRotation,
    AwaitSnapshot,
    AwaitStart,
    AwaitSteady,
    AwaitUpgrade,
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
from tests.control.fake_aws import APPLICATION_ARN, KEY_1, KEY_2

EXAMPLES = settings().max_examples
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=7)
ONE, TWO = (KeyAssignment.customer_managed(arn) for arn in (KEY_1, KEY_2))
KEYS = {KEY_1: KeyFacts(key_arn=KEY_1), KEY_2: KeyFacts(key_arn=KEY_2)}


def snapshot(
    name: str,
    encryption: KeyAssignment,
    age_seconds: float,
    status: SnapshotStatus = SnapshotStatus.READY,
) -> Snapshot:
    return Snapshot(name=name, status=status, created_at=NOW - timedelta(seconds=age_seconds), encryption=encryption)


def observed(**changes: Any) -> ObservedApplication:
    state = ObservedApplication(
        application_arn=APPLICATION_ARN,
        runtime_environment="FLINK-1_20",
        status=ApplicationStatus.RUNNING,
        version_id=3,
        configured=ONE,
        now=NOW,
        keys=KEYS,
        permission_windows=frozenset({KEY_1}),
    )
    return replace(state, **changes)


def kinds(steps: tuple[object, ...]) -> list[Any]:
    return [type(step) for step in steps]


def test_the_whole_way_of_each_goal_can_be_read_beforehand() -> None:
    old = (snapshot("old", ONE, 10_000),)
    assert kinds(plan(observed(snapshots=old), RotateToNewKey(key_arn=KEY_2, soak_seconds=60))) == [
        OpenWindow,
        TakeSnapshot,
        UpdateEncryption,
        TakeSnapshot,
        Soak,
        DeleteSnapshot,
        DeleteSnapshot,
        DeleteSnapshot,
        CloseWindow,
        Done,
    ]
    assert kinds(plan(observed(snapshots=old), RotateOnDemand(rotated_since=SINCE))) == [
        TakeSnapshot,
        RotateKey,
        Stop,
        Start,
        TakeSnapshot,
        DeleteSnapshot,
        DeleteSnapshot,
        DeleteSnapshot,
        Done,
    ]
    enabling = observed(
        configured=AWS_OWNED, permission_windows=frozenset(), snapshots=(snapshot("fresh", AWS_OWNED, 10),)
    )
    assert kinds(plan(enabling, Enable(key_arn=KEY_2))) == [
        OpenWindow,
        UpdateEncryption,
        TakeSnapshot,
        DeleteSnapshot,
        DeleteSnapshot,
        Done,
    ]
    assert kinds(plan(observed(snapshots=old), Disable()))[-2:] == [CloseWindow, Done]  # type: ignore[list-item]


def test_every_step_says_what_it_does() -> None:
    steps = [
        *plan(observed(status=ApplicationStatus.UPDATING), RotateToNewKey(key_arn=KEY_2, soak_seconds=60)),
        *plan(observed(), RotateOnDemand(rotated_since=SINCE)),
        *plan(observed(keys={KEY_1: replace(KEYS[KEY_1], is_rotating=True)}), RotateOnDemand(rotated_since=SINCE)),
        *plan(observed(snapshots=(snapshot("a", ONE, 5, SnapshotStatus.CREATING),)), Disable()),
        *plan(observed(status=ApplicationStatus.READY, snapshots=(snapshot("a", ONE, 5),)), Disable()),
    ]
    text = "\n".join(map(str, steps))
    for words in (
        "wait until the application, now UPDATING, is steady",
        f"open the permission window of the operator role for {KEY_2}",
        "take snapshot penstock-before-key-v3-20260601-120002",
        f"update the application to {KEY_2} (it restarts through a snapshot under the old key), then read back",
        "used from its next start",
        "soak for 60 s from the good snapshot on, until 2026-06-01",
        f"rotate the material of {KEY_1} on demand",
        f"wait until the rotation of {KEY_1} is complete",
        "stop the application with a snapshot",
        "start the application from its latest snapshot",
        "wait for snapshot a, now CREATING",
        "delete snapshot a of 2026-06-01",
        "close the permission window",
        "wait until the application is started: 1 older snapshots are left",
        f"the application runs under {KEY_2}, and so is every snapshot",
    ):
        assert words in text, words


def test_the_soak_counts_from_the_first_good_snapshot() -> None:
    snapshots = (snapshot("old", ONE, 500), snapshot("good", TWO, 100), snapshot("later", TWO, 10))
    state = observed(configured=TWO, permission_windows=frozenset({KEY_1, KEY_2}), snapshots=snapshots)
    step = next_action(state, RotateToNewKey(key_arn=KEY_2, soak_seconds=300))
    assert step == Soak(until=NOW + timedelta(seconds=200), seconds=300)
    assert isinstance(next_action(state, RotateToNewKey(key_arn=KEY_2, soak_seconds=100)), DeleteSnapshot)


def test_a_snapshot_under_the_key_from_an_earlier_time_is_not_good_enough() -> None:
    snapshots = (snapshot("from when the key was used before", TWO, 9000), snapshot("update", ONE, 100))
    state = observed(configured=TWO, permission_windows=frozenset({KEY_1, KEY_2}), snapshots=snapshots)
    assert isinstance(next_action(state, RotateToNewKey(key_arn=KEY_2)), TakeSnapshot)


def test_a_window_stays_open_while_a_snapshot_is_being_deleted() -> None:
    snapshots = (snapshot("old", ONE, 500, SnapshotStatus.DELETING), snapshot("good", TWO, 100))
    state = observed(configured=TWO, permission_windows=frozenset({KEY_1, KEY_2}), snapshots=snapshots)
    assert isinstance(next_action(state, RotateToNewKey(key_arn=KEY_2)), AwaitSnapshot)


def test_a_stop_by_somebody_else_before_the_rotation_is_respected() -> None:
    rotated = NOW - timedelta(hours=1)
    state = observed(
        status=ApplicationStatus.READY,
        keys={KEY_1: replace(KEYS[KEY_1], rotated_at=rotated)},
        snapshots=(snapshot("old", ONE, 9000),),
        stopped_at=rotated - timedelta(seconds=1),
    )
    goal = RotateOnDemand(rotated_since=SINCE)
    assert isinstance(next_action(state, goal), AwaitStart)
    assert isinstance(next_action(replace(state, stopped_at=rotated), goal), Start)


def test_pending_restarts_are_known() -> None:
    assert observed().pending_restart() is None
    assert "not running" in (observed(status=ApplicationStatus.READY).pending_restart() or "")
    keys = {KEY_1: replace(KEYS[KEY_1], rotated_at=NOW - timedelta(days=1))}
    assert "no restart is known since" in (observed(keys=keys).pending_restart() or "")
    later = Restart(started_at=NOW, ended_at=NOW)
    assert observed(keys=keys, restarts=(later,)).pending_restart() is None
    assert observed(status=ApplicationStatus.READY).effective is None


@pytest.mark.parametrize("runtime", ["FLINK-1_19", "FLINK-1_8"])
@pytest.mark.parametrize("status", [ApplicationStatus.RUNNING, ApplicationStatus.READY])
def test_below_flink_1_20_the_upgrade_comes_first_and_nothing_else_is_planned(
    runtime: str, status: ApplicationStatus
) -> None:
    before = observed(configured=AWS_OWNED, runtime_environment=runtime, status=status, permission_windows=frozenset())
    (step,) = plan(before, Enable(key_arn=KEY_2))
    assert isinstance(step, AwaitUpgrade)
    assert f"upgraded from {runtime}" in str(step)
    assert "penstock app upgrade --application vehicles --runtime FLINK-1_20" in str(step)
    upgraded = plan(replace(before, runtime_environment="FLINK-1_20"), Enable(key_arn=KEY_2))
    assert any(isinstance(each, UpdateEncryption) for each in upgraded)


def test_an_old_runtime_does_not_keep_an_application_from_the_aws_owned_key() -> None:
    (step,) = plan(observed(configured=AWS_OWNED, runtime_environment="FLINK-1_19", snapshots=()), PurgeSnapshots())[
        -1:
    ]
    assert not isinstance(step, AwaitUpgrade)


@pytest.mark.parametrize(
    ("changes", "goal", "match"),
    [
        ({}, Enable(key_arn=KEY_2), "already uses .* rotate --key"),
        ({"configured": AWS_OWNED}, RotateToNewKey(key_arn=KEY_2), "cannot be rotated: use enable"),
        ({"configured": AWS_OWNED}, RotateOnDemand(rotated_since=SINCE), "nothing to rotate --on-demand"),
        ({"snapshots_enabled": False}, RotateToNewKey(key_arn=KEY_2), "would lose its state"),
        ({"snapshots_enabled": False}, RotateOnDemand(rotated_since=SINCE), "would lose its state"),
        ({"keys": {}}, RotateToNewKey(key_arn=KEY_2), "could not be described"),
        ({"keys": {}}, RotateOnDemand(rotated_since=SINCE), "could not be described"),
        (
            {"keys": {KEY_1: replace(KEYS[KEY_1], state="Disabled"), KEY_2: KEYS[KEY_2]}},
            RotateToNewKey(key_arn=KEY_2),
            "re-enable it",
        ),
        (
            {
                "snapshots_enabled": False,
                "keys": {KEY_1: replace(KEYS[KEY_1], rotated_at=NOW)},
            },
            RotateOnDemand(rotated_since=SINCE),
            "would lose its state",
        ),
        (
            {"configured": TWO, "snapshots_enabled": False, "snapshots": (snapshot("old", ONE, 9),)},
            PurgeSnapshots(),
            "would lose its state",
        ),
    ],
)
def test_what_cannot_be_reached_is_refused(changes: dict[str, Any], goal: Goal, match: str) -> None:
    with pytest.raises(PenstockError, match=match):
        next_action(observed(**changes), goal)


def test_without_snapshots_there_is_nothing_to_verify_by() -> None:
    assert isinstance(next_action(observed(snapshots_enabled=False), PurgeSnapshots()), Done)


ENCRYPTIONS = st.sampled_from([AWS_OWNED, ONE, TWO])
SNAPSHOTS = st.lists(
    st.builds(
        snapshot,
        name=st.sampled_from(["system", "penstock-verify-key-v3-x", "penstock-before-key-v3-x"]),
        encryption=ENCRYPTIONS,
        age_seconds=st.integers(0, 10_000),
        status=st.sampled_from(SnapshotStatus),
    ),
    max_size=6,
    unique_by=lambda each: each.created_at,
).map(tuple)
MOMENTS = st.integers(0, 10_000).map(lambda seconds: NOW - timedelta(seconds=seconds))
FACTS = st.builds(
    KeyFacts,
    key_arn=st.just(KEY_1),
    state=st.sampled_from(["Enabled", "Enabled", "Enabled", "Disabled"]),
    rotates_automatically=st.sampled_from([False, False, False, True]),
    rotated_at=st.none() | MOMENTS,
    is_rotating=st.booleans(),
)
STATES = st.builds(
    observed,
    status=st.sampled_from(ApplicationStatus),
    configured=ENCRYPTIONS,
    snapshots=SNAPSHOTS,
    snapshots_enabled=st.booleans(),
    permission_windows=st.none() | st.frozensets(st.sampled_from([KEY_1, KEY_2])),
    keys=st.tuples(FACTS, FACTS).map(lambda both: {KEY_1: both[0], KEY_2: replace(both[1], key_arn=KEY_2)}),
    restarts=st.lists(MOMENTS.map(lambda at: Restart(started_at=at, ended_at=at)), max_size=3).map(tuple),
    stopped_at=st.none() | MOMENTS,
)
SOAKS = st.integers(0, 5000)
GOALS = st.one_of(
    st.builds(Enable, key_arn=st.just(KEY_2), soak_seconds=SOAKS),
    st.builds(RotateToNewKey, key_arn=st.just(KEY_2), soak_seconds=SOAKS),
    st.builds(Disable, soak_seconds=SOAKS),
    st.builds(RotateOnDemand, rotated_since=MOMENTS, soak_seconds=SOAKS),
    st.builds(PurgeSnapshots, soak_seconds=SOAKS),
)


def goal_encryption(state: ObservedApplication, goal: Goal) -> KeyAssignment:
    return getattr(goal, "target", state.configured)


@settings(max_examples=10 * EXAMPLES)
@given(state=STATES, goal=GOALS)
def test_no_state_leads_to_a_loss(state: ObservedApplication, goal: Goal) -> None:
    try:
        step = next_action(state, goal)
    except PenstockError:
        return
    target = goal_encryption(state, goal)
    ready = [each for each in state.snapshots if each.status is SnapshotStatus.READY]
    match step:
        case DeleteSnapshot(snapshot=deleted):
            assert state.configured == target
            left = [each for each in ready if each != deleted]
            assert any(each.encryption == target and each.created_at > deleted.created_at for each in left)
            soaked = [each for each in left if each.encryption == target]
            age = max(state.now - each.created_at for each in soaked)
            assert age >= timedelta(seconds=goal.soak_seconds)
            assert deleted.status in {SnapshotStatus.READY, SnapshotStatus.FAILED}
        case CloseWindow(key_arn=key_arn):
            assert key_arn in (state.permission_windows or ())
            assert key_arn != state.configured.key_arn
            assert all(each.encryption.key_arn != key_arn for each in state.snapshots)
        case OpenWindow(key_arn=key_arn):
            assert state.permission_windows is not None
            assert key_arn not in state.permission_windows
        case UpdateEncryption():
            assert (
                state.permission_windows is None or step.target.keys | state.configured.keys <= state.permission_windows
            )
            assert not state.is_running or (state.snapshots_enabled and ready)
            assert step.restarts == state.is_running
        case Stop() | RotateKey():
            assert isinstance(goal, RotateOnDemand)
        case Start():
            assert isinstance(goal, RotateOnDemand)
            assert state.stopped_at is not None
        case AwaitSteady():
            assert not state.is_steady
        case AwaitRotation() | AwaitSnapshot() | AwaitStart() | Soak() | TakeSnapshot() | Done():
            pass
    if not isinstance(step, AwaitSteady):
        assert state.is_steady


@settings(max_examples=5 * EXAMPLES)
@given(state=STATES, goal=GOALS)
def test_every_plan_ends_and_leaves_a_good_snapshot_where_there_was_a_state(
    state: ObservedApplication, goal: Goal
) -> None:
    try:
        steps = plan(state, goal)
    except PenstockError:
        return
    assert len(steps) < MAX_STEPS
    assert isinstance(steps[-1], Done | AwaitStart)
    assert not any(isinstance(step, Done | AwaitStart) for step in steps[:-1])
