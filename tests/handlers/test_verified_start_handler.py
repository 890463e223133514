"""The custom resource that starts and stops, over sequences of application states and errors."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cdk_penstock.control.errors import ApplicationMissingError, ControlError, MissingPermissionError
from cdk_penstock.handlers import verified_start_handler
from cdk_penstock.handlers.services import Services
from cdk_penstock.handlers.verified_start_handler import VerifiedStartHandler
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.control.fake_aws import APPLICATION, KEY_1, KEY_2, OPERATOR, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import AWS_OWNED, cmk
from tests.handlers.framework import Framework
from tests.handlers.simulated_services import simulated_services

FORCE_SECONDS = 900


def properties(**changes: Any) -> dict[str, Any]:
    return {
        "ApplicationName": APPLICATION,
        "OperatorRoleArn": OPERATOR,
        "ExpectedKeyArn": KEY_1,
        "ApplicationRevision": "1",
        "ForceStopAfterSeconds": str(FORCE_SECONDS),
        "SubnetIds": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
    } | changes


@pytest.fixture
def aws() -> FakeAws:
    aws = FakeAws()
    aws.msf.policies.managed_keys = {KEY_1}
    aws.msf.change_key(cmk(KEY_1))
    return aws


@pytest.fixture
def framework(aws: FakeAws) -> Framework:
    return Framework(aws, VerifiedStartHandler(simulated_services(aws)))


def arrange(aws: FakeAws, state: str) -> None:
    if state != "stopped":
        aws.msf.run()
    aws.msf.fault(transition_seconds=100)
    if state == "update ends ready":
        aws.msf.outcomes = [JobState.FAILED]
        aws.msf.move("UPDATING")
    elif state == "rollback ends ready":
        aws.msf.outcomes = [JobState.FAILED]
        aws.msf.move("ROLLING_BACK")
    elif state not in {"stopped", "RUNNING"}:
        aws.msf.move(state)


STATES = (
    "stopped",
    "RUNNING",
    "STARTING",
    "UPDATING",
    "update ends ready",
    "MAINTENANCE",
    "STOPPING",
    "ROLLING_BACK",
    "rollback ends ready",
)
AT_REST = ("stopped", "update ends ready", "STOPPING", "rollback ends ready")
"""Those in which no job runs in the end."""
ERRORS = {
    "none": [],
    "IAM not seen yet": [error("AccessDeniedException", "not authorized to perform: kms:Decrypt")] * 5,
    "in use": [error("ResourceInUseException", "busy")] * 3,
}


@pytest.mark.parametrize("request_type", ["Create", "Update"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("passing", ERRORS)
def test_it_sees_to_it_that_the_application_runs(
    aws: FakeAws, framework: Framework, request_type: str, state: str, passing: str
) -> None:
    arrange(aws, state)
    starts = len(aws.msf.operation_ids("StartApplication"))
    aws.world.fail("StartApplication", *ERRORS[passing])
    answer = framework.send(request_type, properties(), properties(ApplicationRevision="0"))
    assert aws.msf.status == "RUNNING"
    assert (
        answer["Data"].items()
        >= {"Status": "RUNNING", "ApplicationVersionId": str(aws.msf.application.version_id)}.items()
    )
    assert answer["PhysicalResourceId"].startswith(f"penstock-application-start/{APPLICATION}")
    assert len(aws.msf.operation_ids("StartApplication")) == starts + (state in AT_REST)


def test_a_rollback_is_an_update_with_the_old_properties(aws: FakeAws, framework: Framework) -> None:
    framework.create(properties())
    aws.control().stop()
    framework.update(properties(ApplicationRevision="2"), properties())
    framework.update(properties(), properties(ApplicationRevision="2"))
    assert aws.msf.status == "RUNNING"


def test_a_batch_job_that_has_finished_is_not_started_again(aws: FakeAws, framework: Framework) -> None:
    aws.msf.outcomes = [JobState.FINISHED]
    assert framework.create(properties())["Data"]["Status"] == "READY"
    assert len(aws.world.named("StartApplication")) == 1


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("configured", [AWS_OWNED, cmk(KEY_2)])
def test_another_key_than_the_expected_one_is_refused(
    aws: FakeAws, framework: Framework, running: bool, configured: dict[str, str]
) -> None:
    aws.msf.change_key(configured)
    if running:
        aws.msf.run()
    with pytest.raises(ControlError, match="is configured with .*, expected .* was left so"):
        framework.create(properties())
    assert aws.msf.status == ("RUNNING" if running else "READY")
    assert not aws.world.named("StartApplication")


def test_any_key_is_fine_where_none_is_expected(aws: FakeAws, framework: Framework) -> None:
    aws.msf.change_key(AWS_OWNED)
    framework.create(properties(ExpectedKeyArn="", SubnetIds=[], SecurityGroupIds=[]))
    assert aws.msf.status == "RUNNING"


def test_a_start_that_msf_fails_is_tried_once(aws: FakeAws, framework: Framework) -> None:
    aws.msf.outcomes = [JobState.FAILED] * 5
    with pytest.raises(
        ControlError, match="StartApplication failed, so that no job runs; .*: the job did not start; it is READY"
    ):
        framework.create(properties())
    assert len(aws.world.named("StartApplication")) == 1
    # The next deployment tries again, and what failed before it does not count.
    aws.msf.outcomes.clear()
    framework.update(properties(), properties())
    assert aws.msf.status == "RUNNING"


def test_a_missing_application_or_permission_is_reported(aws: FakeAws, framework: Framework) -> None:
    aws.world.fail("StartApplication", *[error("AccessDeniedException", "kms:Decrypt not authorized")] * 40)
    with pytest.raises(MissingPermissionError, match="start application vehicles"):
        framework.create(properties())
    aws.msf.delete()
    with pytest.raises(ApplicationMissingError):
        framework.create(properties())


class TestRollback:
    """CloudFormation rolls a Create back with the Delete of what was being created."""

    def test_a_create_under_another_key_fails_where_no_delete_follows(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run(cmk(KEY_2))
        with pytest.raises(ControlError, match="is configured with"):
            framework.create(properties())
        assert framework.failed_in == "on_event"
        assert aws.msf.status == "RUNNING"

    @pytest.mark.parametrize(
        "status", ["RUNNING", "STARTING", "UPDATING", "AUTOSCALING", "MAINTENANCE", "ROLLING_BACK"]
    )
    def test_what_ran_before_goes_on(self, aws: FakeAws, framework: Framework, status: str) -> None:
        arrange(aws, status)
        framework.create(properties())
        framework.delete(properties())
        assert aws.msf.status == "RUNNING"
        assert not aws.world.named("StopApplication")

    def test_what_the_create_started_is_stopped(self, aws: FakeAws, framework: Framework) -> None:
        framework.create(properties())
        framework.delete(properties())
        assert aws.msf.status == "READY"

    def test_what_ran_before_goes_on_after_an_update_too(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run()
        found = framework.create(properties())["PhysicalResourceId"]
        updated = framework.update(properties(ApplicationRevision="2"), properties())["PhysicalResourceId"]
        assert found == updated
        framework.delete(properties(ApplicationRevision="2"))
        assert aws.msf.status == "RUNNING"

    def test_another_application_is_another_resource(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run()
        framework.physical_resource_id = "penstock-application-start/another/found-running"
        updated = framework.update(properties(), properties(ApplicationName="another"))["PhysicalResourceId"]
        assert updated == f"penstock-application-start/{APPLICATION}"


class TestDelete:
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize("passing", ERRORS)
    def test_it_stops_with_a_snapshot_and_waits_for_the_interfaces(
        self, aws: FakeAws, framework: Framework, state: str, passing: str
    ) -> None:
        arrange(aws, state)
        snapshots = len(aws.msf.snapshots)
        aws.world.fail("StopApplication", *ERRORS[passing])
        aws.ec2.interfaces = ["eni-1", "eni-2", "eni-3"]
        answer = framework.delete(properties())
        assert aws.msf.status == "READY"
        assert not any(request.get("Force") for request in aws.world.named("StopApplication"))
        assert len(aws.msf.snapshots) == snapshots + (state not in AT_REST)
        assert aws.ec2.interfaces == []
        assert answer["Data"]["RemainingNetworkInterfaces"] == ""

    @pytest.mark.parametrize("state", ["STARTING", "UPDATING", "STOPPING", "AUTOSCALING"])
    def test_what_is_stuck_is_stopped_with_force_after_the_wait(
        self, aws: FakeAws, framework: Framework, state: str
    ) -> None:
        aws.msf.run()
        aws.msf.move(state)
        aws.msf.fault(hanging_operations=True)
        begin = aws.world.time
        framework.delete(properties())
        assert aws.msf.status == "READY"
        assert aws.world.named("StopApplication") == [{"ApplicationName": APPLICATION, "Force": True}]
        assert FORCE_SECONDS < (aws.world.time - begin).total_seconds() < FORCE_SECONDS + 300

    @pytest.mark.parametrize(
        "raised",
        [
            error("InvalidApplicationConfigurationException", "Failed to take snapshot for the application"),
            error("InvalidArgumentException", "KMSInvalidStateException: key is disabled"),
        ],
    )
    def test_a_job_of_which_no_snapshot_can_be_taken_is_stopped_with_force_after_the_wait(
        self, aws: FakeAws, framework: Framework, raised: Exception
    ) -> None:
        aws.msf.run()

        def refuse(operation: str, request: dict[str, Any]) -> None:
            if operation == "StopApplication" and not request.get("Force"):
                aws.world.errors["StopApplication"] = [raised]

        aws.world.on_call = refuse
        begin = aws.world.time
        framework.delete(properties())
        assert aws.msf.status == "READY"
        assert (aws.world.time - begin).total_seconds() > FORCE_SECONDS

    def test_a_rollback_of_msf_cannot_be_forced_and_is_waited_for(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run()
        aws.msf.move("ROLLING_BACK")
        aws.msf.fault(hanging_operations=True)
        with pytest.raises(PenstockError, match="gave up on [A-Z][a-z]* after 52 minutes"):
            framework.delete(properties())
        assert not aws.world.named("StopApplication")

    def test_a_missing_permission_ends_the_delete(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run()
        aws.msf.policies.managed_keys = set()
        with pytest.raises(MissingPermissionError, match="stop application vehicles"):
            framework.delete(properties())
        assert aws.msf.status == "RUNNING"

    @pytest.mark.parametrize("seconds", [0, 300])
    def test_an_application_that_is_gone_or_going(self, aws: FakeAws, framework: Framework, seconds: float) -> None:
        aws.msf.delete(seconds)
        assert framework.delete(properties())["Data"]["Status"] == "READY"
        with pytest.raises(ClientError, match="not found"):
            aws.msf.ask("DescribeApplication")

    def test_interfaces_that_stay_are_named_and_do_not_block_for_ever(self, aws: FakeAws, framework: Framework) -> None:
        aws.ec2.interfaces, aws.ec2.going = ["eni-2", "eni-1"], False
        begin = aws.world.time
        assert framework.delete(properties())["Data"]["RemainingNetworkInterfaces"] == "eni-1, eni-2"
        assert (aws.world.time - begin).total_seconds() > FORCE_SECONDS + 1200

    def test_without_a_vpc_no_interface_is_looked_for(self, aws: FakeAws, framework: Framework) -> None:
        framework.delete(properties(SubnetIds=[], SecurityGroupIds=[]))
        assert not aws.world.named("DescribeNetworkInterfaces")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"ForceStopAfterSeconds": "soon"}, "ForceStopAfterSeconds to be a whole number"),
        ({"SubnetIds": [1]}, r"SubnetIds\[0\] to be a string"),
        ({"ApplicationName": ""}, "ApplicationName to be a string"),
    ],
)
def test_properties_that_a_template_gets_wrong(framework: Framework, changes: dict[str, Any], match: str) -> None:
    with pytest.raises(PenstockError, match=match):
        framework.create(properties(**changes))


def test_the_entry_points(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        verified_start_handler, "Services", lambda: Services(new_session=aws.new_session, clock=aws.world.clock)
    )
    event = {"RequestType": "Create", "ResourceProperties": properties()}
    event |= verified_start_handler.on_event(event, None)
    assert verified_start_handler.is_complete(event, None) == {"IsComplete": False}


def test_the_default_services_make_botos_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert Services().ec2().describe_network_interfaces is not None
