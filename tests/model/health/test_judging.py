from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.health import Health, HealthRules, JobFailure, JobSample, VertexSample, judge

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
RULES = HealthRules(stable_seconds=20)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def failure(seconds: float, reason: str = "NullPointerException") -> JobFailure:
    return JobFailure(at=at(seconds), reason=reason)


def look(seconds: float, *, running: int = 4, checkpoints: int = 0, state: str = "RUNNING", **other: Any) -> JobSample:
    subtasks = {"RUNNING": running, "INITIALIZING": 4 - running}
    return JobSample(
        at=at(seconds),
        job_id="job",
        state=state,
        vertices=(VertexSample(name="window", parallelism=4, subtasks=subtasks),),
        completed_checkpoints=checkpoints,
        **other,
    )


def healthy_looks() -> list[JobSample]:
    return [look(seconds, checkpoints=3 + seconds // 10) for seconds in range(0, 25, 5)]


def test_a_job_whose_subtasks_all_run_with_a_new_checkpoint_is_healthy() -> None:
    verdict = judge(healthy_looks(), RULES)
    assert verdict.health is Health.HEALTHY
    assert verdict.reason == "all 4 subtasks have run for 20 s, 2 checkpoints completed"


def test_running_is_no_evidence_while_a_subtask_initializes() -> None:
    looks = [look(seconds, running=3, checkpoints=seconds) for seconds in range(0, 300, 5)]
    verdict = judge(looks, RULES)
    assert verdict.health is Health.PENDING
    assert verdict.reason == "job RUNNING, 3 of 4 subtasks run, 1 INITIALIZING"


def test_a_vertex_counts_by_its_subtasks_and_not_by_the_sum() -> None:
    sample = replace(
        look(0),
        vertices=(
            VertexSample(name="source", parallelism=2, subtasks={"RUNNING": 2, "FINISHED": 1}),
            VertexSample(name="sink", parallelism=2, subtasks={"RUNNING": 1}),
        ),
    )
    assert not sample.runs
    assert not replace(sample, vertices=()).runs


def test_large_state_is_waited_for_within_its_time() -> None:
    looks = [look(seconds, running=0) for seconds in range(0, 905, 5)]
    assert judge(looks[:-1], RULES).health is Health.PENDING
    verdict = judge(looks, RULES)
    assert verdict.health is Health.FAILING
    assert verdict.reason.startswith("not every subtask runs after 900 s: job RUNNING, 0 of 4")
    # The time before the first look is the operation's too.
    assert judge(looks[:-4], RULES, since=at(-20)).health is Health.FAILING


def test_one_failure_gets_a_new_chance_and_begins_the_window_again() -> None:
    looks = [*healthy_looks()[:-1], look(20, running=0, failures=(failure(16),))]
    assert judge(looks, RULES).health is Health.PENDING
    looks += [look(25 + seconds, checkpoints=9 + seconds, failures=(failure(16),)) for seconds in range(0, 25, 5)]
    assert judge(looks[:-1], RULES).health is Health.PENDING
    verdict = judge(looks, RULES)
    assert verdict.health is Health.HEALTHY
    assert "after a failure (NullPointerException)" in verdict.reason


def test_a_restart_between_two_looks_is_seen() -> None:
    looks = healthy_looks()
    looks[-1] = replace(looks[-1], failures=(failure(18),))
    assert judge(looks, RULES).reason == "every subtask has run for 0 s of 20 s"


def test_the_second_failure_is_a_loop_with_its_reason() -> None:
    looks = [look(0), look(5, running=0, failures=(failure(3, "old"),))]
    assert judge(looks, RULES).health is Health.PENDING
    looks.append(look(20, running=0, failures=(failure(17, "division by zero\nat Job.map"), failure(3, "old"))))
    verdict = judge(looks, RULES)
    assert verdict.health is Health.FAILING
    assert verdict.reason == "the job failed 2 times and is restarted again and again: division by zero | at Job.map"


def test_failures_before_the_operation_are_not_counted() -> None:
    before = (failure(-5), failure(-60), failure(-90))
    looks = [replace(each, failures=before) for each in healthy_looks()]
    assert judge(looks, RULES).health is Health.HEALTHY
    assert judge(looks, RULES, since=at(-4)).health is Health.HEALTHY
    # The first look comes after two failures of the job that the operation has started.
    assert judge(looks[:1], RULES, since=at(-70)).health is Health.FAILING


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "SUSPENDED"])
def test_a_job_that_has_ended_is_failing_at_once(state: str) -> None:
    verdict = judge([look(0, state=state, running=0, failures=(failure(0),))], RULES, since=at(-1))
    assert (verdict.health, verdict.reason) == (Health.FAILING, f"the job is {state}: NullPointerException")


