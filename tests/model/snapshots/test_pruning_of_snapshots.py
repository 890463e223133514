"""The decision which snapshots are deleted: laws for any snapshots, and one thousand over twenty versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys import (
    AWS_OWNED,
    ApplicationStatus,
    KeyAssignment,
    ObservedApplication,
    PurgeSnapshots,
    Snapshot,
    SnapshotStatus,
    plan,
)
from cdk_penstock.model.keys.steps import DeleteSnapshot, TakeSnapshot
from cdk_penstock.model.snapshots import KeepRule, SnapshotRetention, plan_pruning
from cdk_penstock.model.snapshots.retention import SCHEDULED_PREFIX
from tests.control.fake_aws import APPLICATION_ARN, KEY_1

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
READY, FAILED, CREATING, DELETING = (
    SnapshotStatus.READY,
    SnapshotStatus.FAILED,
    SnapshotStatus.CREATING,
    SnapshotStatus.DELETING,
)


def snapshot(name: str, age: timedelta, version: int = 1, status: SnapshotStatus = READY) -> Snapshot:
    return Snapshot(name=name, status=status, created_at=NOW - age, application_version_id=version)


def any_snapshots() -> st.SearchStrategy[list[Snapshot]]:
    """Return up to 30 snapshots, several at one moment, of few versions and days."""
    one = st.builds(
        lambda hours, version, status, pinned: (hours, version, status, pinned),
        st.integers(0, 24 * 6),
        st.integers(1, 4),
        st.sampled_from([READY, READY, READY, FAILED, CREATING, DELETING]),
        st.sampled_from(["", "", "", "keep-"]),
    )
    return st.lists(one, max_size=30).map(
        lambda rows: [
            snapshot(f"{pinned}{number}", timedelta(hours=hours), version, status)
            for number, (hours, version, status, pinned) in enumerate(rows)
        ]
    )


RETENTIONS = st.builds(
    SnapshotRetention,
    newest=st.integers(1, 5),
    daily_for_days=st.integers(0, 5),
    rollback_versions=st.integers(1, 4),
    pinned_prefix=st.sampled_from([None, "keep-"]),
)


def names(snapshots: object) -> set[str]:
    return {each.name for each in snapshots}  # type: ignore[attr-defined]


@given(any_snapshots(), RETENTIONS)
def test_each_snapshot_is_either_kept_for_a_reason_or_deleted(
    snapshots: list[Snapshot], retention: SnapshotRetention
) -> None:
    plan = plan_pruning(snapshots, retention, now=NOW)
    kept = [each.snapshot for each in plan.kept]
    assert sorted(names(kept) | names(plan.deletions)) == sorted(names(snapshots))
    assert len(kept) + len(plan.deletions) == len(snapshots)
    assert all(each.rules for each in plan.kept)


@given(any_snapshots(), RETENTIONS)
def test_the_newest_ready_snapshot_is_never_deleted_nor_one_in_progress(
    snapshots: list[Snapshot], retention: SnapshotRetention
) -> None:
    plan = plan_pruning(snapshots, retention, now=NOW)
    assert {each.status for each in plan.deletions} <= {READY, FAILED}
    ready = [each for each in snapshots if each.status is READY]
    if ready:
        newest = max(each.created_at for each in ready)
        assert any(each.snapshot.status is READY and each.snapshot.created_at == newest for each in plan.kept)


@given(any_snapshots(), RETENTIONS)
def test_nothing_is_deleted_unless_the_newest_is_ready(snapshots: list[Snapshot], retention: SnapshotRetention) -> None:
    plan = plan_pruning(snapshots, retention, now=NOW)
    present = [each for each in snapshots if each.status is not DELETING]
    if plan.deletions:
        newest = max(each.created_at for each in present)
        assert {each.status for each in present if each.created_at == newest} == {READY}
        assert not plan.blocked
    assert bool(plan.blocked) == any(KeepRule.NOTHING_IS_DELETED in each.rules for each in plan.kept)


@given(any_snapshots(), RETENTIONS, st.data())
def test_after_some_of_the_deletions_the_rest_is_deleted_and_nothing_else(
    snapshots: list[Snapshot], retention: SnapshotRetention, data: st.DataObject
) -> None:
    plan = plan_pruning(snapshots, retention, now=NOW)
    gone = data.draw(st.sets(st.sampled_from(plan.deletions))) if plan.deletions else set()
    on_the_way = data.draw(st.sets(st.sampled_from(sorted(gone, key=lambda each: each.name)))) if gone else set()
    rest = [replace(each, status=DELETING) if each in on_the_way else each for each in snapshots]
    rest = [each for each in rest if each not in gone or each in on_the_way]
    again = plan_pruning(rest, retention, now=NOW)
    assert set(again.deletions) == set(plan.deletions) - gone


@given(any_snapshots(), RETENTIONS, st.data())
def test_pruning_and_the_purge_of_a_key_leave_a_good_snapshot_together(
    snapshots: list[Snapshot], retention: SnapshotRetention, data: st.DataObject
) -> None:
    keys = st.sampled_from([AWS_OWNED, KeyAssignment.customer_managed(KEY_1)])
    snapshots = [replace(each, encryption=data.draw(keys)) for each in snapshots]
    observed = ObservedApplication(
        application_arn=APPLICATION_ARN,
        runtime_environment="FLINK-1_20",
        status=ApplicationStatus.RUNNING,
        version_id=4,
        configured=AWS_OWNED,
        snapshots=tuple(each for each in snapshots if each.status in {READY, FAILED}),
        now=NOW,
    )
    steps = plan(observed, PurgeSnapshots())
    purged = {step.snapshot for step in steps if isinstance(step, DeleteSnapshot)}
    # A snapshot that the purge takes first is in no list that was made before.
    takes_another = any(isinstance(step, TakeSnapshot) for step in steps)
    pruned = set(plan_pruning(snapshots, retention, now=NOW).deletions)
    good = {each for each in snapshots if each.status is READY}
    assert not good or takes_another or good - purged - pruned


@given(any_snapshots(), RETENTIONS)
def test_the_rules_keep_at_most_what_the_policy_adds_up_to(
    snapshots: list[Snapshot], retention: SnapshotRetention
) -> None:
    by_rule = [each for each in plan_pruning(snapshots, retention, now=NOW).kept if each.snapshot.status is READY]
    counted = [each for each in by_rule if set(each.rules) - {KeepRule.PINNED, KeepRule.NOTHING_IS_DELETED}]
    assert len(counted) <= retention.newest + retention.daily_for_days + retention.rollback_versions


def a_thousand() -> list[Snapshot]:
    """Return a snapshot every hour over twenty versions of fifty snapshots each; three are pinned, two FAILED."""
    special = {990: "keep-first-release", 700: "keep-audit", 5: "keep-today"}
    return [
        snapshot(
            special.get(hours, f"s{hours:03}"),
            timedelta(hours=hours),
            version=20 - hours // 50,
            status=FAILED if hours in {3, 400} else READY,
        )
        for hours in range(1000)
    ]


RETENTION = SnapshotRetention(newest=5, daily_for_days=7, rollback_versions=4)
KEPT = {
    # The five newest READY ones: the one of three hours ago FAILED, the one of five is pinned too.
    *("s000", "s001", "s002", "s004", "keep-today"),
    # The newest of today is s000; of each of the six days before, the one at 23:00.
    *("s013", "s037", "s061", "s085", "s109", "s133"),
    # The newest of version 20 is s000; of 19, 18 and 17:
    *("s050", "s100", "s150"),
    *("keep-first-release", "keep-audit"),
}


def test_a_thousand_snapshots_over_twenty_versions_are_pruned_to_exactly_the_policy() -> None:
    plan = plan_pruning(a_thousand(), RETENTION, now=NOW)
    assert {each.snapshot.name for each in plan.kept} == KEPT
    assert len(plan.deletions) == 1000 - len(KEPT)
    created = [each.created_at for each in plan.deletions]
    assert created == sorted(created)
    rules = {each.snapshot.name: set(each.rules) for each in plan.kept}
    assert rules["s000"] == {KeepRule.NEWEST_READY, KeepRule.NEWEST, KeepRule.DAILY, KeepRule.ROLLBACK_TARGET}
    assert rules["keep-today"] == {KeepRule.NEWEST, KeepRule.PINNED}
    assert rules["s013"] == {KeepRule.DAILY}
    assert rules["s150"] == {KeepRule.ROLLBACK_TARGET}
    assert not plan.near_limit


def test_snapshots_of_all_versions_are_deleted_and_not_only_those_of_the_present_one() -> None:
    deleted = {each.application_version_id for each in plan_pruning(a_thousand(), RETENTION, now=NOW).deletions}
    assert deleted == set(range(1, 21))


@pytest.mark.parametrize(("status", "why"), [(CREATING, "is being created"), (FAILED, "is FAILED")])
def test_a_newest_snapshot_that_is_not_ready_keeps_all_and_says_why(status: SnapshotStatus, why: str) -> None:
    newest = snapshot("newest", timedelta(minutes=1), 20, status)
    plan = plan_pruning([*a_thousand()[1:], newest], RETENTION, now=NOW)
    assert plan.deletions == ()
    assert "newest snapshot newest" in plan.blocked
    assert why in plan.blocked
    assert plan.near_limit


def test_nothing_is_blocked_where_nothing_would_be_deleted() -> None:
    assert plan_pruning([snapshot("only", timedelta(0), status=CREATING)], RETENTION, now=NOW).blocked == ""
    assert plan_pruning([], RETENTION, now=NOW).kept == ()


def test_a_failed_snapshot_that_is_not_the_newest_is_deleted_unless_it_is_pinned() -> None:
    old = [snapshot("bad", timedelta(hours=2), status=FAILED), snapshot("keep-bad", timedelta(hours=3), status=FAILED)]
    plan = plan_pruning([snapshot("good", timedelta(hours=1)), *old], RETENTION, now=NOW)
    assert names(plan.deletions) == {"bad"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"newest": 0}, "newest must be a whole number, at least 1, got 0"),
        ({"newest": True}, "got True"),
        ({"newest": 2.0}, "got 2.0"),
        ({"daily_for_days": -1}, "daily_for_days must be a whole number, at least 0, got -1"),
        ({"rollback_versions": 0}, "rollback_versions must be a whole number, at least 1, got 0"),
        ({"newest": 800, "daily_for_days": 98}, "keep up to 901 snapshots, expected at most 900"),
        ({"pinned_prefix": ""}, "1 to 60 letters"),
        ({"pinned_prefix": "a b"}, "1 to 60 letters"),
        ({"pinned_prefix": "pen"}, "would keep scheduled snapshots"),
        ({"pinned_prefix": f"{SCHEDULED_PREFIX}2026"}, "would keep scheduled snapshots"),
    ],
)
def test_a_policy_that_cannot_hold_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(PenstockError, match=message):
        SnapshotRetention(**values)  # type: ignore[arg-type]


def test_a_policy_may_keep_as_many_as_there_is_room_for() -> None:
    assert SnapshotRetention(newest=800, daily_for_days=97, rollback_versions=3, pinned_prefix=None).newest == 800
