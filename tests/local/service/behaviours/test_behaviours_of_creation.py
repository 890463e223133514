"""MSF's behaviours: create, describe, list and delete applications.

Each names its sources: M the API reference, D the developer guide, B AWS's blog, T the acceptance tests of Terraform's
provider, C CloudFormation's schema, "message" an error of the service, "report" a public report, I inferred.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.switches import Switches
from tests.local.service.msf_account import properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.local.service.behaviours.conftest import Simulate
    from tests.local.service.in_process import InProcess
    from tests.local.service.msf_account import MsfAccount


def configuration_of(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration that a description shows."""
    found: Mapping[str, Any] = detail["ApplicationConfigurationDescription"]
    return found


def create(account: MsfAccount, **changes: Any) -> Mapping[str, Any]:
    """Create an application without code."""
    given = {
        "ApplicationName": account.name,
        "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": account.role,
        **changes,
    }
    detail: Mapping[str, Any] = account.msf.create_application(**given)["ApplicationDetail"]
    return detail


def delete(account: MsfAccount, detail: Mapping[str, Any]) -> None:
    """Delete an application that is described so."""
    account.msf.delete_application(ApplicationName=detail["ApplicationName"], CreateTimestamp=detail["CreateTimestamp"])


@pytest.mark.source("T")
def test_an_application_is_created_ready_at_version_1_with_all_that_is_inline(
    account: MsfAccount, log_stream: str, vpc: dict[str, list[str]]
) -> None:
    detail = create(
        account,
        ApplicationConfiguration={"VpcConfigurations": [vpc]},
        CloudWatchLoggingOptions=[{"LogStreamARN": log_stream}],
    )
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("READY", 1)
    assert detail["CloudWatchLoggingOptionDescriptions"] == [
        {"CloudWatchLoggingOptionId": "1.1", "LogStreamARN": log_stream}
    ]
    versions = account.msf.list_application_versions(ApplicationName=account.name)["ApplicationVersionSummaries"]
    assert [each["ApplicationVersionId"] for each in versions] == [1]


@pytest.mark.source("T")
def test_the_arn_has_the_service_name_without_v2(account: MsfAccount) -> None:
    assert create(account)["ApplicationARN"] == f"{account.scope}:application/{account.name}"


@pytest.mark.source("T", "M")
def test_what_is_not_given_has_msf_s_defaults(account: MsfAccount) -> None:
    configuration = configuration_of(create(account))
    assert configuration["ApplicationSnapshotConfigurationDescription"]["SnapshotsEnabled"] is True
    assert configuration["ApplicationSystemRollbackConfigurationDescription"] == {"RollbackEnabled": False}
    assert configuration["FlinkApplicationConfigurationDescription"] == {
        "CheckpointConfigurationDescription": {
            "ConfigurationType": "DEFAULT",
            "CheckpointingEnabled": True,
            "CheckpointInterval": 60_000,
            "MinPauseBetweenCheckpoints": 5_000,
        },
        "MonitoringConfigurationDescription": {
            "ConfigurationType": "DEFAULT",
            "MetricsLevel": "APPLICATION",
            "LogLevel": "INFO",
        },
        "ParallelismConfigurationDescription": {
            "ConfigurationType": "DEFAULT",
            "Parallelism": 1,
            "ParallelismPerKPU": 1,
            "CurrentParallelism": 1,
            "AutoScalingEnabled": True,
        },
    }


@pytest.mark.source("M")
@pytest.mark.parametrize(
    ("block", "given", "member", "default"),
    [
        ("Checkpoint", {"CheckpointInterval": 1_000}, "CheckpointInterval", 60_000),
        ("Monitoring", {"LogLevel": "DEBUG"}, "LogLevel", "INFO"),
        ("Parallelism", {"Parallelism": 4}, "Parallelism", 1),
    ],
)
def test_with_type_default_given_values_are_ignored(
    account: MsfAccount, block: str, given: dict[str, Any], member: str, default: object
) -> None:
    flink = {f"{block}Configuration": {"ConfigurationType": "DEFAULT", **given}}
    account.create(FlinkApplicationConfiguration=flink)
    described = configuration_of(account.describe())["FlinkApplicationConfigurationDescription"]
    assert described[f"{block}ConfigurationDescription"][member] == default


