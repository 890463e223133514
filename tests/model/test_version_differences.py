from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from cdk_penstock.model.version_differences import differences, shown_settings
from cdk_penstock.model.version_history import VersionChange, VersionRecord

DETAIL: dict[str, Any] = {
    "ApplicationVersionId": 2,
    "ApplicationVersionUpdatedFrom": 1,
    "ApplicationVersionCreateTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
    "RuntimeEnvironment": "FLINK-1_20",
    "ServiceExecutionRole": "arn:aws:iam::111122223333:role/job",
    "CloudWatchLoggingOptionDescriptions": [{"CloudWatchLoggingOptionId": "1.1", "LogStreamARN": "arn:aws:logs:x"}],
    "ApplicationConfigurationDescription": {
        "ApplicationCodeConfigurationDescription": {
            "CodeContentType": "ZIPFILE",
            "CodeContentDescription": {
                "CodeMD5": "aa",
                "CodeSize": 5,
                "S3ApplicationCodeLocationDescription": {"BucketARN": "arn:aws:s3:::code", "FileKey": "one.zip"},
            },
        },
        "EnvironmentPropertyDescriptions": {
            "PropertyGroupDescriptions": [
                {"PropertyGroupId": "db", "PropertyMap": {"password": "hunter2", "host": "a"}},
            ]
        },
        "FlinkApplicationConfigurationDescription": {
            "CheckpointConfigurationDescription": {"CheckpointingEnabled": True, "CheckpointInterval": 60000},
            "MonitoringConfigurationDescription": {"LogLevel": "INFO"},
            "ParallelismConfigurationDescription": {"Parallelism": 1, "CurrentParallelism": 2},
            "JobPlanDescription": "{}",
        },
        "ApplicationSnapshotConfigurationDescription": {"SnapshotsEnabled": True},
        "ApplicationSystemRollbackConfigurationDescription": {"RollbackEnabled": True},
        "ApplicationEncryptionConfigurationDescription": {"KeyType": "AWS_OWNED_KEY"},
        "VpcConfigurationDescriptions": [
            {"VpcConfigurationId": "1.1", "VpcId": "vpc-1", "SubnetIds": ["b", "a"], "SecurityGroupIds": ["sg"]}
        ],
        "RunConfigurationDescription": {"FlinkRunConfigurationDescription": {"AllowNonRestoredState": False}},
        "NewDescription": {"Mode": "A", "Inner": {"Depth": 1}},
    },
}
CONFIGURATION = "ApplicationConfigurationDescription"
FLINK = "FlinkApplicationConfigurationDescription"


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """Return the detail with another value at a path."""
    detail = deepcopy(DETAIL)
    place: Any = detail
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return detail


def shown(after: dict[str, Any]) -> list[str]:
    return [str(each) for each in differences(DETAIL, after)]


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        (("RuntimeEnvironment",), "FLINK-2_2", "runtime: FLINK-1_20 -> FLINK-2_2"),
        (("ServiceExecutionRole",), "r", "execution role: arn:aws:iam::111122223333:role/job -> r"),
        (
            (
                CONFIGURATION,
                "ApplicationCodeConfigurationDescription",
                "CodeContentDescription",
                "S3ApplicationCodeLocationDescription",
            ),
            {"BucketARN": "arn:aws:s3:::code", "FileKey": "two.zip", "ObjectVersion": "v9"},
            "code: s3://code/one.zip -> s3://code/two.zip (version v9)",
        ),
        (
            (CONFIGURATION, FLINK, "CheckpointConfigurationDescription", "CheckpointInterval"),
            5000,
            "checkpoints CheckpointInterval: 60000 ms -> 5000 ms",
        ),
        (
            (CONFIGURATION, FLINK, "MonitoringConfigurationDescription", "LogLevel"),
            "WARN",
            "logging LogLevel: INFO -> WARN",
        ),
        (
            (CONFIGURATION, FLINK, "ParallelismConfigurationDescription", "Parallelism"),
            4,
            "parallelism Parallelism: 1 -> 4",
        ),
        (
            (CONFIGURATION, "ApplicationEncryptionConfigurationDescription"),
            {"KeyType": "CUSTOMER_MANAGED_KEY"},
            "key KeyType: AWS_OWNED_KEY -> CUSTOMER_MANAGED_KEY",
        ),
        (
            (CONFIGURATION, "VpcConfigurationDescriptions", 0, "SubnetIds"),
            ["a", "c"],
            "VPC SubnetIds: a, b -> a, c",
        ),
        (
            (CONFIGURATION, "NewDescription", "Inner", "Depth"),
            2,
            "NewDescription Inner Depth: 1 -> 2",
        ),
    ],
)
def test_a_setting_that_changed_is_shown_with_both_values(path: tuple[Any, ...], value: Any, difference: str) -> None:
    assert shown(changed(*path, to=value)) == [difference]


@pytest.mark.parametrize(
    "path",
    [
        (CONFIGURATION, FLINK, "ParallelismConfigurationDescription", "CurrentParallelism"),
        (CONFIGURATION, FLINK, "JobPlanDescription"),
        (CONFIGURATION, "RunConfigurationDescription", "FlinkRunConfigurationDescription"),
        (CONFIGURATION, "VpcConfigurationDescriptions", 0, "VpcConfigurationId"),
    ],
)
def test_what_belongs_to_the_running_job_is_no_setting_of_a_version(path: tuple[Any, ...]) -> None:
    assert shown(changed(*path, to={"other": 7})) == []


def test_entries_of_property_groups_that_appear_change_and_go_are_shown() -> None:
    groups = [{"PropertyGroupId": "db", "PropertyMap": {"password": "hunter2", "port": "5"}}]
    after = changed(CONFIGURATION, "EnvironmentPropertyDescriptions", "PropertyGroupDescriptions", to=groups)
    assert shown(after) == ["property db host: a -> -", "property db port: - -> 5"]


def test_a_secret_is_never_shown_and_its_change_is() -> None:
    groups = [{"PropertyGroupId": "db", "PropertyMap": {"password": "swordfish", "host": "a"}}]
    after = changed(CONFIGURATION, "EnvironmentPropertyDescriptions", "PropertyGroupDescriptions", to=groups)
    assert shown(after) == ["property db password: ****** -> ****** (another value)"]
    assert shown_settings(after)["property db password"] == "******"
    assert "swordfish" not in str(shown_settings(after))


def test_several_networks_are_told_apart() -> None:
    networks = [{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}]
    settings = shown_settings(changed(CONFIGURATION, "VpcConfigurationDescriptions", to=networks))
    assert (settings["VPC 1 VpcId"], settings["VPC 2 VpcId"]) == ("vpc-1", "vpc-2")


def record(change: VersionChange | None = None, **more: Any) -> VersionRecord:
    return VersionRecord.of(DETAIL | more, status="READY", origin=None, change=change)


def test_what_made_a_version_is_told_in_words() -> None:
    update = VersionChange(operation="UpdateApplication", operation_id="7", status="SUCCESSFUL")
    failed = VersionChange(operation="UpdateApplication", operation_id="7", status="FAILED")
    assert record(update).made_by == "UpdateApplication"
    assert record(failed).made_by == "UpdateApplication (FAILED)"
    assert record().made_by == "an update that MSF no longer lists"
    assert record(ApplicationVersionUpdatedFrom=None).made_by == "CreateApplication"
    rolled_back = record(update, ApplicationVersionRolledBackFrom=3, ApplicationVersionRolledBackTo=1)
    assert rolled_back.made_by == "a rollback from version 3 to version 1"
    assert record(ApplicationVersionRolledBackFrom=3).made_by == "a rollback from version 3"
