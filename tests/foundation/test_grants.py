from __future__ import annotations

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_penstock.foundation.grants import GrantError, allow

OBJECTS = "arn:aws:s3:::clicks/*"


def test_a_statement_is_added_with_its_conditions_and_its_wildcards_recorded() -> None:
    stack = Stack(App(), "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    grant = allow(
        role,
        actions=["s3:GetObject"],
        resources=["arn:aws:s3:::clicks", OBJECTS],
        conditions={"StringEquals": {"aws:ResourceAccount": "111122223333"}},
        wildcard_reason="object names are made later",
    )
    assert grant.success
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    assert policy["Properties"]["PolicyDocument"]["Statement"] == [
        {
            "Action": "s3:GetObject",
            "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}},
            "Effect": "Allow",
            "Resource": ["arn:aws:s3:::clicks", OBJECTS],
        }
    ]
    recorded = str([entry.data for entry in role.node.metadata])
    assert recorded.count("object names are made later") == 2
    assert "arn:aws:s3:::clicks'" not in recorded


@pytest.mark.parametrize(
    "grantee",
    [iam.ArnPrincipal("arn:aws:iam::111122223333:role/r"), iam.ServicePrincipal("lambda.amazonaws.com")],
    ids=["ARN", "service"],
)
def test_a_grantee_without_a_policy_is_refused(grantee: iam.IGrantable) -> None:
    with pytest.raises(GrantError, match="has no policy to which s3:GetObject could be added: pass a role"):
        allow(grantee, actions=["s3:GetObject"], resources=[OBJECTS])
