from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Stack

from cdk_penstock.application.rendered_references import join_references

ROLE = {"Fn::GetAtt": ["Role", "Arn"]}
SUBNETS = {"Fn::Split": [",", {"Fn::ImportValue": "subnets"}]}


@pytest.mark.parametrize(
    ("rendered", "joined"),
    [
        ({"Name": "orders"}, []),
        ({"Role": ROLE, "Again": [{"Role": ROLE}]}, [ROLE]),
        (
            {"Key": {"Fn::Join": ["/", ["jobs", {"Ref": "Version"}]]}},
            [{"Fn::Join": ["/", ["jobs", {"Ref": "Version"}]]}],
        ),
        # A list cannot be joined with texts as it is.
        ({"SubnetIds": SUBNETS}, [{"Fn::Join": [",", SUBNETS]}]),
        ({"SubnetIds": [{"Ref": "Subnet"}]}, [{"Ref": "Subnet"}]),
        # It may stand for more than a text.
        ({"Block": {"Fn::If": ["IsProd", {"Role": ROLE}, {"Ref": "AWS::NoValue"}]}}, [{"Ref": "AWS::NoValue"}, ROLE]),
        ({"Parallelism": {"Fn::GetAtt": ["Kept", "Parallelism"]}, "Role": ROLE}, [ROLE]),
    ],
)
def test_every_reference_is_joined_once_but_those_to_the_resource_itself(
    rendered: dict[str, Any], joined: list[dict[str, Any]]
) -> None:
    found = Stack().resolve(join_references(rendered, without="Kept"))
    if not joined:
        assert found == ""
        return
    # The CDK writes one alone as it is.
    parts = found["Fn::Join"][1] if list(found) == ["Fn::Join"] and found["Fn::Join"][0] == "\n" else [found]
    assert sorted(map(str, parts)) == sorted(map(str, joined))
