"""MSF's behaviours: create, describe, list and delete applications.

Each names its sources: M the API reference, D the developer guide, B AWS's blog, T the acceptance tests of Terraform's
provider, C CloudFormation's schema, "message" an error of the service, "report" a public report, I inferred.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.switches import Switches
from tests.local.service.in_process import ACCOUNT, BUCKET_ARN, KEY_1, REGION, ROLE, InProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:s"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
KEY = {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": KEY_1}


def configuration_of(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration that a description shows."""
    found: Mapping[str, Any] = detail["ApplicationConfigurationDescription"]
    return found


def create(local: InProcess, **changes: Any) -> Mapping[str, Any]:
    """Create an application without code."""
    given = {"ApplicationName": "app", "RuntimeEnvironment": "FLINK-1_20", "ServiceExecutionRole": ROLE, **changes}
    detail: Mapping[str, Any] = local.msf.create_application(**given)["ApplicationDetail"]
    return detail


@pytest.mark.source("T")
def test_an_application_is_created_ready_at_version_1_with_all_that_is_inline(local: InProcess) -> None:
    detail = create(
        local,
        ApplicationConfiguration={"VpcConfigurations": [VPC]},
        CloudWatchLoggingOptions=[{"LogStreamARN": STREAM}],
    )
    assert (detail["ApplicationStatus"], detail["ApplicationVersionId"]) == ("READY", 1)
    assert detail["CloudWatchLoggingOptionDescriptions"] == [
        {"CloudWatchLoggingOptionId": "1.1", "LogStreamARN": STREAM}
    ]
    versions = local.msf.list_application_versions(ApplicationName="app")["ApplicationVersionSummaries"]
    assert [each["ApplicationVersionId"] for each in versions] == [1]


@pytest.mark.source("T")
def test_the_arn_has_the_service_name_without_v2(local: InProcess) -> None:
    assert create(local)["ApplicationARN"] == f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/app"


@pytest.mark.source("T", "M")
def test_what_is_not_given_has_msf_s_defaults(local: InProcess) -> None:
    configuration = configuration_of(create(local))
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
    local: InProcess, block: str, given: dict[str, Any], member: str, default: object
) -> None:
    flink = {f"{block}Configuration": {"ConfigurationType": "DEFAULT", **given}}
    local.create(FlinkApplicationConfiguration=flink)
    described = configuration_of(local.describe())["FlinkApplicationConfigurationDescription"]
    assert described[f"{block}ConfigurationDescription"][member] == default


@pytest.mark.source("T")
def test_there_is_no_run_configuration_before_the_first_start(local: InProcess) -> None:
    assert "RunConfigurationDescription" not in configuration_of(local.create())


@pytest.mark.source("M")
def test_a_name_that_exists_is_refused(local: InProcess) -> None:
    create(local)
    with pytest.raises(RefusedCallError, match="already exists") as refused:
        create(local)
    assert refused.value.code == "ResourceInUseException"


@pytest.mark.source("T")
def test_code_that_is_not_in_s3_is_refused(local: InProcess) -> None:
    missing = {"S3ContentLocation": {"BucketARN": BUCKET_ARN, "FileKey": "missing.zip"}}
    with pytest.raises(RefusedCallError, match="Please check the role provided or validity of S3 location") as refused:
        local.create(ApplicationCodeConfiguration={"CodeContentType": "ZIPFILE", "CodeContent": missing})
    assert refused.value.code == "InvalidArgumentException"
    assert local.msf.list_applications()["ApplicationSummaries"] == []


@pytest.mark.source("D")
@pytest.mark.parametrize(
    "configuration",
    [
        {"ApplicationEncryptionConfiguration": KEY},
        {"ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True, "SnapshotMode": "ENHANCED_SNAPSHOTS"}},
    ],
    ids=["key", "enhanced snapshots"],
)
def test_keys_and_enhanced_snapshots_need_flink_1_20(local: InProcess, configuration: dict[str, Any]) -> None:
    with pytest.raises(RefusedCallError) as refused:
        create(local, RuntimeEnvironment="FLINK-1_19", ApplicationConfiguration=configuration)
    assert refused.value.code == "InvalidArgumentException"
    create(local, ApplicationConfiguration=configuration)
    with pytest.raises(RefusedCallError) as refused:
        local.msf.update_application(
            ApplicationName="app", CurrentApplicationVersionId=1, RuntimeEnvironmentUpdate="FLINK-1_19"
        )
    assert refused.value.code == "InvalidArgumentException"


@pytest.mark.source("T")
def test_vpc_configurations_get_an_id_and_the_vpc_of_their_subnets(local: InProcess) -> None:
    (vpc,) = configuration_of(local.create(VpcConfigurations=[VPC]))["VpcConfigurationDescriptions"]
    assert vpc["VpcConfigurationId"] == "1.1"
    assert vpc["VpcId"].startswith("vpc-")
    assert {name: vpc[name] for name in VPC} == VPC


@pytest.mark.source("M")
def test_lists_page_in_a_stable_order_without_gaps(local: InProcess) -> None:
    names = [f"app-{number}" for number in range(7)]
    for name in names:
        local.create(name)
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = local.msf.list_applications(Limit=3, **token)
        seen += [each["ApplicationName"] for each in page["ApplicationSummaries"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == names


@pytest.mark.source("M")
@pytest.mark.parametrize("token", ["x", "bm9uZQ==", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "LTE="])
def test_a_token_that_the_service_did_not_give_is_refused(local: InProcess, token: str) -> None:
    with pytest.raises(RefusedCallError) as refused:
        local.msf.list_applications(NextToken=token)
    assert refused.value.code == "InvalidArgumentException"


@pytest.mark.source("M")
def test_tags_are_listed_and_not_described(local: InProcess) -> None:
    detail = create(local, Tags=[{"Key": "team", "Value": "fleet"}])
    assert "Tags" not in detail
    arn = detail["ApplicationARN"]
    local.msf.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
    local.msf.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert local.msf.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]


@pytest.mark.source("M")
def test_there_are_at_most_50_tags(local: InProcess) -> None:
    with pytest.raises(RefusedCallError) as refused:
        create(local, Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)])
    assert refused.value.code == "TooManyTagsException"


