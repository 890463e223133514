"""Environments, and the library alone, in every kind of account, Region, partition and app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import Environment as Place
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_iam as iam
from aws_cdk.pipelines import CodePipeline, CodePipelineSource, ShellStep

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.encryption import CustomerManagedEncryption
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.streams.kafka import KafkaTopic, ProvisionedKafkaCluster
from stacks.environment import Environment
from stacks.penstock_stage import PenstockStage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk.cx_api import CloudAssembly

ACCOUNT = "111122223333"
ROLE = "AWS::IAM::Role"
TABLES: dict[str, Any] = {
    "name": "prod",
    "events": {"cluster_name": "vehicles"},
    "metrics": {"workspace_name": "vehicles", "dashboards": False},
    "operators": {"roles": [f"arn:aws:iam::{ACCOUNT}:role/OnCall"]},
    "encryption": {"key_administrators": {"roles": [f"arn:aws:iam::{ACCOUNT}:role/Security"]}},
    "application": {"name": "job", "start": True},
}


def stage_in(scope: Any, **tables: Any) -> PenstockStage:
    return PenstockStage(scope, environment=Environment.model_validate({**TABLES, **tables}))


def templates(assembly: CloudAssembly) -> dict[str, dict[str, Any]]:
    return {stack.stack_name.partition("-")[2]: stack.template for stack in assembly.stacks}


def literals(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from literals(each)


@pytest.fixture(scope="module")
def context(cdk_context: dict[str, Any], job_zip: Path) -> dict[str, Any]:
    return {**cdk_context, "package": str(job_zip)}


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"account": ACCOUNT, "region": "eu-central-1"},
        {"account": ACCOUNT, "region": "us-gov-west-1"},
        {"account": ACCOUNT, "region": "us-west-1", "network": {"zones": 2}},
    ],
    ids=lambda place: place.get("region", "unknown"),
)
def test_an_environment_is_the_same_in_each_place(context: dict[str, Any], place: dict[str, Any]) -> None:
    partition = "aws-us-gov" if place.get("region") == "us-gov-west-1" else "aws"
    role = f"arn:{partition}:iam::{ACCOUNT}:role/Someone"
    people = {"operators": {"roles": [role]}, "encryption": {"key_administrators": {"roles": [f"{role}Else"]}}}
    made = templates(stage_in(App(context=context), **people, **place).synth())
    assert list(made) == ["Network", "Presentation", "Ingestion", "Processing"]
    named = {arn.split(":")[1] for arn in literals(made) if arn.startswith("arn:")}
    assert named <= {partition, "${AWS", ""}  # ${AWS::Partition}, or what follows is put together
    zones = [
        each["Properties"]["AvailabilityZone"]
        for each in made["Network"]["Resources"].values()
        if each["Type"] == "AWS::EC2::Subnet"
    ]
    assert all("Fn::GetAZs" in json.dumps(zone) for zone in zones)


def test_a_bootstrap_qualifier_of_its_own_is_in_every_role_and_bucket_that_is_named(context: dict[str, Any]) -> None:
    assembly = stage_in(App(context={**context, "@aws-cdk/core:bootstrapQualifier": "acme"})).synth()
    texts = [path.read_text() for path in Path(assembly.directory).glob("*.json")]
    assert any("cdk-acme-cfn-exec-role" in text for text in texts)
    assert not any("hnb659fds" in text for text in texts)


def test_a_permissions_boundary_is_on_every_role(context: dict[str, Any]) -> None:
    boundary = {"@aws-cdk/core:permissionsBoundary": {"name": "Limit"}}
    made = templates(stage_in(App(context={**context, **boundary})).synth())
    roles = [each for body in made.values() for each in body["Resources"].values() if each["Type"] == ROLE]
    assert len(roles) > 10
    assert all("policy/Limit" in json.dumps(role["Properties"]["PermissionsBoundary"]) for role in roles)


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_cdk_pipelines_deploys_the_stacks_in_their_order(context: dict[str, Any], account: str | None) -> None:
    app = App(context=context)
    stack = Stack(app, "Delivery", env=Place(account=account, region="eu-central-1" if account else None))
    repository = codecommit.Repository.from_repository_name(stack, "Repository", "penstock")
    pipeline = CodePipeline(
        stack,
        "Pipeline",
        synth=ShellStep("Synth", input=CodePipelineSource.code_commit(repository, "main"), commands=["npx cdk synth"]),
    )
    place = {"account": account, "region": "eu-central-1"} if account else {}
    pipeline.add_stage(stage_in(stack, **place))
    pipeline.build_pipeline()
    (delivery,) = [
        each["Properties"]["Stages"]
        for each in app.synth().get_stack_by_name("Delivery").template["Resources"].values()
        if each["Type"] == "AWS::CodePipeline::Pipeline"
    ]
    order = {
        action["Name"]: action["RunOrder"] for step in delivery if step["Name"] == "Prod" for action in step["Actions"]
    }
    deployed = ["Network.Deploy", "Presentation.Deploy", "Ingestion.Deploy", "Processing.Deploy"]
    assert [order[name] for name in deployed] == [2, 2, 4, 6]


def test_the_library_alone_is_right_in_china_without_a_stage_or_our_context(job_zip: Path) -> None:
    app = App()
    stack = Stack(app, "Clicks", env=Place(account=ACCOUNT, region="cn-north-1"))
    vpc = ApplicationVpc(stack, "Vpc", availability_zones=["cn-north-1a", "cn-north-1b"])
    job = FlinkApplication(
        stack,
        "Job",
        code=ApplicationCode.from_asset(str(job_zip), entry_point="main.py"),
        application_name="clicks",
        vpc=vpc.vpc,
        vpc_subnets=vpc.application_subnets,
    )
    cluster = ProvisionedKafkaCluster(
        stack, "Kafka", vpc=vpc.vpc, vpc_subnets=vpc.application_subnets, cluster_name="clicks"
    )
    topic = KafkaTopic(stack, "Events", cluster=cluster, topic_name="events", partitions=2)
    topic.grant_read(job, consumer_group="clicks")
    people = [iam.ArnPrincipal(f"arn:aws-cn:iam::{ACCOUNT}:role/{name}") for name in ("OnCall", "Security")]
    CustomerManagedEncryption(stack, "Encryption", application=job, operators=people[:1], key_administrators=people[1:])
    text = json.dumps(app.synth().get_stack_by_name("Clicks").template)
    assert "arn:aws:" not in text
    assert "kinesisanalytics.cn-north-1.amazonaws.com.cn" in text
