from __future__ import annotations

import pytest
from aws_cdk import App, Environment, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template

from cdk_penstock.application.application_log import ApplicationLog


def test_logs_that_share_a_key_have_a_statement_each() -> None:
    stack = Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    key = kms.Key(stack, "Key")
    for name in ("one", "two"):
        ApplicationLog(
            stack,
            name,
            application_name=name,
            retention=logs.RetentionDays.ONE_DAY,
            encryption_key=key,
            removal_policy=RemovalPolicy.DESTROY,
        )
    (resource,) = Template.from_stack(stack).find_resources("AWS::KMS::Key").values()
    found = [
        (statement["Sid"], statement["Condition"])
        for statement in resource["Properties"]["KeyPolicy"]["Statement"]
        if "Sid" in statement
    ]
    assert len({sid for sid, _ in found}) == len(found) == 2
    assert all(name in str(found) for name in ("kinesis-analytics/one", "kinesis-analytics/two"))


@pytest.mark.parametrize(
    ("region", "principal"),
    [
        ("eu-central-1", "logs.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "logs.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "logs.cn-north-1.amazonaws.com.cn"),
        (
            None,
            {"Fn::Join": ["", ["logs.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]},
        ),
    ],
)
def test_the_service_has_the_name_of_its_partition(region: str | None, principal: object) -> None:
    stack = Stack(App(), "Stack", env=Environment(region=region))
    ApplicationLog(
        stack,
        "Log",
        application_name="orders",
        retention=logs.RetentionDays.ONE_DAY,
        encryption_key=None,
        removal_policy=RemovalPolicy.DESTROY,
    )
    (resource,) = Template.from_stack(stack).find_resources("AWS::KMS::Key").values()
    assert principal in [
        statement["Principal"].get("Service") for statement in resource["Properties"]["KeyPolicy"]["Statement"]
    ]
