from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode
from cdk_penstock.checks import add_checks
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.pipeline import ArchiveSink, FirehoseSink, KafkaSink, KinesisSink, Sink
from cdk_penstock.review.dependencies import arrows_of, path_between
from cdk_penstock.sinks.archive import ArchiveBucket
from cdk_penstock.sinks.firehose import DeliveryToS3
from cdk_penstock.streams.kafka import KafkaTopic, ProvisionedKafkaCluster
from cdk_penstock.streams.kinesis import EventStream
from examples.pipeline import ClickPipeline, build_network

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs import Construct

    from cdk_penstock.network import IApplicationVpc

ENVIRONMENT = Environment(account="111122223333", region="eu-central-1")


def archive(scope: Construct) -> ArchiveBucket:
    return ArchiveBucket(scope, "Archive", bucket_name="example-clicks")


def delivery(scope: Construct) -> DeliveryToS3:
    return DeliveryToS3(scope, "Delivery", bucket=archive(scope).bucket, delivery_stream_name="clicks")


def topic(scope: Construct, network: IApplicationVpc) -> KafkaTopic:
    cluster = ProvisionedKafkaCluster(
        scope, "Kafka", vpc=network.vpc, vpc_subnets=network.application_subnets, cluster_name="clicks"
    )
    return KafkaTopic(scope, "Topic", cluster=cluster, topic_name="counts", partitions=1)


def counts(scope: Construct) -> EventStream:
    return EventStream(scope, "Counted", stream_name="counts")


class Case(NamedTuple):
    """A sink, and what the application gets with it."""

    build: Callable[[Construct, IApplicationVpc], Sink]
    group: str
    keys: set[str]
    granted: set[str]
    never: set[str]
    endpoint: str = ""


DEFAULTS = {
    "archive": Case(
        lambda scope, _: ArchiveSink(archive=archive(scope), prefix="clicks/"),
        "output.archive",
        {"path"},
        {"s3:PutObject", "s3:DeleteObject", "kms:GenerateDataKey"},
        {"s3:DeleteBucket", "s3:PutBucketPolicy"},
    ),
    "firehose": Case(
        lambda scope, _: FirehoseSink(delivery=delivery(scope)),
        "output.delivery",
        {"aws.region", "delivery-stream"},
        {"firehose:PutRecord", "firehose:PutRecordBatch"},
        {"s3:PutObject", "firehose:DeleteDeliveryStream"},
    ),
    "kafka": Case(
        lambda scope, network: KafkaSink(topic=topic(scope, network)),
        "output.events",
        {"bootstrap.servers", "topic", "authentication"},
        {"kafka-cluster:WriteData", "kafka-cluster:WriteDataIdempotently"},
        {"kafka-cluster:ReadData", "kafka-cluster:AlterTransactionalId", "kafka-cluster:CreateTopic"},
    ),
    "kinesis": Case(
        lambda scope, _: KinesisSink(stream=counts(scope)),
        "output.events",
        {"stream.arn", "aws.region"},
        {"kinesis:PutRecord", "kinesis:PutRecords", "kms:GenerateDataKey"},
        {"kinesis:DeleteStream", "kinesis:UpdateShardCount"},
    ),
}
EVERYTHING_ON = {
    "archive": Case(
        lambda scope, network: ArchiveSink(archive=archive(scope), prefix="a/", group="mine", network=network),
        "mine",
        {"path"},
        {"s3:AbortMultipartUpload"},
        set(),
        ".s3",
    ),
    "firehose": Case(
        lambda scope, network: FirehoseSink(delivery=delivery(scope), group="mine", network=network),
        "mine",
        {"delivery-stream"},
        {"firehose:PutRecordBatch"},
        set(),
        ".kinesis-firehose",
    ),
    "kafka": Case(
        lambda scope, network: KafkaSink(topic=topic(scope, network), group="mine", transactional_id_prefix="counts"),
        "mine",
        {"bootstrap.servers", "topic", "sink.transactional-id-prefix"},
        {"kafka-cluster:WriteData", "kafka-cluster:AlterTransactionalId"},
        {"kafka-cluster:ReadData"},
    ),
    "kinesis": Case(
        lambda scope, network: KinesisSink(stream=counts(scope), group="mine", network=network),
        "mine",
        {"stream.arn"},
        {"kinesis:PutRecords"},
        set(),
        ".kinesis-streams",
    ),
}


def synthesized(case: Case, job_zip: Path) -> dict[str, Any]:
    """Return the resources of a whole pipeline with this sink, whose job is started, after every check."""

    class Pipeline(ClickPipeline):
        def build_sink(self, scope: Construct) -> Sink:
            return case.build(scope, self.network)

    app = App()
    stack = Stack(app, "Clicks", env=ENVIRONMENT)
    network = build_network(stack)
    # Where the sink is not told of the network, the VPC has a way already; MSF8 would find that one is missing.
    if not case.endpoint:
        network.add_endpoint(AwsService.FIREHOSE)
    pipeline = Pipeline(stack, "Pipeline", code=ApplicationCode.from_asset(job_zip), network=network)
    operator = iam.Role(stack, "Operator", assumed_by=iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall"))
    VerifiedStart(stack, "Start", application=pipeline.application, operator=operator)
    add_checks(app)
    app.synth()
    return dict(Template.from_stack(stack).to_json()["Resources"])


@pytest.mark.parametrize(
    "case",
    [*(pytest.param(case, id=name) for name, case in DEFAULTS.items()),
     *(pytest.param(case, id=f"{name}-everything-on") for name, case in EVERYTHING_ON.items())],
)  # fmt: skip
def test_a_sink_gives_the_application_exactly_what_it_needs(case: Case, job_zip: Path) -> None:
    resources = synthesized(case, job_zip)
    (application,) = [each for each in resources.values() if each["Type"] == "AWS::KinesisAnalyticsV2::Application"]
    groups = application["Properties"]["ApplicationConfiguration"]["EnvironmentProperties"]["PropertyGroups"]
    (properties,) = [each["PropertyMap"] for each in groups if each["PropertyGroupId"] == case.group]
    assert case.keys <= set(properties)
    (policy,) = [
        body
        for name, body in resources.items()
        if body["Type"] == "AWS::IAM::ManagedPolicy" and "CounterExecutionRole" in name
    ]
    granted = json.dumps(policy["Properties"]["PolicyDocument"])
    assert {action for action in case.granted if f'"{action}"' not in granted} == set()
    assert {action for action in case.never if f'"{action}"' in granted} == set()
    if case.endpoint:
        _starts_after_the_endpoint(resources, case.endpoint)


def _starts_after_the_endpoint(resources: dict[str, Any], service: str) -> None:
    (endpoint,) = [
        name
        for name, body in resources.items()
        if body["Type"] == "AWS::EC2::VPCEndpoint" and f'{service}"' in json.dumps(body["Properties"]["ServiceName"])
    ]
    (start,) = [name for name, body in resources.items() if body["Type"] == "Custom::PenstockApplicationStart"]
    assert path_between(arrows_of(resources), start, endpoint)


def test_a_topic_is_deleted_after_the_stop_of_its_writer(job_zip: Path) -> None:
    resources = synthesized(DEFAULTS["kafka"], job_zip)
    (start,) = [name for name, body in resources.items() if body["Type"] == "Custom::PenstockApplicationStart"]
    (written,) = [name for name, body in resources.items() if body["Type"] == "AWS::MSK::Topic"]
    assert path_between(arrows_of(resources), start, written)
