"""The function that the loop alarm calls, over what it finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError
from cdk_penstock.handlers import loop_rollback_handler
from cdk_penstock.handlers.loop_rollback_handler import LoopRollback
from cdk_penstock.model.loop_rollback_settings import LoopRollbackSettings
from tests.control.fake_aws import APPLICATION, OPERATOR, STACK
from tests.control.fake_session import FakeAws
from tests.control.simulated_flink import Behaviour, SimulatedFlink
from tests.handlers.simulated_services import simulated_services

SETTINGS = LoopRollbackSettings(
    application_name=APPLICATION, operator_role_arn=OPERATOR, stack_id=STACK, within_seconds=86_400
)


@pytest.fixture
def aws() -> FakeAws:
    """Return an application that runs its second version for an hour."""
    aws = FakeAws()
    aws.msf.run()
    aws.msf.change_code("job-2.zip")
    aws.world.sleep(3600)
    aws.stack.status = "UPDATE_COMPLETE"
    return aws


def looping(aws: FakeAws) -> SimulatedFlink:
    """Let the job of the second version fail again and again from now on."""
    flink = SimulatedFlink(aws)
    flink.behaviours["job-2.zip"] = Behaviour.LOOPS
    flink.begin_now()
    return flink


def answer(aws: FakeAws, flink: SimulatedFlink) -> dict[str, str]:
    return LoopRollback(SETTINGS, simulated_services(aws, flink)).handle()


def metrics(text: str) -> dict[str, Any]:
    (line,) = [json.loads(each) for each in text.splitlines() if "CloudWatchMetrics" in each]
    return {name: line[name] for name in ("LoopRollbacks", "LoopRollbackFailures", "Outcome", "Application")}


def test_a_job_that_loops_is_rolled_back_once_with_a_record(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    flink = looping(aws)
    told = answer(aws, flink)
    assert told["Outcome"] == "rolled back"
    assert aws.msf.status == "RUNNING"
    assert metrics(capsys.readouterr().out) == {
        "LoopRollbacks": 1,
        "LoopRollbackFailures": 0,
        "Outcome": "rolled back",
        "Application": APPLICATION,
    }
    flink.behaviours["job-1.zip"] = Behaviour.LOOPS
    flink.begin_now()
    assert answer(aws, flink)["Outcome"] == "failed"
    assert len(aws.world.named("RollbackApplication")) == 1


def test_a_job_that_has_recovered_is_left_alone(aws: FakeAws) -> None:
    assert answer(aws, SimulatedFlink(aws))["Outcome"] == "verified"
    assert aws.world.named("RollbackApplication") == []


def test_a_version_that_has_run_for_long_is_left_alone(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.world.sleep(90_000)
    told = answer(aws, looping(aws))
    assert told["Outcome"] == "failed"
    assert "was not undone" in told["Reason"]
    assert metrics(capsys.readouterr().out)["LoopRollbackFailures"] == 1
    assert aws.world.named("RollbackApplication") == []


def test_a_deployment_is_left_to_its_own_verification(aws: FakeAws) -> None:
    aws.stack.begin()
    told = answer(aws, looping(aws))
    assert told["Outcome"] == "refused"
    assert "UPDATE_IN_PROGRESS" in told["Reason"]
    assert aws.world.named("DescribeApplication") == []


def test_a_stopped_application_is_left_alone(aws: FakeAws) -> None:
    aws.msf.stop()
    assert answer(aws, SimulatedFlink(aws))["Outcome"] == "done"
    assert aws.msf.status == "READY"


def test_an_end_that_is_not_seen_is_an_error_and_the_next_call_goes_on(aws: FakeAws) -> None:
    flink = looping(aws)
    aws.msf.fault(transition_seconds=1_000)
    with pytest.raises(ControlError, match="was not seen within 8 minutes: the next call goes on"):
        answer(aws, flink)
    aws.world.sleep(600)
    assert answer(aws, flink)["Outcome"] == "rolled back"
    assert len(aws.world.named("RollbackApplication")) == 1


def test_the_function_reads_its_settings_from_the_environment(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "ApplicationName": APPLICATION,
        "OperatorRoleArn": OPERATOR,
        "StackId": STACK,
        "WithinSeconds": "3600",
    }
    monkeypatch.setenv("SETTINGS", json.dumps(settings))
    monkeypatch.setattr(loop_rollback_handler, "Services", lambda: simulated_services(aws))
    assert loop_rollback_handler.handle({}, None)["Outcome"] == "verified"
