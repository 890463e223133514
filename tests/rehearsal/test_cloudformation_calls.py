"""CloudFormation's own calls: what its role needs, what it may need, and the ARNs that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.rehearsal.providers.needed_calls import is_needed
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError
from cdk_penstock.rehearsal.timeline import MadeBy, Note
from cdk_penstock.review.assembly import SynthesizedStack
from cdk_penstock.review.execution import execution_policies
from cdk_penstock.review.execution.handler_calls import calls_for
from cdk_penstock.review.execution.permissions import actions_of
from cdk_penstock.review.execution.target import Target
from cdk_penstock.review.templates import Template
from tests.rehearsal.provider_bench import ACCOUNT, REGION, ProviderBench, allow, stack_place, trust, wanted
from tools.resource_schemas import RESOURCE_TYPES

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.rehearsal.engine.resources import Wanted

ROLE = f"arn:aws:iam::{ACCOUNT}:role/runner"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
PASS_ROLE = allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})
GET_CODE = allow("s3:GetObject", "arn:aws:s3:::code/1.zip")


def function() -> Wanted:
    code = {"S3Bucket": "code", "S3Key": "1.zip"}
    return wanted("AWS::Lambda::Function", "Function", FunctionName="f", Role=ROLE, Code=code)


def asked(bench: ProviderBench) -> dict[str, str]:
    return {call.request.action: call.request.resource for call in bench.world.timeline.calls}


def test_the_calls_are_made_with_the_execution_role_on_the_real_arns(tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path)
    bench.calls.before("create", function())
    calls = bench.world.timeline.calls
    assert {call.made_by for call in calls} == {MadeBy.CLOUDFORMATION}
    assert {call.session for call in calls} == {stack_place().role_session_arn}
    found = asked(bench)
    assert found["lambda:CreateFunction"] == FUNCTION
    assert found["iam:PassRole"] == ROLE
    assert found["s3:GetObject"] == "arn:aws:s3:::code/1.zip"
    assert "lambda:DeleteFunction" not in found
    assert not bench.world.timeline.denied_optional


def test_the_least_that_a_function_needs_is_enough_and_the_rest_is_listed(tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path, [allow("lambda:CreateFunction", FUNCTION), PASS_ROLE, GET_CODE])
    bench.calls.before("create", function())
    assert bench.world.timeline.denied == []
    optional = {call.request.action for call in bench.world.timeline.denied_optional}
    assert "lambda:GetFunction" in optional
    assert "lambda:CreateFunction" not in optional


@pytest.mark.parametrize(
    ("policies", "action"),
    [
        ([PASS_ROLE, GET_CODE], "lambda:CreateFunction"),
        ([allow("lambda:*", f"{FUNCTION}2"), PASS_ROLE, GET_CODE], "lambda:CreateFunction"),
        ([allow("lambda:*"), GET_CODE], "iam:PassRole"),
        ([allow("lambda:*"), PASS_ROLE], "s3:GetObject"),
        ([allow("lambda:*"), PASS_ROLE, allow("s3:*", "arn:aws:s3:::code/2.zip")], "s3:GetObject"),
    ],
)
def test_without_a_needed_call_the_creation_fails(tmp_path: Path, policies: list[Any], action: str) -> None:
    bench = ProviderBench(tmp_path, policies)
    with pytest.raises(DeniedError, match=rf"not authorized to perform: {action} on resource: arn:.*AccessDenied"):
        bench.calls.before("create", function())
    assert [call.request.action for call in bench.world.timeline.denied] == [action]


def test_a_role_is_passed_to_its_service_only(tmp_path: Path) -> None:
    to_states = allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}})
    bench = ProviderBench(tmp_path, [allow(["lambda:*", "s3:*"]), to_states])
    with pytest.raises(DeniedError, match="iam:PassRole"):
        bench.calls.before("create", function())


def test_each_attached_policy_is_asked_for(tmp_path: Path) -> None:
    policies = [f"arn:aws:iam::aws:policy/{name}" for name in ("One", "Two")]
    only_one = allow("iam:AttachRolePolicy", Condition={"ArnLike": {"iam:PolicyARN": policies[0]}})
    role = wanted("AWS::IAM::Role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"), ManagedPolicyArns=policies)
    with pytest.raises(DeniedError, match="iam:AttachRolePolicy"):
        ProviderBench(tmp_path, [allow("iam:CreateRole"), only_one]).calls.before("create", role)
    bench = ProviderBench(tmp_path)
    bench.calls.before("create", role)
    attached = [each for each in bench.world.timeline.calls if each.request.action == "iam:AttachRolePolicy"]
    assert [each.request.context["iam:PolicyARN"] for each in attached] == policies


def test_a_resource_is_asked_for_by_the_arn_that_it_has_then(tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path)
    vpc = bench.create(wanted("AWS::EC2::VPC", "Vpc"))
    vpc_arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc.made.physical_id}"
    bench.calls.before("delete", vpc.wanted)
    assert asked(bench)["ec2:DeleteVpc"] == vpc_arn
    topic = wanted("AWS::SNS::Topic", "Topic")
    bench.calls.before("create", topic)
    assert asked(bench)["sns:CreateTopic"] == bench.create(topic).made.physical_id


def test_a_call_is_allowed_for_any_resource_that_it_may_be_for(tmp_path: Path) -> None:
    subnet = wanted("AWS::EC2::Subnet", "Subnet", VpcId="vpc-1")
    place = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    ProviderBench(tmp_path, [allow("ec2:CreateSubnet", f"{place}:subnet/*")]).calls.before("create", subnet)
    with pytest.raises(DeniedError, match="ec2:CreateSubnet"):
        ProviderBench(tmp_path, [allow("ec2:CreateSubnet", f"{place}:instance/*")]).calls.before("create", subnet)


def test_a_custom_resource_needs_its_function(tmp_path: Path) -> None:
    custom = wanted("Custom::Thing", ServiceToken=FUNCTION)
    for operation in ("create", "update", "delete"):
        ProviderBench(tmp_path, [allow("lambda:InvokeFunction", FUNCTION)]).calls.before(operation, custom)
        with pytest.raises(DeniedError, match="lambda:InvokeFunction"):
            ProviderBench(tmp_path, [allow("lambda:InvokeFunction", f"{FUNCTION}2")]).calls.before(operation, custom)


def test_a_type_whose_calls_are_not_known_is_named_once(tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path, [])
    for _ in range(2):
        bench.calls.before("create", wanted("AWS::RDS::DBInstance"))
    (note,) = (each.text for each in bench.world.timeline.entries if isinstance(each, Note))
    assert note == "CloudFormation's calls for AWS::RDS::DBInstance are not known: its role is not judged for this type"
    assert bench.calls.unknown_types == {"AWS::RDS::DBInstance"}


def test_the_keys_of_other_services_are_not_asked_for(tmp_path: Path) -> None:
    bench = ProviderBench(tmp_path)
    bench.calls.before("create", wanted("AWS::SNS::Topic", KmsMasterKeyId="key"))
    bench.calls.before("create", wanted("AWS::MSK::Cluster", EncryptionInfo={"DataVolumeKMSKeyId": "key"}))
    assert not [action for action in asked(bench) if action.startswith("kms:")]


@pytest.mark.parametrize("resource_type", RESOURCE_TYPES)
def test_every_type_has_a_call_without_which_it_is_not_created_and_one_for_its_deletion(resource_type: str) -> None:
    resource = template_resource(resource_type)
    for operation in ("create", "delete"):
        actions = set(actions_of(resource, operation))
        needed = [each for each in actions if is_needed(resource_type, operation, each, actions, {})]
        own = [each for each in needed if each != "iam:PassRole"]
        assert len(own) == 1, (operation, needed)


def template_resource(resource_type: str) -> Any:
    body = {"Resources": {"Thing": {"Type": resource_type, "Properties": {"Roles": ["r"]}}}}
    return Template("Clicks.json", body, "Clicks").resource("Thing")


def test_only_the_calls_of_the_operation_are_made() -> None:
    resource = template_resource("AWS::StepFunctions::StateMachine")
    created, deleted = set(actions_of(resource, "create")), set(actions_of(resource, "delete"))
    assert "states:CreateStateMachine" in created - deleted
    assert "states:DeleteStateMachine" in deleted - created
    assert created | deleted < set(actions_of(resource))
    target = Target((stack_of({"Thing": dict(resource.body)}),))
    assert {each.action for each in calls_for(resource, target, "delete")} == deleted


def test_what_an_update_needs_for_sure_is_the_only_call_that_changes_anything() -> None:
    machine, role = "AWS::StepFunctions::StateMachine", "AWS::IAM::Role"
    machine_actions = {"states:UpdateStateMachine", "states:TagResource", "states:DescribeStateMachine"}
    assert is_needed(machine, "update", "states:UpdateStateMachine", machine_actions, {})
    assert not is_needed(machine, "update", "states:TagResource", machine_actions, {})
    role_actions = {"iam:UpdateRole", "iam:UpdateAssumeRolePolicy"}
    assert not any(is_needed(role, "update", each, role_actions, {}) for each in role_actions)


def stack_of(resources: dict[str, Any]) -> SynthesizedStack:
    return SynthesizedStack(
        stage="",
        name="Clicks",
        account=ACCOUNT,
        region=REGION,
        template=Template("Clicks.json", {"Resources": resources}, "Clicks"),
        cloudformation_role_arn=None,
    )


STACK: dict[str, Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}},
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust("states.amazonaws.com"),
            "Policies": [{"PolicyName": "p", "PolicyDocument": allow("s3:ListBucket")}],
        },
    },
    "Policy": {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": allow("s3:GetObject"), "Roles": [{"Ref": "Role"}]},
    },
    "Machine": {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionString": '{"States": {}}'},
    },
    "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "Topic"}]}},
}


def test_the_least_privilege_policy_deploys_updates_and_deletes_its_stack(tmp_path: Path) -> None:
    (policies,) = execution_policies((stack_of(STACK),))
    bench = ProviderBench(tmp_path, [each.to_json() for each in policies.documents])
    body = {"Resources": STACK}
    assert bench.engine.deploy(stack_place(), body).status == "CREATE_COMPLETE"
    changed = {**STACK, "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}}}
    assert bench.engine.deploy(stack_place(), {"Resources": changed}).status == "UPDATE_COMPLETE"
    assert bench.engine.delete("Clicks").status == "DELETE_COMPLETE"
    assert bench.world.timeline.denied == []
    assert bench.world.timeline.denied_optional == []


@pytest.mark.parametrize(
    "left_out", ["ec2:CreateSubnet", "iam:CreateRole", "iam:PassRole", "iam:AttachRolePolicy", "logs:CreateLogGroup"]
)
def test_a_policy_without_a_needed_action_is_noticed(tmp_path: Path, left_out: str) -> None:
    (policies,) = execution_policies((stack_of(STACK),))
    documents = [each.to_json() for each in policies.documents]
    for document in documents:
        for statement in document["Statement"]:
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            statement["Action"] = [each for each in actions if each != left_out] or ["s3:Nothing"]
    bench = ProviderBench(tmp_path, documents)
    end = bench.engine.deploy(stack_place(), {"Resources": STACK})
    assert end.status == "ROLLBACK_COMPLETE"
    assert f"not authorized to perform: {left_out}" in end.reason
