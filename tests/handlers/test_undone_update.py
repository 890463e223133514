"""An update that MSF failed or rolled back is a failed deployment, over deployments as CloudFormation has them."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.handlers.verified_start_handler import VerifiedStartHandler
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.control.fake_aws import APPLICATION, KEY_1, KEY_2, OPERATOR, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import CODE_BUCKET, cmk
from tests.control.simulated_flink import Behaviour, SimulatedFlink
from tests.handlers.framework import Framework
from tests.handlers.simulated_services import simulated_services


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
    return Framework(aws, VerifiedStartHandler(simulated_services(aws)))


def test_an_update_that_is_in_force_is_done(aws: FakeAws, framework: Framework) -> None:
    aws.stack.begin()
    before = aws.msf.application.version_id
    aws.msf.change_code("job-2.zip")
    assert (
        framework.update(NEW, OLD)["Data"].items()
        >= {"Status": "RUNNING", "ApplicationVersionId": str(before + 1)}.items()
    )


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
    update_id, rollback_id = (
        aws.msf.operation_ids("UpdateApplication")[-1],
        aws.msf.operation_ids("RollbackApplication")[0],
    )
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


def test_the_version_before_a_failed_update_is_put_back_and_started(aws: FakeAws, framework: Framework) -> None:
    aws.msf.outcomes = [JobState.FAILED]
    aws.stack.begin()
    before = aws.msf.application.version_id
    aws.msf.change_code("job-2.zip")
    assert aws.msf.status == "READY"
    with pytest.raises(ControlError, match=f"it is RUNNING in version {before + 2}, with s3://code/job-1.zip on"):
        framework.update(NEW, OLD)
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    aws.msf.change_code("job-1.zip")
    assert framework.update(OLD, NEW)["Data"]["ApplicationVersionId"] == str(before + 3)


def test_an_application_whose_template_is_elsewhere_is_started_and_not_put_back(
    aws: FakeAws, framework: Framework
) -> None:
    aws.msf.outcomes = [JobState.FAILED]
    aws.stack.begin()
    aws.msf.change_code("job-2.zip")
    imported = properties("job-2.zip", Expected="")
    before = aws.msf.application.version_id
    assert framework.update(imported, imported)["Data"]["ApplicationVersionId"] == str(before)


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


# A job that fails after MSF has called the application RUNNING


@pytest.fixture
def flink(aws: FakeAws) -> SimulatedFlink:
    return SimulatedFlink(aws)


@pytest.fixture
def looking(aws: FakeAws, flink: SimulatedFlink) -> Framework:
    return Framework(aws, VerifiedStartHandler(simulated_services(aws, flink)))


def test_a_job_that_loops_after_running_is_rolled_back_and_the_deployment_fails(
    aws: FakeAws, flink: SimulatedFlink, looking: Framework, caplog: pytest.LogCaptureFixture
) -> None:
    flink.behaviours["job-2.zip"] = Behaviour.LOOPS
    aws.stack.begin()
    before = aws.msf.application.version_id
    aws.msf.change_code("job-2.zip")
    assert aws.msf.status == "RUNNING"
    with pytest.raises(ControlError) as caught:
        looking.update(NEW, OLD)
    text = str(caught.value)
    assert f"version {before + 1} was rolled back; version {before + 2} has the settings of before and runs" in text
    assert f"it is RUNNING in version {before + 2}, rolled back from {before + 1}, with s3://code/job-1.zip" in text
    assert len(aws.world.named("RollbackApplication")) == 1
    assert "the job fails: the job failed" in caplog.text
    assert "/ by zero" in caplog.text
    assert '"evidence_of": "vehicles"' in caplog.text
    # CloudFormation's rollback: the application gets its template of before, which restarts it once more.
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    aws.msf.change_code("job-1.zip")
    answer = looking.update(OLD, NEW)["Data"]
    assert answer["ApplicationVersionId"] == str(before + 3)
    assert answer["Evidence"].startswith(f"version {before + 3} runs: all 1 subtasks have run")
    # The snapshot that was restored is that of the version that runs again, and not of the one that failed.
    newest = max(aws.msf.snapshots, key=lambda each: each["SnapshotCreationTimestamp"])
    assert newest["ApplicationVersionId"] == before + 2


def test_a_job_that_loops_is_left_for_somebody_to_look_at_where_the_template_says_so(
    aws: FakeAws, flink: SimulatedFlink, looking: Framework
) -> None:
    flink.behaviours["job-2.zip"] = Behaviour.LOOPS
    aws.stack.begin()
    aws.msf.change_code("job-2.zip")
    with pytest.raises(ControlError, match=r"fails and was not undone: the job failed \d times"):
        looking.update(properties("job-2.zip", "2", MayRollBack="false"), OLD)
    assert not aws.world.named("RollbackApplication")


def test_a_first_version_that_loops_fails_the_deployment(
    aws: FakeAws, flink: SimulatedFlink, looking: Framework
) -> None:
    aws.msf.stop()
    flink.behaviours["job-1.zip"] = Behaviour.LOOPS
    with pytest.raises(ControlError, match=r"the job failed \d times and is restarted again and again"):
        looking.create(OLD)


def test_a_job_that_fails_does_not_block_the_rollback_of_a_stack(
    aws: FakeAws, flink: SimulatedFlink, looking: Framework
) -> None:
    flink.behaviours["job-1.zip"] = Behaviour.LOOPS
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    aws.msf.change_code("job-1.zip")
    assert "is restarted again and again" in looking.update(OLD, NEW)["Data"]["Evidence"]


def test_a_state_that_takes_long_to_restore_is_waited_for_over_many_calls(
    aws: FakeAws, flink: SimulatedFlink, looking: Framework
) -> None:
    flink.behaviours["job-2.zip"] = Behaviour.NEVER_RUNS
    aws.stack.begin()
    aws.msf.change_code("job-2.zip")
    begin = aws.world.time
    with pytest.raises(ControlError, match="was rolled back"):
        looking.update(NEW, OLD)
    assert len(aws.msf.operation_ids("RollbackApplication")) == 1
    assert 15 * 60 <= (aws.world.time - begin).total_seconds() <= 25 * 60
