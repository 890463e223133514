from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from cdk_penstock.application import (
    ApplicationCode,
    ApplicationPropsError,
    FlinkApplication,
)
from cdk_penstock.checks import add_checks
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.review.dependencies import arrows_of, path_between

if TYPE_CHECKING:
    from collections.abc import Mapping

START = "Custom::PenstockApplicationStart"


def stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


def operator_in(scope: Stack) -> iam.Role:
    return iam.Role(scope, "Operator", assumed_by=iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall"))


def application_in(scope: Stack, **props: Any) -> FlinkApplication:
    code = ApplicationCode.from_bucket(
        s3.Bucket.from_bucket_name(scope, "Code", "code-bucket"), "job.zip", object_version="1"
    )
    return FlinkApplication(scope, "App", code=code, application_name="orders", **props)


def vpc_in(scope: Stack) -> ec2.IVpc:
    return ec2.Vpc(
        scope,
        "Vpc",
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="application", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
        ],
    )


def resources(scope: Stack) -> dict[str, Any]:
    found: dict[str, Any] = Template.from_stack(scope).to_json()["Resources"]
    return found


def only(found: Mapping[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    ((name, body),) = [(name, body) for name, body in found.items() if body["Type"] == kind]
    return name, body["Properties"]


def automation_actions(found: Mapping[str, Any]) -> set[str]:
    (policy,) = [b for n, b in found.items() if n.startswith("PenstockApplicationRoleDefaultPolicy")]
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    return {a for s in statements for a in (s["Action"] if isinstance(s["Action"], list) else [s["Action"]])}


def test_by_default_it_starts_under_any_key_and_waits_twenty_minutes_for_a_stop() -> None:
    scope = stack()
    VerifiedStart(scope, "Start", application=application_in(scope), operator=operator_in(scope))
    found = resources(scope)
    name, properties = only(found, START)
    assert properties["ExpectedKeyArn"] == ""
    assert properties["ForceStopAfterSeconds"] == "1200"
    assert (properties["SubnetIds"], properties["SecurityGroupIds"]) == ([], [])
    assert automation_actions(found) == {
        "cloudformation:DescribeStacks",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sts:AssumeRole",
    }
    arrows = arrows_of(found)
    application = only(found, "AWS::KinesisAnalyticsV2::Application")[0]
    assert path_between(arrows, name, application)
    assert path_between(arrows, name, only(found, "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption")[0])


def test_with_everything_on_it_waits_for_the_network_interfaces_of_the_application() -> None:
    scope = stack()
    VerifiedStart(
        scope,
        "Start",
        application=application_in(scope, vpc=vpc_in(scope)),
        operator=operator_in(scope),
        force_stop_after=Duration.minutes(5),
    )
    found = resources(scope)
    properties = only(found, START)[1]
    assert properties["ForceStopAfterSeconds"] == "300"
    (network,) = only(found, "AWS::KinesisAnalyticsV2::Application")[1]["ApplicationConfiguration"]["VpcConfigurations"]
    assert properties["SubnetIds"] == network["SubnetIds"]
    assert properties["SecurityGroupIds"] == network["SecurityGroupIds"]
    assert "ec2:DescribeNetworkInterfaces" in automation_actions(found)
    assert not {"ec2:DeleteNetworkInterface", "kinesisanalytics:StartApplication"} & automation_actions(found)


def start_of(**props: Any) -> dict[str, Any]:
    scope = stack()
    application = application_in(scope, **props)
    VerifiedStart(scope, "Start", application=application, operator=operator_in(scope))
    return only(resources(scope), START)[1]


def test_it_is_told_which_code_and_runtime_to_expect_as_the_template_has_them_in_the_end() -> None:
    scope = stack()
    application = application_in(scope)
    VerifiedStart(scope, "Start", application=application, operator=operator_in(scope))
    location = "ApplicationConfiguration.ApplicationCodeConfiguration.CodeContent.S3ContentLocation"
    application.resource.add_property_override(location, {"FileKey": "another.zip"})
    application.resource.add_property_override(f"{location}.FileKey", "other.zip")
    application.resource.add_property_deletion_override(f"{location}.ObjectVersion")
    found = resources(scope)
    written = only(found, "AWS::KinesisAnalyticsV2::Application")[1]["ApplicationConfiguration"]
    code = written["ApplicationCodeConfiguration"]["CodeContent"]["S3ContentLocation"]
    assert set(code) == {"BucketARN", "FileKey"}
    assert only(found, START)[1]["Expected"] == {
        "CodeBucketArn": code["BucketARN"],
        "CodeKey": "other.zip",
        "CodeVersion": "",
        "RuntimeEnvironment": "FLINK-1_20",
    }


def test_code_in_the_template_itself_is_not_compared() -> None:
    scope = stack()
    application = application_in(scope)
    VerifiedStart(scope, "Start", application=application, operator=operator_in(scope))
    content = "ApplicationConfiguration.ApplicationCodeConfiguration.CodeContent"
    application.resource.add_property_deletion_override(f"{content}.S3ContentLocation")
    application.resource.add_property_override(f"{content}.ZipFileContent", "UEsF")
    assert not any(only(resources(scope), START)[1]["Expected"].values())


@pytest.mark.parametrize(
    "change",
    [
        {"parallelism": 2},
        {"runtime": FlinkRuntime.FLINK_2_2},
        {"property_groups": {"input": {"topic": "other"}}},
        {"checkpoint_interval": Duration.seconds(30)},
        {"system_rollback_enabled": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_change_of_the_application_reaches_it(change: dict[str, Any]) -> None:
    assert start_of() == start_of()
    assert start_of() != start_of(**change)


def test_of_an_imported_application_it_expects_no_code() -> None:
    scope = stack()
    application = FlinkApplication.from_application_name(scope, "Other", "other")
    VerifiedStart(scope, "Start", application=application, operator=operator_in(scope))
    assert not any(only(resources(scope), START)[1]["Expected"].values())


def test_it_may_look_at_its_own_stack_and_no_other() -> None:
    scope = stack()
    VerifiedStart(scope, "Start", application=application_in(scope), operator=operator_in(scope))
    policies = [b for n, b in resources(scope).items() if n.startswith("PenstockApplicationRoleDefaultPolicy")]
    statements = policies[0]["Properties"]["PolicyDocument"]["Statement"]
    (statement,) = [each for each in statements if each["Action"] == "cloudformation:DescribeStacks"]
    assert statement["Resource"] == {"Ref": "AWS::StackId"}


def test_all_applications_of_a_stack_share_one_provider() -> None:
    scope = stack()
    operator = operator_in(scope)
    VerifiedStart(scope, "Start", application=application_in(scope), operator=operator)
    other = FlinkApplication.from_application_name(scope, "Other", "other")
    VerifiedStart(scope, "StartOther", application=other, operator=operator)
    found = resources(scope)
    assert len([body for body in found.values() if body["Type"] == START]) == 2
    assert len([body for body in found.values() if body["Type"] == "AWS::StepFunctions::StateMachine"]) == 1
    (role,) = [b for n, b in found.items() if n.startswith("Operator") and b["Type"] == "AWS::IAM::Role"]
    trusted = [s["Principal"] for s in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]]
    (automation,) = [each["AWS"] for each in trusted if "PenstockApplicationRole" in str(each)]
    assert automation["Fn::GetAtt"][1] == "Arn"


def test_it_passes_all_checks() -> None:
    scope = stack()
    VerifiedStart(
        scope,
        "Start",
        application=FlinkApplication.from_application_name(scope, "Running", "orders"),
        operator=operator_in(scope),
    )
    app = scope.node.root
    assert isinstance(app, App)
    add_checks(app)
    app.synth()


@pytest.mark.parametrize("seconds", [0, 59, 31 * 60])
def test_it_refuses_to_wait_longer_than_a_deployment_can_or_not_at_all(seconds: int) -> None:
    scope = stack()
    with pytest.raises(ApplicationPropsError, match=f"1 to 30 minutes, got {seconds / 60:g}"):
        VerifiedStart(
            scope,
            "Start",
            application=application_in(scope),
            operator=operator_in(scope),
            force_stop_after=Duration.seconds(seconds),
        )


def test_it_refuses_a_second_start() -> None:
    scope = stack()
    application, operator = application_in(scope), operator_in(scope)
    VerifiedStart(scope, "Start", application=application, operator=operator)
    with pytest.raises(ApplicationPropsError, match="started already"):
        VerifiedStart(scope, "Again", application=application, operator=operator)
