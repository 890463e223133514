"""Assemblies that nothing of penstock has made: what is modelled is played, and everything else is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnOutput, CfnParameter, CustomResource, Duration, Environment, NestedStack, Stack, Stage
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisanalyticsv2 as msf
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sns as sns
from aws_cdk import custom_resources as custom

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.rehearsal.acts.act import ActOutcome
from cdk_penstock.rehearsal.rehearsal import ACT_NAMES, rehearse
from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
from cdk_penstock.rehearsal.timeline import DecidedCall, ResourceEvent

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult

PLACE = Environment(account="111122223333", region="eu-central-1")
HANDLER = """
import boto3

msf = boto3.client("kinesisanalyticsv2")


def on_event(event, context):
    name = event["ResourceProperties"]["Name"]
    if event["RequestType"] == "Create":
        msf.start_application(ApplicationName=name)
    if event["RequestType"] == "Delete":
        msf.stop_application(ApplicationName=name)
    return {"PhysicalResourceId": name}


def is_complete(event, context):
    detail = msf.describe_application(ApplicationName=event["PhysicalResourceId"])["ApplicationDetail"]
    waits_for = "READY" if event["RequestType"] == "Delete" else "RUNNING"
    return {"IsComplete": detail["ApplicationStatus"] == waits_for}
"""


def add_application(scope: Construct, code: Path, name: str = "plain") -> msf.CfnApplication:
    """Add an application as the CDK's own constructs make it."""
    asset = assets.Asset(scope, "Code", path=str(code))
    role = iam.Role(scope, "JobRole", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))
    asset.grant_read(role)
    location = msf.CfnApplication.S3ContentLocationProperty(
        bucket_arn=asset.bucket.bucket_arn, file_key=asset.s3_object_key
    )
    content = msf.CfnApplication.CodeContentProperty(s3_content_location=location)
    application = msf.CfnApplication(
        scope,
        "Application",
        application_name=name,
        runtime_environment="FLINK-1_20",
        service_execution_role=role.role_arn,
        application_configuration=msf.CfnApplication.ApplicationConfigurationProperty(
            application_code_configuration=msf.CfnApplication.ApplicationCodeConfigurationProperty(
                code_content_type="ZIPFILE", code_content=content
            ),
        ),
    )
    application.node.add_dependency(role)
    return application


def add_start(scope: Construct, application: msf.CfnApplication, actions: list[str]) -> None:
    """Add a custom resource that starts an application, with the CDK's provider framework."""
    functions = [
        lambda_.Function(
            scope, name, runtime=lambda_.Runtime.PYTHON_3_13, handler=f"index.{handler}",
            code=lambda_.Code.from_inline(HANDLER),
        )
        for name, handler in (("Begin", "on_event"), ("Wait", "is_complete"))
    ]  # fmt: skip
    arn = Stack.of(scope).format_arn(service="kinesisanalytics", resource="application", resource_name="plain")
    for function in functions:
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[arn]))
    provider = custom.Provider(
        scope, "Provider", on_event_handler=functions[0], is_complete_handler=functions[1],
        query_interval=Duration.seconds(10),
    )  # fmt: skip
    start = CustomResource(scope, "Start", service_token=provider.service_token, properties={"Name": "plain"})
    start.node.add_dependency(application)


def play(folder: Path, app: App, **options: Any) -> RehearsalResult:
    assert Path(app.synth().directory) == folder
    return rehearse(RehearsalOptions(assembly=folder, **options))


def outcomes(result: RehearsalResult) -> dict[str, ActOutcome]:
    return {each.name: each.outcome for each in result.acts}


def actions_of(result: RehearsalResult, made_by: str) -> set[str]:
    return {each.request.action for each in result.timeline.calls if each.made_by == made_by}


def unproven(result: RehearsalResult) -> set[str]:
    return {each.type for each in result.not_proven.in_name_only}


OPERATE = [
    "kinesisanalytics:StartApplication",
    "kinesisanalytics:StopApplication",
    "kinesisanalytics:DescribeApplication",
]


