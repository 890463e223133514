"""Snapshots of an application in both modes, against the local MSF."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError, SnapshotNotPossibleError
from cdk_penstock.control.snapshot_modes import EnhancedSnapshots, LegacySnapshots, snapshots_of
from cdk_penstock.model.keys import Snapshot, SnapshotStatus
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.snapshots import enhanced_arn
from cdk_penstock.model.snapshots import SnapshotRetention, plan_pruning
from tests.control.fake_aws import APPLICATION_ARN, error
from tests.control.fake_session import FakeAws

if TYPE_CHECKING:
    from cdk_penstock.control.snapshot_control import SnapshotControl
    from cdk_penstock.model.lifecycle.records import SnapshotRecord

RETENTION = SnapshotRetention(newest=5, daily_for_days=7, rollback_versions=4)


def enhanced(aws: FakeAws) -> None:
    aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS", SnapshotsEnabledUpdate=True)


@pytest.fixture(params=["legacy", "enhanced"])
def aws(request: pytest.FixtureRequest) -> FakeAws:
    """Return AWS with a running application in either mode."""
    aws = FakeAws()
    if request.param == "enhanced":
        enhanced(aws)
    aws.msf.start()
    return aws


def control(aws: FakeAws) -> SnapshotControl:
    application = aws.control()
    return snapshots_of(application, application.describe())


def take(aws: FakeAws, *names: str) -> None:
    for name in names:
        control(aws).take(name)
        aws.world.sleep(60)


def listed(aws: FakeAws) -> set[str]:
    aws.msf.reconcile()
    return {each.name for each in control(aws).list()}


def test_the_mode_of_the_application_chooses() -> None:
    aws = FakeAws()
    assert type(control(aws)) is LegacySnapshots
    enhanced(aws)
    assert type(control(aws)) is EnhancedSnapshots


def test_all_pages_are_listed_with_version_and_key(aws: FakeAws) -> None:
    take(aws, "s1", "s2")
    aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": []})
    take(aws, *(f"s{number}" for number in range(3, 9)))
    # The update took one by itself.
    by_name = {each.name: each for each in control(aws).list() if each.name.startswith("s")}
    assert sorted(by_name) == [f"s{number}" for number in range(1, 9)]
    assert {each.status for each in by_name.values()} == {SnapshotStatus.READY}
    assert by_name["s8"].application_version_id == by_name["s1"].application_version_id + 1
    assert control(aws).find("s4") == by_name["s4"]
    assert control(aws).find("nobody") is None


def test_a_snapshot_is_waited_for_and_one_that_exists_is_not_taken_again(aws: FakeAws) -> None:
    control(aws).create("s")
    aws.msf.hold_saving()
    seen: list[Snapshot] = []

    def go_on(snapshot: Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) == 3:
            aws.msf.driver.jobs[aws.msf.application.uid].saved.clear()

    first = control(aws).take("s", on_wait=go_on)
    assert first is not None
    assert first.status is SnapshotStatus.READY
    assert {each.status for each in seen} == {SnapshotStatus.CREATING}
    assert control(aws).take("s") == first


def test_one_that_failed_or_hangs_is_an_error_that_says_so(aws: FakeAws) -> None:
    aws.msf.fault(failing_snapshots=True)
    with pytest.raises(ControlError, match=r"snapshot bad FAILED; the application goes on"):
        control(aws).take("bad")
    aws.msf.fault()
    control(aws).create("slow")
    aws.msf.hold_saving()
    with pytest.raises(ControlError, match="slow is still CREATING after 30 s"):
        control(aws).wait("slow", timeout_seconds=30)


def test_an_application_that_is_not_running_takes_none_and_one_that_fails_says_why(aws: FakeAws) -> None:
    aws.msf.driver.jobs[aws.msf.application.uid].state = JobState.RESTARTING
    with pytest.raises(SnapshotNotPossibleError, match="the job is failing or restarting"):
        control(aws).take("s")
    aws.msf.driver.jobs[aws.msf.application.uid].state = JobState.RUNNING
    aws.msf.move("UPDATING")
    assert control(aws).take("s") is None


def test_a_deleted_snapshot_is_gone_and_may_be_deleted_again(aws: FakeAws) -> None:
    take(aws, "s1", "s2")
    s1 = control(aws).find("s1")
    assert s1 is not None
    assert control(aws).delete(s1)
    aws.world.sleep(60)
    assert listed(aws) == {"s2"}
    assert control(aws).delete(s1)


def test_a_snapshot_in_creation_is_not_deleted(aws: FakeAws) -> None:
    control(aws).create("s")
    aws.msf.hold_saving()
    creating = control(aws).find("s")
    assert creating is not None
    assert not control(aws).delete(creating)
    assert "s" in listed(aws)


def test_a_missing_permission_names_the_action_of_an_enhanced_snapshot() -> None:
    aws = FakeAws()
    enhanced(aws)
    aws.msf.start()
    snapshots = control(aws)
    for operation, call in (
        ("ListSnapshots", snapshots.list),
        ("CreateSnapshot", lambda: snapshots.create("s")),
        ("DescribeSnapshot", lambda: snapshots.find("s")),
    ):
        denied = error("AccessDeniedException", f"not authorized to perform: kinesisanalytics:{operation}")
        aws.world.fail(operation, *([denied] * 30))
        with pytest.raises(MissingPermissionError, match=rf"permission is missing \(kinesisanalytics:{operation}\)"):
            call()


def test_enhanced_snapshots_of_an_earlier_application_of_the_name_are_not_this_ones() -> None:
    aws = FakeAws()
    enhanced(aws)
    aws.msf.start()
    take(aws, "of-the-first")
    aws.msf.stop()
    aws.msf.delete()
    aws.world.sleep(60)
    aws.msf.create()
    enhanced(aws)
    aws.msf.start()
    take(aws, "of-the-second")
    assert listed(aws) == {"of-the-second"}
    assert control(aws).find("of-the-first") is None


def store(aws: FakeAws, count: int, versions: int) -> list[SnapshotRecord]:
    """Put READY snapshots into the service, one an hour until now."""
    control(aws).take("pattern")
    records_of = aws.msf.msf.store
    pattern = records_of.legacy_snapshot(aws.msf.application, "pattern")
    pattern = pattern or records_of.enhanced_snapshot(enhanced_arn(APPLICATION_ARN, "pattern"))
    assert pattern is not None
    records = [
        replace(
            pattern,
            uid=f"uid{number}",
            name=f"s{number:04}",
            created_at=aws.world.time.replace(microsecond=0) - timedelta(hours=number),
            version_id=versions - number * versions // count,
        )
        for number in range(count - 1)
    ]
    aws.msf.msf.commit(Change(application=aws.msf.application, snapshots=tuple(records)))
    return records


def test_two_runs_that_overlap_prune_a_thousand_snapshots_to_exactly_the_policy(aws: FakeAws) -> None:
    store(aws, 1000, versions=20)
    before = control(aws).list()
    assert len(before) == 1000
    assert {each.application_version_id for each in before} >= set(range(2, 21))
    first, second = (plan_pruning(control(aws).list(), RETENTION, now=aws.world.time) for _ in range(2))
    assert first == second
    assert len(first.deletions) > 900
    rest = list(second.deletions)

    def second_run(snapshot: Snapshot) -> None:
        control(aws).delete(snapshot)

    # The second run deletes from the newest on: they meet, and each then tries what the other one has deleted.
    control(aws).prune(first, on_delete=lambda _snapshot: second_run(rest.pop()))
    for each in reversed(rest):
        second_run(each)
    aws.world.sleep(60)
    assert listed(aws) == {each.snapshot.name for each in first.kept}
    again = plan_pruning(control(aws).list(), RETENTION, now=aws.world.time)
    assert again.deletions == ()


def test_a_run_that_is_out_of_time_leaves_the_rest_to_the_next_one(aws: FakeAws) -> None:
    take(aws, *(f"s{number}" for number in range(6)))
    plan = plan_pruning(
        control(aws).list(), SnapshotRetention(newest=1, daily_for_days=0, rollback_versions=1), now=aws.world.time
    )
    deleted: list[Snapshot] = []
    snapshots, until = control(aws), aws.world.time + timedelta(seconds=2)
    left = snapshots.prune(plan, until=until, on_delete=deleted.append)
    assert len(deleted) == 2
    assert (*deleted, *left) == plan.deletions
    aws.world.sleep(60)
    assert control(aws).prune(plan) == ()
    aws.world.sleep(60)
    assert listed(aws) == {"s5"}


def test_at_the_limit_a_snapshot_is_refused_until_some_are_pruned() -> None:
    aws = FakeAws()
    aws.msf.start()
    store(aws, 1000, versions=20)
    with pytest.raises(ControlError, match="a quota is used up"):
        control(aws).take("one-more")
    plan = plan_pruning(control(aws).list(), RETENTION, now=aws.world.time)
    assert control(aws).prune(plan) == ()
    assert control(aws).take("one-more") is not None
