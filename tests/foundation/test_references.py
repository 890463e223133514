from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk.aws_aps import CfnWorkspace
from aws_cdk.aws_msk import CfnServerlessCluster
from aws_cdk.aws_opensearchservice import CfnDomain

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.foundation.references import REVISION_METADATA
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.network import ApplicationVpc, AwsService
from cdk_penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from cdk_penstock.sinks.archive import ArchiveBucket
from cdk_penstock.sinks.firehose import DeliveryToS3
from cdk_penstock.sinks.search import SearchDomain
from cdk_penstock.streams.kafka import BrokerInstance, KafkaTopic, ProvisionedKafkaCluster, ServerlessKafkaCluster
from cdk_penstock.streams.kinesis import EventStream, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STRENGTH = "@aws-cdk/core:defaultCrossStackReferences"
IMPORT, WEAK = "Fn::ImportValue", "Fn::GetStackOutput"
IAM = CfnServerlessCluster.ClientAuthenticationProperty(
    sasl=CfnServerlessCluster.SaslProperty(iam=CfnServerlessCluster.IamProperty(enabled=True))
)
PLACE = Environment(account="111122223333", region="eu-central-1")


def found(value: object, name: str) -> Iterator[Any]:
    """Yield the arguments of an intrinsic function wherever it stands."""
    if isinstance(value, dict):
        yield from ([value[name]] if name in value else [])
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from found(each, name)


def consumer_template(app: App, consumer: Stack) -> dict[str, Any]:
    template: dict[str, Any] = app.synth().get_stack_by_name(consumer.stack_name).template
    return template


def pipeline_template(strength: str | None, job_zip: Path, instance: BrokerInstance = BrokerInstance.M7G_LARGE) -> Any:
    """Return the template of a job whose VPC, cluster, stream, archive and workspace are in another stack."""
    app = App(context={} if strength is None else {STRENGTH: strength})
    producer, consumer = Stack(app, "Producer", env=PLACE), Stack(app, "Consumer", env=PLACE)
    vpc = ApplicationVpc(producer, "Vpc")
    cluster = ProvisionedKafkaCluster(
        producer,
        "Kafka",
        vpc=vpc.vpc,
        vpc_subnets=vpc.application_subnets,
        cluster_name="fleet",
        broker_instance=instance,
    )
    topic = KafkaTopic(producer, "Events", cluster=cluster, topic_name="events", partitions=2)
    job = FlinkApplication(
        consumer,
        "Job",
        code=ApplicationCode.from_asset(str(job_zip), entry_point="main.py"),
        application_name="job",
        vpc=vpc.vpc,
        vpc_subnets=vpc.application_subnets,
    )
    cluster.allow_clients(job)
    topic.grant_read(job, consumer_group="job")
    job.add_property_group("input.events", topic.input_properties(consumer_group="job"))
    EventStream(producer, "Clicks", stream_name="clicks").grant_read(job)
    ArchiveBucket(producer, "Archive").grant_file_sink(job, "clicks/")
    MetricsWorkspace(producer, "Metrics", workspace_alias="fleet").grant_remote_write(job)
    return consumer_template(app, consumer)


@pytest.mark.parametrize("strength", [None, "strong", "weak", "both"])
def test_what_a_stale_value_would_break_is_imported_whatever_the_apps_default(
    strength: str | None, job_zip: Path
) -> None:
    template = pipeline_template(strength, job_zip)
    imported = " ".join(found(template, IMPORT))
    for part in ("RefVpc", "Subnet3", "KafkaSecurityGroup", "GetAttKafka", "Clicks", "Archive", "Metrics"):
        assert part in imported
    (brokers,) = {each["OutputName"] for each in found(template, WEAK)}
    assert "BootstrapServers" in brokers
    assert all(not list(found(split, WEAK)) for split in found(template, "Fn::Split"))


def a_consumer(producer: Stack) -> str:
    return EventStream(producer, "Clicks", stream_name="clicks").add_consumer("job").consumer_arn


def a_queue(producer: Stack) -> str:
    return ArchiveBucket(producer, "Archive").add_notifications("New", prefix="clicks/").queue.queue_arn


def a_delivery(producer: Stack) -> str:
    archive = ArchiveBucket(producer, "Archive")
    return DeliveryToS3(producer, "Delivery", bucket=archive.bucket, delivery_stream_name="clicks").role.role_arn


def a_domain(producer: Stack) -> str:
    vpc = ApplicationVpc(producer, "Vpc")
    return SearchDomain(
        producer, "Search", vpc=vpc.vpc, vpc_subnets=vpc.application_subnets, domain_name="clicks"
    ).domain_endpoint


def a_dashboard_workspace(producer: Stack) -> str:
    source = IdentitySource.iam_identity_center()
    return DashboardWorkspace(producer, "Grafana", workspace_name="fleet", identity_source=source).workspace_url


def a_serverless_cluster(producer: Stack) -> str:
    vpc = ApplicationVpc(producer, "Vpc", availability_zones=["eu-central-1a", "eu-central-1b"])
    return ServerlessKafkaCluster(
        producer, "Kafka", vpc=vpc.vpc, vpc_subnets=vpc.application_subnets, cluster_name="fleet"
    ).cluster_arn


