from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication, FlinkRuntime
from cdk_penstock.model.metrics import msf_metric
from cdk_penstock.model.names import ApplicationNameError

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_penstock.application import IFlinkApplication


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack")


@pytest.fixture
def imported(stack: Stack) -> IFlinkApplication:
    return FlinkApplication.from_application_name(stack, "Imported", "clicks")


def rendered(stack: Stack, metric: Any) -> dict[str, Any]:
    return dict(stack.resolve(metric.to_metric_config().metric_stat or {}))


def test_an_imported_application_knows_its_identity(stack: Stack, imported: IFlinkApplication) -> None:
    assert imported.application_name == "clicks"
    assert stack.resolve(imported.application_arn)["Fn::Join"][1][-1] == ":application/clicks"
    assert Template.from_stack(stack).to_json().get("Resources", {}) == {}


def test_fails_to_import_an_impossible_name(stack: Stack) -> None:
    with pytest.raises(ApplicationNameError, match="got 'a b'"):
        FlinkApplication.from_application_name(stack, "Imported", "a b")


def test_an_application_of_another_name_takes_over_neither_role_nor_log_key(job_zip: Path) -> None:
    def ids(name: str) -> set[str]:
        stack = Stack(App(), "Stack")
        code = ApplicationCode.from_asset(job_zip)
        application = FlinkApplication(stack, "App", code=code, application_name=name)
        application.role.allow("Publish", actions=["sns:Publish"], resources=["arn:aws:sns:::t"])
        template = Template.from_stack(stack)
        kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::KMS::Key")
        found = [each for kind in kinds for each in template.find_resources(kind)]
        assert len(found) == len(kinds)
        return set(found)

    assert ids("clicks") == ids("clicks")
    assert not ids("clicks") & ids("views")


def test_a_name_that_only_the_deployment_knows_is_in_no_id(stack: Stack, job_zip: Path) -> None:
    name = CfnParameter(stack, "Name").value_as_string
    code = ApplicationCode.from_asset(job_zip)
    application = FlinkApplication(stack, "App", code=code, application_name=name)
    assert application.role.node.id == "ExecutionRole"
    Template.from_stack(stack)


def test_a_grant_is_for_this_application_only(stack: Stack, imported: IFlinkApplication) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())
    imported.grant(role, "kinesisanalytics:DescribeApplication")
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "kinesisanalytics:DescribeApplication"
    assert statement["Resource"]["Fn::Join"][1][-1] == ":application/clicks"


def test_a_metric_carries_namespace_and_application(stack: Stack, imported: IFlinkApplication) -> None:
    metric = imported.metric(
        "numRecordsIn", statistic="Sum", period=Duration.minutes(1), dimensions_map={"Task": "Source"}
    )
    config = metric.to_metric_config().metric_stat
    assert config is not None
    assert (config.namespace, config.metric_name, config.statistic) == ("AWS/KinesisAnalytics", "numRecordsIn", "Sum")
    assert {(d.name, d.value) for d in config.dimensions or []} == {("Application", "clicks"), ("Task", "Source")}


@pytest.mark.parametrize(
    ("runtime", "restarts", "uptime"),
    [(FlinkRuntime.FLINK_1_20, "fullRestarts", "uptime"), (FlinkRuntime.FLINK_2_2, "numRestarts", "runningTime")],
)
def test_names_follow_the_runtime(stack: Stack, runtime: FlinkRuntime, restarts: str, uptime: str) -> None:
    application: Any = FlinkApplication.from_application_name(stack, "Imported", "clicks", runtime=runtime)
    assert application.metric_restarts().metric_name == restarts
    assert application.metric_uptime().metric_name == uptime


def test_downtime_is_one_metric_before_2_2_and_a_sum_from_then_on(stack: Stack) -> None:
    old: Any = FlinkApplication.from_application_name(stack, "Old", "clicks")
    new: Any = FlinkApplication.from_application_name(stack, "New", "clicks", runtime=FlinkRuntime.FLINK_2_3)
    assert old.metric_downtime(statistic="Maximum").metric_name == "downtime"
    downtime = new.metric_downtime(label="down")
    assert downtime.expression == "m0 + m1 + m2"
    names = sorted(metric.metric_name for metric in downtime.using_metrics.values())
    assert names == ["cancellingTime", "failingTime", "restartingTime"]


@pytest.mark.parametrize(
    ("method", "name", "statistic"),
    [
        ("metric_kpus", "KPUs", "Maximum"),
        ("metric_cpu_utilization", "cpuUtilization", "Maximum"),
        ("metric_container_cpu_utilization", "containerCPUUtilization", "Maximum"),
        ("metric_container_memory_utilization", "containerMemoryUtilization", "Maximum"),
        ("metric_heap_memory_utilization", "heapMemoryUtilization", "Maximum"),
        ("metric_old_generation_gc_time", "oldGenerationGCTime", "Maximum"),
        ("metric_threads", "threadsCount", "Maximum"),
        ("metric_last_checkpoint_duration", "lastCheckpointDuration", "Maximum"),
        ("metric_last_checkpoint_size", "lastCheckpointSize", "Maximum"),
        ("metric_failed_checkpoints", "numberOfFailedCheckpoints", "Average"),
        ("metric_records_in_per_second", "numRecordsInPerSecond", "Average"),
        ("metric_records_out_per_second", "numRecordsOutPerSecond", "Average"),
        ("metric_late_records_dropped", "numLateRecordsDropped", "Maximum"),
        ("metric_kafka_lag", "records_lag_max", "Maximum"),
    ],
)
def test_named_metrics_have_the_services_spelling(stack: Stack, method: str, name: str, statistic: str) -> None:
    application: Any = FlinkApplication.from_application_name(stack, "Imported", "clicks")
    metric = getattr(application, method)()
    assert (metric.metric_name, metric.statistic) == (name, statistic)
    assert getattr(application, method)(statistic="p99").statistic == "p99"


def test_the_lag_of_a_kinesis_stream_has_the_dimensions_of_the_stream(stack: Stack) -> None:
    application = FlinkApplication.from_application_name(stack, "Imported", "clicks")
    metric = application.metric_kinesis_lag(stream_name="orders", statistic="p99")
    assert (metric.metric_name, metric.statistic) == ("millisBehindLatest", "p99")
    assert metric.dimensions == {"Application": "clicks", "Flow": "Input", "Id": "orders"}
    assert application.metric_kinesis_lag(stream_name="orders").statistic == "Maximum"
    assert msf_metric("millisBehindLatest").dimensions == ("Application", "Flow", "Id")


def test_a_created_application_has_the_same_arn_as_its_trust_policy(stack: Stack, job_zip: Path) -> None:
    application = FlinkApplication(stack, "App", code=ApplicationCode.from_asset(job_zip), application_name="clicks")
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == stack.resolve(application.application_arn)
