"""An update that MSF failed or rolled back is a failed deployment, over deployments as CloudFormation has them."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.handlers.application_start_handler import ApplicationStartHandler
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.control.fake_aws import APPLICATION, KEY_1, KEY_2, OPERATOR, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import CODE_BUCKET, cmk
from tests.handlers.framework import Framework


def properties(code: str = "job-1.zip", revision: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "ApplicationName": APPLICATION,
        "OperatorRoleArn": OPERATOR,
        "ExpectedKeyArn": KEY_1,
        "ApplicationRevision": revision,
        "Expected": {
            "CodeBucketArn": CODE_BUCKET,
            "CodeKey": code,
            "CodeVersion": "",
            "RuntimeEnvironment": "FLINK-1_20",
        },
        "ForceStopAfterSeconds": "900",
        "SubnetIds": [],
        "SecurityGroupIds": [],
    } | changes


OLD, NEW = properties(), properties("job-2.zip", "2")


@pytest.fixture
def aws() -> FakeAws:
    """Return a deployed application, RUNNING."""
    aws = FakeAws()
    aws.msf.policies.managed_keys = {KEY_1}
    aws.msf.run(cmk(KEY_1))
    return aws


@pytest.fixture
def framework(aws: FakeAws) -> Framework:
    return Framework(aws, ApplicationStartHandler(Services(new_session=aws.new_session, clock=aws.world.clock)))


def test_an_update_that_is_in_force_is_done(aws: FakeAws, framework: Framework) -> None:
    aws.stack.begin()
    before = aws.msf.application.version_id
    aws.msf.change_code("job-2.zip")
    assert framework.update(NEW, OLD)["Data"] == {"Status": "RUNNING", "ApplicationVersionId": str(before + 1)}


@pytest.mark.parametrize("code", ["job-2.zip", "job-1.zip"], ids=["of the code", "of settings only"])
def test_an_update_that_was_rolled_back_fails_and_its_own_rollback_succeeds(
    aws: FakeAws, framework: Framework, code: str
) -> None:
    aws.msf.enable_rollback()
    aws.msf.outcomes = [JobState.FAILED]
    aws.stack.begin()
    before = aws.msf.application.version_id
    aws.msf.change_code(code)
    assert aws.msf.status == "RUNNING"
    new = properties(code, "2")
    with pytest.raises(ControlError) as caught:
        framework.update(new, OLD)
    text = str(caught.value)
    update_id, rollback_id = aws.msf.operation_ids("UpdateApplication")[-1], aws.msf.operation_ids("SystemRollback")[0]
    assert f"UpdateApplication {update_id}, which began at 2026-" in text
    assert f"is FAILED: the job did not start (MSF rolled it back with operation {rollback_id})" in text
    assert f"it is RUNNING in version {before + 2}, rolled back from {before + 1}, with s3://code/job-1.zip on" in text
    assert f"expected was s3://code/{code} on FLINK-1_20" in text
    assert "deploy again" in text
    assert not aws.world.named("StartApplication")
    assert not aws.world.named("StopApplication")
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    framework.update(OLD, new)


def test_a_key_change_after_it_does_not_hide_a_rolled_back_update(aws: FakeAws, framework: Framework) -> None:
    aws.msf.enable_rollback()
    aws.msf.outcomes = [JobState.FAILED]
    aws.stack.begin()
    aws.msf.change_code("job-1.zip")
    failed = aws.msf.operation_ids("UpdateApplication")[-1]
    aws.msf.change_key(cmk(KEY_2))
    aws.msf.change_key(cmk(KEY_1))
    with pytest.raises(ControlError, match=failed):
        framework.update(properties(revision="2"), OLD)


def test_other_code_than_the_new_one_fails_without_any_operation_too(aws: FakeAws, framework: Framework) -> None:
    aws.stack.begin()
    with pytest.raises(ControlError, match=r"with s3://code/job-1.zip on FLINK-1_20, expected was .*job-2"):
        framework.update(NEW, OLD)


def test_what_failed_before_the_deployment_is_not_its_failure(aws: FakeAws, framework: Framework) -> None:
    aws.msf.enable_rollback()
    aws.msf.outcomes = [JobState.FAILED]
    aws.msf.change_code("job-1.zip")
    aws.stack.begin()
    assert framework.update(properties(revision="2"), OLD)["Data"]["Status"] == "RUNNING"


def test_code_that_somebody_put_back_by_hand_does_not_block_another_change(aws: FakeAws, framework: Framework) -> None:
    aws.msf.change_code("job-0.zip")
    aws.stack.begin()
    framework.update(properties(ForceStopAfterSeconds="600"), OLD)


def test_a_failed_update_that_a_start_has_put_in_force_is_done(aws: FakeAws, framework: Framework) -> None:
    aws.msf.outcomes = [JobState.FAILED]
    aws.stack.begin()
    aws.msf.change_code("job-2.zip")
    assert aws.msf.status == "READY"
    assert framework.update(NEW, OLD)["Data"]["Status"] == "RUNNING"


def test_a_template_of_an_older_penstock_says_nothing_to_compare(aws: FakeAws, framework: Framework) -> None:
    aws.msf.change_code("job-0.zip")
    old = {name: value for name, value in OLD.items() if name != "Expected"}
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    framework.update(old, NEW)
    assert not aws.world.named("DescribeStacks")


def test_the_first_start_compares_as_well(aws: FakeAws, framework: Framework) -> None:
    aws.msf.change_code("job-0.zip")
    with pytest.raises(ControlError, match="job-0"):
        framework.create(OLD)
    aws.msf.change_code("job-1.zip")
    framework.create(OLD)


def test_it_must_be_allowed_to_look_at_its_stack(aws: FakeAws, framework: Framework) -> None:
    denied = error("AccessDenied", "not authorized to perform: cloudformation:DescribeStacks")
    aws.world.fail("DescribeStacks", *[denied] * 100)
    with pytest.raises(MissingPermissionError, match="cloudformation:DescribeStacks"):
        framework.create(OLD)
