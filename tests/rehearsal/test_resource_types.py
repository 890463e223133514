"""Replacement of resources: the changes that CloudFormation makes in place, and those that need a new resource."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.rehearsal.template.resource_types import ResourceType, must_replace, resource_type

APPLICATION = "AWS::KinesisAnalyticsV2::Application"
TEXTS = st.text(alphabet="abc", max_size=3)
VALUES = st.recursive(
    st.booleans() | st.integers(0, 3) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
PROPERTIES = st.dictionaries(st.sampled_from("ABCDE"), VALUES, max_size=5)
TYPE = ResourceType(name="A::B::C", create_only=("A", "B/a", "C/*/a"), conditional_create_only=("D",))


@pytest.mark.parametrize(
    ("name", "old", "new", "changed"),
    [
        (APPLICATION, {"ApplicationName": "a"}, {"ApplicationName": "b"}, ("ApplicationName",)),
        (APPLICATION, {"RuntimeEnvironment": "FLINK-1_20"}, {"RuntimeEnvironment": "FLINK-2_2"}, ()),
        ("AWS::Logs::LogGroup", {"LogGroupName": "a"}, {"LogGroupName": "b"}, ("LogGroupName",)),
        ("AWS::Logs::LogGroup", {"RetentionInDays": 1}, {"RetentionInDays": 3}, ()),
        ("AWS::IAM::Role", {"Path": "/a/"}, {"RoleName": "b"}, ("Path", "RoleName")),
        ("AWS::KMS::Key", {"KeySpec": "SYMMETRIC_DEFAULT"}, {"KeySpec": "RSA_2048"}, ()),
        ("AWS::MSK::Cluster", {"BrokerNodeGroupInfo": {"ClientSubnets": ["a"]}}, {}, None),
        ("AWS::Nobody::Knows", {"Name": "a"}, {"Name": "b"}, ()),
        ("Custom::Thing", {"Name": "a"}, {"Name": "b"}, ()),
    ],
)
def test_a_change_replaces_if_the_schema_says_so(
    name: str, old: dict[str, Any], new: dict[str, Any], changed: tuple[str, ...] | None
) -> None:
    found = must_replace(name, old, new)
    assert found == (("BrokerNodeGroupInfo/ClientSubnets",) if changed is None else changed)


def test_a_type_has_identifier_attributes_and_required_properties() -> None:
    workspace = resource_type("AWS::APS::Workspace")
    assert workspace is not None
    assert workspace.primary_identifier == ("Arn",)
    assert workspace.create_only == ("KmsKeyArn",)
    assert "PrometheusEndpoint" in workspace.read_only
    vpc = resource_type("AWS::EC2::VPC")
    assert vpc is not None
    assert vpc.may_replace({}, {"InstanceTenancy": "dedicated"}) == ("InstanceTenancy",)
    assert vpc.must_replace({}, {"InstanceTenancy": "dedicated"}) == ()


@given(PROPERTIES)
def test_the_same_properties_replace_nothing(properties: dict[str, Any]) -> None:
    assert TYPE.must_replace(properties, dict(properties)) == ()


@given(PROPERTIES, PROPERTIES)
def test_a_change_and_its_reverse_replace_for_the_same_properties(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert TYPE.must_replace(old, new) == TYPE.must_replace(new, old)


@given(PROPERTIES, PROPERTIES)
def test_only_create_only_properties_count(old: dict[str, Any], new: dict[str, Any]) -> None:
    changed = TYPE.must_replace(old, new)
    assert set(changed) <= set(TYPE.create_only)
    assert TYPE.must_replace({**old, "E": 1}, {**new, "E": 2}) == changed
    assert ("A" in changed) == (_spelled(old.get("A")) != _spelled(new.get("A")))


@given(st.integers(0, 9) | st.booleans())
def test_a_number_or_a_boolean_as_text_is_the_same_value(value: int | bool) -> None:
    assert TYPE.must_replace({"A": value}, {"A": str(value).lower()}) == ()


def _spelled(value: object) -> object:
    match value:
        case dict():
            return {key: _spelled(each) for key, each in value.items()}
        case list():
            return [_spelled(each) for each in value]
        case None:
            return None
        case _:
            return str(value).lower() if isinstance(value, bool) else str(value)