@pytest.mark.source("M")
def test_tags_of_another_account_s_application_are_not_there(local: InProcess) -> None:
    arn = create(local)["ApplicationARN"].replace(ACCOUNT, "210987654321")
    with pytest.raises(RefusedCallError) as refused:
        local.msf.list_tags_for_resource(ResourceARN=arn)
    assert refused.value.code == "ResourceNotFoundException"


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
    local: InProcess, operation: str, given: dict[str, Any]
) -> None:
    with pytest.raises(RefusedCallError) as refused:
        getattr(local.msf, operation)(ApplicationName="missing", **given)
    assert refused.value.code == "ResourceNotFoundException"


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
def test_sql_and_studio_applications_are_not_supported(local: InProcess, given: dict[str, Any]) -> None:
    with pytest.raises(RefusedCallError) as refused:
        create(local, **given)
    assert refused.value.code == "UnsupportedOperationException"


@pytest.mark.source("M")
def test_operations_for_sql_applications_are_not_supported(local: InProcess) -> None:
    create(local)
    with pytest.raises(RefusedCallError) as refused:
        local.msf.add_application_output(
            ApplicationName="app",
            CurrentApplicationVersionId=1,
            Output={"Name": "out", "DestinationSchema": {"RecordFormatType": "JSON"}},
        )
    assert refused.value.code == "UnsupportedOperationException"


@pytest.mark.source("M")
def test_the_number_of_applications_is_limited(tmp_path: Path) -> None:
    local = InProcess(tmp_path, switches=Switches(maximum_applications=2))
    local.create("a")
    local.create("b")
    with pytest.raises(RefusedCallError) as refused:
        local.create("c")
    assert refused.value.code == "LimitExceededException"


@pytest.mark.source("T", "M")
@pytest.mark.parametrize("start", [False, True], ids=["ready", "running"])
def test_an_application_is_deleted_also_while_it_runs(local: InProcess, *, start: bool) -> None:
    created_at = local.create(start=start)["CreateTimestamp"]
    local.msf.delete_application(ApplicationName="app", CreateTimestamp=created_at)
    assert local.describe()["ApplicationStatus"] == "DELETING"
    local.settle()
    assert local.msf.list_applications()["ApplicationSummaries"] == []
    assert local.driver.jobs == {}


@pytest.mark.source("T")
def test_the_time_of_creation_counts_by_the_second(local: InProcess) -> None:
    created_at: datetime = local.create()["CreateTimestamp"]
    assert created_at.microsecond
    with pytest.raises(RefusedCallError) as refused:
        local.msf.delete_application(ApplicationName="app", CreateTimestamp=created_at + timedelta(seconds=1))
    assert refused.value.code == "InvalidArgumentException"
    local.msf.delete_application(ApplicationName="app", CreateTimestamp=created_at.replace(microsecond=0))
    assert local.describe()["ApplicationStatus"] == "DELETING"


@pytest.mark.source("T")
def test_a_name_that_was_just_deleted_takes_no_tags_for_a_while(local: InProcess) -> None:
    local.msf.delete_application(ApplicationName="app", CreateTimestamp=create(local)["CreateTimestamp"])
    local.settle()
    tags = [{"Key": "team", "Value": "fleet"}]
    with pytest.raises(RefusedCallError, match="Tags are already registered") as refused:
        create(local, Tags=tags)
    assert refused.value.code == "ConcurrentModificationException"
    local.clock.advance(61)
    create(local, Tags=tags)


@pytest.mark.source("T")
def test_a_name_that_was_just_deleted_is_free_without_tags(local: InProcess) -> None:
    local.msf.delete_application(ApplicationName="app", CreateTimestamp=create(local)["CreateTimestamp"])
    local.settle()
    assert create(local)["ApplicationVersionId"] == 1


@pytest.mark.source("M")
def test_nothing_of_a_deleted_application_is_left(local: InProcess, tmp_path: Path) -> None:
    local.create(start=True)
    local.msf.create_application_snapshot(ApplicationName="app", SnapshotName="s")
    local.settle()
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()]
    local.msf.delete_application(ApplicationName="app", CreateTimestamp=local.describe()["CreateTimestamp"])
    local.settle()
    local.create()
    assert local.snapshots() == []
    assert [each for each in (tmp_path / "savepoints").rglob("*") if each.is_file()] == []


@pytest.mark.source("T", "D")
def test_the_maintenance_window_lasts_eight_hours_from_its_start(local: InProcess) -> None:
    local.create(start=True)
    answer = local.msf.update_application_maintenance_configuration(
        ApplicationName="app",
        ApplicationMaintenanceConfigurationUpdate={"ApplicationMaintenanceWindowStartTimeUpdate": "21:30"},
    )
    window = {"ApplicationMaintenanceWindowStartTime": "21:30", "ApplicationMaintenanceWindowEndTime": "05:30"}
    assert answer["ApplicationMaintenanceConfigurationDescription"] == window
    detail = local.describe()
    assert detail["ApplicationMaintenanceConfigurationDescription"] == window
    assert detail["ApplicationVersionId"] == 1
