"""The function of a schedule, over what may be the matter with an application when its time comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError, SnapshotNotPossibleError, UnavailableError
from cdk_penstock.handlers import scheduled_scaling_handler
from cdk_penstock.handlers.scheduled_scaling_handler import ScheduledScaler
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.scaling.scaling_settings import ScheduledCall, ScheduledScalingSettings
from cdk_penstock.model.scaling.scheduled_goal import STOPPED_TAG
from cdk_penstock.model.settings_variable import SETTINGS_VARIABLE
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN, OPERATOR, STACK, Killed, error
from tests.handlers.scaling_aws import ScalingAws, told

SETTINGS = ScheduledScalingSettings(application_name=APPLICATION, operator_role_arn=OPERATOR, stack_id=STACK)
CHANGES = ("UpdateApplication", "StopApplication", "StartApplication")


@pytest.fixture
def aws() -> ScalingAws:
    return ScalingAws()


def call(aws: ScalingAws, action: str, **more: Any) -> ScheduledCall:
    return ScheduledCall(action=action, scheduled_at=aws.world.time.strftime("%Y-%m-%dT%H:%M:%SZ"), **more)


def run(aws: ScalingAws, scheduled: ScheduledCall) -> dict[str, str]:
    """Call the function as Lambda does: again after a failure, twice, with a pause."""
    for pause in (60, 120, 0):
        begin = aws.world.time
        try:
            return ScheduledScaler(SETTINGS, aws.services).handle(scheduled)
        except UnavailableError:
            assert (aws.world.time - begin).total_seconds() < 600, "longer than a function lives"
            if not pause:
                raise
            aws.world.sleep(pause)
    raise AssertionError


def requested(aws: ScalingAws) -> list[str]:
    return [name for name, _ in aws.world.calls if name in CHANGES]


def tag(aws: ScalingAws) -> str:
    tags = aws.msf.ask("ListTagsForResource", ResourceARN=APPLICATION_ARN, ApplicationName=None)["Tags"]
    return next((each["Value"] for each in tags if each["Key"] == STOPPED_TAG), "")


def test_it_sets_a_parallelism_and_waits_until_the_job_runs_with_it(
    aws: ScalingAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(aws, call(aws, "parallelism", parallelism=8))["Outcome"] == "done"
    assert (aws.msf.status, aws.configured, aws.msf.application.current_parallelism) == ("RUNNING", 8, 8)
    assert requested(aws) == ["UpdateApplication"]
    (line,) = told(capsys)
    assert (line["Goal"], line["Parallelism"], line["ScalingFailures"]) == ("parallelism 8", 8, 0)


def test_it_sets_the_parallelism_of_a_stopped_application_for_its_next_start(aws: ScalingAws) -> None:
    aws.msf.stop()
    run(aws, call(aws, "parallelism", parallelism=8))
    assert (aws.msf.status, aws.configured) == ("READY", 8)


@pytest.mark.parametrize("action", ["parallelism", "stop", "start"])
def test_it_does_nothing_where_nothing_is_to_be_done(aws: ScalingAws, action: str) -> None:
    if action == "stop":
        aws.msf.stop()
    assert run(aws, call(aws, action, parallelism=1))["Outcome"] == "done"
    assert not requested(aws)
    assert not aws.world.named("TagResource")


@pytest.mark.parametrize("status", ["AUTOSCALING", "MAINTENANCE", "UPDATING", "ROLLING_BACK"])
@pytest.mark.parametrize("action", ["parallelism", "stop"])
def test_it_waits_for_an_application_that_is_not_steady(aws: ScalingAws, action: str, status: str) -> None:
    aws.scale(1, AutoScalingEnabledUpdate=True)
    aws.msf.fault(transition_seconds=600)
    aws.msf.move(status)
    seen = []
    aws.world.on_call = lambda name, _: seen.append(aws.msf.status) if name in CHANGES else None
    assert run(aws, call(aws, action, parallelism=8))["Outcome"] == "done"
    # MSF takes a job that begins in another state, too.
    assert seen == ["RUNNING"]


def test_it_waits_for_a_deployment(aws: ScalingAws) -> None:
    aws.stack.status = "UPDATE_IN_PROGRESS"
    deployed_at = aws.world.time + timedelta(minutes=12)

    def deploy(name: str, _: object) -> None:
        if aws.world.time >= deployed_at:
            aws.stack.status = "UPDATE_COMPLETE"
        assert name not in CHANGES or aws.world.time >= deployed_at

    aws.world.on_call = deploy
    assert run(aws, call(aws, "parallelism", parallelism=8))["Outcome"] == "done"
    assert aws.configured == 8


def test_after_half_an_hour_it_fails_so_that_the_alarm_is_raised(aws: ScalingAws) -> None:
    aws.stack.status = "UPDATE_IN_PROGRESS"
    begin = aws.world.time
    with pytest.raises(UnavailableError, match=r"the goal of the schedule, stop, yet: .* its stack UPDATE_IN_PROGRESS"):
        run(aws, call(aws, "stop"))
    assert timedelta(minutes=25) < aws.world.time - begin < timedelta(minutes=35)
    assert not requested(aws)


def test_a_call_that_comes_an_hour_late_does_nothing_and_says_so(
    aws: ScalingAws, capsys: pytest.CaptureFixture[str]
) -> None:
    late = call(aws, "stop")
    aws.world.sleep(3600)
    assert run(aws, late)["Outcome"] == "give up"
    assert not requested(aws)
    assert told(capsys)[0]["ScalingFailures"] == 1


@pytest.mark.parametrize("system_rollback", [True, False])
def test_what_msf_has_failed_is_reported_and_not_asked_for_again(
    aws: ScalingAws, capsys: pytest.CaptureFixture[str], system_rollback: bool
) -> None:
    if system_rollback:
        aws.msf.enable_rollback()
    aws.msf.outcomes = [JobState.FAILED]
    answer = run(aws, call(aws, "parallelism", parallelism=8))
    assert answer["Outcome"] == "give up"
    assert "MSF has failed UpdateApplication" in answer["Reason"]
    assert "the job did not start" in answer["Reason"]
    assert requested(aws) == ["UpdateApplication"]
    assert told(capsys)[-1]["ScalingFailures"] == 1


@pytest.mark.parametrize("action", ["parallelism", "stop"])
def test_without_snapshots_it_would_lose_the_state_and_does_nothing(aws: ScalingAws, action: str) -> None:
    aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)
    answer = run(aws, call(aws, action, parallelism=8))
    assert answer["Outcome"] == "give up"
    assert "snapshots are switched off" in answer["Reason"]
    assert aws.msf.status == "RUNNING"
    assert not requested(aws)


def test_a_job_that_no_snapshot_can_be_taken_of_is_left_running(aws: ScalingAws) -> None:
    refused = error("InvalidApplicationConfigurationException", "Failed to take snapshot for the application")
    aws.world.fail("StopApplication", *[refused] * 20)
    with pytest.raises(SnapshotNotPossibleError):
        run(aws, call(aws, "stop"))
    assert aws.msf.status == "RUNNING"
    assert not any(request.get("Force") for request in aws.world.named("StopApplication"))


def test_what_it_stops_at_night_it_starts_in_the_morning_with_its_state(aws: ScalingAws) -> None:
    for _ in range(2):
        snapshots = len(aws.msf.snapshots)
        run(aws, call(aws, "stop"))
        assert aws.msf.status == "READY"
        assert len(aws.msf.snapshots) == snapshots + 1
        assert tag(aws) == aws.msf.operation_ids("StopApplication")[-1]
        aws.world.sleep(8 * 3600)
        run(aws, call(aws, "start"))
        assert aws.msf.status == "RUNNING"
        assert not tag(aws)
        aws.world.sleep(16 * 3600)
    restored = {"ApplicationRestoreConfiguration": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}}
    assert [each["RunConfiguration"] for each in aws.world.named("StartApplication")] == [restored] * 2


def person_stops(aws: ScalingAws) -> None:
    aws.msf.stop()


def person_stops_before_the_schedule(aws: ScalingAws) -> None:
    aws.msf.stop()
    aws.world.sleep(3600)
    run(aws, call(aws, "stop"))


def person_stops_at_night(aws: ScalingAws) -> None:
    run(aws, call(aws, "stop"))
    aws.world.sleep(3600)
    aws.msf.start()
    aws.world.sleep(3600)
    aws.msf.stop()


def update_fails(aws: ScalingAws) -> None:
    run(aws, call(aws, "stop"))
    run(aws, call(aws, "start"))
    aws.msf.outcomes = [JobState.FAILED]
    aws.scale(2)


@pytest.mark.parametrize("stop", [person_stops, person_stops_before_the_schedule, person_stops_at_night, update_fails])
def test_it_never_starts_what_no_schedule_has_stopped_unless_it_is_told_to(aws: ScalingAws, stop: Any) -> None:
    stop(aws)
    aws.world.sleep(8 * 3600)
    started = len(aws.world.named("StartApplication"))
    assert run(aws, call(aws, "start"))["Reason"] == "left stopped: no schedule has stopped it"
    assert (aws.msf.status, len(aws.world.named("StartApplication"))) == ("READY", started)
    run(aws, call(aws, "start", also_if_others_stopped_it=True))
    assert aws.msf.status == "RUNNING"


def test_a_start_that_msf_fails_is_tried_once(aws: ScalingAws) -> None:
    run(aws, call(aws, "stop"))
    aws.world.sleep(3600)
    aws.msf.outcomes = [JobState.FAILED] * 5
    assert run(aws, call(aws, "start"))["Outcome"] == "give up"
    assert len(aws.world.named("StartApplication")) == 1


def test_a_batch_job_that_has_finished_is_not_started_twice(aws: ScalingAws) -> None:
    run(aws, call(aws, "stop"))
    aws.world.sleep(3600)
    aws.msf.outcomes = [JobState.FINISHED]
    assert run(aws, call(aws, "start"))["Outcome"] == "done"
    assert len(aws.world.named("StartApplication")) == 1


def test_killed_at_any_call_and_called_again_it_comes_to_the_same_end() -> None:
    whole = ScalingAws()
    run(whole, call(whole, "stop"))
    for after in (False, True):
        for number in range(1, len(whole.world.calls) + 1):
            aws = ScalingAws()
            scheduled = call(aws, "stop")
            setattr(aws.world, "kill_after" if after else "kill_before", len(aws.world.calls) + number)
            with pytest.raises(Killed):
                run(aws, scheduled)
            aws.world.kill_before = aws.world.kill_after = None
            aws.world.sleep(60)
            run(aws, scheduled)
            assert aws.msf.status == "READY"
            assert tag(aws) == aws.msf.operation_ids("StopApplication")[-1]
            assert len(aws.msf.operation_ids("StopApplication")) == 1
            aws.world.sleep(8 * 3600)
            run(aws, call(aws, "start"))
            assert aws.msf.status == "RUNNING"


def test_a_change_by_somebody_else_in_between_is_looked_at_again(aws: ScalingAws) -> None:
    aws.world.fail("UpdateApplication", error("ConcurrentModificationException", "stale"))
    run(aws, call(aws, "parallelism", parallelism=8))
    assert (aws.configured, len(aws.world.named("UpdateApplication"))) == (8, 2)


def test_missing_permissions_are_reported(aws: ScalingAws) -> None:
    denied = error("AccessDeniedException", "not authorized to perform: kinesisanalytics:StopApplication")
    aws.world.fail("StopApplication", *[denied] * 100)
    with pytest.raises(MissingPermissionError, match="kinesisanalytics:StopApplication"):
        run(aws, call(aws, "stop"))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            {"Action": "pause", "ScheduledAt": "2026-01-01T00:00:00Z"},
            "the actions parallelism, stop, start, got 'pause'",
        ),
        ({"Action": "stop", "ScheduledAt": "tonight"}, "expected a time such as .* got 'tonight'"),
        ({"Action": "stop", "ScheduledAt": "2026-01-01T00:00:00"}, "expected a time such as"),
        ({"Action": "stop", "When": "now"}, "ScheduledCall has no When"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, str], message: str
) -> None:
    with pytest.raises(PenstockError, match="expected the settings of the function in SETTINGS, got none"):
        scheduled_scaling_handler.handle(event, None)
    settings = {"ApplicationName": APPLICATION, "OperatorRoleArn": OPERATOR, "StackId": STACK}
    monkeypatch.setenv(SETTINGS_VARIABLE, json.dumps(settings))
    monkeypatch.setattr(scheduled_scaling_handler, "Services", lambda: ScalingAws().services)
    with pytest.raises(PenstockError, match=message):
        scheduled_scaling_handler.handle(event, None)


def test_eventbridge_schedulers_call_is_understood(monkeypatch: pytest.MonkeyPatch, aws: ScalingAws) -> None:
    settings = {"ApplicationName": APPLICATION, "OperatorRoleArn": OPERATOR, "StackId": STACK}
    monkeypatch.setenv(SETTINGS_VARIABLE, json.dumps(settings))
    monkeypatch.setattr(scheduled_scaling_handler, "Services", lambda: aws.services)
    event = {"Action": "parallelism", "Parallelism": "4", "ScheduledAt": aws.world.time.isoformat()}
    assert scheduled_scaling_handler.handle(event, None)["Outcome"] == "done"
    assert aws.configured == 4
    assert datetime.fromisoformat("2022-03-22T18:59:43Z") == datetime(2022, 3, 22, 18, 59, 43, tzinfo=UTC)


def test_a_missing_application_is_reported(aws: ScalingAws) -> None:
    aws.msf.stop()
    aws.msf.delete()
    with pytest.raises(ControlError, match="does not exist in this account and Region"):
        run(aws, call(aws, "stop"))
