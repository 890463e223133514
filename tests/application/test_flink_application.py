from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from aws_cdk import App, Duration, RemovalPolicy, Stack, Tags, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Annotations, Match

from cdk_penstock.application import (
    ApplicationCode,
    ApplicationEncryption,
    ApplicationPropsError,
    FlinkApplication,
    FlinkApplicationProps,
    FlinkRuntime,
    LogLevel,
    MetricsLevel,
    RestoreMode,
    RunConfiguration,
)
from cdk_penstock.model.arguments import ArgumentError
from cdk_penstock.model.names import ApplicationNameError
from cdk_penstock.model.properties import PropertyError
from cdk_penstock.model.sizing import SizingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.application.conftest import Synthesized

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]


@pytest.fixture(scope="module")
def code(job_zip: Path) -> ApplicationCode:
    return ApplicationCode.from_asset(job_zip)


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack")


@pytest.fixture(scope="module")
def defaults(synthesize: Synthesize, code: ApplicationCode) -> Synthesized:
    return synthesize(lambda stack: FlinkApplication(stack, "App", code=code, application_name="clicks"))


def everything(stack: Stack, code: ApplicationCode) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    application = FlinkApplication(
        stack,
        "App",
        code=code,
        application_name="clicks",
        description="Counts clicks",
        runtime=FlinkRuntime.FLINK_2_2,
        parallelism=40,
        parallelism_per_kpu=6,
        max_kpus=7,
        auto_scaling_enabled=False,
        checkpointing_enabled=True,
        checkpoint_interval=Duration.seconds(30),
        min_pause_between_checkpoints=Duration.seconds(10),
        snapshots_enabled=True,
        system_rollback_enabled=True,
        log_level=LogLevel.WARN,
        metrics_level=MetricsLevel.OPERATOR,
        log_retention=logs.RetentionDays.ONE_YEAR,
        log_encryption_key=kms.Key(stack, "LogKey"),
        property_groups={"input": {"topic": "clicks"}},
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
        maintenance_window_start_time="02:30",
        encryption=ApplicationEncryption.customer_managed_key(kms.Key(stack, "StateKey")),
        run_configuration=RunConfiguration(restore_mode=RestoreMode.CUSTOM_SNAPSHOT, snapshot_name="good"),
        removal_policy=RemovalPolicy.DESTROY,
    )
    Tags.of(application).add("team", "clicks")


@pytest.fixture(scope="module")
def everything_on(synthesize: Synthesize, write_archive: Callable[..., Path]) -> Synthesized:
    return synthesize(lambda stack: everything(stack, ApplicationCode.from_asset(write_archive())))


def test_defaults_are_those_of_production(defaults: Synthesized) -> None:
    application = defaults.application()
    assert application["ApplicationName"] == "clicks"
    assert application["ApplicationMode"] == "STREAMING"
    assert application["RuntimeEnvironment"] == "FLINK-1_20"
    configuration = application["ApplicationConfiguration"]
    assert configuration["ApplicationSnapshotConfiguration"] == {"SnapshotsEnabled": True}
    assert configuration["ApplicationSystemRollbackConfiguration"] == {"RollbackEnabled": True}
    assert configuration["FlinkApplicationConfiguration"] == {
        "CheckpointConfiguration": {
            "ConfigurationType": "CUSTOM",
            "CheckpointingEnabled": True,
            "CheckpointInterval": 60_000,
            "MinPauseBetweenCheckpoints": 5_000,
        },
        "MonitoringConfiguration": {"ConfigurationType": "CUSTOM", "LogLevel": "INFO", "MetricsLevel": "APPLICATION"},
        "ParallelismConfiguration": {
            "ConfigurationType": "CUSTOM",
            "Parallelism": 1,
            "ParallelismPerKPU": 1,
            "AutoScalingEnabled": False,
        },
    }