@pytest.mark.source("T")
def test_there_is_no_run_configuration_before_the_first_start(account: MsfAccount) -> None:
    assert "RunConfigurationDescription" not in configuration_of(account.create())


@pytest.mark.source("M")
def test_a_name_that_exists_is_refused(account: MsfAccount) -> None:
    create(account)
    with account.refused("ResourceInUseException", local_text="already exists"):
        create(account)


@pytest.mark.source("T")
def test_code_that_is_not_in_s3_is_refused(account: MsfAccount) -> None:
    missing = {**account.code, "FileKey": "missing.zip"}
    with account.refused("InvalidArgumentException", "Please check the role provided or validity of S3 location"):
        account.create(ApplicationCodeConfiguration=account.code_configuration(missing))
    assert account.applications() == []


@pytest.mark.source("D")
@pytest.mark.parametrize("block", ["ApplicationEncryptionConfiguration", "ApplicationSnapshotConfiguration"])
def test_keys_and_enhanced_snapshots_need_flink_1_20(account: MsfAccount, keys: tuple[str, str], block: str) -> None:
    blocks = {
        "ApplicationEncryptionConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": keys[0]},
        "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True, "SnapshotMode": "ENHANCED_SNAPSHOTS"},
    }
    configuration = {block: blocks[block]}
    with account.refused("InvalidArgumentException"):
        create(account, RuntimeEnvironment="FLINK-1_19", ApplicationConfiguration=configuration)
    create(account, ApplicationConfiguration=configuration)
    with account.refused("InvalidArgumentException"):
        account.msf.update_application(
            ApplicationName=account.name, CurrentApplicationVersionId=1, RuntimeEnvironmentUpdate="FLINK-1_19"
        )


@pytest.mark.source("T")
def test_vpc_configurations_get_an_id_and_the_vpc_of_their_subnets(
    account: MsfAccount, vpc: dict[str, list[str]]
) -> None:
    (described,) = configuration_of(account.create(VpcConfigurations=[vpc]))["VpcConfigurationDescriptions"]
    assert described["VpcConfigurationId"] == "1.1"
    assert described["VpcId"].startswith("vpc-")
    assert {name: described[name] for name in vpc} == vpc


def pages(call: Callable[..., Mapping[str, Any]], summaries: str, member: str, **given: Any) -> list[Any]:
    """Return a member of everything that a call lists, in pages of three."""
    seen: list[Any] = []
    page = call(Limit=3, **given)
    while True:
        assert len(page[summaries]) <= 3
        seen += [each[member] for each in page[summaries]]
        if "NextToken" not in page:
            return seen
        page = call(Limit=3, NextToken=page["NextToken"], **given)


@pytest.mark.source("M")
def test_applications_are_listed_in_pages_without_gaps(account: MsfAccount) -> None:
    names = [account.another(str(number)) for number in range(7)]
    for name in names:
        account.create(name)
    call = account.msf.list_applications
    seen = pages(call, "ApplicationSummaries", "ApplicationName")
    assert sorted(name for name in seen if name in names) == names
    assert pages(call, "ApplicationSummaries", "ApplicationName") == seen


@pytest.mark.source("M")
def test_versions_operations_and_snapshots_are_listed_in_pages_without_gaps(account: MsfAccount) -> None:
    account.create(start=True)
    names = [f"s{number}" for number in range(4)]
    for name in names:
        account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName=name)
        account.settle()
    account.msf.stop_application(ApplicationName=account.name, Force=True)
    account.settle()
    for value in "123":
        account.update(**properties(a=value))
    msf, given = account.msf, {"ApplicationName": account.name}
    assert set(pages(msf.list_application_snapshots, "SnapshotSummaries", "SnapshotName", **given)) == set(names)
    versions = pages(msf.list_application_versions, "ApplicationVersionSummaries", "ApplicationVersionId", **given)
    assert sorted(versions) == [1, 2, 3, 4]
    operations = pages(msf.list_application_operations, "ApplicationOperationInfoList", "Operation", **given)
    assert operations == ["UpdateApplication"] * 3 + ["StopApplication", "StartApplication"]


