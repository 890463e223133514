"""Values of templates during a deployment: intrinsic functions, conditions, parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.rehearsal.engine.resources import StackPlace
from cdk_penstock.rehearsal.rehearsal_errors import RehearsalError
from cdk_penstock.rehearsal.template.template_values import TemplateValues

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLE = "arn:aws:sts::111122223333:assumed-role/cfn/AWSCloudFormation"
PLACE = StackPlace(
    name="Stack",
    stack_id="arn:aws:cloudformation:us-east-1:111122223333:stack/Stack/1",
    account="111122223333",
    region="us-east-1",
    role_session_arn=ROLE,
)


@dataclass
class KnownReferences:
    attributes: dict[str, Any] = field(default_factory=lambda: {"Key.Arn": "arn:key", "Net.Ids": ["a", "b"]})

    def ref(self, logical_id: str) -> Any:
        return f"physical-{logical_id}"

    def attribute(self, logical_id: str, name: str) -> Any:
        return self.attributes[f"{logical_id}.{name}"]

    def exported(self, name: str) -> Any:
        return f"exported {name}"

    def stack_output(self, given: Mapping[str, Any]) -> Any:
        return f"{given['OutputName']} of {given['StackName']}"


def values(body: dict[str, Any] | None = None, **parameters: str) -> TemplateValues:
    return TemplateValues(body=body or {}, place=PLACE, parameters=parameters, references=KnownReferences())


BODY = {
    "Parameters": {
        "Size": {"Type": "Number", "Default": 4},
        "Names": {"Type": "CommaDelimitedList", "Default": "a,b"},
        "Wanted": {"Type": "String"},
        "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/bootstrap/version"},
    },
    "Mappings": {"Regions": {"us-east-1": {"Zone": "z1"}}},
    "Conditions": {
        "IsLarge": {"Fn::Equals": [{"Ref": "Size"}, "4"]},
        "IsSmall": {"Fn::Not": [{"Condition": "IsLarge"}]},
        "Both": {"Fn::And": [{"Condition": "IsLarge"}, {"Condition": "IsSmall"}]},
        "Either": {"Fn::Or": [{"Condition": "IsLarge"}, {"Condition": "IsSmall"}]},
    },
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Role"}, "physical-Role"),
        ({"Ref": "AWS::AccountId"}, "111122223333"),
        ({"Ref": "AWS::StackName"}, "Stack"),
        ({"Ref": "Size"}, "4"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Ref": "Version"}, "<value of /bootstrap/version>"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "arn:key"),
        ({"Fn::GetAtt": "Key.Arn"}, "arn:key"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Role"}, 3, True]]}, "a-physical-Role-3-true"),
        ({"Fn::Join": ["", {"Fn::GetAtt": ["Net", "Ids"]}]}, "ab"),
        ({"Fn::Sub": "${Role}/${Key.Arn}/${!Literal}"}, "physical-Role/arn:key/${Literal}"),
        ({"Fn::Sub": ["${x}-${AWS::Region}", {"x": {"Ref": "Role"}}]}, "physical-Role-us-east-1"),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "us-east-1a"),
        ({"Fn::If": ["IsLarge", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsSmall", "yes", {"Ref": "Role"}]}, "physical-Role"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        ({"Fn::If": ["Either", "yes", "no"]}, "yes"),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}:x"}}, "exported Stack:x"),
        ({"Fn::GetStackOutput": {"StackName": "Other", "OutputName": "Arn"}}, "Arn of Other"),
        ({"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Zone"]}, "z1"),
        ({"Fn::FindInMap": ["Regions", "elsewhere", "Zone", {"DefaultValue": "d"}]}, "d"),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Length": {"Fn::GetAtt": ["Net", "Ids"]}}, 2),
        ({"Fn::ToJsonString": {"a": {"Ref": "Role"}}}, '{"a": "physical-Role"}'),
        (
            {"Condition": {"StringEquals": {"k": {"Ref": "Role"}}}},
            {"Condition": {"StringEquals": {"k": "physical-Role"}}},
        ),
    ],
)
def test_an_intrinsic_function_has_the_value_of_the_deployment(value: Any, expected: Any) -> None:
    assert values(BODY).resolve(value) == expected


def test_a_property_without_a_value_is_left_out_wherever_it_is() -> None:
    nothing = {"Fn::If": ["IsSmall", "x", {"Ref": "AWS::NoValue"}]}
    assert values(BODY).resolve({"a": nothing, "b": [nothing, {"c": nothing, "d": 1}]}) == {"b": [{"d": 1}]}


def test_a_given_parameter_takes_the_place_of_its_default() -> None:
    assert values(BODY, Size="9").resolve({"Fn::If": ["IsLarge", "yes", "no"]}) == "no"


def test_a_resource_is_included_unless_its_condition_is_false() -> None:
    assert values(BODY).includes({})
    assert values(BODY).includes({"Condition": "IsLarge"})
    assert not values(BODY).includes({"Condition": "IsSmall"})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Wanted"}, "pass --parameter Wanted=VALUE"),
        ({"Fn::Transform": {}}, "Fn::Transform in stack Stack is not known"),
        ({"Fn::If": ["Unknown", 1, 2]}, "no condition Unknown"),
        ({"Fn::Select": [7, ["a"]]}, "not of the form that CloudFormation documents"),
        ({"Fn::FindInMap": ["Regions", "elsewhere", "Zone"]}, "no mapping Regions.elsewhere.Zone"),
    ],
)
def test_what_cannot_be_resolved_says_why(value: Any, message: str) -> None:
    with pytest.raises(RehearsalError, match=message.replace("(", r"\(")):
        values(BODY).resolve(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(PLAIN)
def test_a_value_without_functions_stays_as_it_is(value: Any) -> None:
    assert values().resolve(value) == value
