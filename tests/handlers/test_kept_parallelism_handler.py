"""The parallelism that deployments keep, over deployments as CloudFormation has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.handlers.kept_parallelism_handler import KeptParallelismHandler
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.sizing import SizingError
from tests.control.fake_aws import APPLICATION, KEY_1, OPERATOR, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import cmk
from tests.handlers.framework import Framework

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOOKS = {
    "AssumeRole",
    "DescribeApplication",
    "DescribeApplicationVersion",
    "DescribeStackEvents",
    "DescribeStacks",
    "ListApplicationVersions",
}


def properties(parallelism: int = 1, revision: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "ApplicationName": APPLICATION,
        "OperatorRoleArn": OPERATOR,
        "Parallelism": str(parallelism),
        "ParallelismPerKpu": "1",
        "MaxKpus": "64",
        "MaxParallelism": "128",
        "ApplicationRevision": revision,
        "ApplicationReferences": "",
    } | changes


@pytest.fixture
def aws() -> FakeAws:
    """Return a deployed application, RUNNING at parallelism 1."""
    aws = FakeAws()
    aws.msf.policies.managed_keys = {KEY_1}
    aws.msf.run(cmk(KEY_1))
    return aws


@pytest.fixture
def framework(aws: FakeAws) -> Framework:
    return Framework(aws, KeptParallelismHandler(Services(new_session=aws.new_session, clock=aws.world.clock)))


def set_parallelism(aws: FakeAws, parallelism: int, per_kpu: int = 1, **more: Any) -> None:
    """Update the application, as whoever scales it does, and as CloudFormation does."""
    update = {
        "ConfigurationTypeUpdate": "CUSTOM",
        "ParallelismUpdate": parallelism,
        "ParallelismPerKPUUpdate": per_kpu,
    }
    aws.msf.change(FlinkApplicationConfigurationUpdate={"ParallelismConfigurationUpdate": update | more})


def configured(aws: FakeAws) -> int:
    return aws.msf.application.settings.parallelism


def deploy(aws: FakeAws, framework: Framework, new: dict[str, Any], old: dict[str, Any], *, fails: bool = False) -> int:
    """Deploy the application as CloudFormation does, with the parallelism that it is told."""
    aws.stack.begin()
    told = int(framework.update(new, old)["Data"]["Parallelism"])
    if fails:
        aws.msf.outcomes = [JobState.FAILED]
    set_parallelism(aws, told)
    if not fails:
        aws.stack.status = "UPDATE_COMPLETE"
    return told


def roll_back(aws: FakeAws, framework: Framework, new: dict[str, Any], old: dict[str, Any]) -> int:
    """Put the stack back as CloudFormation does: the same update, with old and new the other way round."""
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    told = int(framework.update(old, new)["Data"]["Parallelism"])
    set_parallelism(aws, told)
    aws.stack.status = "UPDATE_ROLLBACK_COMPLETE"
    return told


def test_an_application_that_is_not_there_yet_gets_the_templates_numbers(aws: FakeAws, framework: Framework) -> None:
    aws.msf.stop()
    aws.msf.delete()
    answer = framework.create(properties(4, ParallelismPerKpu="2"))
    assert answer["Data"] == {"Parallelism": "4", "ParallelismPerKpu": "2", "Reason": "no application yet"}


def test_the_first_deployment_that_asks_takes_the_templates_numbers(aws: FakeAws, framework: Framework) -> None:
    set_parallelism(aws, 8)
    assert framework.create(properties(4))["Data"]["Parallelism"] == "4"


@pytest.mark.parametrize("running", [True, False])
def test_what_scaling_has_made_of_it_survives_deployments(aws: FakeAws, framework: Framework, running: bool) -> None:
    if not running:
        aws.msf.stop()
    set_parallelism(aws, 8)
    assert deploy(aws, framework, properties(revision="2"), properties()) == 8
    set_parallelism(aws, 4)
    assert deploy(aws, framework, properties(revision="3"), properties(revision="2")) == 4
    assert configured(aws) == 4


def test_a_changed_number_in_the_template_holds(aws: FakeAws, framework: Framework) -> None:
    set_parallelism(aws, 8)
    assert deploy(aws, framework, properties(6, "2"), properties(1)) == 6
    set_parallelism(aws, 12)
    assert deploy(aws, framework, properties(6, "3"), properties(6, "2")) == 12


def test_the_parallelism_per_kpu_is_kept_or_changed_by_itself(aws: FakeAws, framework: Framework) -> None:
    set_parallelism(aws, 8, 4)
    kept = framework.update(properties(revision="2"), properties())["Data"]
    assert (kept["Parallelism"], kept["ParallelismPerKpu"]) == ("8", "4")
    denser = framework.update(properties(revision="3", ParallelismPerKpu="2"), properties(revision="2"))["Data"]
    assert (denser["Parallelism"], denser["ParallelismPerKpu"]) == ("8", "2")


def test_msfs_own_scaling_does_not_raise_what_is_configured(aws: FakeAws, framework: Framework) -> None:
    aws.msf.move("AUTOSCALING")
    aws.msf.await_status("RUNNING")
    assert aws.msf.application.current_parallelism == 2
    assert deploy(aws, framework, properties(revision="2"), properties()) == 1


@pytest.mark.parametrize("status", ["AUTOSCALING", "MAINTENANCE", "UPDATING", "STARTING", "STOPPING", "ROLLING_BACK"])
def test_it_waits_for_an_application_that_is_not_steady(aws: FakeAws, framework: Framework, status: str) -> None:
    aws.msf.fault(transition_seconds=300)
    aws.msf.move(status)
    assert aws.msf.status == status
    # As CloudFormation does after it: MSF refuses this in every other status.
    deploy(aws, framework, properties(revision="2"), properties())
    assert aws.msf.status in {"RUNNING", "READY"}


def test_a_deployment_waits_until_an_application_of_this_name_is_deleted(aws: FakeAws, framework: Framework) -> None:
    aws.msf.stop()
    aws.msf.delete(seconds=300)
    assert framework.create(properties(4))["Data"]["Reason"] == "no application yet"


def test_an_application_that_never_gets_steady_fails_the_deployment_and_says_so(
    aws: FakeAws, framework: Framework
) -> None:
    aws.msf.fault(transition_seconds=100_000)
    aws.msf.move("UPDATING")
    before = aws.world.time
    with pytest.raises(ControlError, match="still UPDATING after 45 minutes, .* nothing was changed; .* deploy again"):
        framework.update(properties(revision="2"), properties())
    assert (aws.world.time - before).total_seconds() < 50 * 60


def test_a_parallelism_that_does_not_fit_the_template_fails_before_anything_changes(
    aws: FakeAws, framework: Framework
) -> None:
    set_parallelism(aws, 16, 2)
    with pytest.raises(SizingError, match=r"would keep is not possible: parallelism 16 at 1 .* change the parallelism"):
        framework.update(
            properties(revision="2", ParallelismPerKpu="1", MaxKpus="8"), properties(ParallelismPerKpu="2")
        )
    with pytest.raises(SizingError, match="would keep is 16, expected at most the job's maximum parallelism 8"):
        framework.update(properties(revision="2", MaxParallelism="8"), properties())
    assert configured(aws) == 16


@pytest.mark.parametrize("system_rollback", [True, False], ids=["MSF rolls back", "MSF leaves it READY"])
@pytest.mark.parametrize("number", [1, 6], ids=["the same number", "another number"])
def test_a_rollback_of_cloudformation_brings_back_what_scaling_had_made_of_it(
    aws: FakeAws, framework: Framework, number: int, system_rollback: bool
) -> None:
    if system_rollback:
        aws.msf.enable_rollback()
    set_parallelism(aws, 8)
    old, new = properties(1), properties(number, "2")
    assert deploy(aws, framework, new, old, fails=True) == (8 if number == 1 else 6)
    assert roll_back(aws, framework, new, old) == 8
    # The next deployment starts from there.
    assert deploy(aws, framework, properties(1, "3"), old) == 8


def test_it_does_not_matter_what_time_cloudformation_gives_a_rollback(aws: FakeAws, framework: Framework) -> None:
    set_parallelism(aws, 8)
    old, new = properties(1), properties(6, "2")
    deploy(aws, framework, new, old)
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    aws.stack.updated_at = aws.world.time
    assert framework.update(old, new)["Data"]["Parallelism"] == "8"


def test_without_a_version_of_before_a_rollback_leaves_the_parallelism_as_it_is(
    aws: FakeAws, framework: Framework
) -> None:
    set_parallelism(aws, 8)
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    assert framework.update(properties(1), properties(6, "2"))["Data"]["Parallelism"] == "8"
    aws.stack.events.insert(0, aws.stack.events[0] | {"ResourceStatus": "UPDATE_IN_PROGRESS", "Timestamp": EPOCH})
    assert framework.update(properties(1), properties(6, "2"))["Data"]["Parallelism"] == "8"


def test_a_rollback_takes_back_a_parallelism_that_was_in_force(aws: FakeAws, framework: Framework) -> None:
    set_parallelism(aws, 8)
    old, new = properties(1), properties(6, "2")
    deploy(aws, framework, new, old)
    assert configured(aws) == 6
    roll_back(aws, framework, new, old)
    assert configured(aws) == 8


def test_a_rollback_before_the_application_was_reached_changes_nothing(aws: FakeAws, framework: Framework) -> None:
    set_parallelism(aws, 8)
    aws.stack.begin()
    assert framework.update(properties(6, "2"), properties(1))["Data"]["Parallelism"] == "6"
    version = aws.msf.application.version_id
    aws.stack.begin("UPDATE_ROLLBACK_IN_PROGRESS")
    assert framework.update(properties(1), properties(6, "2"))["Data"]["Parallelism"] == "8"
    assert (configured(aws), aws.msf.application.version_id) == (8, version)


def test_a_rollback_is_not_blocked_by_limits_that_the_application_broke_before(
    aws: FakeAws, framework: Framework
) -> None:
    set_parallelism(aws, 16)
    old, new = properties(1, MaxKpus="8"), properties(2, "2", MaxKpus="8")
    deploy(aws, framework, new, old, fails=True)
    assert roll_back(aws, framework, new, old) == 16


def test_the_id_stays_the_same_for_one_application(aws: FakeAws, framework: Framework) -> None:
    first = framework.create(properties(4))["PhysicalResourceId"]
    assert framework.update(properties(8, "2"), properties(4))["PhysicalResourceId"] == first
    aws.msf.stop()
    aws.msf.delete()
    renamed = framework.update(properties(4, ApplicationName="other"), properties(4))
    assert renamed["PhysicalResourceId"] != first
    assert renamed["Data"]["Parallelism"] == "4"


def test_a_deletion_needs_nothing_and_nothing_is_ever_changed(aws: FakeAws, framework: Framework) -> None:
    before = aws.msf.application.version_id
    framework.create(properties(4))
    framework.update(properties(8, "2"), properties(4))
    calls = len(aws.world.calls)
    framework.delete({"ApplicationName": APPLICATION, "Unknown": "of another release"})
    assert len(aws.world.calls) == calls
    assert {name for name, _ in aws.world.calls} <= LOOKS
    assert aws.msf.application.version_id == before


def test_properties_that_are_wrong_and_missing_permissions_are_reported(aws: FakeAws, framework: Framework) -> None:
    with pytest.raises(PenstockError, match="expected the property Parallelism to be a whole number, got 'four'"):
        framework.create(properties() | {"Parallelism": "four"})
    denied = error("AccessDeniedException", "not authorized to perform: kinesisanalytics:DescribeApplication")
    aws.world.fail("DescribeApplication", *[denied] * 100)
    with pytest.raises(MissingPermissionError, match="kinesisanalytics:DescribeApplication"):
        framework.create(properties())