@pytest.mark.source("M")
@pytest.mark.parametrize(
    "operation",
    [
        "list_applications",
        "list_application_versions",
        "list_application_operations",
        "list_application_snapshots",
    ],
)
def test_a_page_has_at_most_50(account: MsfAccount, operation: str) -> None:
    account.create()
    given = {} if operation == "list_applications" else {"ApplicationName": account.name}
    getattr(account.msf, operation)(Limit=50, **given)
    with account.refused("InvalidArgumentException"):
        getattr(account.msf, operation)(Limit=51, **given)


@pytest.mark.source("M")
@pytest.mark.parametrize("token", ["x", "bm9uZQ==", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "LTE="])
def test_a_token_that_the_service_did_not_give_is_refused(account: MsfAccount, token: str) -> None:
    with account.refused("InvalidArgumentException"):
        account.msf.list_applications(NextToken=token)


@pytest.mark.source("M")
def test_tags_are_listed_and_not_described(account: MsfAccount) -> None:
    detail = create(account, Tags=[{"Key": "team", "Value": "fleet"}])
    assert "Tags" not in detail
    arn = detail["ApplicationARN"]
    account.msf.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
    account.msf.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert account.msf.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]


@pytest.mark.source("M")
def test_there_are_at_most_50_tags(account: MsfAccount) -> None:
    with account.refused("TooManyTagsException"):
        create(account, Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)])


@pytest.mark.source("M")
def test_tags_of_another_account_s_application_are_not_there(local: InProcess) -> None:
    arn = create(local)["ApplicationARN"].replace(":123456789012:", ":210987654321:")
    with local.refused("ResourceNotFoundException"):
        local.msf.list_tags_for_resource(ResourceARN=arn)


@pytest.mark.source("M")
@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("describe_application", {}),
        ("start_application", {}),
        ("describe_application_operation", {"OperationId": "x"}),
        ("describe_application_version", {"ApplicationVersionId": 1}),
        ("describe_application_snapshot", {"SnapshotName": "x"}),
        ("list_application_snapshots", {}),
    ],
)
def test_an_application_that_does_not_exist_is_not_found(
    account: MsfAccount, operation: str, given: dict[str, Any]
) -> None:
    with account.refused("ResourceNotFoundException"):
        getattr(account.msf, operation)(ApplicationName=account.name, **given)


@pytest.mark.source("M")
@pytest.mark.parametrize(
    "given",
    [
        {"RuntimeEnvironment": "SQL-1_0"},
        {"RuntimeEnvironment": "ZEPPELIN-FLINK-3_0"},
        {"ApplicationMode": "INTERACTIVE"},
        {"ApplicationConfiguration": {"SqlApplicationConfiguration": {}}},
    ],
)
def test_sql_and_studio_applications_are_not_supported(account: MsfAccount, given: dict[str, Any]) -> None:
    with account.refused("UnsupportedOperationException"):
        create(account, **given)


@pytest.mark.source("M")
def test_operations_for_sql_applications_are_not_supported(account: MsfAccount) -> None:
    create(account)
    with account.refused("UnsupportedOperationException"):
        account.msf.add_application_output(
            ApplicationName=account.name,
            CurrentApplicationVersionId=1,
            Output={"Name": "out", "DestinationSchema": {"RecordFormatType": "JSON"}},
        )


@pytest.mark.source("M")
def test_the_number_of_applications_is_limited(simulate: Simulate) -> None:
    local = simulate(switches=Switches(maximum_applications=2))
    local.create("a")
    local.create("b")
    with local.refused("LimitExceededException"):
        local.create("c")


