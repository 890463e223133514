"""Known calls of CloudFormation for the resources of every construct of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.aws_events import Schedule
from aws_cdk.aws_s3 import Bucket

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.lifecycle import LagMetric, LagScaling, ScheduledScaling, SnapshotSchedule
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.observability import MetricsWorkspace
from cdk_penstock.observability.alarms import ApplicationAlarms
from cdk_penstock.review.assembly import read_assembly
from cdk_penstock.review.execution import execution_policies
from cdk_penstock.sinks.archive import ArchiveBucket
from cdk_penstock.sinks.firehose import DeliveryToS3
from cdk_penstock.sinks.search import SearchDomain
from cdk_penstock.streams.kafka import ServerlessKafkaCluster
from cdk_penstock.streams.kinesis import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_penstock.review.execution import ExecutionPolicies


RULES = "groups: [{name: job, rules: [{record: a, expr: sum(b)}]}]"


def search(stack: Stack) -> None:
    network = ApplicationVpc(stack, "Vpc")
    SearchDomain(stack, "Search", vpc=network.vpc, vpc_subnets=network.application_subnets, domain_name="clicks")


def archive(stack: Stack) -> None:
    bucket = ArchiveBucket(stack, "Archive", bucket_name="example-clicks")
    DeliveryToS3(stack, "Delivery", bucket=bucket.bucket, delivery_stream_name="clicks")


def streams(stack: Stack) -> None:
    stream = EventStream(stack, "Events", stream_name="clicks")
    stream.add_consumer("job")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a", "b"], private_subnet_ids=["subnet-1", "subnet-2"]
    )
    ServerlessKafkaCluster(stack, "Kafka", vpc=vpc, cluster_name="events")


def metrics(stack: Stack) -> None:
    MetricsWorkspace(stack, "Metrics", workspace_alias="clicks", rules={"job": RULES})


def alarms(stack: Stack) -> None:
    code = ApplicationCode.from_bucket(Bucket.from_bucket_name(stack, "Code", "code-bucket"), "job.zip")
    application = FlinkApplication(stack, "App", code=code, application_name="clicks")
    ApplicationAlarms(stack, "Alarms", application=application, runbook_base_url="https://example.com/runbooks")


def snapshots(stack: Stack) -> None:
    application = FlinkApplication.from_application_name(stack, "App", "clicks")
    operator = iam.Role(stack, "Operator", assumed_by=iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall"))
    SnapshotSchedule(stack, "Snapshots").add_application(application, operator=operator)


def scaling(stack: Stack) -> None:
    code = ApplicationCode.from_bucket(Bucket.from_bucket_name(stack, "Code", "code-bucket"), "job.zip")
    application = FlinkApplication(stack, "App", code=code, application_name="clicks")
    operator = iam.Role(stack, "Operator", assumed_by=iam.AccountPrincipal("111122223333"))
    LagScaling(
        stack,
        "Lag",
        application=application,
        operator=operator,
        metric=LagMetric.kinesis(stream_name="clicks"),
        largest_parallelism=8,
    )
    hours = ScheduledScaling(stack, "Hours", application=application, operator=operator)
    hours.add_stop("Night", schedule=Schedule.cron(hour="20", minute="0"))


def policies(folder: Path, build: Callable[[Stack], None]) -> ExecutionPolicies:
    app = App(outdir=str(folder))
    build(Stack(app, "Clicks", env=Environment(account="111122223333", region="eu-central-1")))
    app.synth()
    (found,) = execution_policies(read_assembly(folder))
    return found


@pytest.mark.parametrize(
    ("build", "made"),
    [
        (search, {"es:CreateDomain", "es:UpdateDomainConfig", "iam:CreateServiceLinkedRole"}),
        (archive, {"s3:CreateBucket", "s3:PutBucketPolicy", "firehose:CreateDeliveryStream"}),
        (streams, {"kinesis:CreateStream", "kinesis:RegisterStreamConsumer", "kafka:CreateClusterV2"}),
        (snapshots, {"scheduler:CreateSchedule", "lambda:CreateFunction", "cloudwatch:PutMetricAlarm"}),
        (scaling, {"scheduler:CreateSchedule", "events:PutRule", "lambda:AddPermission", "cloudwatch:PutMetricAlarm"}),
        (alarms, {"cloudwatch:PutCompositeAlarm", "sns:CreateTopic", "kms:CreateKey"}),
        (metrics, {"aps:CreateWorkspace", "aps:CreateRuleGroupsNamespace"}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_construct_can_be_deployed(tmp_path: Path, build: Callable[[Stack], None], made: set[str]) -> None:
    found: Any = policies(tmp_path / "cdk.out", build)
    allowed = {each for document in found.documents for statement in document.statements for each in statement.actions}
    assert made <= allowed
    assert not {"s3:DeleteObject", "es:ESHttpGet", "kinesis:GetRecords", "firehose:PutRecord"} & allowed
