"""MSF's behaviours: updates and concurrency. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from tests.local.service.in_process import ACCOUNT, REGION, InProcess, properties

STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:s"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
NO_SNAPSHOTS: dict[str, Any] = {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": False}}
ALLOWED: dict[str, Any] = {"FlinkRunConfiguration": {"AllowNonRestoredState": True}}


def groups(local: InProcess) -> list[dict[str, Any]]:
    """Return the property groups that are described."""
    configuration = local.describe()["ApplicationConfigurationDescription"]
    found: list[dict[str, Any]] = configuration["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    return found


def run_configuration(local: InProcess) -> dict[str, Any] | None:
    """Return the run configuration that is described, None without one."""
    found: dict[str, Any] | None = local.describe()["ApplicationConfigurationDescription"].get(
        "RunConfigurationDescription"
    )
    return found


@pytest.mark.source("T")
def test_an_update_of_a_ready_application_makes_a_version_at_once(local: InProcess) -> None:
    local.create()
    answer = local.msf.update_application(
        ApplicationName="app", CurrentApplicationVersionId=1, RuntimeEnvironmentUpdate="FLINK-1_20"
    )
    assert answer["ApplicationDetail"]["ApplicationVersionId"] == 2
    assert answer["ApplicationDetail"]["ApplicationStatus"] == "READY"
    operation = local.operation(answer["OperationId"])
    assert operation["OperationStatus"] == "SUCCESSFUL"
    assert operation["ApplicationVersionChangeDetails"] == {
        "ApplicationVersionUpdatedFrom": 1,
        "ApplicationVersionUpdatedTo": 2,
    }


@pytest.mark.source("M")
def test_an_update_needs_the_version_or_the_token(local: InProcess) -> None:
    local.create()
    with pytest.raises(RefusedCallError) as refused:
        local.msf.update_application(ApplicationName="app", ApplicationConfigurationUpdate=properties(a="1"))
    assert refused.value.code == "InvalidArgumentException"


@pytest.mark.source("M")
@pytest.mark.parametrize("guard", [{"CurrentApplicationVersionId": 7}, {"ConditionalToken": "old"}])
def test_a_stale_version_or_token_is_refused(local: InProcess, guard: dict[str, Any]) -> None:
    before = local.create()
    with pytest.raises(RefusedCallError) as refused:
        local.msf.update_application(ApplicationName="app", ApplicationConfigurationUpdate=properties(a="1"), **guard)
    assert refused.value.code == "ConcurrentModificationException"
    assert local.describe() == before


@pytest.mark.source("M", "I")
def test_the_token_differs_after_each_change(local: InProcess) -> None:
    local.create()
    tokens = [local.describe()["ConditionalToken"]]
    local.msf.start_application(ApplicationName="app")
    tokens.append(local.describe()["ConditionalToken"])
    local.settle()
    tokens.append(local.describe()["ConditionalToken"])
    local.msf.update_application(
        ApplicationName="app", ConditionalToken=tokens[-1], ApplicationConfigurationUpdate=properties(a="1")
    )
    tokens.append(local.describe()["ConditionalToken"])
    assert len(set(tokens)) == 4
    assert local.describe()["ConditionalToken"] == tokens[-1]


@pytest.mark.source("T", "I")
def test_property_groups_of_an_update_are_the_complete_new_set(local: InProcess) -> None:
    local.create(EnvironmentProperties=properties(a="1", b="2")["EnvironmentPropertyUpdates"])
    local.update(**properties(c="3"))
    assert groups(local) == [{"PropertyGroupId": "job", "PropertyMap": {"c": "3"}}]


@pytest.mark.source("M")
def test_blocks_that_an_update_does_not_name_stay(local: InProcess) -> None:
    local.create(**NO_SNAPSHOTS)
    local.update(
        FlinkApplicationConfigurationUpdate={
            "ParallelismConfigurationUpdate": {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": 4}
        }
    )
    local.update(
        FlinkApplicationConfigurationUpdate={"ParallelismConfigurationUpdate": {"AutoScalingEnabledUpdate": False}}
    )
    configuration = local.describe()["ApplicationConfigurationDescription"]
    parallelism = configuration["FlinkApplicationConfigurationDescription"]["ParallelismConfigurationDescription"]
    assert parallelism["Parallelism"] == 4
    assert parallelism["AutoScalingEnabled"] is False
    assert configuration["ApplicationSnapshotConfigurationDescription"]["SnapshotsEnabled"] is False


@pytest.mark.source("I")
@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("delete_application_cloud_watch_logging_option", {"CloudWatchLoggingOptionId": "9.9"}),
        ("delete_application_vpc_configuration", {"VpcConfigurationId": "9.9"}),
        (
            "update_application",
            {"CloudWatchLoggingOptionUpdates": [{"CloudWatchLoggingOptionId": "9.9", "LogStreamARNUpdate": STREAM}]},
        ),
    ],
)
def test_a_call_that_names_an_unknown_option_makes_no_version(
    local: InProcess, operation: str, given: dict[str, Any]
) -> None:
    before = local.create()
    with pytest.raises(RefusedCallError) as refused:
        getattr(local.msf, operation)(ApplicationName="app", CurrentApplicationVersionId=1, **given)
    assert refused.value.code == "InvalidArgumentException"
    assert local.describe() == before


@pytest.mark.source("M")
def test_options_that_are_added_and_deleted_make_versions_and_operations(local: InProcess) -> None:
    local.create()
    added = local.msf.add_application_cloud_watch_logging_option(
        ApplicationName="app", CurrentApplicationVersionId=1, CloudWatchLoggingOption={"LogStreamARN": STREAM}
    )
    option = {"CloudWatchLoggingOptionId": "2.1", "LogStreamARN": STREAM}
    assert added["CloudWatchLoggingOptionDescriptions"] == [option]
    vpc = local.msf.add_application_vpc_configuration(
        ApplicationName="app", CurrentApplicationVersionId=2, VpcConfiguration=VPC
    )
    assert vpc["VpcConfigurationDescription"]["VpcConfigurationId"] == "3.1"
    gone = local.msf.delete_application_cloud_watch_logging_option(
        ApplicationName="app", CurrentApplicationVersionId=3, CloudWatchLoggingOptionId="2.1"
    )
    assert gone["CloudWatchLoggingOptionDescriptions"] == []
    last = local.msf.delete_application_vpc_configuration(
        ApplicationName="app", CurrentApplicationVersionId=4, VpcConfigurationId="3.1"
    )
    answers = (added, vpc, gone, last)
    assert [each["ApplicationVersionId"] for each in answers] == [2, 3, 4, 5]
    assert {local.operation(each["OperationId"])["OperationStatus"] for each in answers} == {"SUCCESSFUL"}


@pytest.mark.source("D", "C")
def test_allowing_state_that_is_not_restored_ends_with_the_next_update(local: InProcess) -> None:
    local.create(start=True)
    local.update(run=ALLOWED, **properties(a="1"))
    local.settle()
    assert run_configuration(local) == {
        "ApplicationRestoreConfigurationDescription": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        "FlinkRunConfigurationDescription": {"AllowNonRestoredState": True},
    }
    local.update(**properties(a="2"))
    local.settle()
    described = run_configuration(local)
    assert described is not None
    assert described["FlinkRunConfigurationDescription"] == {"AllowNonRestoredState": False}


@pytest.mark.source("T")
def test_an_update_of_a_running_application_passes_updating_only(local: InProcess) -> None:
    local.create(start=True)
    answer = local.update(**properties(a="1"))
    seen = [local.describe()["ApplicationStatus"]]
    assert local.operation(answer["OperationId"])["OperationStatus"] == "IN_PROGRESS"
    while local.service.reconcile():
        seen.append(local.describe()["ApplicationStatus"])
    assert list(dict.fromkeys(seen)) == ["UPDATING", "RUNNING"]
    assert local.operation(answer["OperationId"])["OperationStatus"] == "SUCCESSFUL"


@pytest.mark.source("M", "D")
def test_an_update_takes_a_snapshot_of_the_old_version_and_keeps_the_state(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.update(**properties(a="1"))
    local.settle()
    (snapshot,) = local.snapshots()
    assert (snapshot["SnapshotStatus"], snapshot["ApplicationVersionId"]) == ("READY", 1)
    assert local.job().records == 100
    assert local.job().launch.property_groups == {"job": {"a": "1"}}


@pytest.mark.source("D")
def test_an_update_is_refused_while_the_job_restarts(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    before = local.describe()
    with pytest.raises(RefusedCallError, match="Failed to take snapshot for the application app") as refused:
        local.update(**properties(a="1"))
    assert refused.value.code == "InvalidApplicationConfigurationException"
    assert local.describe() == before


@pytest.mark.source("D")
def test_an_update_without_snapshots_succeeds_without_state_while_the_job_restarts(local: InProcess) -> None:
    local.create(start=True, **NO_SNAPSHOTS)
    local.driver.process(local.uid(), 100)
    local.job().state = JobState.RESTARTING
    local.update(**properties(a="1"))
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.job().records) == ("RUNNING", 0)
    assert local.snapshots() == []


@pytest.mark.source("message")
def test_an_update_that_disables_snapshots_gets_through_while_the_job_restarts(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    local.update(ApplicationSnapshotConfigurationUpdate={"SnapshotsEnabledUpdate": False})
    local.settle()
    assert (local.describe()["ApplicationStatus"], local.describe()["ApplicationVersionId"]) == ("RUNNING", 2)


@pytest.mark.source("I")
def test_an_update_that_disables_snapshots_keeps_the_state_of_a_healthy_job(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.update(ApplicationSnapshotConfigurationUpdate={"SnapshotsEnabledUpdate": False})
    local.settle()
    assert local.job().records == 100


@pytest.mark.source("D")
def test_a_snapshot_that_fails_during_an_update_leaves_the_job_as_it_is(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    launch, before = local.job().launch, run_configuration(local)
    operation = local.update(run=ALLOWED, **properties(a="1"))["OperationId"]
    local.job().state = JobState.RESTARTING
    local.service.reconcile()
    local.job().state = JobState.RUNNING
    local.settle()
    detail = local.operation(operation)
    assert detail["OperationStatus"] == "FAILED"
    assert "Failed to take snapshot" in detail["OperationFailureDetails"]["ErrorInfo"]["ErrorString"]
    assert (local.describe()["ApplicationStatus"], local.describe()["ApplicationVersionId"]) == ("RUNNING", 3)
    assert "EnvironmentPropertyDescriptions" not in local.describe()["ApplicationConfigurationDescription"]
    assert (local.job().launch, local.job().records) == (launch, 100)
    assert run_configuration(local) == before


@pytest.mark.source("D")
def test_old_versions_keep_their_copy_of_the_code(local: InProcess) -> None:
    local.create(start=True)
    first = local.job().launch.code
    local.buckets.put("job.zip", b"other code")
    location = {"S3ContentLocationUpdate": {"FileKeyUpdate": "job.zip"}}
    local.update(ApplicationCodeConfigurationUpdate={"CodeContentUpdate": location})
    local.settle()
    assert local.job().launch.code != first
    local.buckets.put("job.zip", b"broken")
    local.roll_back()
    local.settle()
    assert local.job().launch.code == first
