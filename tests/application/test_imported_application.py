from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationPropsError, FlinkApplication
from cdk_penstock.encryption import CustomerManagedEncryption
from cdk_penstock.streams.kinesis import EventStream

if TYPE_CHECKING:
    from constructs import IConstruct

    from cdk_penstock.application import ImportedFlinkApplication

ACCOUNT, REGION = "111122223333", "eu-central-1"
ARN = f"arn:aws:kinesisanalytics:{REGION}:{ACCOUNT}:application/orders"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/orders-execution"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account=ACCOUNT, region=REGION))


def imported(stack: Stack, **attributes: Any) -> ImportedFlinkApplication:
    return FlinkApplication.from_application_attributes(
        stack, "Imported", **({"application_name": "orders"} | attributes)
    )


def execution_role(stack: Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "ExecutionRole", ROLE_ARN)


def warnings(construct: IConstruct) -> list[str]:
    return [str(entry.data) for entry in construct.node.metadata if entry.type == "aws:cdk:warning"]


def granted(stack: Stack) -> str:
    return json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))


def test_what_it_is_granted_goes_to_its_execution_role(stack: Stack) -> None:
    application = imported(stack, execution_role=execution_role(stack))
    kinesis.Stream(stack, "Plain").grant_read(application)
    EventStream(stack, "Events", stream_name="events", encryption_key=kms.Key(stack, "Key")).grant_read(application)
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    assert policy["Properties"]["Roles"] == ["orders-execution"]
    assert {"kinesis:GetRecords", "kms:Decrypt"} <= set(json.dumps(policy).split('"'))
    assert not warnings(application)


def test_without_its_role_a_grant_warns_and_says_what_the_role_needs(stack: Stack) -> None:
    application = FlinkApplication.from_application_name(stack, "Imported", "orders")
    kinesis.Stream(stack, "Plain").grant_read(application)
    s3.Bucket(stack, "Bucket").grant_put(application)
    EventStream(stack, "Events", stream_name="events").grant_write(application)
    found = warnings(application)
    assert any('"kinesis:GetRecords"' in each for each in found)
    assert any('"kinesis:PutRecords"' in each for each in found)
    assert any('"s3:PutObject"' in each for each in found)
    assert any('"kms:GenerateDataKey"' in each for each in found)
    for each in found:
        assert "nothing is granted: import it with FlinkApplication.from_application_attributes(execution_role=" in each
    assert "kinesis:GetRecords" not in granted(stack)


def test_it_reaches_what_its_security_groups_may_reach(stack: Stack) -> None:
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    server = ec2.SecurityGroup(stack, "Server", vpc=ec2.Vpc(stack, "Vpc"))
    server.connections.allow_from(imported(stack, security_groups=[group]), ec2.Port.tcp(9098))
    (rule,) = Template.from_stack(stack).find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert rule["Properties"]["SourceSecurityGroupId"] == "sg-1"


def test_its_key_is_put_in_place_with_the_role_that_the_import_names(stack: Stack) -> None:
    person = iam.ArnPrincipal(f"arn:aws:iam::{ACCOUNT}:role/person")
    application = imported(stack, execution_role=execution_role(stack))
    CustomerManagedEncryption(
        stack, "Encryption", application=application, operators=[person], key_administrators=[person]
    )
    policies = json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy"))
    assert '"iam:PassRole"' in policies
    assert ROLE_ARN in policies


def test_an_arn_of_the_stacks_own_place_gives_the_name(stack: Stack) -> None:
    application = imported(stack, application_name=None, application_arn=ARN)
    assert application.application_name == "orders"
    assert stack.resolve(application.application_arn) != stack.resolve(application.application_name)


def test_an_arn_is_taken_where_the_stack_has_no_place() -> None:
    assert imported(Stack(App(), "Anywhere"), application_name=None, application_arn=ARN).application_name == "orders"


def test_an_arn_that_only_the_deployment_knows_is_refused(stack: Stack) -> None:
    arn = CfnParameter(stack, "Arn").value_as_string
    with pytest.raises(ApplicationPropsError, match="must be known at synthesis, got a token: pass application_name"):
        imported(stack, application_name=None, application_arn=arn)


def test_a_name_and_an_arn_contradict_each_other(stack: Stack) -> None:
    with pytest.raises(ApplicationPropsError, match="pass exactly one"):
        imported(stack, application_arn=ARN)
