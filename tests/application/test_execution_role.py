from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, ApplicationPropsError, FlinkApplication

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.application.conftest import Synthesized

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]

ARN = "arn:<AWS::Partition>"
KEPT_UNTIL_THE_UPDATE_IS_OVER = {
    "ReadCode",
    "DecryptCode",
    "CreateNetworkInterfaceInOwnSubnets",
    "UseNetworkInterfacesInOwnSubnets",
}


def flatten(value: Any) -> Any:
    """Return a part of a template with its joins written out."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            return "".join(flatten(part) for part in value["Fn::Join"][1])
        if "Ref" in value:
            return f"<{value['Ref']}>"
        if "Fn::GetAtt" in value:
            return f"<{'.'.join(value['Fn::GetAtt'])}>"
        return {name: flatten(part) for name, part in value.items()}
    return [flatten(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def in_vpc(synthesize: Synthesize) -> Synthesized:
    def build(stack: Stack) -> None:
        key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/1234")
        bucket = s3.Bucket.from_bucket_attributes(stack, "Code", bucket_name="code", encryption_key=key)
        vpc = ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-1",
            availability_zones=["a", "b"],
            private_subnet_ids=["subnet-1", "subnet-2"],
        )
        group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
        FlinkApplication(
            stack,
            "App",
            code=ApplicationCode.from_bucket(bucket, "jobs/clicks.jar", object_version="v1"),
            application_name="clicks",
            vpc=vpc,
            security_groups=[group],
        )

    return synthesize(build)


def test_the_whole_policy_is_this_and_nothing_else(in_vpc: Synthesized) -> None:
    (group_id,) = in_vpc.template.find_resources("AWS::Logs::LogGroup")
    (stream_id,) = in_vpc.template.find_resources("AWS::Logs::LogStream")
    subnets = [f"{ARN}:ec2:eu-central-1:111122223333:subnet/subnet-{number}" for number in (1, 2)]
    log_group = f"{ARN}:logs:eu-central-1:111122223333:log-group:<{group_id}>"
    assert flatten(in_vpc.statements()) == [
        {
            "Sid": "ReadCode",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": f"{ARN}:s3:::code/jobs/clicks.jar",
        },
        {
            "Sid": "DecryptCode",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:eu-central-1:111122223333:key/1234",
            "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}},
        },
        {
            "Sid": "WriteLog",
            "Effect": "Allow",
            "Action": "logs:PutLogEvents",
            "Resource": f"{log_group}:log-stream:<{stream_id}>",
        },
        {
            "Sid": "FindLogStream",
            "Effect": "Allow",
            "Action": "logs:DescribeLogStreams",
            "Resource": f"{log_group}:*",
        },
        {"Sid": "FindLogGroup", "Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
        {
            "Sid": "PublishMetrics",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "AWS/KinesisAnalytics"}},
        },
        {
            "Sid": "DescribeNetwork",
            "Effect": "Allow",
            "Action": [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "Resource": "*",
        },
        {
            "Sid": "CreateNetworkInterfaceInOwnSubnets",
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkInterface",
            "Resource": [*subnets, f"{ARN}:ec2:eu-central-1:111122223333:security-group/sg-1"],
        },
        {
            "Sid": "UseNetworkInterfacesInOwnSubnets",
            "Effect": "Allow",
            "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
            ],
            "Resource": f"{ARN}:ec2:eu-central-1:111122223333:network-interface/*",
            "Condition": {"ArnEquals": {"ec2:Subnet": subnets}},
        },
    ]
    role = in_vpc.only("AWS::IAM::Role")["Properties"]
    assert "ManagedPolicyArns" not in role
    in_vpc.template.resource_count_is("AWS::IAM::Policy", 0)
    granted = flatten(in_vpc.only("AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]["Statement"])
    assert granted == [each for each in flatten(in_vpc.statements()) if each["Sid"] in KEPT_UNTIL_THE_UPDATE_IS_OVER]


def test_in_a_shared_vpc_the_subnets_are_the_owners_and_the_security_groups_are_not(job_zip: Path) -> None:
    key = "filter.vpc-id=vpc-1:region=eu-central-1:returnAsymmetricSubnets=true"
    shared = {
        "vpcId": "vpc-1",
        "ownerAccountId": "444455556666",
        "availabilityZones": [],
        "subnetGroups": [
            {
                "name": "Private",
                "type": "Private",
                "subnets": [{"subnetId": "subnet-1", "availabilityZone": "a", "routeTableId": "rtb-1"}],
            }
        ],
    }
    app = App(context={f"vpc-provider:account=111122223333:{key}": shared})
    stack = Stack(app, "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    application = FlinkApplication(
        stack,
        "App",
        code=ApplicationCode.from_asset(job_zip),
        application_name="clicks",
        vpc=ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-1"),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Given", "sg-1")],
    )
    assert application.network is not None
    prefix = f"{ARN}:ec2:eu-central-1"
    assert flatten(stack.resolve(application.network.subnet_arns)) == [f"{prefix}:444455556666:subnet/subnet-1"]
    assert flatten(stack.resolve(application.network.security_group_arns)) == [
        f"{prefix}:111122223333:security-group/sg-1"
    ]


def test_only_this_application_of_this_account_may_assume_the_role(in_vpc: Synthesized) -> None:
    trust = in_vpc.only("AWS::IAM::Role")["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert flatten(trust) == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "kinesisanalytics.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnEquals": {"aws:SourceArn": f"{ARN}:kinesisanalytics:eu-central-1:111122223333:application/clicks"},
            },
        }
    ]


def test_outside_a_vpc_there_is_no_permission_for_the_network(synthesize: Synthesize, job_zip: Path) -> None:
    result = synthesize(
        lambda stack: FlinkApplication(
            stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="clicks"
        )
    )
    text = str(result.statements())
    assert "ec2:" not in text
    assert "kms:" not in text


def test_what_is_granted_is_in_a_policy_that_the_application_waits_for(synthesize: Synthesize, job_zip: Path) -> None:
    def build(stack: Stack) -> None:
        application = FlinkApplication(
            stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="clicks"
        )
        kinesis.Stream(stack, "Input").grant_read(application)
        s3.Bucket(stack, "Output").grant_put(application)
        kms.Key(stack, "Key").grant_decrypt(application)
        application.role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=["arn:aws:sqs:::q"]))
        application.role.allow("Publish", actions=["sns:Publish"], resources=["arn:aws:sns:::t"])

    result = synthesize(build)
    ((policy_id, policy),) = result.template.find_resources("AWS::IAM::ManagedPolicy").items()
    granted, inline = str(policy["Properties"]["PolicyDocument"]), str(result.statements())
    for action in ("kinesis:GetRecords", "s3:PutObject", "kms:Decrypt", "sqs:SendMessage", "sns:Publish"):
        assert action in granted
        assert action not in inline
    assert result.only("AWS::KinesisAnalyticsV2::Application")["DependsOn"] == [policy_id]


@pytest.mark.parametrize(
    ("given", "expected"), [({}, "RetainExceptOnCreate"), ({"removal_policy": RemovalPolicy.DESTROY}, "Delete")]
)
def test_what_is_granted_stays_with_the_role(
    synthesize: Synthesize, job_zip: Path, given: dict[str, Any], expected: str
) -> None:
    def build(stack: Stack) -> None:
        code = ApplicationCode.from_asset(job_zip)
        application = FlinkApplication(stack, "App", code=code, application_name="clicks", **given)
        kinesis.Stream(stack, "Input").grant_read(application)

    result = synthesize(build)
    assert result.only("AWS::IAM::Role")["DeletionPolicy"] == expected
    policy = result.only("AWS::IAM::ManagedPolicy")
    assert policy["DeletionPolicy"] == expected
    # One that is replaced goes all the same.
    assert policy["UpdateReplacePolicy"] == "Delete"


def test_a_secret_under_a_key_of_its_own_closes_no_circle(synthesize: Synthesize, job_zip: Path) -> None:
    def build(stack: Stack) -> None:
        application = FlinkApplication(
            stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="clicks"
        )
        key = kms.Key(stack, "Key")
        secretsmanager.Secret(stack, "Password", encryption_key=key).grant_read(application)

    result = synthesize(build)
    (role_id,) = result.template.find_resources("AWS::IAM::Role")
    keys = [str(key["Properties"]["KeyPolicy"]) for key in result.template.find_resources("AWS::KMS::Key").values()]
    assert sum(role_id in policy for policy in keys) == 1


def test_fails_for_a_wildcard_without_a_reason(job_zip: Path) -> None:
    stack = Stack(App(), "Stack")
    application = FlinkApplication(stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="clicks")
    with pytest.raises(ApplicationPropsError, match="'Any' allows sns:Publish on the wildcard resource"):
        application.role.allow("Any", actions=["sns:Publish"], resources=["*"])


@pytest.mark.parametrize(
    ("key", "readable"), [("jobs/clicks.jar", "jobs/clicks-*"), ("clicks.jar", "clicks-*")], ids=["folder", "top"]
)
def test_code_of_the_command_may_be_read_beside_the_templates_only_if_asked(key: str, readable: str) -> None:
    def statements(*, allowed: bool) -> list[Any]:
        stack = Stack(App(), "Stack")
        code = ApplicationCode.from_bucket(s3.Bucket.from_bucket_name(stack, "Code", "code"), key, object_version="v1")
        application = FlinkApplication(stack, "App", code=code, application_name="clicks")
        if allowed:
            application.allow_deployed_code()
        found = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy").values()
        return [each for policy in found for each in policy["Properties"]["PolicyDocument"]["Statement"]]

    assert not [each for each in statements(allowed=False) if each.get("Sid") == "ReadDeployedCode"]
    (statement,) = [each for each in statements(allowed=True) if each.get("Sid") == "ReadDeployedCode"]
    assert statement["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert flatten(statement["Resource"]) == f"{ARN}:s3:::code/{readable}"
