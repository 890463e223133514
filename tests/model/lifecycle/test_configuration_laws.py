"""Configurations: what is given is described, updates merge block by block, and type DEFAULT ignores values."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.lifecycle.code_location import CodeCopy, CodeLocation
from cdk_penstock.model.lifecycle.described_configuration import (
    ConfigurationContext,
    created_configuration,
    updated_configuration,
)
from cdk_penstock.model.lifecycle.switches import Switches

KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111"
NAMES = st.text("abcxyz-", min_size=1, max_size=6)
DEFAULTS: dict[str, dict[str, Any]] = {
    "Checkpoint": {"CheckpointingEnabled": True, "CheckpointInterval": 60_000, "MinPauseBetweenCheckpoints": 5_000},
    "Monitoring": {"MetricsLevel": "APPLICATION", "LogLevel": "INFO"},
    "Parallelism": {"Parallelism": 1, "ParallelismPerKPU": 1, "AutoScalingEnabled": True},
}
FLINK: dict[str, Any] = {
    "Checkpoint": st.fixed_dictionaries(
        {},
        optional={
            "CheckpointingEnabled": st.booleans(),
            "CheckpointInterval": st.integers(1, 10**6),
            "MinPauseBetweenCheckpoints": st.integers(0, 10**6),
        },
    ),
    "Monitoring": st.fixed_dictionaries(
        {},
        optional={
            "MetricsLevel": st.sampled_from(["APPLICATION", "TASK", "OPERATOR", "PARALLELISM"]),
            "LogLevel": st.sampled_from(["INFO", "WARN", "ERROR", "DEBUG"]),
        },
    ),
    "Parallelism": st.fixed_dictionaries(
        {},
        optional={
            "Parallelism": st.integers(1, 500),
            "ParallelismPerKPU": st.integers(1, 8),
            "AutoScalingEnabled": st.booleans(),
        },
    ),
}
GROUPS = st.lists(
    st.builds(
        lambda name, properties: {"PropertyGroupId": name, "PropertyMap": properties},
        NAMES,
        st.dictionaries(NAMES, NAMES, max_size=3),
    ),
    max_size=3,
    unique_by=lambda group: group["PropertyGroupId"],
)
ENCRYPTIONS: Any = st.sampled_from(
    [{"KeyType": "AWS_OWNED_KEY"}, {"KeyType": "CUSTOMER_MANAGED_KEY", "KeyId": KEY_ARN}]
)
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


def flink_blocks(suffix: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return some blocks of FlinkApplicationConfiguration, each of type CUSTOM, or of its Update."""

    def block(values: dict[str, Any]) -> dict[str, Any]:
        return {f"{name}{suffix}": value for name, value in {"ConfigurationType": "CUSTOM", **values}.items()}

    return st.fixed_dictionaries(
        {}, optional={f"{name}Configuration{suffix}": values.map(block) for name, values in FLINK.items()}
    )


CREATED = st.fixed_dictionaries(
    {},
    optional={
        "FlinkApplicationConfiguration": flink_blocks(""),
        "EnvironmentProperties": GROUPS.map(lambda groups: {"PropertyGroups": groups}),
        "ApplicationSnapshotConfiguration": st.booleans().map(lambda value: {"SnapshotsEnabled": value}),
        "ApplicationSystemRollbackConfiguration": st.booleans().map(lambda value: {"RollbackEnabled": value}),
        "ApplicationEncryptionConfiguration": ENCRYPTIONS,
        "VpcConfigurations": st.just([VPC]),
    },
)
UPDATES: dict[str, Any] = {
    "FlinkApplicationConfiguration": flink_blocks("Update"),
    "EnvironmentProperty": GROUPS.map(lambda groups: {"PropertyGroups": groups}),
    "ApplicationSnapshotConfiguration": st.booleans().map(lambda value: {"SnapshotsEnabledUpdate": value}),
    "ApplicationSystemRollbackConfiguration": st.booleans().map(lambda value: {"RollbackEnabledUpdate": value}),
    "ApplicationEncryptionConfiguration": ENCRYPTIONS.map(
        lambda encryption: {f"{name}Update": value for name, value in encryption.items()}
    ),
}


def context(*, location: CodeLocation | None = None, switches: Switches | None = None) -> ConfigurationContext:
    """Return what a configuration depends on beside the request."""
    return ConfigurationContext(
        switches=switches or Switches(),
        resolve_key=lambda key_id: key_id,
        vpc_id="vpc-1",
        version_id=1,
        location=location,
        code=CodeCopy(path="/copy", size_bytes=4, md5="0" * 32) if location else None,
    )


def update_name(block: str) -> str:
    """Return the member of ApplicationConfigurationUpdate; the properties' one has an s of its plural."""
    return f"{block}Updates" if block == "EnvironmentProperty" else f"{block}Update"