def test_by_default_the_template_leaves_key_run_configuration_and_window_to_the_service(defaults: Synthesized) -> None:
    application = defaults.application()
    assert "RunConfiguration" not in application
    assert "ApplicationMaintenanceConfiguration" not in application
    assert "ApplicationEncryptionConfiguration" not in application["ApplicationConfiguration"]
    assert "VpcConfigurations" not in application["ApplicationConfiguration"]


def test_the_log_is_encrypted_kept_for_a_month_and_attached(defaults: Synthesized) -> None:
    group = defaults.only("AWS::Logs::LogGroup")["Properties"]
    assert group["LogGroupName"] == "/aws/kinesis-analytics/clicks"
    assert group["RetentionInDays"] == 30
    assert "KmsKeyId" in group
    assert defaults.only("AWS::Logs::LogStream")["Properties"]["LogStreamName"] == "kinesis-analytics-log-stream"
    option = defaults.only("AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption")["Properties"]
    (application_id,) = defaults.template.find_resources("AWS::KinesisAnalyticsV2::Application")
    assert option["ApplicationName"] == {"Ref": application_id}
    (stream_id,) = defaults.template.find_resources("AWS::Logs::LogStream")
    assert {"Ref": stream_id} in option["CloudWatchLoggingOption"]["LogStreamARN"]["Fn::Join"][1]


