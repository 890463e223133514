"""The decision to scale by lag: laws over any history of an application and its alarms."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.deployment import Operation
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.scaling.lag_rule import LagRule, LagSituation
from cdk_penstock.model.scaling.parallelism_range import ParallelismRange
from cdk_penstock.model.scaling.parallelism_settings import ParallelismSettings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
COOL_DOWN = timedelta(minutes=15)
RULE = LagRule(range=ParallelismRange(smallest=2, largest=16, max_parallelism=64), cool_down=COOL_DOWN)


def operation(
    minutes_ago: float, name: str = "UpdateApplication", status: str = "SUCCESSFUL", *, minutes: float = 1
) -> Operation:
    """Return an operation that ended so long ago, and took so long."""
    ended_at = NOON - timedelta(minutes=minutes_ago)
    return Operation(
        operation_id=f"{name}-{minutes_ago}",
        name=name,
        status=status,
        started_at=ended_at - timedelta(minutes=minutes),
        ended_at=ended_at,
    )


def situation(**changes: Any) -> LagSituation:
    given_values: dict[str, Any] = {
        "now": NOON,
        "is_behind": True,
        "is_idle": False,
        "status": ApplicationStatus.RUNNING,
        "parallelism": ParallelismSettings(parallelism=4, auto_scaling_enabled=False),
        "operations": (operation(60),),
    }
    return LagSituation(**(given_values | changes))


situations = st.builds(
    LagSituation,
    now=st.just(NOON),
    is_behind=st.booleans(),
    is_idle=st.booleans(),
    status=st.sampled_from(ApplicationStatus),
    parallelism=st.builds(
        ParallelismSettings, parallelism=st.integers(1, 64), auto_scaling_enabled=st.sampled_from([False, False, True])
    ),
    operations=st.lists(
        st.builds(
            operation,
            st.integers(0, 120),
            st.sampled_from(["UpdateApplication", "StartApplication", "RollbackApplication", "AutoScaling"]),
            st.sampled_from(["SUCCESSFUL", "FAILED", "CANCELLED", "IN_PROGRESS"]),
        ),
        max_size=4,
    ).map(tuple),
    deployment=st.sampled_from(["", "", "UPDATE_IN_PROGRESS"]),
)


@given(situations)
def test_it_scales_only_a_running_application_that_nobody_works_on_and_with_a_reason(at: LagSituation) -> None:
    decision = RULE.decide(at)
    assert decision.reason
    if decision.parallelism is None:
        return
    assert at.status is ApplicationStatus.RUNNING
    assert not at.deployment
    assert not at.parallelism.auto_scaling_enabled
    assert all(each.is_over and at.now - each.ended_at >= COOL_DOWN for each in at.operations)
    assert at.is_behind or at.is_idle
    assert not decision.needs_a_person


@given(situations)
def test_the_new_parallelism_is_within_the_bounds_and_on_the_side_of_the_alarm(at: LagSituation) -> None:
    decision = RULE.decide(at)
    if decision.parallelism is None:
        return
    assert 2 <= decision.parallelism <= 16
    # Where both are raised, a job that is behind is the greater trouble.
    assert (decision.parallelism > at.parallelism.parallelism) is at.is_behind


alarms = st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(st.integers(1, 64), alarms)
def test_it_never_flaps_within_the_cool_down_and_a_lasting_alarm_comes_to_an_end(
    first: int, history: list[tuple[int, bool, bool]]
) -> None:
    now, parallelism, scaled_at = NOON, first, list[datetime]()
    operations: tuple[Operation, ...] = ()
    lasting = [(5, history[-1][1], history[-1][2])] * 100
    for minutes, is_behind, is_idle in [*history, *lasting]:
        now += timedelta(minutes=minutes)
        at = situation(
            now=now,
            is_behind=is_behind,
            is_idle=is_idle,
            operations=operations,
            parallelism=ParallelismSettings(parallelism=parallelism, auto_scaling_enabled=False),
        )
        wanted = RULE.decide(at).parallelism
        if wanted is None:
            continue
        parallelism = wanted
        scaled_at.append(now)
        done = Operation(
            operation_id=str(now), name="UpdateApplication", status="SUCCESSFUL", started_at=now, ended_at=now
        )
        operations = (*operations, done)
    assert all(later - earlier >= COOL_DOWN for earlier, later in itertools.pairwise(scaled_at))
    if lasting[0][1]:
        assert parallelism >= 16
    elif lasting[0][2]:
        assert parallelism <= 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"deployment": "UPDATE_IN_PROGRESS"}, "a deployment is at work (UPDATE_IN_PROGRESS)"),
        ({"status": ApplicationStatus.READY}, "the application is READY"),
        ({"status": ApplicationStatus.MAINTENANCE}, "the application is MAINTENANCE"),
        ({"operations": (operation(0, status="IN_PROGRESS"),)}, "an operation is under way, UpdateApplication"),
        ({"operations": (operation(14, "StartApplication"),)}, "the last operation ended at 11:46:00 UTC, less than"),
        ({"is_behind": False}, "no alarm"),
        (
            {"parallelism": ParallelismSettings(parallelism=16, auto_scaling_enabled=False)},
            "the job is behind, but 16 is the end of the range 2 to 16",
        ),
    ],
)
def test_it_leaves_the_application_as_it_is_and_says_why(changes: dict[str, Any], reason: str) -> None:
    decision = RULE.decide(situation(**changes))
    assert (decision.parallelism, decision.needs_a_person) == (None, False)
    assert decision.reason.startswith(reason)


def test_it_says_why_it_scales() -> None:
    assert RULE.decide(situation()).reason == "the job is behind: from 4 to 8"
    calm = situation(is_behind=False, is_idle=True)
    assert RULE.decide(calm).reason == "the job keeps up and is hardly busy: from 4 to 2"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parallelism": ParallelismSettings(auto_scaling_enabled=True)}, "MSF's automatic scaling has been switched"),
        ({"operations": (operation(60, status="FAILED"),)}, "the last change has failed, UpdateApplication"),
        (
            {"operations": (operation(61, status="FAILED"), operation(50, "RollbackApplication"))},
            "the last change has failed",
        ),
        (
            {"operations": (operation(1, status="FAILED"),), "status": ApplicationStatus.READY, "is_behind": False},
            "the last change has failed",
        ),
    ],
)
def test_scaling_ends_until_somebody_looks_where_it_would_do_harm(changes: dict[str, Any], reason: str) -> None:
    decision = RULE.decide(situation(**changes))
    assert (decision.parallelism, decision.needs_a_person) == (None, True)
    assert decision.reason.startswith(reason)


@pytest.mark.parametrize("name", ["UpdateApplication", "StartApplication"])
def test_scaling_goes_on_after_a_change_or_a_start_that_succeeded(name: str) -> None:
    failed = situation(operations=(operation(60, status="FAILED"),))
    assert RULE.decide(replace(failed, operations=(*failed.operations, operation(30, name)))).parallelism == 8
