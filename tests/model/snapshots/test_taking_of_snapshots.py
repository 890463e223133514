from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cdk_penstock.model.keys import Snapshot, SnapshotStatus
from cdk_penstock.model.snapshots import age_seconds, is_due, newest_ready, scheduled_name

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)


def snapshot(age: timedelta, status: SnapshotStatus = SnapshotStatus.READY) -> Snapshot:
    return Snapshot(name=f"s{age}", status=status, created_at=NOW - age)


@pytest.mark.parametrize(
    ("age", "due"),
    [
        (timedelta(0), False),
        (timedelta(hours=5), False),
        (timedelta(hours=5, minutes=30), True),
        (SIX_HOURS, True),
        (timedelta(days=3), True),
    ],
)
def test_a_snapshot_is_due_when_the_newest_is_nearly_as_old_as_it_may_be(age: timedelta, due: bool) -> None:
    assert is_due([snapshot(age), snapshot(timedelta(days=9))], every=SIX_HOURS, now=NOW) is due


def test_a_snapshot_is_due_where_no_good_one_is_and_none_is_being_created() -> None:
    failed = snapshot(timedelta(hours=1), SnapshotStatus.FAILED)
    assert is_due([], every=SIX_HOURS, now=NOW)
    assert is_due([failed], every=SIX_HOURS, now=NOW)
    assert not is_due([failed, snapshot(timedelta(0), SnapshotStatus.CREATING)], every=SIX_HOURS, now=NOW)


def test_the_age_is_that_of_the_newest_good_snapshot_or_counts_from_the_given_time() -> None:
    snapshots = [snapshot(timedelta(hours=2)), snapshot(timedelta(hours=3))]
    snapshots.append(snapshot(timedelta(hours=1), SnapshotStatus.FAILED))
    assert newest_ready(snapshots) == snapshots[0]
    assert age_seconds(snapshots, now=NOW, since=NOW) == 7200
    assert age_seconds([], now=NOW, since=NOW - timedelta(minutes=1)) == 60
    assert age_seconds([], now=NOW, since=NOW + timedelta(minutes=1)) == 0


def test_two_checks_of_one_minute_ask_for_one_snapshot() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=2))) + timedelta(seconds=59)
    assert scheduled_name("orders", NOW) == scheduled_name("orders", there)
    assert scheduled_name("orders", NOW) == "penstock-scheduled-20260630T1200Z-orders"


def test_a_name_has_at_most_a_hundred_characters_and_still_tells_applications_apart() -> None:
    first, second = (scheduled_name(f"{'a' * 120}{number}", NOW) for number in (1, 2))
    assert len(first) == len(second) == 100
    assert first != second
    assert len(scheduled_name("a" * 65, NOW)) == 99
