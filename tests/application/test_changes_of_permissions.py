"""A permission is taken away only after the job that needed it has been updated: read from two templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLICATION = "AWS::KinesisAnalyticsV2::Application"
CREATE_ONLY = ("Description", "ManagedPolicyName", "Path")
"""Properties of which a change replaces an AWS::IAM::ManagedPolicy (its resource type's schema)."""
IAM_CHARACTERS = 6144
Resources = dict[str, dict[str, Any]]


def template(
    *, stream: str = "a", bucket: str = "output-a", code: str = "1.zip", subnet: str = "subnet-1", grants: int = 0
) -> Resources:
    stack = Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    application = FlinkApplication(
        stack,
        "App",
        code=ApplicationCode.from_bucket(s3.Bucket.from_bucket_name(stack, "Code", "code"), code, object_version="1"),
        application_name="clicks",
        vpc=ec2.Vpc.from_vpc_attributes(
            stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=[subnet]
        ),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")],
    )
    region = "arn:aws:kinesis:eu-central-1:111122223333:stream/"
    kinesis.Stream.from_stream_arn(stack, "Input", region + stream).grant_read(application)
    s3.Bucket.from_bucket_name(stack, "Output", bucket).grant_put(application)
    for number in range(grants):
        kinesis.Stream.from_stream_arn(stack, f"More{number}", f"{region}more-{number}").grant_read(application)
    found: Resources = Template.from_stack(stack).to_json()["Resources"]
    return found


def granted(resources: Resources) -> Resources:
    return {name: body for name, body in resources.items() if body["Type"] == "AWS::IAM::ManagedPolicy"}


def allowed(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return each action with each resource that a policy allows it on."""
    statements = document["Statement"]
    return {
        (action, json.dumps(resource, sort_keys=True))
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        for resource in (each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]])
    }


def while_updating(old: Resources, new: Resources) -> set[tuple[str, str]]:
    """Return what the role may do after all is made and changed, and before anything is cleaned up."""
    (inline,) = [body["Properties"]["Policies"] for body in new.values() if body["Type"] == "AWS::IAM::Role"]
    result = {each for policy in inline for each in allowed(policy["PolicyDocument"])}
    for name, body in granted(new).items():
        result |= allowed(body["Properties"]["PolicyDocument"])
        before = old.get(name)
        replaced = before and any(before["Properties"].get(key) != body["Properties"].get(key) for key in CREATE_ONLY)
        if before and not replaced:
            # It is changed in place: what it allowed before is gone.
            assert before["Properties"]["PolicyDocument"] == body["Properties"]["PolicyDocument"]
    for name, body in granted(old).items():
        assert name not in new or body["UpdateReplacePolicy"] == "Delete"
        result |= allowed(body["Properties"]["PolicyDocument"])
    return result


CHANGES = [{"stream": "b"}, {"bucket": "output-b"}, {"code": "2.zip"}, {"subnet": "subnet-2"}, {"grants": 1}]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
@pytest.mark.parametrize("back", [False, True], ids=["there", "and back"])
def test_the_job_keeps_what_it_needs_until_its_update_is_over(change: dict[str, Any], back: bool) -> None:
    old, new = (template(**change), template()) if back else (template(), template(**change))
    (name,) = granted(old)
    assert set(granted(new)) == {name}
    descriptions = [granted(each)[name]["Properties"]["Description"] for each in (old, new)]
    assert descriptions[0] != descriptions[1]
    present = while_updating(old, new)
    for resources in (old, new):
        for body in resources.values():
            if body["Type"] == "AWS::IAM::ManagedPolicy":
                assert allowed(body["Properties"]["PolicyDocument"]) <= present
            elif body["Type"] == "AWS::IAM::Role":
                (inline,) = body["Properties"]["Policies"]
                assert allowed(inline["PolicyDocument"]) <= present


def test_the_application_waits_for_the_new_policy() -> None:
    resources = template()
    (name,) = granted(resources)
    (application,) = [body for body in resources.values() if body["Type"] == APPLICATION]
    assert name in application["DependsOn"]


def test_nothing_is_replaced_where_nothing_changes() -> None:
    assert template() == template()


def test_many_grants_are_spread_over_policies_that_iam_takes() -> None:
    policies = granted(template(grants=40))
    assert 2 <= len(policies) <= 5
    for body in policies.values():
        text = json.dumps(body["Properties"]["PolicyDocument"], separators=(",", ":"))
        assert len(text) <= IAM_CHARACTERS
    (application,) = [body for body in template(grants=40).values() if body["Type"] == APPLICATION]
    assert set(policies) <= set(application["DependsOn"])