def description_name(block: str) -> str:
    """Return the member of ApplicationConfigurationDescription."""
    return f"{block}Descriptions" if block == "EnvironmentProperty" else f"{block}Description"


@given(given_configuration=CREATED)
def test_what_is_given_is_described(given_configuration: dict[str, Any]) -> None:
    described = created_configuration(given_configuration, context())
    for name, block in given_configuration.items():
        if name == "FlinkApplicationConfiguration":
            for inner, values in block.items():
                assert values.items() <= described[f"{name}Description"][f"{inner}Description"].items()
        elif name == "EnvironmentProperties":
            assert described["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"] == block["PropertyGroups"]
        elif name == "VpcConfigurations":
            (vpc,) = described["VpcConfigurationDescriptions"]
            assert VPC.items() <= vpc.items()
        else:
            assert block.items() <= described[f"{name}Description"].items()


@given(given_configuration=CREATED, data=st.data(), block=st.sampled_from(sorted(UPDATES)))
def test_an_update_of_one_block_leaves_all_others(
    given_configuration: dict[str, Any], data: st.DataObject, block: str
) -> None:
    before = created_configuration(given_configuration, context())
    update = data.draw(UPDATES[block])
    after = updated_configuration(before, {update_name(block): update}, context())
    changed = description_name(block)
    assert {name: value for name, value in after.items() if name != changed} == {
        name: value for name, value in before.items() if name != changed
    }
    if block == "FlinkApplicationConfiguration":
        for inner in FLINK:
            named = update.get(f"{inner}ConfigurationUpdate", {})
            plain = {name.removesuffix("Update"): value for name, value in named.items()}
            present = before[changed][f"{inner}ConfigurationDescription"]
            assert after[changed][f"{inner}ConfigurationDescription"] == present | plain
    elif block == "EnvironmentProperty":
        assert after[changed] == {"PropertyGroupDescriptions": update["PropertyGroups"]}
    else:
        assert {name.removesuffix("Update"): value for name, value in update.items()}.items() <= after[changed].items()


@given(given_configuration=CREATED)
def test_an_update_of_nothing_changes_nothing(given_configuration: dict[str, Any]) -> None:
    before = created_configuration(given_configuration, context())
    assert updated_configuration(before, {}, context()) == before


@given(data=st.data(), block=st.sampled_from(sorted(FLINK)))
def test_type_default_ignores_values_at_creation_and_at_update(data: st.DataObject, block: str) -> None:
    values = data.draw(FLINK[block])
    name = f"{block}ConfigurationDescription"
    flink = {f"{block}Configuration": {"ConfigurationType": "DEFAULT", **values}}
    default = created_configuration({"FlinkApplicationConfiguration": flink}, context())
    expected: dict[str, Any] = {"ConfigurationType": "DEFAULT", **DEFAULTS[block]}
    assert default["FlinkApplicationConfigurationDescription"][name] == expected
    custom = created_configuration(
        {"FlinkApplicationConfiguration": {f"{block}Configuration": {"ConfigurationType": "CUSTOM", **values}}},
        context(),
    )
    back = {f"{block}ConfigurationUpdate": {"ConfigurationTypeUpdate": "DEFAULT"}}
    after = updated_configuration(custom, {"FlinkApplicationConfigurationUpdate": back}, context())
    assert after["FlinkApplicationConfigurationDescription"][name] == expected
    # Values alone do not make a block CUSTOM.
    more = {f"{block}ConfigurationUpdate": {f"{member}Update": value for member, value in values.items()}}
    after = updated_configuration(default, {"FlinkApplicationConfigurationUpdate": more}, context())
    assert after["FlinkApplicationConfigurationDescription"][name] == expected


def test_an_update_of_the_code_s_key_keeps_its_bucket_and_type() -> None:
    location = CodeLocation(bucket_arn="arn:aws:s3:::code", key="job.zip")
    code = {"CodeContentType": "ZIPFILE", "CodeContent": {"S3ContentLocation": {}}}
    before = created_configuration({"ApplicationCodeConfiguration": code}, context(location=location))
    newer = CodeLocation(bucket_arn="arn:aws:s3:::code", key="newer.zip")
    after = updated_configuration(before, {"ApplicationCodeConfigurationUpdate": {}}, context(location=newer))
    described = after["ApplicationCodeConfigurationDescription"]
    assert described["CodeContentType"] == "ZIPFILE"
    assert described["CodeContentDescription"] == {
        "CodeMD5": "0" * 32,
        "CodeSize": 4,
        "S3ApplicationCodeLocationDescription": {"BucketARN": "arn:aws:s3:::code", "FileKey": "newer.zip"},
    }
    unchanged = updated_configuration(after, {"ApplicationCodeConfigurationUpdate": {}}, context())
    assert unchanged == after
