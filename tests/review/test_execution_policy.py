"""Permissions that the policies of CloudFormation's role contain and do not contain, on small templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cdk_penstock.cli.app import app as penstock
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.evaluator import Caller, NamedPolicy, Request, decide
from cdk_penstock.review.assembly import SynthesizedStack
from cdk_penstock.review.execution import ExecutionPolicyError, execution_policies
from cdk_penstock.review.templates import Template

if TYPE_CHECKING:
    from pathlib import Path

Body = dict[str, Any]

ACCOUNT = "111122223333"
REGION = "eu-central-1"
CALLER = Caller.role(f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}")
DELEGATING = NamedPolicy(
    name="a key that leaves it to IAM",
    document=PolicyDocument(
        statements=(
            Statement(principals={"AWS": (f"arn:aws:iam::{ACCOUNT}:root",)}, actions=("kms:*",), resources=("*",)),
        )
    ),
)
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"


def resource(kind: str, *, keep: str | None = None, **properties: Any) -> Body:
    policies = {"DeletionPolicy": keep, "UpdateReplacePolicy": "Retain"} if keep else {}
    return {"Type": kind, "Properties": properties, **policies}


def stack(
    name: str = "Prod-Processing", *, region: str = REGION, body: Body | None = None, **resources: Body
) -> SynthesizedStack:
    return SynthesizedStack(
        stage="Prod",
        name=name,
        account=ACCOUNT,
        region=region,
        template=Template(f"{name}.json", {"Resources": resources, **(body or {})}, name),
        cloudformation_role_arn=None,
    )


def policies_of(*stacks: SynthesizedStack) -> list[NamedPolicy]:
    return [
        NamedPolicy(name=f"{each.name}-{number}", document=document)
        for each in execution_policies(stacks)
        for number, document in enumerate(each.documents)
    ]


def allows(policies: list[NamedPolicy], action: str, arn: str, **context: str) -> bool:
    known = {"aws:RequestedRegion": REGION, **{key.replace("__", ":"): value for key, value in context.items()}}
    request = Request(caller=CALLER, action=action, resource=arn, context=known)
    return decide(request, identity_policies=policies, resource_policy=DELEGATING if ":kms:" in arn else None).allowed


def actions_in(policies: list[NamedPolicy]) -> set[str]:
    return {each for policy in policies for statement in policy.document.statements for each in statement.actions}


def role(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def function(**properties: Any) -> dict[str, Any]:
    return {
        "Role": resource("AWS::IAM::Role", ManagedPolicyArns=["arn:aws:iam::aws:policy/service-role/Basic"]),
        "Function": resource(
            "AWS::Lambda::Function",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code={"S3Bucket": {"Fn::Sub": "cdk-q-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "1.zip"},
            **properties,
        ),
    }


def test_a_role_of_the_stack_is_made_and_no_other_one_is_touched() -> None:
    policies = policies_of(stack(**function()))
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"):
        assert allows(policies, action, role("Prod-Processing-Role-1ABC"))
        for other in ("Admin", "Prod-Ingestion-Role-1ABC", "Prod-Processing", "aws-service-role/x/Prod-Processing-1"):
            assert not allows(policies, action, role(other)), (action, other)
        assert not allows(policies, action, role("Prod-Processing-Role-1ABC", "999999999999"))


def test_a_long_name_is_shortened_as_cloudformation_shortens_it() -> None:
    name = "Production-Of-Everything-There-Is"
    policies = policies_of(stack(name, **function()))
    assert allows(policies, "iam:CreateRole", role("Production-Of-Everything-FunctionServiceRole-1ABCDEFGHIJK"))
    assert not allows(policies, "iam:CreateRole", role("Production-Role-1ABC"))


def test_a_name_in_the_template_is_allowed_alone() -> None:
    named = resource("AWS::IAM::Role", RoleName="orders-execution", Path="/flink/")
    policies = policies_of(stack(Role=named))
    assert allows(policies, "iam:CreateRole", role("flink/orders-execution"))
    assert not allows(policies, "iam:CreateRole", role("Prod-Processing-Role-1ABC"))


def test_a_role_is_passed_to_the_service_that_its_template_names_and_to_no_other() -> None:
    policies = policies_of(stack(**function()), stack("Prod-Other", Role=resource("AWS::IAM::Role")))
    own = role("Prod-Processing-Role-1ABC")
    assert allows(policies, "iam:PassRole", own, iam__PassedToService="lambda.amazonaws.com")
    assert not allows(policies, "iam:PassRole", own, iam__PassedToService="ec2.amazonaws.com")
    for other in (role("Admin"), role("Prod-Other-Role-1ABC"), CALLER.arn):
        assert not allows(policies, "iam:PassRole", other, iam__PassedToService="lambda.amazonaws.com")


def test_a_role_from_elsewhere_is_passed_by_its_arn() -> None:
    rule = resource("AWS::Events::Rule", Targets=[{"Id": "1", "Arn": "arn:x", "RoleArn": role("Shared")}])
    policies = policies_of(stack(Rule=rule))
    assert allows(policies, "iam:PassRole", role("Shared"), iam__PassedToService="events.amazonaws.com")
    assert not allows(policies, "iam:PassRole", role("Shared2"), iam__PassedToService="events.amazonaws.com")


def test_a_role_gets_the_managed_policies_of_its_template_and_no_other() -> None:
    own = resource("AWS::IAM::ManagedPolicy", Roles=[{"Ref": "Role"}])
    policies = policies_of(stack(Own=own, **function()))
    for arn in ("arn:aws:iam::aws:policy/service-role/Basic", f"arn:aws:iam::{ACCOUNT}:policy/Prod-Processing-Own-1AB"):
        assert allows(policies, "iam:AttachRolePolicy", role("Prod-Processing-Role-1AB"), iam__PolicyARN=arn)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert not allows(policies, "iam:AttachRolePolicy", role("Prod-Processing-Role-1AB"), iam__PolicyARN=admin)


def test_with_a_permissions_boundary_no_role_is_made_or_changed_without_it() -> None:
    boundary = {"Fn::Sub": BOUNDARY.replace(ACCOUNT, "${AWS::AccountId}")}
    inline = resource("AWS::IAM::Policy", PolicyName="p", Roles=[{"Ref": "Role"}])
    policies = policies_of(stack(Role=resource("AWS::IAM::Role", PermissionsBoundary=boundary), Inline=inline))
    own = role("Prod-Processing-Role-1AB")
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
        assert allows(policies, action, own, iam__PermissionsBoundary=BOUNDARY)
        assert not allows(policies, action, own)
        assert not allows(policies, action, own, iam__PermissionsBoundary=f"{BOUNDARY}2")
    assert not allows(policies, "iam:DeleteRolePermissionsBoundary", own, iam__PermissionsBoundary=BOUNDARY)


def test_no_user_or_group_can_be_changed() -> None:
    inline = resource("AWS::IAM::Policy", PolicyName="p", Roles=[{"Ref": "Role"}])
    managed = resource("AWS::IAM::ManagedPolicy", Roles=[{"Ref": "Role"}])
    actions = actions_in(policies_of(stack(Inline=inline, Managed=managed, **function())))
    assert not [each for each in actions if "User" in each or ("Group" in each and each.startswith("iam:"))]
    assert not [each for each in actions if "*" in each]


@pytest.mark.parametrize(("keep", "deleted"), [("Retain", False), ("RetainExceptOnCreate", True), (None, True)])
def test_a_retained_resource_is_never_deleted(keep: str | None, deleted: bool) -> None:
    policies = policies_of(stack(Key=resource("AWS::KMS::Key", keep=keep)))
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    assert allows(policies, "kms:PutKeyPolicy", key)
    assert allows(policies, "kms:ScheduleKeyDeletion", key) is deleted
    assert not allows(policies, "kms:DisableKey", key)
    assert not allows(policies, "kms:Decrypt", key, kms__ViaService=f"lambda.{REGION}.amazonaws.com")


def test_the_key_of_an_applications_state_is_used_through_msf_for_that_application_only() -> None:
    app = resource("AWS::KinesisAnalyticsV2::Application", ApplicationName="orders", ServiceExecutionRole=role("Job"))
    without = policies_of(stack(App=app))
    update = resource("Custom::PenstockApplicationKey", ServiceToken={"Fn::GetAtt": ["Function", "Arn"]})
    policies = policies_of(stack(App=app, Update=update, **function()))
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    arn = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/orders"
    via = {"kms__ViaService": f"kinesisanalytics.{REGION}.amazonaws.com"}
    context = {"kms__EncryptionContext__aws__kinesisanalytics__arn": arn}
    grant = {"kms__GrantConstraintType": "EncryptionContextSubset", "kms__GrantOperations": "Decrypt"}
    for action in ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"):
        assert allows(policies, action, key, **via, **context)
        assert not allows(policies, action, key, **context)
        assert not allows(policies, action, key, **via, **dict.fromkeys(context, f"{arn}2"))
        assert not allows(without, action, key, **via, **context)
    assert allows(policies, "kms:CreateGrant", key, **via, **context, **grant)
    assert not allows(policies, "kms:CreateGrant", key, **via, **context)


def test_the_key_of_a_log_or_a_cluster_is_used_by_the_service_only() -> None:
    encryption = {"EncryptionAtRest": {"DataVolumeKMSKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}}
    policies = policies_of(stack(Kafka=resource("AWS::MSK::Cluster", ClusterName="events", EncryptionInfo=encryption)))
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    assert allows(policies, "kms:CreateGrant", key, kms__GrantIsForAWSResource="true")
    assert not allows(policies, "kms:CreateGrant", key, kms__GrantIsForAWSResource="false")
    plain = policies_of(stack(Kafka=resource("AWS::MSK::Cluster", ClusterName="events")))
    assert not allows(plain, "kms:CreateGrant", key, kms__GrantIsForAWSResource="true")


def test_a_service_linked_role_is_made_for_the_services_of_the_templates() -> None:
    policies = policies_of(stack(Kafka=resource("AWS::MSK::Cluster", ClusterName="events")))
    for service, expected in (("kafka.amazonaws.com", True), ("rds.amazonaws.com", False)):
        arn = role(f"aws-service-role/{service}/AWSServiceRole")
        assert allows(policies, "iam:CreateServiceLinkedRole", arn, iam__AWSServiceName=service) is expected


def test_a_topic_is_administered_in_its_cluster_by_its_name() -> None:
    kafka: dict[str, Any] = {"Kafka": resource("AWS::MSK::Cluster", ClusterName="events")}
    topic = resource("AWS::MSK::Topic", ClusterArn={"Fn::GetAtt": ["Kafka", "Arn"]}, TopicName="orders")
    policies = policies_of(stack(Topic=topic, **kafka))
    place = f"arn:aws:kafka:{REGION}:{ACCOUNT}"
    assert allows(policies, "kafka-cluster:Connect", f"{place}:cluster/events/uuid-1")
    assert allows(policies, "kafka-cluster:CreateTopic", f"{place}:topic/events/uuid-1/orders")
    assert not allows(policies, "kafka-cluster:CreateTopic", f"{place}:topic/events/uuid-1/payments")
    assert not allows(policies, "kafka-cluster:CreateTopic", f"{place}:topic/other/uuid-1/orders")
    assert not {"kafka-cluster:ReadData", "kafka-cluster:WriteData"} & actions_in(policies)


def test_functions_assets_parameters_and_outputs_can_be_used() -> None:
    custom = resource("Custom::Thing", ServiceToken={"Fn::GetAtt": ["Function", "Arn"]})
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/q/version"}
    body = {
        "Parameters": {"Version": version},
        "Outputs": {
            "Other": {"Value": {"Fn::GetStackOutput": {"StackName": "Prod-Network", "OutputName": "Vpc"}}},
            "Zones": {"Value": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}},
        },
    }
    policies = policies_of(stack(body=body, Custom=custom, **function()))
    place = f"{REGION}:{ACCOUNT}"
    for action, kind, own, other in (
        ("lambda:InvokeFunction", f"arn:aws:lambda:{place}:function:", "Prod-Processing-Function-1", "Prod-Other-1"),
        ("s3:GetObject", "arn:aws:s3:::", f"cdk-q-assets-{ACCOUNT}-{REGION}/1.zip", "data/1.zip"),
        ("ssm:GetParameters", f"arn:aws:ssm:{place}:parameter/", "cdk-bootstrap/q/version", "password"),
        ("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{place}:stack/", "Prod-Network/1", "Other/1"),
    ):
        assert allows(policies, action, f"{kind}{own}"), action
        assert not allows(policies, action, f"{kind}{other}"), action
    assert allows(policies, "ec2:DescribeAvailabilityZones", "*")


def test_actions_without_resources_stay_in_the_region() -> None:
    policies = policies_of(stack(Vpc=resource("AWS::EC2::VPC")))
    assert allows(policies, "ec2:DescribeVpcs", "*")
    assert not allows(policies, "ec2:DescribeVpcs", "*", aws__RequestedRegion="us-east-1")


def test_calls_that_a_resource_does_not_need_are_not_allowed() -> None:
    services = {each.partition(":")[0] for each in actions_in(policies_of(stack(**function())))}
    assert services == {"iam", "lambda", "s3"}
    in_a_vpc = policies_of(stack(**function(VpcConfig={"SubnetIds": ["subnet-1"]})))
    assert allows(in_a_vpc, "ec2:DescribeSubnets", "*")


def test_both_choices_of_a_condition_are_covered() -> None:
    name = {"Fn::If": ["IsBlue", "blue", "green"]}
    policies = policies_of(stack(Role=resource("AWS::IAM::Role", RoleName=name)))
    assert allows(policies, "iam:CreateRole", role("blue"))
    assert allows(policies, "iam:CreateRole", role("green"))
    assert not allows(policies, "iam:CreateRole", role("red"))


def test_a_reference_to_another_stack_is_followed() -> None:
    output = {"Value": {"Fn::GetAtt": ["Kafka", "Arn"]}, "Export": {"Name": "kafka"}}
    kafka = resource("AWS::MSK::Cluster", ClusterName="events")
    ingestion = stack("Prod-Ingestion", body={"Outputs": {"Arn": output}}, Kafka=kafka)
    topic = resource("AWS::MSK::Topic", ClusterArn={"Fn::ImportValue": "kafka"}, TopicName="orders")
    policies = policies_of(ingestion, stack(Topic=topic))
    assert allows(policies, "kafka-cluster:CreateTopic", f"arn:aws:kafka:{REGION}:{ACCOUNT}:topic/events/u-1/orders")
    assert not allows(policies, "kafka-cluster:CreateTopic", f"arn:aws:kafka:{REGION}:{ACCOUNT}:topic/x/u-1/orders")


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_arns_are_those_of_the_partition(region: str, partition: str) -> None:
    (found,) = execution_policies([stack(region=region, **function())])
    arns = {arn for document in found.documents for statement in document.statements for arn in statement.resources}
    assert {arn.split(":")[1] for arn in arns if arn != "*"} == {partition}


def test_each_account_and_region_has_separate_policies() -> None:
    found = execution_policies([stack(**function()), stack("Prod-Us", region="us-east-1", **function())])
    assert {each.region: each.stacks for each in found} == {REGION: ("Prod-Processing",), "us-east-1": ("Prod-Us",)}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (stack(Table=resource("AWS::DynamoDB::Table")), "AWS::DynamoDB::Table (Table of Prod-Processing)"),
        (stack(Nested=resource("AWS::CloudFormation::Stack")), "AWS::CloudFormation::Stack"),
        (stack(Role=resource("AWS::IAM::Role", Description="{{resolve:ssm:x}}")), "dynamic reference"),
        (stack(body={"Transform": "AWS::Serverless-2016-10-31"}), "the transform of Prod-Processing"),
    ],
)
def test_an_unknown_resource_type_is_named_and_nothing_is_written(given: SynthesizedStack, named: str) -> None:
    with pytest.raises(ExecutionPolicyError, match="CloudFormation's calls are unknown for") as caught:
        execution_policies([given])
    assert named in str(caught.value)


def test_a_template_of_another_form_is_named() -> None:
    strange = resource("AWS::MSK::Topic", ClusterArn={"Fn::GetStackOutput": {"OutputName": "x"}}, TopicName="t")
    with pytest.raises(ExecutionPolicyError, match="the template of Prod-Processing has an unknown form"):
        execution_policies([stack(Topic=strange)])


def assembly(folder: Path, environment: str) -> Path:
    properties = {"templateFile": "t.json"}
    artifact = {"type": "aws:cloudformation:stack", "environment": environment, "properties": properties}
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Clicks": artifact}}))
    (folder / "t.json").write_text(json.dumps({"Resources": function()}))
    return folder


def run(*arguments: str) -> Any:
    return CliRunner().invoke(penstock, ["review", *arguments])


def test_policy_files_replace_the_earlier_ones(tmp_path: Path) -> None:
    here, out = assembly(tmp_path / "cdk.out", f"aws://{ACCOUNT}/{REGION}"), tmp_path / "policies"
    out.mkdir()
    stale = out / f"execution-policy-{ACCOUNT}-{REGION}-7.json"
    stale.write_text("{}")
    done = run("--execution-policy", str(out), "--assembly", str(here))
    assert done.exit_code == 0, done.output
    (file,) = out.iterdir()
    assert f"wrote {file}: " in done.output
    assert " of 6,144 characters" in done.output
    assert json.loads(file.read_text())["Version"] == "2012-10-17"
    again = run("--execution-policy", str(out), "--assembly", str(here), "--json")
    (shown,) = json.loads(again.output)["execution_policies"]
    assert (shown["file"], shown["stacks"]) == (str(file), ["Clicks"])


def test_stacks_for_any_account_take_the_one_that_is_named(tmp_path: Path) -> None:
    here, out = assembly(tmp_path / "cdk.out", "aws://unknown-account/unknown-region"), tmp_path / "out"
    refused = run("--execution-policy", str(out), "--assembly", str(here))
    assert refused.exit_code == 1
    assert "pass --account and --region" in str(refused.exception)
    assert not out.exists()
    named = run("--execution-policy", str(out), "--assembly", str(here), "--account", ACCOUNT, "--region", REGION)
    assert named.exit_code == 0, named.output
    (file,) = out.iterdir()
    assert f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:Clicks-*" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--account", "12"], "expected an account's id, 12 digits, got '12'"),
        (["--region", "nowhere"], "expected a Region such as eu-central-1, got 'nowhere'"),
        (["--execution-policy", __file__], "expected a folder to write policies into, got the file"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(arguments: list[str], message: str) -> None:
    done = run("--execution-policy", "out", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
