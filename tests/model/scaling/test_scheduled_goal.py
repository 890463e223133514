"""The steps of a schedule: laws over any state of an application."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.deployment import Operation
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus
from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings
from cdk_penstock.model.scaling.scheduled_goal import (
    LATEST,
    STOP,
    ScheduledGoal,
    ScheduledSituation,
    SetParallelism,
    Start,
    StepKind,
    Stop,
)

EVENING = datetime(2026, 1, 1, 19, tzinfo=UTC)
NAMES = ("UpdateApplication", "StopApplication", "StartApplication")
operations = st.lists(
    st.tuples(st.integers(-90, 90), st.sampled_from(NAMES), st.sampled_from(["SUCCESSFUL", "FAILED", "IN_PROGRESS"])),
    max_size=5,
    unique_by=lambda each: each[0],
).map(
    lambda rows: tuple(
        Operation(
            operation_id=f"{name}{minutes}",
            name=name,
            status=status,
            started_at=EVENING + timedelta(minutes=minutes),
            ended_at=EVENING + timedelta(minutes=minutes + 1),
        )
        for minutes, name, status in rows
    )
)
situations = st.builds(
    lambda minutes, listed, tagged, **more: ScheduledSituation(
        now=EVENING + timedelta(minutes=minutes),
        scheduled_at=EVENING,
        operations=listed,
        stopped_by_schedule=listed[0].operation_id if tagged and listed else "",
        **more,
    ),
    st.integers(0, 90),
    operations,
    st.booleans(),
    status=st.sampled_from(ApplicationStatus),
    parallelism=st.builds(ParallelismSettings, parallelism=st.integers(1, 4)),
    deployment=st.sampled_from(["", "UPDATE_IN_PROGRESS"]),
)
goals = st.builds(SetParallelism, st.integers(1, 4)) | st.just(Stop()) | st.builds(Start, st.booleans())


def is_steady(at: ScheduledSituation) -> bool:
    return at.status in STEADY_STATUSES and not at.deployment


@given(goals, situations)
def test_it_acts_on_a_steady_application_only_and_neither_late_nor_twice(
    goal: ScheduledGoal, at: ScheduledSituation
) -> None:
    step = goal.next_step(at)
    assert step.reason
    if step.kind is not StepKind.REQUEST:
        return
    assert is_steady(at)
    assert at.now - at.scheduled_at < LATEST
    assert not goal.is_met(at)
    newest = at.newest(goal.operation, since_schedule=True)
    assert newest is None or not newest.failed


@given(goals, situations)
def test_it_waits_only_for_what_is_under_way_and_never_after_an_hour(
    goal: ScheduledGoal, at: ScheduledSituation
) -> None:
    if goal.next_step(at).kind is StepKind.WAIT:
        assert not is_steady(at)
        assert at.now - at.scheduled_at < LATEST


@given(goals, situations)
def test_a_goal_that_is_met_is_done_unless_msf_has_failed_the_request_for_it(
    goal: ScheduledGoal, at: ScheduledSituation
) -> None:
    newest = at.newest(goal.operation, since_schedule=True)
    if is_steady(at) and goal.is_met(at):
        expected = StepKind.GIVE_UP if newest is not None and newest.failed else StepKind.DONE
        assert goal.next_step(at).kind is expected


@given(situations)
def test_a_start_is_only_of_what_the_tag_says_unless_it_is_told_otherwise(at: ScheduledSituation) -> None:
    if Start(False).next_step(at).kind is StepKind.REQUEST:
        stopped = at.newest(STOP)
        assert stopped is not None
        assert stopped.operation_id == at.stopped_by_schedule
        assert Start(True).next_step(at).kind is StepKind.REQUEST


@given(situations)
def test_the_tag_names_a_stop_since_the_schedule_and_goes_with_a_running_job(at: ScheduledSituation) -> None:
    after = Stop().tag_after(at)
    if after != at.stopped_by_schedule:
        (stopped,) = [each for each in at.operations if each.operation_id == after]
        assert stopped.name == STOP
        assert stopped.started_at >= at.scheduled_at
    assert Start(False).tag_after(at) == ("" if at.is_running else at.stopped_by_schedule)
    assert SetParallelism(1).tag_after(at) == at.stopped_by_schedule