@pytest.mark.source("T", "M")
@pytest.mark.parametrize("start", [False, True], ids=["ready", "running"])
def test_an_application_is_deleted_also_while_it_runs(account: MsfAccount, *, start: bool) -> None:
    delete(account, account.create(start=start))
    assert account.status() == "DELETING"
    account.settle()
    assert account.applications() == []
    with account.refused("ResourceNotFoundException"):
        account.describe()


@pytest.mark.source("M")
def test_the_job_of_a_deleted_application_ends(local: InProcess) -> None:
    delete(local, local.create(start=True))
    local.settle()
    assert local.driver.jobs == {}


@pytest.mark.source("T")
def test_the_time_of_creation_counts_by_the_second(account: MsfAccount) -> None:
    created_at: datetime = account.create()["CreateTimestamp"]
    assert created_at.microsecond
    with account.refused("InvalidArgumentException"):
        account.msf.delete_application(ApplicationName=account.name, CreateTimestamp=created_at + timedelta(seconds=1))
    account.msf.delete_application(ApplicationName=account.name, CreateTimestamp=created_at.replace(microsecond=0))
    assert account.describe()["ApplicationStatus"] == "DELETING"


@pytest.mark.source("T")
def test_a_name_that_was_just_deleted_takes_no_tags_for_a_while(local: InProcess) -> None:
    delete(local, create(local))
    local.settle()
    tags = [{"Key": "team", "Value": "fleet"}]
    with local.refused("ConcurrentModificationException", "Tags are already registered"):
        create(local, Tags=tags)
    local.clock.advance(61)
    create(local, Tags=tags)


@pytest.mark.source("T")
def test_a_name_that_was_just_deleted_is_free_without_tags(account: MsfAccount) -> None:
    delete(account, create(account))
    account.settle()
    assert create(account)["ApplicationVersionId"] == 1


@pytest.mark.source("M")
def test_snapshots_of_a_deleted_application_are_gone(account: MsfAccount) -> None:
    account.create(start=True)
    account.msf.create_application_snapshot(ApplicationName=account.name, SnapshotName="s")
    account.settle()
    delete(account, account.describe())
    account.settle()
    account.create()
    assert account.snapshots() == []


@pytest.mark.source("M")
def test_files_of_a_deleted_application_are_gone(local: InProcess, tmp_path: Path) -> None:
    local.create(start=True)
    local.msf.create_application_snapshot(ApplicationName=local.name, SnapshotName="s")
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()]
    delete(local, local.describe())
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()] == []


def set_window(account: MsfAccount, start: str = "21:30") -> dict[str, str]:
    """Set the maintenance window, and return it."""
    answer = account.msf.update_application_maintenance_configuration(
        ApplicationName=account.name,
        ApplicationMaintenanceConfigurationUpdate={"ApplicationMaintenanceWindowStartTimeUpdate": start},
    )
    window: dict[str, str] = answer["ApplicationMaintenanceConfigurationDescription"]
    return window


@pytest.mark.source("T", "D")
def test_the_maintenance_window_lasts_eight_hours_from_its_start(account: MsfAccount) -> None:
    account.create(start=True)
    window = {"ApplicationMaintenanceWindowStartTime": "21:30", "ApplicationMaintenanceWindowEndTime": "05:30"}
    assert set_window(account, "21:30") == window
    detail = account.describe()
    assert detail["ApplicationMaintenanceConfigurationDescription"] == window
    assert detail["ApplicationVersionId"] == 1


@pytest.mark.source("T", "D")
def test_the_maintenance_window_is_set_in_a_steady_status_only(account: MsfAccount) -> None:
    account.create()
    set_window(account)
    account.msf.start_application(ApplicationName=account.name)
    with account.refused("ResourceInUseException"):
        set_window(account)
    account.settle()
    set_window(account)


@pytest.mark.source("M")
@pytest.mark.parametrize("time", ["24:00", "07:60", "night"])
def test_the_maintenance_window_starts_at_a_time_of_day(account: MsfAccount, time: str) -> None:
    account.create()
    with account.refused("InvalidArgumentException"):
        set_window(account, time)