@pytest.fixture(scope="module")
def started(job_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> RehearsalResult:
    folder = tmp_path_factory.mktemp("started")
    app = App(outdir=str(folder))
    stack = Stack(app, "Plain", env=PLACE)
    add_start(stack, add_application(stack, job_zip), OPERATE)
    return play(folder, app, acts=tuple(each for each in ACT_NAMES if each != "loop"))


def test_an_app_without_penstock_is_deployed_started_and_deleted(started: RehearsalResult) -> None:
    assert [each.text for each in started.acts if each.outcome is ActOutcome.FAILED] == []
    assert {"deploy", "update", "delete", "order"} <= {
        each.name for each in started.acts if each.outcome is ActOutcome.PASSED
    }
    assert started.refused == []
    assert "plain is RUNNING" in started.acts[0].text
    assert set(OPERATE) <= actions_of(started, "function")
    assert started.exit_code() == 0


def test_a_start_that_only_waits_for_running_does_not_notice_a_job_in_a_loop(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Plain", env=PLACE)
    add_start(stack, add_application(stack, job_zip), OPERATE)
    result = play(tmp_path, app, acts=("deploy", "loop"))
    assert outcomes(result) == {"deploy": ActOutcome.PASSED, "loop": ActOutcome.FAILED}
    assert "nothing has verified it" in result.acts[1].text
    assert result.exit_code() == 1


def test_what_a_key_or_an_operator_would_play_is_not_played_and_says_why(started: RehearsalResult) -> None:
    not_played = {each.name: each.text for each in started.acts if each.outcome is ActOutcome.NOT_PLAYED}
    assert {"rotate", "change-key"} <= set(not_played)
    assert all(not_played.values())


def test_a_missing_permission_of_a_foreign_function_fails_the_deployment(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Plain", env=PLACE)
    add_start(stack, add_application(stack, job_zip), OPERATE[1:])
    result = play(tmp_path, app, acts=("deploy",))
    assert outcomes(result)["deploy"] is ActOutcome.FAILED
    assert "kinesisanalytics:StartApplication" in result.acts[0].text
    assert result.exit_code() == 1


def test_functions_that_cannot_run_here_are_named_with_their_reason(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Other", env=PLACE)
    application = add_application(stack, job_zip)
    call = custom.AwsSdkCall(
        service="KinesisAnalyticsV2", action="startApplication", parameters={"ApplicationName": "plain"},
        physical_resource_id=custom.PhysicalResourceId.of("start"),
    )  # fmt: skip
    custom.AwsCustomResource(
        stack, "Start", on_create=call,
        policy=custom.AwsCustomResourcePolicy.from_statements(
            [iam.PolicyStatement(actions=OPERATE, resources=["*"])]
        ),
    ).node.add_dependency(application)  # fmt: skip
    table = dynamodb.Table(
        stack, "Table", partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    )
    image = tmp_path / "image"
    image.mkdir()
    (image / "Dockerfile").write_text("FROM public.ecr.aws/lambda/python:3.13\n")
    worker = lambda_.DockerImageFunction(stack, "Worker", code=lambda_.DockerImageCode.from_image_asset(str(image)))
    work = CustomResource(stack, "Work", service_token=worker.function_arn, properties={"Table": table.table_name})
    application.add_property_override("ApplicationDescription", work.get_att_string("Text"))
    result = play(tmp_path, app)
    assert outcomes(result)["deploy"] is ActOutcome.PASSED
    assert {"Custom::AWS", "AWS::CloudFormation::CustomResource", "AWS::DynamoDB::Table"} <= unproven(result)
    assert any("nodejs" in each for each in result.not_proven.not_run)
    assert any("a container image" in each for each in result.not_proven.not_run)
    assert (result.exit_code(), result.exit_code(strict=True)) == (0, 3)


def test_stages_in_stages_are_one_environment_each(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    inner = Stage(Stage(app, "Outer"), "Inner", env=PLACE)
    add_application(Stack(inner, "Jobs"), job_zip)
    result = play(tmp_path, app, acts=("deploy", "delete"))
    assert [each.text for each in result.acts if each.outcome is not ActOutcome.PASSED] == []


def test_of_several_stages_one_has_to_be_named(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    for name in ("Test", "Live"):
        add_application(Stack(Stage(app, name, env=PLACE), "Jobs"), job_zip)
    with pytest.raises(PenstockError, match="has the environments .*: name one"):
        play(tmp_path, app)
    assert rehearse(RehearsalOptions(assembly=tmp_path, environment="live", acts=("deploy",))).passed


def test_a_parameter_without_a_default_needs_a_value(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Plain", env=PLACE)
    name = CfnParameter(stack, "JobName")
    add_application(stack, job_zip, name.value_as_string)
    without = play(tmp_path, app, acts=("deploy",))
    assert outcomes(without)["deploy"] is ActOutcome.FAILED
    assert "JobName" in without.acts[0].text
    given = rehearse(RehearsalOptions(assembly=tmp_path, acts=("deploy",), parameters={"JobName": "given"}))
    assert "given is READY" in given.acts[0].text


def test_a_nested_stack_is_named_as_not_modelled(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Plain", env=PLACE)
    nested = NestedStack(stack, "Nested")
    topic = sns.Topic(nested, "Topic")
    application = add_application(stack, job_zip)
    application.add_property_override("ApplicationDescription", topic.topic_arn)
    result = play(tmp_path, app, acts=("deploy", "delete"))
    assert [each.text for each in result.acts if each.outcome is not ActOutcome.PASSED] == []
    assert "AWS::CloudFormation::Stack" in unproven(result)


def test_an_app_without_an_application_is_deployed_and_plays_no_act_of_one(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Storage", env=PLACE)
    CfnOutput(stack, "Name", value=s3.Bucket(stack, "Bucket").bucket_name)
    result = play(tmp_path, app)
    assert outcomes(result)["deploy"] is ActOutcome.PASSED
    assert outcomes(result)["attack"] is ActOutcome.NOT_PLAYED
    assert result.exit_code() == 0


def test_stacks_for_any_account_are_played_in_a_given_one(job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    add_application(Stack(app, "Anywhere"), job_zip)
    result = play(tmp_path, app, acts=("deploy",), account="444455556666", region="us-west-2")
    assert outcomes(result)["deploy"] is ActOutcome.PASSED
    arns = {each.request.resource for each in result.timeline.calls if ":application/" in each.request.resource}
    assert arns == {"arn:aws:kinesisanalytics:us-west-2:444455556666:application/plain"}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("manifest.json", "{", "is not JSON"),
        ("Plain.assets.json", "{", "cannot be read"),
        ("Plain.template.json", "[]", "Plain"),
    ],
)
def test_a_damaged_assembly_is_one_error(name: str, content: str, problem: str, job_zip: Path, tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    add_application(Stack(app, "Plain", env=PLACE), job_zip)
    app.synth()
    (tmp_path / name).write_text(content)
    with pytest.raises(PenstockError, match=problem):
        rehearse(RehearsalOptions(assembly=tmp_path, acts=("deploy",)))


def test_the_timeline_of_a_foreign_app_can_be_written(started: RehearsalResult) -> None:
    assert {type(each) for each in started.timeline.entries} >= {DecidedCall, ResourceEvent}
    assert json.dumps([each.name for each in started.not_proven.in_name_only])
