from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from app import ENVIRONMENTS, build_app
from penstock.review.assembly import read_assembly
from penstock.review.encryption import review_encryption
from stacks.environment import Environment
from stacks.environment_files import load_environments
from stacks.penstock_stage import PenstockStage
from stacks.processing_stack import ProcessingStack
from tests.stacks.conftest import ROOT
from tests.validated import run_validated

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

NAMES = [environment.name for environment in load_environments(ENVIRONMENTS)]


@pytest.fixture(scope="module")
def assembly(cdk_context: dict[str, Any], job_zip: Path) -> CloudAssembly:
    """Return all environments, synthesized with every check but the CDK's own."""
    return build_app(App(context={**cdk_context, "package": str(job_zip)})).synth()


def template(assembly: CloudAssembly, name: str) -> dict[str, Any]:
    stage = assembly.get_nested_assembly(f"assembly-{name.capitalize()}")
    (stack,) = stage.stacks
    body: dict[str, Any] = stack.template
    return body


def only(body: dict[str, Any], resource_type: str, starts: str = "VehicleMetrics") -> dict[str, Any]:
    """Return the one resource of a type whose logical id begins so."""
    (resource,) = [
        each
        for logical_id, each in body["Resources"].items()
        if each["Type"] == resource_type and logical_id.startswith(starts)
    ]
    return dict(resource)


def test_every_environment_passes_the_checks(assembly: CloudAssembly) -> None:
    assert {stage.display_name for stage in assembly.nested_assemblies} == {"Dev", "Prod", "Staging"}


