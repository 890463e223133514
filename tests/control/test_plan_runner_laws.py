"""Laws of plans on the local MSF's rules: killed at any call, from any state, with any job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from hypothesis import example, given
from hypothesis import strategies as st

from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.lifecycle.planning import (
    ChangeTarget,
    Ended,
    Outcome,
    RestoreTarget,
    RollbackTarget,
    RunningTarget,
    SnapshotTarget,
    StoppedTarget,
    VerifiedTarget,
)
from tests.control.fake_aws import Killed, error
from tests.control.planned import BAD, GOOD, Planned
from tests.control.simulated_flink import Behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.model.lifecycle.planning import Target

STATES = (
    "READY",
    "RUNNING",
    "CHANGED",
    "STARTING",
    "UPDATING",
    "STOPPING",
    "AUTOSCALING",
    "MAINTENANCE",
    "ROLLING_BACK",
)
TARGETS: dict[str, Callable[[Planned, bool], Target]] = {
    "change": lambda _, force: ChangeTarget(change=BAD, may_force=force),
    "change back": lambda _, force: ChangeTarget(change=GOOD, may_force=force),
    "verify": lambda _, force: VerifiedTarget(may_force=force),
    "run": lambda planned, force: RunningTarget(began_at=planned.aws.world.time, may_force=force),
    "stop": lambda _, force: StoppedTarget(may_force=force),
    "roll back": lambda _, force: RollbackTarget(reason="as asked", may_force=force),
    "restore": lambda planned, force: RestoreTarget(
        snapshot_name="old", began_at=planned.aws.world.time, may_force=force
    ),
    "snapshot": lambda _, __: SnapshotTarget(name="now"),
}
CALLS = ("StartApplication", "StopApplication", "UpdateApplication", "RollbackApplication")


def planned_in(state: str, behaviour: Behaviour) -> Planned:
    """Return an application in a state, whose new code behaves so."""
    planned = Planned()
    planned.aws.msf.run()
    if state == "READY":
        planned.aws.msf.stop()
    elif state == "CHANGED":
        planned.aws.msf.change_code("before.zip")
    elif state != "RUNNING":
        planned.aws.msf.move(state)
    planned.flink.behaviours = {"bad.zip": behaviour, "good.zip": behaviour}
    planned.rollbacks_before = len(planned.aws.msf.operation_ids("RollbackApplication"))
    planned.aws.world.calls.clear()
    return planned


def end_of(planned: Planned, target: Target) -> Ended:
    try:
        return planned.run(target)
    except ControlError as failed:
        return Ended(outcome=Outcome.FAILED, text=str(failed))


def laws_hold(planned: Planned) -> None:
    """At most one rollback; a forced stop never comes before it; never fewer snapshots; a start restores a good one."""
    # What MSF has accepted: a call that was throttled is made again.
    assert len(planned.aws.msf.operation_ids("RollbackApplication")) - planned.rollbacks_before <= 1
    forced = [
        number
        for number, (name, request) in enumerate(planned.aws.world.calls)
        if name == "StopApplication" and request.get("Force")
    ]
    rollbacks = [number for number, (name, _) in enumerate(planned.aws.world.calls) if name == "RollbackApplication"]
    assert not forced or not rollbacks or rollbacks[0] < forced[0]
    assert planned.called("DeleteApplicationSnapshot") == []
    assert "old" in {each["SnapshotName"] for each in planned.aws.msf.snapshots}


@pytest.mark.parametrize("name", TARGETS)
@given(state=st.sampled_from(STATES), behaviour=st.sampled_from(Behaviour), force=st.booleans())
def test_from_every_state_every_plan_ends_and_keeps_the_laws(
    *, name: str, state: str, behaviour: Behaviour, force: bool
) -> None:
    planned = planned_in(state, behaviour)
    end = end_of(planned, TARGETS[name](planned, force))
    laws_hold(planned)
    if end.outcome is Outcome.REFUSED:
        assert planned.called(*CALLS) == []
    if end.outcome in {Outcome.VERIFIED, Outcome.ROLLED_BACK, Outcome.RESTORED}:
        assert planned.aws.msf.status == "RUNNING"
        assert planned.flink.behaviours.get(planned.code) in {None, Behaviour.HEALTHY, Behaviour.FAILS_ONCE}
    if not force:
        assert not any(request.get("Force") for request in planned.aws.world.named("StopApplication"))


@pytest.mark.parametrize("name", TARGETS)
@given(
    state=st.sampled_from(STATES),
    behaviour=st.sampled_from(Behaviour),
    force=st.booleans(),
    at=st.integers(1, 80),
    before=st.booleans(),
)
@example(state="RUNNING", behaviour=Behaviour.LOOPS, force=False, at=30, before=False)
@example(state="ROLLING_BACK", behaviour=Behaviour.LOOPS, force=False, at=56, before=True)
def test_killed_at_any_call_and_run_again_the_end_is_the_same(
    *, name: str, state: str, behaviour: Behaviour, force: bool, at: int, before: bool
) -> None:
    whole, cut = planned_in(state, behaviour), planned_in(state, behaviour)
    expected = end_of(whole, TARGETS[name](whole, force))
    cut.aws.world.kill_before, cut.aws.world.kill_after = (at, None) if before else (None, at)
    target = TARGETS[name](cut, force)
    try:
        end = end_of(cut, target)
    except Killed:
        cut.aws.world.kill_before = cut.aws.world.kill_after = None
        cut.aws.world.sleep(20)
        end = end_of(cut, target)
    assert end.outcome is expected.outcome, (end, expected)
    assert cut.code == whole.code
    laws_hold(cut)


def failure(kind: str, operation: str) -> Exception:
    if kind == "connection":
        return EndpointConnectionError(endpoint_url="https://kinesisanalytics.eu-central-1.amazonaws.com")
    if kind == "time-out":
        return ReadTimeoutError(endpoint_url="https://kinesisanalytics.eu-central-1.amazonaws.com")
    return error(kind, "later", operation)


@given(
    name=st.sampled_from(["change", "roll back", "restore", "stop"]),
    behaviour=st.sampled_from([Behaviour.HEALTHY, Behaviour.LOOPS, Behaviour.FAILS_IN_MAIN]),
    failures=st.dictionaries(
        st.integers(1, 60),
        st.sampled_from(["ThrottlingException", "InternalFailure", "connection", "time-out", "time-out after"]),
        max_size=5,
    ),
)
def test_calls_that_are_lost_or_throttled_change_no_end(
    name: str, behaviour: Behaviour, failures: dict[int, str]
) -> None:
    whole, planned = planned_in("CHANGED", behaviour), planned_in("CHANGED", behaviour)
    expected = end_of(whole, TARGETS[name](whole, False))
    planned.aws.world.lose = {
        number: (failure(kind.removesuffix(" after"), "Any"), kind.endswith("after"))
        for number, kind in failures.items()
    }
    end = end_of(planned, TARGETS[name](planned, False))
    assert end.outcome is expected.outcome, (end, expected)
    assert planned.code == whole.code
    laws_hold(planned)


def test_a_connection_that_does_not_come_back_ends_the_run_and_the_next_goes_on() -> None:
    planned = planned_in("RUNNING", Behaviour.HEALTHY)
    planned.aws.world.lose = {number: (failure("connection", "Any"), False) for number in range(10, 1_000)}
    with pytest.raises(ControlError, match="AWS is out of reach since .*run this again, it continues from there"):
        planned.run(ChangeTarget(change=GOOD))
    planned.aws.world.lose = {}
    assert planned.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED
