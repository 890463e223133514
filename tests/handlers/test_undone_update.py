"""An update that MSF failed or rolled back is a failed deployment, over deployments as CloudFormation has them."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.handlers.application_start_handler import ApplicationStartHandler
from cdk_penstock.handlers.services import Services
from tests.control.fake_aws import APPLICATION, KEY_1, OPERATOR, error
from tests.control.fake_msf import CODE_BUCKET, FakeAws, cmk
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
    aws.msf.managed_keys, aws.msf.configured = {KEY_1}, cmk(KEY_1)
    aws.msf.run()
    return aws


@pytest.fixture
def framework(aws: FakeAws) -> Framework:
    return Framework(aws, ApplicationStartHandler(Services(new_session=aws.new_session, clock=aws.world.clock)))


def test_an_update_that_is_in_force_is_done(aws: FakeAws, framework: Framework) -> None:
    aws.stack.begin()
    aws.msf.update_by_cloudformation("job-2.zip")
    assert framework.update(NEW, OLD)["Data"] == {"Status": "RUNNING", "ApplicationVersionId": "2"}


@pytest.mark.parametrize("code", ["job-2.zip", "job-1.zip"], ids=["of the code", "of settings only"])
def test_an_update_that_was_rolled_back_fails_and_its_own_rollback_succeeds(
    aws: FakeAws, framework: Framework, code: str
) -> None:
    aws.msf.system_rollback = True
    aws.msf.failing["UpdateApplication"] = 1
    aws.stack.begin()
    aws.msf.update_by_cloudformation(code)
    assert aws.msf.status == "RUNNING"
    new = properties(code, "2")
    with pytest.raises(ControlError) as caught:
        framework.update(new, OLD)
    text = str(caught.value)
    assert "UpdateApplication operation-0, which began at 2026-" in text
    assert "is FAILED: the job did not start (MSF rolled it back with operation rollback)" in text
    assert "it is RUNNING in version 3, rolled back from 2, with s3://code/job-1.zip on FLINK-1_20" in text
    assert f"expected was s3://code/{code} on FLINK-1_20" in text
    assert "deploy again" in text
    assert not aws.world.named("StartApplication")
    assert not aws.world.named("StopApplication")
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    framework.update(OLD, new)


def test_a_key_change_after_it_does_not_hide_a_rolled_back_update(aws: FakeAws, framework: Framework) -> None:
    aws.msf.system_rollback = True
    aws.msf.failing["UpdateApplication"] = 1
    aws.stack.begin()
    aws.msf.update_by_cloudformation()
    aws.msf.update_by_cloudformation()
    with pytest.raises(ControlError, match="operation-0"):
        framework.update(properties(revision="2"), OLD)


def test_other_code_than_the_new_one_fails_without_any_operation_too(aws: FakeAws, framework: Framework) -> None:
    aws.stack.begin()
    with pytest.raises(ControlError, match=r"with s3://code/job-1.zip on FLINK-1_20, expected was .*job-2"):
        framework.update(NEW, OLD)


def test_what_failed_before_the_deployment_is_not_its_failure(aws: FakeAws, framework: Framework) -> None:
    aws.msf.system_rollback = True
    aws.msf.failing["UpdateApplication"] = 1
    aws.msf.update_by_cloudformation()
    aws.stack.begin()
    assert framework.update(properties(revision="2"), OLD)["Data"]["Status"] == "RUNNING"


def test_code_that_somebody_put_back_by_hand_does_not_block_another_change(aws: FakeAws, framework: Framework) -> None:
    aws.msf.code = "job-0.zip"
    aws.stack.begin()
    framework.update(properties(ForceStopAfterSeconds="600"), OLD)


def test_a_failed_update_that_a_start_has_put_in_force_is_done(aws: FakeAws, framework: Framework) -> None:
    aws.msf.failing["UpdateApplication"] = 1
    aws.stack.begin()
    aws.msf.update_by_cloudformation("job-2.zip")
    assert aws.msf.status == "READY"
    assert framework.update(NEW, OLD)["Data"]["Status"] == "RUNNING"


def test_a_template_of_an_older_penstock_says_nothing_to_compare(aws: FakeAws, framework: Framework) -> None:
    aws.msf.code = "job-0.zip"
    old = {name: value for name, value in OLD.items() if name != "Expected"}
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    framework.update(old, NEW)
    assert not aws.world.named("DescribeStacks")


def test_the_first_start_compares_as_well(aws: FakeAws, framework: Framework) -> None:
    aws.msf.code = "job-0.zip"
    with pytest.raises(ControlError, match="job-0"):
        framework.create(OLD)
    aws.msf.code = "job-1.zip"
    framework.create(OLD)


def test_it_must_be_allowed_to_look_at_its_stack(aws: FakeAws, framework: Framework) -> None:
    denied = error("AccessDenied", "not authorized to perform: cloudformation:DescribeStacks")
    aws.world.fail("DescribeStacks", *[denied] * 100)
    with pytest.raises(MissingPermissionError, match="cloudformation:DescribeStacks"):
        framework.create(OLD)