@pytest.mark.parametrize("name", NAMES)
def test_an_environments_values_reach_its_template(assembly: CloudAssembly, name: str) -> None:
    (environment,) = load_environments(ENVIRONMENTS, only=name)
    body = template(assembly, name)
    application = only(body, "AWS::KinesisAnalyticsV2::Application")
    flink = application["Properties"]["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    assert application["Properties"]["ApplicationName"] == environment.application.name
    assert flink["ParallelismConfiguration"]["Parallelism"] == environment.application.parallelism
    assert application["DeletionPolicy"] == ("Retain" if environment.retain_data else "Delete")
    assert only(body, "AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] == (
        environment.application.log_retention_days
    )
    assert {"Key": "penstock:environment", "Value": name} in application["Properties"]["Tags"]


@pytest.mark.parametrize("name", NAMES)
def test_every_wildcard_has_its_reason_in_the_template(assembly: CloudAssembly, name: str) -> None:
    role = only(template(assembly, name), "AWS::IAM::Role")
    reasons = {entry["id"]: entry["reason"] for entry in role["Metadata"]["cdk_nag"]["rules_to_suppress"]}
    assert reasons
    assert all(reason for reason in reasons.values())


def test_production_and_staging_keep_their_data(assembly: CloudAssembly) -> None:
    for name in ("prod", "staging"):
        application = only(template(assembly, name), "AWS::KinesisAnalyticsV2::Application")
        assert application["DeletionPolicy"] == application["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_production_and_staging_put_their_state_under_a_key_of_their_own(assembly: CloudAssembly, name: str) -> None:
    body = template(assembly, name)
    key = only(body, "AWS::KMS::Key", "EncryptionKey1")
    assert key["DeletionPolicy"] == "Retain"
    assert key["Properties"]["KeyPolicy"]["Id"] == "penstock-application-key-policy"
    update = only(body, "Custom::PenstockApplicationKey", "")
    assert update["Properties"]["ApplicationName"] == f"vehicle-metrics-{name}"
    assert {"KeyArn", "OperatorRoleArn"} <= set(body["Outputs"])


def test_one_environment_can_be_synthesized_alone(cdk_context: dict[str, Any], job_zip: Path) -> None:
    app = build_app(App(context={**cdk_context, "package": str(job_zip), "env": "dev"}))
    assert [stage.display_name for stage in app.synth().nested_assemblies] == ["Dev"]


def test_an_unknown_environment_is_one_message_and_exit_code_1(job_zip: Path) -> None:
    context = json.dumps({"env": "qa", "package": str(job_zip)})
    result = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "CDK_CONTEXT_JSON": context},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: there is no environment 'qa'")
    assert "Traceback" not in result.stderr


def environment(**values: Any) -> Environment:
    application = {"name": "clicks", "code": {"folder": "flink_app"}, **values.pop("application", {})}
    return Environment.model_validate({"name": "test", "application": application, **values})


def test_code_may_be_a_bucket_and_a_key() -> None:
    code = {"bucket": "code", "object_key": "job.zip", "object_version": "v1", "entry_point": "generator.py"}
    stack = ProcessingStack(App(), "Test", environment=environment(application={"code": code}))
    (application,) = Template.from_stack(stack).find_resources("AWS::KinesisAnalyticsV2::Application").values()
    configuration = application["Properties"]["ApplicationConfiguration"]
    location = configuration["ApplicationCodeConfiguration"]["CodeContent"]["S3ContentLocation"]
    assert (location["FileKey"], location["ObjectVersion"]) == ("job.zip", "v1")
    (group,) = configuration["EnvironmentProperties"]["PropertyGroups"]
    assert group["PropertyMap"]["python"] == "generator.py"


def test_code_may_be_a_package_in_the_repository(job_zip: Path) -> None:
    settings = environment(application={"code": {"package": str(job_zip)}})
    stack = ProcessingStack(App(), "Test", environment=settings)
    Template.from_stack(stack).resource_count_is("AWS::KinesisAnalyticsV2::Application", 1)


def test_a_vpc_is_looked_up_in_its_account(job_zip: Path) -> None:
    settings = environment(
        account="111122223333",
        region="eu-central-1",
        network={"vpc_id": "vpc-12345678"},
        application={"maintenance_window_start_time": "03:00"},
    )
    stage = PenstockStage(App(context={"package": str(job_zip)}), environment=settings)
    (application,) = (
        Template.from_stack(stage.processing).find_resources("AWS::KinesisAnalyticsV2::Application").values()
    )
    assert len(application["Properties"]["ApplicationConfiguration"]["VpcConfigurations"]) == 1
    assert "ApplicationMaintenanceConfiguration" in application["Properties"]


def test_everything_on_can_be_started_and_encrypted_for_development(job_zip: Path) -> None:
    settings = environment(
        sensitive_data=False,
        retain_data=False,
        alarm_topic="arn:aws:sns:eu-central-1:111122223333:on-call",
        operators={"roles": ["arn:aws:iam::111122223333:role/OnCall"]},
        encryption={
            "key_administrators": {"permission_sets": ["KeyAdministrator"]},
            "key_generation": 2,
            "close_previous_key": True,
            "key_policy": "development",
        },
        application={"start": True},
    )
    stack = ProcessingStack(App(context={"package": str(job_zip)}), "Test", environment=settings)
    body = Template.from_stack(stack).to_json()
    assert only(body, "AWS::KMS::Key", "EncryptionKey2")["DeletionPolicy"] == "Delete"
    assert (
        only(body, "AWS::KMS::Key", "EncryptionKey1")["Properties"]["KeyPolicy"]["Id"] == "penstock-closed-key-policy"
    )
    alarms = [each["Properties"] for each in body["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) == 4
    assert all(alarm["AlarmActions"] == ["arn:aws:sns:eu-central-1:111122223333:on-call"] for alarm in alarms)
    start = only(body, "Custom::PenstockApplicationStart", "Start")
    assert (
        start["Properties"]["ExpectedKeyArn"]
        == only(body, "Custom::PenstockApplicationKey", "")["Properties"]["KeyArn"]
    )


def test_operators_can_be_named_without_a_key(job_zip: Path) -> None:
    settings = environment(operators={"permission_sets": ["FlinkOperator"]})
    stack = ProcessingStack(App(context={"package": str(job_zip)}), "Test", environment=settings)
    body = Template.from_stack(stack).to_json()
    assert only(body, "AWS::IAM::Role", "Operator")
    assert not [each for each in body["Resources"].values() if each["Type"].startswith("Custom::")]


@pytest.mark.build
def test_a_folder_is_built_when_it_is_synthesized(cdk_context: dict[str, Any]) -> None:
    body = template(build_app(App(context={**cdk_context, "env": "dev"})).synth(), "dev")
    application = only(body, "AWS::KinesisAnalyticsV2::Application")
    groups = application["Properties"]["ApplicationConfiguration"]["EnvironmentProperties"]["PropertyGroups"]
    assert groups[-1]["PropertyMap"]["jarfile"] == "lib/pyflink-dependencies.jar"


@pytest.mark.validators
def test_the_cdks_own_validation_has_nothing_to_say(cdk_context: dict[str, Any], job_zip: Path, tmp_path: Path) -> None:
    done = run_validated(["app.py"], outdir=tmp_path, context={**cdk_context, "package": str(job_zip)})
    assert done.returncode == 0, done.stderr


@pytest.mark.validators
def test_cfn_lint_has_nothing_to_say(assembly: CloudAssembly) -> None:
    stages = [assembly.get_nested_assembly(f"assembly-{name.capitalize()}") for name in NAMES]
    paths = [stack.template_full_path for stage in stages for stack in stage.stacks]
    result = subprocess.run(
        # W3005 calls it redundant to depend on what is referred to as well, as the CDK does everywhere.
        [
            Path(sys.executable).with_name("cfn-lint"),
            *("--regions", "eu-central-1", "--ignore-checks", "W3005", "--"),
            *paths,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_with_a_key_of_its_own_passes_the_review(assembly: CloudAssembly, name: str) -> None:
    (environment,) = load_environments(ENVIRONMENTS, only=name)
    reviews = review_encryption(read_assembly(Path(assembly.directory), environment=name))
    assert bool(reviews) == (environment.encryption is not None)
    for review in reviews:
        assert review.problems == () or review.is_for_development
        denied = {row.who for row in review.rows if not row.allowed}
        assert {"execution role", "account administrator"} <= denied