def test_the_log_key_rotates_and_serves_cloudwatch_logs_for_this_group_only(defaults: Synthesized) -> None:
    key = defaults.only("AWS::KMS::Key")["Properties"]
    assert key["EnableKeyRotation"] is True
    (statement,) = [s for s in key["KeyPolicy"]["Statement"] if "Service" in s["Principal"]]
    assert statement["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    (condition,) = statement["Condition"]["ArnEquals"].values()
    assert condition["Fn::Join"][1][-1] == ":logs:eu-central-1:111122223333:log-group:/aws/kinesis-analytics/clicks"


@pytest.mark.parametrize(
    "resource_type",
    [
        "AWS::KinesisAnalyticsV2::Application",
        "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::Logs::LogStream",
        "AWS::KMS::Key",
    ],
)
def test_what_holds_data_outlives_the_stack_by_default(defaults: Synthesized, resource_type: str) -> None:
    resource = defaults.only(resource_type)
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_defaults_need_no_more_than_these_resources(defaults: Synthesized) -> None:
    types = sorted(resource["Type"] for resource in defaults.template.to_json()["Resources"].values())
    assert types == [
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::KinesisAnalyticsV2::Application",
        "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
        "AWS::Logs::LogGroup",
        "AWS::Logs::LogStream",
    ]
    assert defaults.warnings() == []


def test_every_property_reaches_the_template(everything_on: Synthesized) -> None:
    application = everything_on.application()
    configuration = application["ApplicationConfiguration"]
    flink = configuration["FlinkApplicationConfiguration"]
    assert application["ApplicationDescription"] == "Counts clicks"
    assert application["RuntimeEnvironment"] == "FLINK-2_2"
    assert application["ApplicationMaintenanceConfiguration"] == {"ApplicationMaintenanceWindowStartTime": "02:30"}
    assert application["RunConfiguration"] == {
        "ApplicationRestoreConfiguration": {
            "ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT",
            "SnapshotName": "good",
        },
        "FlinkRunConfiguration": {"AllowNonRestoredState": False},
    }
    assert application["Tags"] == [{"Key": "team", "Value": "clicks"}]
    assert flink["ParallelismConfiguration"] == {
        "ConfigurationType": "CUSTOM",
        "Parallelism": 40,
        "ParallelismPerKPU": 6,
        "AutoScalingEnabled": False,
    }
    assert flink["CheckpointConfiguration"]["CheckpointInterval"] == 30_000
    assert flink["CheckpointConfiguration"]["MinPauseBetweenCheckpoints"] == 10_000
    assert flink["MonitoringConfiguration"] == {
        "ConfigurationType": "CUSTOM",
        "LogLevel": "WARN",
        "MetricsLevel": "OPERATOR",
    }
    assert configuration["ApplicationEncryptionConfiguration"]["KeyType"] == "CUSTOMER_MANAGED_KEY"
    assert "Fn::GetAtt" in configuration["ApplicationEncryptionConfiguration"]["KeyId"]
    assert len(configuration["VpcConfigurations"]) == 1
    assert everything_on.only("AWS::Logs::LogGroup")["Properties"]["RetentionInDays"] == 365
    assert len(everything_on.template.find_resources("AWS::KMS::Key")) == 2
    assert everything_on.only("AWS::KinesisAnalyticsV2::Application")["DeletionPolicy"] == "Delete"


def test_run_options_come_from_the_code_and_stand_beside_the_users_groups(everything_on: Synthesized) -> None:
    configuration = everything_on.application()["ApplicationConfiguration"]
    assert configuration["EnvironmentProperties"]["PropertyGroups"] == [
        {"PropertyGroupId": "input", "PropertyMap": {"topic": "clicks"}},
        {
            "PropertyGroupId": "kinesis.analytics.flink.run.options",
            "PropertyMap": {"python": "main.py", "jarfile": "lib/pyflink-dependencies.jar"},
        },
    ]


def test_a_run_configuration_is_warned_about_because_it_stays(everything_on: Synthesized) -> None:
    assert any("remove it after" in warning for warning in everything_on.warnings())


def test_a_generated_name_is_stable_and_warned_about(synthesize: Synthesize, code: ApplicationCode) -> None:
    first = synthesize(lambda stack: FlinkApplication(stack, "App", code=code))
    second = synthesize(lambda stack: FlinkApplication(stack, "App", code=code))
    assert first.application()["ApplicationName"] == second.application()["ApplicationName"]
    assert any("loses its snapshots; pass application_name" in warning for warning in first.warnings())


def test_metrics_per_subtask_at_a_high_parallelism_are_warned_about(
    synthesize: Synthesize, code: ApplicationCode
) -> None:
    def build(stack: Stack, parallelism: int) -> None:
        FlinkApplication(
            stack,
            "App",
            code=code,
            application_name="a",
            parallelism=parallelism,
            parallelism_per_kpu=8,
            metrics_level=MetricsLevel.PARALLELISM,
        )

    assert synthesize(lambda stack: build(stack, 64)).warnings() == []
    assert "MetricsLevel.OPERATOR" in synthesize(lambda stack: build(stack, 65)).warnings()[0]


def test_returning_to_the_aws_owned_key_is_explicit(synthesize: Synthesize, code: ApplicationCode) -> None:
    result = synthesize(
        lambda stack: FlinkApplication(
            stack, "App", code=code, application_name="a", encryption=ApplicationEncryption.aws_owned_key()
        )
    )
    configuration = result.application()["ApplicationConfiguration"]
    assert configuration["ApplicationEncryptionConfiguration"] == {"KeyType": "AWS_OWNED_KEY"}


def test_property_groups_grow_until_synthesis(synthesize: Synthesize, code: ApplicationCode) -> None:
    def build(stack: Stack) -> None:
        application = FlinkApplication(stack, "App", code=code, application_name="a")
        application.add_property_group("output", {"stream": "s"})
        application.add_property_group("output", {"region": Token.as_string({"Ref": "AWS::Region"})})

    groups = synthesize(build).application()["ApplicationConfiguration"]["EnvironmentProperties"]["PropertyGroups"]
    assert groups[1] == {
        "PropertyGroupId": "output",
        "PropertyMap": {"stream": "s", "region": {"Ref": "AWS::Region"}},
    }


@pytest.mark.parametrize(
    ("props", "error", "message"),
    [
        ({"application_name": "a b"}, ApplicationNameError, "got 'a b'"),
        ({"description": "x" * 1025}, ApplicationPropsError, "at most 1024 characters, got 1025"),
        ({"maintenance_window_start_time": "24:00"}, ApplicationPropsError, "must be HH:MM in UTC, got '24:00'"),
        ({"parallelism_per_kpu": 9}, SizingError, "1 to 8, got 9"),
        ({"parallelism": 100}, SizingError, "max_kpus is 64"),
        ({"paralelism": 2}, ArgumentError, "did you mean 'parallelism'"),
        ({"zzz": 2}, ArgumentError, "no property 'zzz': known are application_name"),
        ({"vpc_subnets": ec2.SubnetSelection()}, ApplicationPropsError, "need a vpc: pass vpc as well"),
        (
            {"property_groups": {"kinesis.analytics.flink.run.options": {"python": "x.py"}}},
            PropertyError,
            "derived from the application's code",
        ),
        ({"property_groups": {"g": {"k": ""}}}, PropertyError, "1 to 2048 characters, got 0"),
    ],
)
def test_fails_at_synthesis_for_what_msf_would_refuse(
    stack: Stack, code: ApplicationCode, props: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        FlinkApplication(stack, "App", code=code, **{"application_name": "a", **props})


def test_fails_for_a_customer_managed_key_below_1_20(stack: Stack, code: ApplicationCode) -> None:
    with pytest.raises(ApplicationPropsError, match="from FLINK-1_20 on, got FLINK-1_19"):
        FlinkApplication(
            stack,
            "App",
            code=code,
            application_name="a",
            runtime=FlinkRuntime.FLINK_1_19,
            encryption=ApplicationEncryption.customer_managed_key(kms.Key(stack, "Key")),
        )


@pytest.mark.parametrize(
    "values", [{"snapshot_name": "s"}, {"restore_mode": RestoreMode.CUSTOM_SNAPSHOT}], ids=["name", "mode"]
)
def test_a_snapshot_and_the_mode_that_uses_it_go_together(values: dict[str, Any]) -> None:
    with pytest.raises(ApplicationPropsError, match="only with it"):
        RunConfiguration(**values)


class TeamApplication(FlinkApplication):
    defaults: ClassVar[FlinkApplicationProps] = {"parallelism": 4, "log_level": LogLevel.WARN}


class ServiceApplication(TeamApplication):
    defaults: ClassVar[FlinkApplicationProps] = {"parallelism": 8}


def test_a_subclass_changes_defaults_and_keeps_the_others(synthesize: Synthesize, code: ApplicationCode) -> None:
    application = synthesize(
        lambda stack: ServiceApplication(stack, "App", code=code, application_name="a", auto_scaling_enabled=False)
    ).application()
    flink = application["ApplicationConfiguration"]["FlinkApplicationConfiguration"]
    assert flink["ParallelismConfiguration"]["Parallelism"] == 8
    assert flink["ParallelismConfiguration"]["AutoScalingEnabled"] is False
    assert flink["MonitoringConfiguration"]["LogLevel"] == "WARN"
    assert flink["CheckpointConfiguration"]["CheckpointInterval"] == 60_000


def test_fails_for_a_default_that_does_not_exist(stack: Stack, code: ApplicationCode) -> None:
    class Misspelled(FlinkApplication):
        defaults: ClassVar[FlinkApplicationProps] = {"log_levle": "INFO"}  # type: ignore[typeddict-unknown-key]

    with pytest.raises(ArgumentError, match="Misspelled has no property 'log_levle': did you mean 'log_level'"):
        Misspelled(stack, "App", code=code)


def test_an_application_outside_a_vpc_has_no_connections(stack: Stack, code: ApplicationCode) -> None:
    application = FlinkApplication(stack, "App", code=code, application_name="a")
    with pytest.raises(ApplicationPropsError, match="in no VPC and has no connections: pass vpc"):
        _ = application.connections


def test_a_property_that_may_be_a_secret_is_warned_about(stack: Stack, job_zip: Path) -> None:
    app = FlinkApplication(stack, "Secret", code=ApplicationCode.from_asset(job_zip), application_name="secret")
    app.add_property_group("db", {"user": "job"})
    assert not Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("may be a secret"))
    app.add_property_group("db", {"password": "hunter2"})
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("may be a secret"))
    assert "'password' in property group 'db'" in str(warning.entry.data)
    assert "hunter2" not in str(warning.entry.data)
