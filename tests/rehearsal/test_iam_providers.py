"""Roles and policies: what they allow, and what IAM refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.rehearsal.rehearsal_errors import ResourceFailedError
from tests.rehearsal.provider_bench import ACCOUNT, ProviderBench, allow, trust, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.resources import Existing, Wanted

BUCKET = "arn:aws:s3:::clicks"
AWS_POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def bench(tmp_path: Path) -> ProviderBench:
    return ProviderBench(tmp_path)


def policy_for(role: Existing, action: str = "s3:ListBucket", logical_id: str = "Policy", **more: Any) -> Wanted:
    given = {"PolicyName": "p", "PolicyDocument": allow(action, BUCKET), "Roles": [role.made.physical_id], **more}
    return wanted("AWS::IAM::Policy", logical_id, **given)


def managed_for(*roles: Existing, action: str = "s3:ListBucket") -> Wanted:
    names = [role.made.physical_id for role in roles]
    return wanted("AWS::IAM::ManagedPolicy", "Managed", PolicyDocument=allow(action, BUCKET), Roles=names)


def test_a_role_has_its_inline_policies_and_no_others(bench: ProviderBench) -> None:
    role = bench.role(Policies=[{"PolicyName": "read", "PolicyDocument": allow("s3:ListBucket", BUCKET)}])
    assert bench.may(role, "s3:ListBucket", BUCKET)
    assert not bench.may(role, "s3:DeleteBucket", BUCKET)
    assert bench.world.timeline.calls[0].decision.statements == ("Clicks/Role inline read: #1",)


def test_a_role_can_be_assumed_by_whom_its_trust_policy_names(bench: ProviderBench) -> None:
    arn = str(bench.role().made.attributes["Arn"])
    assert bench.service_may("lambda.amazonaws.com", "sts:AssumeRole", arn)
    assert not bench.service_may("states.amazonaws.com", "sts:AssumeRole", arn)


def test_an_update_of_a_role_keeps_the_policies_of_other_resources(bench: ProviderBench) -> None:
    inline = [{"PolicyName": "read", "PolicyDocument": allow("s3:ListBucket", BUCKET)}]
    role = bench.role(Policies=inline)
    bench.create(policy_for(role, "s3:GetObject"))
    bench.update(role, wanted("AWS::IAM::Role", "Role", AssumeRolePolicyDocument=trust("states.amazonaws.com")))
    assert not bench.may(role, "s3:ListBucket", BUCKET)
    assert bench.may(role, "s3:GetObject", BUCKET)
    assert bench.service_may("states.amazonaws.com", "sts:AssumeRole", str(role.made.attributes["Arn"]))


def test_a_role_with_policies_of_other_resources_cannot_be_deleted(bench: ProviderBench) -> None:
    role = bench.role(Policies=[{"PolicyName": "read", "PolicyDocument": allow("s3:ListBucket", BUCKET)}])
    policy = bench.create(policy_for(role))
    with pytest.raises(ResourceFailedError, match=r"must delete policies first. \(Service: Iam, Status Code: 409\)"):
        bench.delete(role)
    bench.delete(policy)
    managed = bench.create(managed_for(role))
    with pytest.raises(ResourceFailedError, match="must detach all policies first"):
        bench.delete(role)
    bench.delete(managed)
    bench.delete(role)
    assert bench.world.iam.find(str(role.made.attributes["Arn"])) is None


def test_a_role_whose_name_is_taken_is_refused(bench: ProviderBench) -> None:
    with pytest.raises(ResourceFailedError, match="Role with name cfn-exec already exists"):
        bench.role(RoleName="cfn-exec")
    assert not bench.world.records


@pytest.mark.parametrize("kind", ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"])
def test_a_policy_for_a_role_that_does_not_exist_is_refused(bench: ProviderBench, kind: str) -> None:
    names: dict[str, Any] = {"RoleName": "gone"} if kind.endswith("RolePolicy") else {"Roles": ["gone"]}
    want = wanted(kind, PolicyName="p", PolicyDocument=allow("s3:*"), **names)
    with pytest.raises(
        ResourceFailedError, match=r"role with name gone cannot be found. \(Service: Iam, Status Code: 404"
    ):
        bench.create(want)


def test_an_inline_policy_moves_with_its_roles_and_ends_with_its_resource(bench: ProviderBench) -> None:
    first, second = bench.role("First"), bench.role("Second")
    policy = bench.create(policy_for(first))
    assert bench.may(first, "s3:ListBucket", BUCKET)
    moved = policy_for(second, "s3:GetObject")
    bench.update(policy, moved)
    assert not bench.may(first, "s3:ListBucket", BUCKET)
    assert bench.may(second, "s3:GetObject", BUCKET)
    bench.delete(type(policy)(wanted=moved, made=policy.made))
    assert not bench.may(second, "s3:GetObject", BUCKET)


def test_a_managed_policy_counts_for_its_roles_and_for_those_that_attach_it(bench: ProviderBench) -> None:
    first = bench.role("First")
    managed = bench.create(managed_for(first))
    second = bench.role("Second", ManagedPolicyArns=[managed.made.physical_id])
    assert bench.may(first, "s3:ListBucket", BUCKET)
    assert bench.may(second, "s3:ListBucket", BUCKET)
    bench.update(managed, managed_for(action="s3:GetObject"))
    assert not bench.may(first, "s3:GetObject", BUCKET)
    assert bench.may(second, "s3:GetObject", BUCKET)


def test_a_managed_policy_that_a_role_attaches_cannot_be_deleted(bench: ProviderBench) -> None:
    managed = bench.create(managed_for())
    role = bench.role(ManagedPolicyArns=[managed.made.physical_id])
    with pytest.raises(ResourceFailedError, match="Cannot delete a policy attached to entities"):
        bench.delete(managed)
    bench.delete(role)
    bench.delete(managed)
    assert managed.made.physical_id not in bench.world.iam.managed


def test_a_policy_of_aws_allows_nothing_and_the_decision_names_it(bench: ProviderBench) -> None:
    role = bench.role(ManagedPolicyArns=[AWS_POLICY])
    assert not bench.may(role, "s3:ListBucket", BUCKET)
    assert f"the text of {AWS_POLICY} is not known here" in bench.world.timeline.denied[0].decision.reason


def test_a_boundary_users_and_groups_are_named_as_not_judged(bench: ProviderBench) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"
    assert boundary in bench.not_proven(wanted("AWS::IAM::Role", PermissionsBoundary=boundary))
    assert bench.not_proven(wanted("AWS::IAM::Role")) == ""
    assert "user ann" in bench.not_proven(wanted("AWS::IAM::Policy", Users=["ann"], Roles=["r"]))
    assert bench.not_proven(wanted("AWS::IAM::ManagedPolicy", Roles=["r"])) == ""


def test_what_is_no_policy_is_refused(bench: ProviderBench) -> None:
    role = bench.role()
    for document in ("no json", ["Statement"]):
        with pytest.raises(ResourceFailedError, match="expected a policy in JSON"):
            bench.create(policy_for(role, PolicyDocument=document))
