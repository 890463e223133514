"""MSF's behaviours: updates and concurrency. The sources are named as in the tests of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount

STREAM = "arn:aws:logs:eu-central-1:123456789012:log-group:g:log-stream:s"
NO_SNAPSHOTS: dict[str, Any] = {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": False}}
ALLOWED: dict[str, Any] = {"FlinkRunConfiguration": {"AllowNonRestoredState": True}}


def groups(account: MsfAccount) -> list[dict[str, Any]]:
    """Return the property groups that are described."""
    configuration = account.describe()["ApplicationConfigurationDescription"]
    found: list[dict[str, Any]] = configuration["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    return found


def run_configuration(account: MsfAccount) -> dict[str, Any] | None:
    """Return the run configuration that is described, None without one."""
    found: dict[str, Any] | None = account.describe()["ApplicationConfigurationDescription"].get(
        "RunConfigurationDescription"
    )
    return found


@pytest.mark.source("T")
def test_an_update_of_a_ready_application_makes_a_version_at_once(account: MsfAccount) -> None:
    account.create()
    answer = account.msf.update_application(
        ApplicationName=account.name, CurrentApplicationVersionId=1, RuntimeEnvironmentUpdate="FLINK-1_20"
    )
    assert answer["ApplicationDetail"]["ApplicationVersionId"] == 2
    assert answer["ApplicationDetail"]["ApplicationStatus"] == "READY"
    operation = account.operation(answer["OperationId"])
    assert operation["OperationStatus"] == "SUCCESSFUL"
    assert operation["ApplicationVersionChangeDetails"] == {
        "ApplicationVersionUpdatedFrom": 1,
        "ApplicationVersionUpdatedTo": 2,
    }


@pytest.mark.source("M")
def test_an_update_needs_the_version_or_the_token(account: MsfAccount) -> None:
    account.create()
    with account.refused("InvalidArgumentException"):
        account.msf.update_application(ApplicationName=account.name, ApplicationConfigurationUpdate=properties(a="1"))


@pytest.mark.source("M")
@pytest.mark.parametrize("guard", [{"CurrentApplicationVersionId": 7}, {"ConditionalToken": "old"}])
def test_a_stale_version_or_token_is_refused(account: MsfAccount, guard: dict[str, Any]) -> None:
    before = account.create()
    with account.refused("ConcurrentModificationException"):
        account.msf.update_application(
            ApplicationName=account.name, ApplicationConfigurationUpdate=properties(a="1"), **guard
        )
    assert account.describe() == before


@pytest.mark.source("M", "I")
def test_the_token_differs_after_each_change(account: MsfAccount) -> None:
    account.create()
    tokens = [account.describe()["ConditionalToken"]]
    account.msf.start_application(ApplicationName=account.name)
    tokens.append(account.describe()["ConditionalToken"])
    account.settle()
    tokens.append(account.describe()["ConditionalToken"])
    account.msf.update_application(
        ApplicationName=account.name, ConditionalToken=tokens[-1], ApplicationConfigurationUpdate=properties(a="1")
    )
    tokens.append(account.describe()["ConditionalToken"])
    assert len(set(tokens)) == 4
    assert account.describe()["ConditionalToken"] == tokens[-1]


@pytest.mark.source("T", "I")
def test_property_groups_of_an_update_are_the_complete_new_set(account: MsfAccount) -> None:
    account.create(EnvironmentProperties=properties(a="1", b="2")["EnvironmentPropertyUpdates"])
    account.update(**properties(c="3"))
    assert groups(account) == [{"PropertyGroupId": "job", "PropertyMap": {"c": "3"}}]


@pytest.mark.source("M")
def test_blocks_that_an_update_does_not_name_stay(account: MsfAccount) -> None:
    account.create(**NO_SNAPSHOTS)
    account.update(
        FlinkApplicationConfigurationUpdate={
            "ParallelismConfigurationUpdate": {"ConfigurationTypeUpdate": "CUSTOM", "ParallelismUpdate": 4}
        }
    )
    account.update(
        FlinkApplicationConfigurationUpdate={"ParallelismConfigurationUpdate": {"AutoScalingEnabledUpdate": False}}
    )
    configuration = account.describe()["ApplicationConfigurationDescription"]
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
    account: MsfAccount, operation: str, given: dict[str, Any]
) -> None:
    before = account.create()
    with account.refused("InvalidArgumentException"):
        getattr(account.msf, operation)(ApplicationName=account.name, CurrentApplicationVersionId=1, **given)
    assert account.describe() == before


@pytest.mark.source("M")
def test_options_that_are_added_and_deleted_make_versions_and_operations(
    account: MsfAccount, log_stream: str, vpc: dict[str, list[str]]
) -> None:
    account.create()
    added = account.msf.add_application_cloud_watch_logging_option(
        ApplicationName=account.name,
        CurrentApplicationVersionId=1,
        CloudWatchLoggingOption={"LogStreamARN": log_stream},
    )
    option = {"CloudWatchLoggingOptionId": "2.1", "LogStreamARN": log_stream}
    assert added["CloudWatchLoggingOptionDescriptions"] == [option]
    connected = account.msf.add_application_vpc_configuration(
        ApplicationName=account.name, CurrentApplicationVersionId=2, VpcConfiguration=vpc
    )
    assert connected["VpcConfigurationDescription"]["VpcConfigurationId"] == "3.1"
    gone = account.msf.delete_application_cloud_watch_logging_option(
        ApplicationName=account.name, CurrentApplicationVersionId=3, CloudWatchLoggingOptionId="2.1"
    )
    assert gone["CloudWatchLoggingOptionDescriptions"] == []
    last = account.msf.delete_application_vpc_configuration(
        ApplicationName=account.name, CurrentApplicationVersionId=4, VpcConfigurationId="3.1"
    )
    answers = (added, connected, gone, last)
    assert [each["ApplicationVersionId"] for each in answers] == [2, 3, 4, 5]
    assert {account.operation(each["OperationId"])["OperationStatus"] for each in answers} == {"SUCCESSFUL"}


@pytest.mark.source("D", "C")
def test_allowing_state_that_is_not_restored_ends_with_the_next_update(account: MsfAccount) -> None:
    account.create(start=True)
    account.update(run=ALLOWED, **properties(a="1"))
    account.settle()
    assert run_configuration(account) == {
        "ApplicationRestoreConfigurationDescription": {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        "FlinkRunConfigurationDescription": {"AllowNonRestoredState": True},
    }
    account.update(**properties(a="2"))
    account.settle()
    described = run_configuration(account)
    assert described is not None
    assert described["FlinkRunConfigurationDescription"] == {"AllowNonRestoredState": False}


@pytest.mark.source("T")
def test_an_update_of_a_running_application_passes_updating_only(account: MsfAccount) -> None:
    account.create(start=True)
    answer = account.update(**properties(a="1"))
    assert account.operation(answer["OperationId"])["OperationStatus"] == "IN_PROGRESS"
    assert account.statuses() == ["UPDATING", "RUNNING"]
    assert account.operation(answer["OperationId"])["OperationStatus"] == "SUCCESSFUL"


@pytest.mark.source("M", "D")
def test_an_update_takes_a_snapshot_of_the_old_version(account: MsfAccount) -> None:
    account.create(start=True)
    account.update(**properties(a="1"))
    account.settle()
    (snapshot,) = account.snapshots()
    assert (snapshot["SnapshotStatus"], snapshot["ApplicationVersionId"]) == ("READY", 1)
    assert account.describe()["ApplicationVersionId"] == 2
    assert groups(account) == [{"PropertyGroupId": "job", "PropertyMap": {"a": "1"}}]


@pytest.mark.source("M", "D")
def test_an_update_keeps_the_state_of_the_job(local: InProcess) -> None:
    local.create(start=True)
    local.driver.process(local.uid(), 100)
    local.update(**properties(a="1"))
    local.settle()
    assert local.job().records == 100
    assert local.job().launch.property_groups == {"job": {"a": "1"}}


@pytest.mark.source("D", "report")
def test_an_update_is_refused_while_something_is_in_progress(account: MsfAccount) -> None:
    account.create()

    def refuse() -> None:
        with account.refused("ResourceInUseException"):
            account.update(**properties(a="2"))

    account.msf.start_application(ApplicationName=account.name)
    refuse()
    account.settle()
    account.update(**properties(a="1"))
    refuse()
    account.settle()
    account.stop()
    refuse()
    account.settle()
    assert account.describe()["ApplicationVersionId"] == 2


@pytest.mark.source("D", "report")
@pytest.mark.parametrize("status", ["AUTOSCALING", "MAINTENANCE", "ROLLING_BACK"])
def test_an_update_is_refused_while_msf_itself_restarts_the_job(local: InProcess, status: str) -> None:
    arn = local.create(start=True)["ApplicationARN"]
    local.update(**properties(a="1"))
    local.settle()
    if status == "ROLLING_BACK":
        local.roll_back()
    else:
        situation = local.service.situation(arn)
        local.service.commit(maintain(situation) if status == "MAINTENANCE" else scale(situation, up=True))
    assert local.status() == status
    with local.refused("ResourceInUseException"):
        local.update(**properties(a="2"))


@pytest.mark.source("M")
def test_nothing_changes_the_description_of_an_application(account: MsfAccount) -> None:
    account.msf.create_application(
        ApplicationName=account.name,
        ApplicationDescription="first",
        RuntimeEnvironment="FLINK-1_20",
        ServiceExecutionRole=account.role,
    )
    members = account.msf.meta.service_model.operation_model("UpdateApplication").input_shape.members
    assert not [each for each in members if "Description" in each]
    account.update(**properties(a="1"))
    assert account.describe()["ApplicationDescription"] == "first"


@pytest.mark.source("D")
def test_an_update_is_refused_while_the_job_restarts(local: InProcess) -> None:
    local.create(start=True)
    local.job().state = JobState.RESTARTING
    before = local.describe()
    with local.refused("InvalidApplicationConfigurationException", "Failed to take snapshot for the application app"):
        local.update(**properties(a="1"))
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
def test_code_is_copied_when_a_version_is_made(account: MsfAccount) -> None:
    location = account.put_code("own.zip")
    account.create(ApplicationCodeConfiguration=account.code_configuration(location))
    account.put_code("own.zip", broken=True)
    account.start()
    assert account.status() == "RUNNING"
    account.update_code(location)
    account.settle()
    assert account.status() == "READY"


@pytest.mark.source("D")
def test_old_versions_keep_their_copy_of_the_code(local: InProcess) -> None:
    local.create(start=True)
    first = local.job().launch.code
    local.buckets.put("job.zip", b"other code")
    local.update_code(local.code)
    local.settle()
    assert local.job().launch.code != first
    local.buckets.put("job.zip", b"broken")
    local.roll_back()
    local.settle()
    assert local.job().launch.code == first
