"""Changes of property groups: merged into those that there are, because an update replaces the whole set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.planning import Change, DescribedSettings
from cdk_penstock.model.properties import PropertyError

GROUPS = st.dictionaries(
    st.sampled_from(["source", "sink", "job"]),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"]), min_size=1),
)
CHANGES = st.dictionaries(
    st.sampled_from(["source", "sink", "other"]),
    st.dictionaries(st.sampled_from(["a", "b", "d"]), st.sampled_from(["1", "3", None]), min_size=1),
    min_size=1,
)


def settings(groups: dict[str, dict[str, str]], runtime: str = "FLINK-1_20") -> DescribedSettings:
    described = [{"PropertyGroupId": group, "PropertyMap": entries} for group, entries in groups.items()]
    return DescribedSettings(
        runtime_environment=runtime,
        role_arn="role",
        configuration={"EnvironmentPropertyDescriptions": {"PropertyGroupDescriptions": described}},
    )


def groups_sent(change: Change, present: DescribedSettings) -> dict[str, Any]:
    configuration = change.update_from(present)["ApplicationConfigurationUpdate"]
    return {
        each["PropertyGroupId"]: each["PropertyMap"]
        for each in configuration["EnvironmentPropertyUpdates"]["PropertyGroups"]
    }


@given(GROUPS, CHANGES)
def test_a_change_that_is_applied_is_met_and_sends_the_whole_set(
    groups: dict[str, dict[str, str]], properties: dict[str, dict[str, str | None]]
) -> None:
    change, present = Change(properties=properties), settings(groups)
    after = change.applied_to(present)
    assert change.is_met_by(after)
    assert groups_sent(change, present) == after.property_groups
    assert all(after.property_groups.values())
    assert change.update_from(after) == change.update_from(present)


@given(GROUPS, CHANGES)
def test_a_change_keeps_all_other_groups_and_keys(
    groups: dict[str, dict[str, str]], properties: dict[str, dict[str, str | None]]
) -> None:
    after = Change(properties=properties).applied_to(settings(groups)).property_groups
    for group, entries in groups.items():
        for key, value in entries.items():
            if key not in properties.get(group, {}):
                assert after[group][key] == value


def test_values_are_set_added_and_removed() -> None:
    present = settings({"source": {"position": "LATEST", "stream": "s"}, "sink": {"url": "u"}})
    change = Change(properties={"source": {"position": "AT_TIMESTAMP", "stream": None}, "sink": {"url": None}})
    assert not change.is_met_by(present)
    assert groups_sent(change, present) == {"source": {"position": "AT_TIMESTAMP"}}
    assert change.applied_to(present).property_groups == {"source": {"position": "AT_TIMESTAMP"}}


def test_properties_and_code_are_one_update() -> None:
    revision = Revision(code_bucket_arn="arn:aws:s3:::code", code_key="new.zip", runtime_environment="FLINK-2_2")
    change = Change(revision=revision, properties={"source": {"position": "LATEST"}})
    request = change.update_from(settings({}))
    assert request["RuntimeEnvironmentUpdate"] == "FLINK-2_2"
    assert set(request["ApplicationConfigurationUpdate"]) == {
        "ApplicationCodeConfigurationUpdate",
        "EnvironmentPropertyUpdates",
    }
    assert not change.is_met_by(settings({"source": {"position": "LATEST"}}, "FLINK-2_2"))


def test_a_change_of_code_alone_leaves_the_properties_out_of_the_update() -> None:
    change = Change(parallelism=2)
    assert (
        "EnvironmentPropertyUpdates"
        not in change.update_from(settings({"a": {"b": "c"}}))["ApplicationConfigurationUpdate"]
    )


def test_secrets_are_not_shown_and_still_told_apart() -> None:
    one, other = (Change(properties={"db": {"password": each}}) for each in ("first-value", "other-value"))
    assert str(one) == str(other) == "property db password=******"
    assert one.digest != other.digest
    assert str(Change(properties={"b": {"y": None}, "a": {"x": "1"}})) == "property a x=1, no property b y"


@pytest.mark.parametrize("properties", [{}, {"source": {}}])
def test_a_change_of_nothing_is_refused(properties: dict[str, dict[str, str | None]]) -> None:
    with pytest.raises(PenstockError, match="a change needs code, a runtime, a parallelism or properties"):
        Change(properties=properties)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"a group": {"x": "1"}}, "property group id must be"),
        ({"source": {"x": ""}}, "must be 1 to 2048 characters, got 0"),
        ({"source": {str(number): "1" for number in range(51)}}, "must have 1 to 50 entries, got 51"),
    ],
)
def test_what_msf_would_refuse_is_refused(properties: dict[str, dict[str, str | None]], message: str) -> None:
    with pytest.raises(PropertyError, match=message):
        Change(properties=properties).update_from(settings({}))
