from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.review.assembly import SynthesizedStack
from cdk_penstock.review.resolution import Resolution
from cdk_penstock.review.templates import Template

RESOURCES = {
    "Key": {"Type": "AWS::KMS::Key"},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
    "Named": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "named", "Path": "/flink/"}},
    "App": {
        "Type": "AWS::KinesisAnalyticsV2::Application",
        "Properties": {"ApplicationName": {"Fn::Join": ["-", ["a", "b"]]}},
    },
    "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
}
RESOLUTION = Resolution(
    SynthesizedStack(
        stage="Prod",
        name="stack",
        account="111122223333",
        region="eu-central-1",
        template=Template("t.json", {"Resources": RESOURCES}),
        cloudformation_role_arn=None,
    )
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (5, 5),
        ({"Ref": "AWS::Region"}, "eu-central-1"),
        ({"Ref": "AWS::StackName"}, "stack"),
        ({"Ref": "Key"}, "Key"),
        ({"Ref": "App"}, "a-b"),
        ({"Ref": "Policy"}, "arn:aws:iam::111122223333:policy/Policy"),
        ({"Ref": "Parameter"}, "<Parameter>"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "arn:aws:kms:eu-central-1:111122223333:key/Key"),
        ({"Fn::GetAtt": "Role.Arn"}, "arn:aws:iam::111122223333:role/Role"),
        ({"Fn::GetAtt": ["Named", "Arn"]}, "arn:aws:iam::111122223333:role/flink/named"),
        ({"Fn::GetAtt": ["Function", "Arn"]}, "arn:aws:lambda:eu-central-1:111122223333:function:Function"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "<Queue.Arn>"),
        ({"Fn::GetAtt": ["Key", "Other"]}, "<Key.Other>"),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:x:${Key.Arn}${!Literal}"},
            "arn:aws:x:arn:aws:kms:eu-central-1:111122223333:key/Key${Literal}",
        ),
        ({"Fn::Sub": ["${A}/${Key}", {"A": {"Ref": "AWS::AccountId"}}]}, "111122223333/Key"),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b"]}]}, "b"),
        ({"Fn::Select": ["5", ["a"]]}, "<['a'][5]>"),
        ({"Fn::ImportValue": "Other"}, "<Other>"),
        ({"Fn::GetStackOutput": {"StackName": "S", "OutputName": "O"}}, "<S.O>"),
        ({"A": [{"Ref": "AWS::URLSuffix"}]}, {"A": ["amazonaws.com"]}),
        ({"Ref": "Key", "C": 1}, {"Ref": "Key", "C": 1}),
    ],
)
def test_references_are_resolved(value: Any, expected: Any) -> None:
    assert RESOLUTION.resolve(value) == expected
