from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.planning import DescribedSettings
from cdk_penstock.model.shadow import PropertyOverride, ShadowSettings

REVISION = Revision(code_bucket_arn="arn:aws:s3:::code", code_key="job.jar", runtime_environment="FLINK-1_20")
SINK = [PropertyOverride.parse("sink:table=trial")]


def described(groups: dict[str, dict[str, str]], **configuration: Any) -> dict[str, Any]:
    groups = {"sink": {"table": "prod"}, **groups}
    properties = [{"PropertyGroupId": group, "PropertyMap": entries} for group, entries in groups.items()]
    return {
        "ApplicationName": "vehicles",
        "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": "role",
        "ApplicationConfigurationDescription": {
            "EnvironmentPropertyDescriptions": {"PropertyGroupDescriptions": properties},
            **configuration,
        },
    }


def shadow(groups: dict[str, dict[str, str]], **options: Any) -> ShadowSettings:
    more: dict[str, Any] = {"sink": SINK, "name": "trial", "revision": REVISION} | options
    return ShadowSettings(described=described(groups), **more)


@pytest.mark.parametrize(
    ("key", "has_consumers"),
    [
        ("group.id", True),
        ("kafka.group.id", True),
        ("source.efo.consumer.name", True),
        ("flink.stream.efo.consumername", True),
        ("group.idle", False),
        ("topic", False),
    ],
)
def test_a_shadow_has_its_own_consumers(key: str, has_consumers: bool) -> None:
    groups = shadow({"source": {key: "value"}}).property_groups
    assert groups["source"] == {key: "value-trial" if has_consumers else "value"}


def test_consumers_that_somebody_has_named_are_left_so() -> None:
    others = [PropertyOverride.parse("source:group.id=mine")]
    assert shadow({"source": {"group.id": "value"}}, others=others).property_groups["source"] == {"group.id": "mine"}


TEXT = st.text(alphabet="abc.=-: ", min_size=1, max_size=8)


@given(
    group=st.from_regex(r"[a-z.]{1,8}", fullmatch=True), key=st.from_regex(r"[a-z.:]{1,8}", fullmatch=True), value=TEXT
)
def test_every_override_is_read_as_it_is_written(group: str, key: str, value: str) -> None:
    override = PropertyOverride.parse(f"{group}:{key}={value}")
    assert (override.group, override.key, override.value) == (group, key, value)
    assert str(override) == f"{group}:{key}={value}"


def test_a_shadow_that_was_created_has_no_differences() -> None:
    wanted = shadow({"source": {"group.id": "value"}}, parallelism=3)
    request = wanted.to_request()["ApplicationConfiguration"]
    created = described({})["ApplicationConfigurationDescription"] | {
        "EnvironmentPropertyDescriptions": {
            "PropertyGroupDescriptions": request["EnvironmentProperties"]["PropertyGroups"]
        },
        "ApplicationCodeConfigurationDescription": {
            "CodeContentDescription": {
                "S3ApplicationCodeLocationDescription": request["ApplicationCodeConfiguration"]["CodeContent"][
                    "S3ContentLocation"
                ]
            }
        },
        "FlinkApplicationConfigurationDescription": {
            "ParallelismConfigurationDescription": request["FlinkApplicationConfiguration"]["ParallelismConfiguration"]
        },
    }
    present = DescribedSettings(runtime_environment="FLINK-1_20", role_arn="role", configuration=created)
    assert wanted.differences_from(present) == []
    assert shadow({}, parallelism=4).differences_from(present) == ["property groups", "parallelism"]


def test_values_beside_default_are_left_out_because_msf_ignores_them() -> None:
    checkpoints = {"ConfigurationType": "DEFAULT", "CheckpointingEnabled": True, "CheckpointInterval": 60_000}
    parallelism = {"ConfigurationType": "CUSTOM", "Parallelism": 2, "ParallelismPerKPU": 1, "CurrentParallelism": 8}
    flink = {
        "CheckpointConfigurationDescription": checkpoints,
        "ParallelismConfigurationDescription": parallelism,
    }
    original = described({}, FlinkApplicationConfigurationDescription=flink)
    settings = ShadowSettings(described=original, name="trial", revision=REVISION, sink=SINK)
    assert settings.to_request()["ApplicationConfiguration"]["FlinkApplicationConfiguration"] == {
        "CheckpointConfiguration": {"ConfigurationType": "DEFAULT"},
        "ParallelismConfiguration": {"ConfigurationType": "CUSTOM", "Parallelism": 2, "ParallelismPerKPU": 1},
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sink": []}, "a shadow needs another sink"),
        ({"name": "vehicles"}, "the shadow needs another name than the application"),
        (
            {"others": [PropertyOverride.parse("source:topic=a")]},
            "no property source:topic: expected one of sink:table",
        ),
    ],
)
def test_a_shadow_that_would_disturb_the_application_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PenstockError, match=message):
        shadow({}, **options)
