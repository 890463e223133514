"""Laws of every plan over any observation, also such that MSF should never give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.deployment import Operation, Revision
from cdk_penstock.model.health import Health, Verdict
from cdk_penstock.model.keys.observed_application import Snapshot
from cdk_penstock.model.lifecycle.planning import (
    Change,
    ChangeTarget,
    DescribedSettings,
    Ended,
    Observation,
    RestoreTarget,
    RollbackTarget,
    RunningTarget,
    SnapshotTarget,
    StoppedTarget,
    Target,
    VerifiedTarget,
    VersionFacts,
    expected_plan,
)
from cdk_penstock.model.lifecycle.planning import plan_actions as steps
from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus, SnapshotStatus
from cdk_penstock.model.runtimes import FlinkRuntime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RETENTION = timedelta(hours=24)
RUNTIMES = ("FLINK-1_19", "FLINK-1_20", "FLINK-2_2")


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def settings(code: str, runtime: str = "FLINK-1_20") -> DescribedSettings:
    location = {"BucketARN": "arn:aws:s3:::code", "FileKey": code}
    content = {"CodeContentDescription": {"S3ApplicationCodeLocationDescription": location}}
    return DescribedSettings(
        runtime_environment=runtime,
        role_arn="role",
        configuration={"ApplicationCodeConfigurationDescription": {"CodeContentType": "ZIPFILE", **content}},
    )


CHANGE = Change(
    revision=Revision(code_bucket_arn="arn:aws:s3:::code", code_key="new.zip", runtime_environment="FLINK-1_20")
)
RULES = RestoreRules(source_retention=RETENTION)
HOURS = st.floats(0.01, 80)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    number = draw(st.integers(1, 4))
    times = sorted(draw(st.lists(HOURS, min_size=number, max_size=number)), reverse=True)
    versions = tuple(
        VersionFacts(
            version_id=each,
            created_at=ago(times[each - 1]),
            settings=settings(draw(st.sampled_from(["old.zip", "new.zip"])), draw(st.sampled_from(RUNTIMES))),
            updated_from=each - 1 or None,
            rolled_back_from=draw(st.sampled_from([None, each - 1 or None])),
        )
        for each in range(1, number + 1)
    )
    status = draw(st.sampled_from(ApplicationStatus))
    health = draw(st.sampled_from([None, *Health]))
    return Observation(
        status=status,
        version_id=draw(st.integers(1, number)),
        versions=versions,
        now=NOW,
        in_transit_for=None if status in STEADY_STATUSES else timedelta(hours=draw(HOURS)),
        operations=tuple(
            draw(
                st.lists(
                    st.builds(
                        lambda name, status, hours: Operation(
                            operation_id=f"{name}-{hours}",
                            name=name,
                            status=status,
                            started_at=ago(hours),
                            ended_at=ago(hours),
                        ),
                        st.sampled_from(
                            ["StartApplication", "StopApplication", "UpdateApplication", "RollbackApplication"]
                        ),
                        st.sampled_from(["SUCCESSFUL", "FAILED", "IN_PROGRESS"]),
                        HOURS,
                    ),
                    max_size=4,
                )
            )
        ),
        snapshots=tuple(
            draw(
                st.lists(
                    st.builds(
                        lambda name, status, hours, version, runtime: Snapshot(
                            name=name,
                            status=status,
                            created_at=ago(hours),
                            application_version_id=version,
                            runtime_environment=runtime,
                        ),
                        st.sampled_from(["a", "b", "c"]),
                        st.sampled_from(SnapshotStatus),
                        HOURS,
                        st.integers(1, number),
                        st.sampled_from([*RUNTIMES, ""]),
                    ),
                    max_size=4,
                    unique_by=lambda each: each.name,
                )
            )
        ),
        restored_snapshot=draw(st.sampled_from([None, "a"])),
        verdict=None if health is None else Verdict(health=health, reason="seen"),
        refused_rollback=draw(st.sampled_from([None, "no"])),
        refused_snapshot=draw(st.sampled_from([None, "no"])),
    )


TARGETS = st.one_of(
    st.builds(ChangeTarget, change=st.just(CHANGE), may_force=st.booleans(), rules=st.just(RULES)),
    st.builds(VerifiedTarget, change=st.sampled_from([None, CHANGE]), may_undo=st.booleans(), rules=st.just(RULES)),
    st.builds(RunningTarget, began_at=st.just(ago(1))),
    st.builds(StoppedTarget, may_force=st.booleans()),
    st.builds(
        RestoreTarget,
        snapshot_name=st.just("a"),
        began_at=st.just(ago(1)),
        may_force=st.booleans(),
        rules=st.just(RULES),
    ),
    st.builds(RollbackTarget, reason=st.just("asked"), may_force=st.booleans(), rules=st.just(RULES)),
    st.builds(SnapshotTarget, name=st.just("b")),
)


@given(TARGETS, observations())
def test_every_plan_ends_and_says_why(target: Target, seen: Observation) -> None:
    plan = expected_plan(seen, target)
    assert isinstance(plan[-1], Ended)
    assert plan[-1].text
    assert all(str(step) for step in plan)
    assert sum(isinstance(step, steps.RollBack) for step in plan) <= 1


@given(TARGETS, observations())
def test_nothing_is_forced_that_is_not_allowed_and_nothing_before_a_rollback(target: Target, seen: Observation) -> None:
    plan = expected_plan(seen, target)
    forced = [number for number, step in enumerate(plan) if isinstance(step, steps.ForceStop)]
    rollbacks = [number for number, step in enumerate(plan) if isinstance(step, steps.RollBack)]
    assert target.may_force or not forced
    # A forced stop makes a rollback impossible.
    assert not forced or not rollbacks or rollbacks[0] < forced[0]


@given(TARGETS, observations())
def test_only_a_snapshot_that_can_be_read_and_is_young_enough_is_restored(target: Target, seen: Observation) -> None:
    step = target.next_action(seen)
    if not isinstance(step, steps.Start) or step.restore.snapshot_name is None:
        return
    (snapshot,) = [each for each in seen.snapshots if each.name == step.restore.snapshot_name]
    assert snapshot.status is SnapshotStatus.READY
    assert seen.now - snapshot.created_at <= RETENTION
    if snapshot.runtime_environment:
        runtimes = {each.settings.runtime_environment for each in seen.versions}
        assert any(
            FlinkRuntime.of(each).release >= FlinkRuntime.of(snapshot.runtime_environment).release for each in runtimes
        )


@given(TARGETS, observations())
def test_an_application_is_changed_in_a_status_that_allows_it(target: Target, seen: Observation) -> None:
    step = target.next_action(seen)
    if isinstance(step, steps.Start | steps.PutBack):
        assert seen.is_at_rest
    if isinstance(step, steps.Stop | steps.TakeSnapshot | steps.Verify):
        assert seen.is_running
    if isinstance(step, steps.RollBack):
        assert seen.status in {ApplicationStatus.RUNNING, ApplicationStatus.UPDATING, ApplicationStatus.AUTOSCALING}
        assert seen.refused_rollback is None


@given(observations())
def test_a_version_that_a_rollback_has_brought_is_not_rolled_back(seen: Observation) -> None:
    for target in (ChangeTarget(change=CHANGE), VerifiedTarget(), RollbackTarget(reason="asked")):
        if isinstance(target.next_action(seen), steps.RollBack):
            assert not any(each.version_id == seen.present.rolled_back_from for each in seen.versions)


@pytest.mark.parametrize("target", [VerifiedTarget(), RunningTarget(began_at=NOW), StoppedTarget()])
def test_an_application_that_is_being_deleted_is_left_alone(target: Target) -> None:
    version = VersionFacts(version_id=1, created_at=ago(1), settings=settings("old.zip"))
    seen = Observation(status=ApplicationStatus.DELETING, version_id=1, versions=(version,), now=NOW)
    assert str(target.next_action(seen)) == "refused: the application is being deleted"