def test_a_batch_job_that_has_finished_is_no_failure() -> None:
    assert judge([look(0, state="FINISHED", running=0)], RULES).health is Health.FINISHED


def test_without_a_checkpoint_a_job_is_not_healthy_and_at_last_failing() -> None:
    looks = [look(seconds, checkpoints=7) for seconds in range(0, 1025, 5)]
    assert judge(looks[:5], RULES).reason == "every subtask has run for 20 s; waiting for a checkpoint"
    assert judge(looks[:-1], RULES).health is Health.PENDING
    assert judge(looks, RULES).reason == "no checkpoint was completed within 1020 s"


def test_a_checkpoint_between_the_launch_and_the_first_look_counts() -> None:
    looks = [look(seconds, checkpoints=1) for seconds in range(0, 25, 5)]
    assert judge(looks, RULES).health is Health.PENDING
    assert judge(looks, RULES, since=at(-70)).reason == "all 4 subtasks have run for 20 s, 1 checkpoint completed"


def test_a_job_without_checkpoints_needs_none() -> None:
    rules = HealthRules.for_checkpoints(None)
    assert judge([look(seconds) for seconds in range(0, 65, 5)], rules).health is Health.HEALTHY


def test_a_new_job_begins_the_window_again() -> None:
    looks = [replace(each, job_id="before") for each in healthy_looks()[:-1]] + healthy_looks()[-1:]
    assert judge(looks, RULES).health is Health.PENDING


def test_the_rules_follow_the_checkpoint_interval() -> None:
    assert HealthRules.for_checkpoints(10).stable_seconds == 60
    assert HealthRules.for_checkpoints(60).stable_seconds == 120
    assert HealthRules.for_checkpoints(3600).stable_seconds == 300
    assert HealthRules.for_checkpoints(3600).checkpoint_seconds == 8100


@pytest.mark.parametrize("wrong", [{"poll_seconds": 0}, {"consecutive_samples": 0}, {"tolerated_failures": -1}])
def test_rules_that_judge_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PenstockError, match=f"{next(iter(wrong))} must be at least"):
        HealthRules(**wrong)


LOOKS = st.lists(
    st.builds(
        look,
        st.just(0),
        running=st.integers(0, 4),
        checkpoints=st.integers(0, 5),
        state=st.sampled_from(["RUNNING", "RESTARTING", "FAILING", "FAILED", "CANCELED", "FINISHED"]),
        failures=st.lists(st.integers(-100, 100), max_size=3).map(lambda each: tuple(failure(s) for s in sorted(each))),
    ),
    min_size=1,
    max_size=30,
).map(lambda looks: [replace(each, at=at(5 * number)) for number, each in enumerate(looks)])


@given(LOOKS)
def test_no_job_is_healthy_without_every_piece_of_evidence(looks: list[JobSample]) -> None:
    verdict = judge(looks, RULES)
    if verdict.health is Health.HEALTHY:
        assert all(each.runs for each in looks[-RULES.consecutive_samples :])
        assert looks[-1].completed_checkpoints > min(each.completed_checkpoints for each in looks)
        new = {each.at for look in looks for each in look.failures} - {each.at for each in looks[0].failures}
        assert len(new) <= RULES.tolerated_failures
    if verdict.health is Health.PENDING:
        assert not looks[-1].has_ended
    assert verdict.reason