def an_endpoint(producer: Stack) -> str:
    endpoint = ApplicationVpc(producer, "Vpc").add_endpoint(AwsService.KMS)
    assert endpoint is not None
    return endpoint.vpc_endpoint_id


@pytest.mark.parametrize(
    "offer", [a_consumer, a_queue, a_delivery, a_domain, a_dashboard_workspace, a_serverless_cluster, an_endpoint]
)
def test_what_a_construct_offers_to_other_stacks_is_imported(offer: Callable[[Stack], str]) -> None:
    app = App(context={STRENGTH: "weak"})
    producer, consumer = Stack(app, "Producer", env=PLACE), Stack(app, "Consumer", env=PLACE)
    CfnOutput(consumer, "Value", value=offer(producer))
    template = consumer_template(app, consumer)
    assert list(found(template, IMPORT))
    assert not list(found(template, WEAK))


def test_another_kind_of_broker_reaches_the_template_of_the_job_in_another_stack(job_zip: Path) -> None:
    before, after = (
        pipeline_template("weak", job_zip, each)
        for each in (BrokerInstance.M7G_LARGE, BrokerInstance.of("kafka.m7g.xlarge"))
    )
    (job,) = [key for key, body in after["Resources"].items() if body["Type"] == "AWS::KinesisAnalyticsV2::Application"]
    marks = [
        {key: value for key, value in each["Resources"][job]["Metadata"].items() if key.startswith(REVISION_METADATA)}
        for each in (before, after)
    ]
    assert len(marks[0]) == 1
    assert marks[0].keys() == marks[1].keys()
    assert marks[0] != marks[1]


def of_stream(producer: Stack, consumer: Stack) -> str:
    stream = kinesis.Stream(producer, "Stream")
    return EventStream.from_stream_arn(consumer, "Imported", stream.stream_arn).stream_name


def of_workspace(producer: Stack, consumer: Stack) -> str:
    workspace = CfnWorkspace(producer, "Workspace")
    return MetricsWorkspace.from_workspace_arn(consumer, "Imported", workspace.attr_arn).query_url


def of_domain(producer: Stack, consumer: Stack) -> str:
    domain = CfnDomain(producer, "Domain")
    role = iam.Role(consumer, "Role", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))
    imported = SearchDomain.from_domain_attributes(
        consumer, "Imported", domain_arn=domain.attr_arn, domain_endpoint="vpc-fleet.example.com"
    )
    imported.grant_index_write(role, "clicks")
    return imported.domain_name


def of_cluster(producer: Stack, consumer: Stack) -> str:
    cluster = CfnServerlessCluster(producer, "Cluster", cluster_name="fleet", client_authentication=IAM, vpc_configs=[])
    imported = ServerlessKafkaCluster.from_cluster_arn(
        consumer, "Imported", cluster.attr_arn, security_groups=[], bootstrap_servers="b:9098"
    )
    role = iam.Role(consumer, "Role", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))
    topic = KafkaTopic.from_topic_name(consumer, "Topic", cluster=imported, topic_name="events")
    topic.grant_write(role)
    return topic.topic_name


@pytest.mark.parametrize("build", [of_stream, of_workspace, of_domain, of_cluster])
def test_an_arn_of_another_stack_is_imported_where_it_is_split(build: Callable[[Stack, Stack], str]) -> None:
    app = App(context={STRENGTH: "weak"})
    producer, consumer = Stack(app, "Producer"), Stack(app, "Consumer")
    CfnOutput(consumer, "Value", value=build(producer, consumer))
    template = consumer_template(app, consumer)
    splits = list(found(template, "Fn::Split"))
    assert splits
    assert all(list(found(each, IMPORT)) and not list(found(each, WEAK)) for each in splits), json.dumps(template)


@pytest.mark.parametrize("build", [of_stream, of_workspace, of_domain, of_cluster])
def test_an_arn_of_another_account_is_taken_as_text_only(build: Callable[[Stack, Stack], str]) -> None:
    app = App(context={STRENGTH: "weak"})
    producer = Stack(app, "Producer", env=PLACE)
    consumer = Stack(app, "Consumer", env=Environment(account="444455556666", region="eu-central-1"))
    with pytest.raises(PenstockError, match="in another account than Consumer/Imported.*ARN as text"):
        build(producer, consumer)


def test_a_cluster_is_granted_to_no_role_of_another_account() -> None:
    app = App()
    own = Stack(app, "Own", env=PLACE)
    vpc = ApplicationVpc(own, "Vpc")
    cluster = ProvisionedKafkaCluster(
        own, "Kafka", vpc=vpc.vpc, vpc_subnets=vpc.application_subnets, cluster_name="fleet"
    )
    other = Stack(app, "Other", env=Environment(account="444455556666", region="eu-central-1"))
    role = iam.Role(other, "Role", assumed_by=iam.ServicePrincipal("kinesisanalytics.amazonaws.com"))
    with pytest.raises(StreamError, match="Own/Kafka is in another account than Other/Role: import the cluster"):
        cluster.grant_connect(role)
