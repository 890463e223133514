"""MSF's behaviours: create, describe, list and delete applications.

Each names its sources: M the API reference, D the developer guide, B AWS's blog, T the acceptance tests of Terraform's
provider, C CloudFormation's schema, "message" an error of the service, "report" a public report, I inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.lifecycle.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local.service.behaviours.conftest import Simulate
    from tests.local.service.msf_account import MsfAccount


def configuration_of(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration that a description shows."""
    found: Mapping[str, Any] = detail["ApplicationConfigurationDescription"]
    return found


@pytest.mark.source("T")
def test_an_application_is_created_ready_at_version_1_with_all_that_is_inline(
    account: MsfAccount, log_stream: str, vpc: dict[str, list[str]]
) -> None:
    detail = account.create_bare(
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
    assert account.create_bare()["ApplicationARN"] == f"{account.scope}:application/{account.name}"


@pytest.mark.source("T", "M")
def test_what_is_not_given_has_msf_s_defaults(account: MsfAccount) -> None:
    configuration = configuration_of(account.create_bare())
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
    account.create_bare()
    with account.refused("ResourceInUseException", local_text="already exists"):
        account.create_bare()


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
        account.create_bare(RuntimeEnvironment="FLINK-1_19", ApplicationConfiguration=configuration)
    account.create_bare(ApplicationConfiguration=configuration)
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
        account.create_bare(**given)


@pytest.mark.source("M")
def test_operations_for_sql_applications_are_not_supported(account: MsfAccount) -> None:
    account.create_bare()
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
