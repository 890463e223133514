"""The function that scales by lag, called as alarms and the clock call it."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.handlers import lag_scaling_handler
from cdk_penstock.handlers.kept_parallelism_handler import KeptParallelismHandler
from cdk_penstock.handlers.lag_scaling_handler import LagScaler
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.scaling.scaling_settings import LagScalingSettings
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE
from tests.control.fake_aws import APPLICATION, OPERATOR, STACK, error
from tests.handlers.framework import Framework
from tests.handlers.scaling_aws import ScalingAws, told

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = LagScalingSettings(
    application_name=APPLICATION,
    operator_role_arn=OPERATOR,
    stack_id=STACK,
    behind_alarm_name="behind",
    idle_alarm_name="idle",
    smallest_parallelism=1,
    largest_parallelism=12,
    max_parallelism=120,
    cool_down_seconds=900,
)


@pytest.fixture
def aws() -> ScalingAws:
    aws = ScalingAws()
    set_alarms(aws)
    return aws


def set_alarms(aws: ScalingAws, *, behind: bool = False, idle: bool = False) -> None:
    aws.alarms.states = {"behind": "ALARM" if behind else "OK", "idle": "ALARM" if idle else "INSUFFICIENT_DATA"}


def run(aws: ScalingAws) -> dict[str, str]:
    return LagScaler(SETTINGS, aws.services).handle()


def hours(aws: ScalingAws, number: float) -> Iterator[dict[str, str]]:
    """Let the clock call every five minutes, as EventBridge Scheduler does, and yield the answers."""
    for _ in range(int(number * 12)):
        yield run(aws)
        aws.world.sleep(300)


def test_without_an_alarm_nothing_is_done(aws: ScalingAws, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(aws) == {"Outcome": "left", "Reason": "no alarm"}
    assert not aws.world.named("UpdateApplication")
    (line,) = told(capsys)
    assert (line["ScalingRequests"], line["ScalingFailures"], line["Parallelism"], line["Alarms"]) == (0, 0, 1, [])


def test_a_lasting_lag_scales_step_by_step_to_the_largest_and_back_when_it_is_over(aws: ScalingAws) -> None:
    set_alarms(aws, behind=True)
    seen = [aws.configured for _ in hours(aws, 4)]
    assert list(dict.fromkeys(seen)) == [2, 4, 8, 12]
    assert len(aws.world.named("UpdateApplication")) == 4
    set_alarms(aws, idle=True)
    seen = [aws.configured for _ in hours(aws, 4)]
    # Divisors of the maximum parallelism 120.
    assert list(dict.fromkeys(seen))[-4:] == [6, 3, 2, 1]
    assert aws.msf.status == "RUNNING"


def test_two_steps_are_never_nearer_than_the_cool_down(aws: ScalingAws) -> None:
    requested = []
    aws.world.on_call = lambda name, _: requested.append(aws.world.time) if name == "UpdateApplication" else None
    for number in range(24):
        set_alarms(aws, behind=number % 2 == 0, idle=number % 2 == 1)
        list(hours(aws, 1 / 6))
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(requested)]
    assert gaps
    assert min(gaps) >= 900


def test_it_says_why(aws: ScalingAws, capsys: pytest.CaptureFixture[str]) -> None:
    set_alarms(aws, behind=True)
    assert run(aws) == {"Outcome": "requested", "Reason": "the job is behind: from 1 to 2"}
    (line,) = told(capsys)
    assert (line["ScalingRequests"], line["Alarms"]) == (1, ["behind is ALARM"])


@pytest.mark.parametrize("status", ["AUTOSCALING", "MAINTENANCE", "UPDATING", "STARTING", "STOPPING"])
def test_it_leaves_an_application_alone_that_is_not_running(aws: ScalingAws, status: str) -> None:
    aws.scale(1, AutoScalingEnabledUpdate=True)
    aws.msf.move(status)
    set_alarms(aws, behind=True)
    assert run(aws)["Outcome"] == "left"
    assert not aws.world.named("UpdateApplication")


def test_it_leaves_an_application_alone_during_a_deployment(aws: ScalingAws) -> None:
    set_alarms(aws, behind=True)
    aws.stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    assert run(aws)["Reason"] == "a deployment is at work (UPDATE_ROLLBACK_IN_PROGRESS)"
    aws.stack.status = "UPDATE_ROLLBACK_COMPLETE"
    assert run(aws)["Outcome"] == "requested"


@pytest.mark.parametrize("system_rollback", [True, False])
def test_a_step_that_msf_fails_is_the_last_one_until_somebody_has_looked(
    aws: ScalingAws, capsys: pytest.CaptureFixture[str], system_rollback: bool
) -> None:
    if system_rollback:
        aws.msf.enable_rollback()
        aws.world.sleep(3600)
    set_alarms(aws, behind=True)
    aws.msf.outcomes = [JobState.FAILED]
    outcomes = [each["Outcome"] for each in hours(aws, 2)]
    assert len(aws.world.named("UpdateApplication")) == 1
    assert outcomes[-1] == "stopped"
    assert told(capsys)[-1]["ScalingFailures"] == 1
    aws.scale(1)
    if not system_rollback:
        aws.msf.start()
    assert "requested" in [each["Outcome"] for each in hours(aws, 1)]


def test_msfs_own_scaling_that_somebody_has_switched_on_ends_it(aws: ScalingAws) -> None:
    aws.scale(1, AutoScalingEnabledUpdate=True)
    set_alarms(aws, behind=True)
    assert run(aws)["Outcome"] == "stopped"


def test_without_snapshots_it_would_lose_the_state_and_does_nothing(aws: ScalingAws) -> None:
    aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)
    set_alarms(aws, behind=True)
    answer = run(aws)
    assert answer["Outcome"] == "stopped"
    assert "snapshots are switched off" in answer["Reason"]
    assert not aws.world.named("UpdateApplication")


@pytest.mark.parametrize("code", ["ResourceInUseException", "ConcurrentModificationException"])
def test_a_step_that_another_change_overtakes_is_decided_again_by_the_next_call(aws: ScalingAws, code: str) -> None:
    set_alarms(aws, behind=True)
    aws.world.fail("UpdateApplication", error(code, "somebody else"))
    assert run(aws)["Outcome"] == "overtaken"
    assert run(aws)["Outcome"] == "requested"


def test_two_calls_at_once_scale_once(aws: ScalingAws) -> None:
    set_alarms(aws, behind=True)
    nested: list[str] = []

    def other(name: str, _: object) -> None:
        if name == "UpdateApplication" and not nested:
            nested.append("")
            nested[0] = run(aws)["Outcome"]

    aws.world.on_call = other
    assert (run(aws)["Outcome"], nested) == ("overtaken", ["requested"])
    aws.msf.await_status("RUNNING")
    assert aws.configured == 2


def test_what_it_has_scaled_survives_a_deployment(aws: ScalingAws) -> None:
    set_alarms(aws, behind=True)
    list(hours(aws, 1))
    scaled = aws.configured
    assert scaled > 1
    before = KeptParallelismResource(
        application_name=APPLICATION, operator_role_arn=OPERATOR, parallelism=1, parallelism_per_kpu=1, max_kpus=64
    )
    aws.stack.begin()
    framework = Framework(aws, KeptParallelismHandler(aws.services))
    changed = replace(before, application_revision="2")
    told_parallelism = framework.update(changed.to_properties(), before.to_properties())["Data"]["Parallelism"]
    assert told_parallelism == str(scaled)


def test_an_alarm_that_is_gone_and_missing_permissions_are_reported(aws: ScalingAws) -> None:
    aws.world.fail("DescribeAlarms", *[error("AccessDenied", "not authorized: cloudwatch:DescribeAlarms")] * 100)
    with pytest.raises(MissingPermissionError, match="cloudwatch:DescribeAlarms"):
        run(aws)
    aws.world.errors.clear()
    del aws.alarms.states["idle"]
    with pytest.raises(ControlError, match="expected the alarms behind, idle, idle is not there: deploy"):
        run(aws)


def test_it_takes_its_settings_from_the_environment_whoever_calls(
    aws: ScalingAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {
        "ApplicationName": APPLICATION,
        "OperatorRoleArn": OPERATOR,
        "StackId": STACK,
        "BehindAlarmName": "behind",
        "IdleAlarmName": "",
        "SmallestParallelism": "2",
        "LargestParallelism": "4",
        "CoolDownSeconds": "600",
    }
    monkeypatch.setenv(SETTINGS_VARIABLE, json.dumps(settings))
    monkeypatch.setattr(lag_scaling_handler, "Services", lambda: aws.services)
    aws.alarms.states = {"behind": "ALARM"}
    assert lag_scaling_handler.handle({"source": "aws.cloudwatch"}, None)["Outcome"] == "requested"
    aws.msf.await_status("RUNNING")
    assert aws.configured == 2
