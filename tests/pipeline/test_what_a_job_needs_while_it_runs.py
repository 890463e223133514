from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.lifecycle import VerifiedStart
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.pipeline import KafkaSource, KinesisSource
from cdk_penstock.review.dependencies import arrows_of, path_between
from cdk_penstock.streams.kafka import KafkaTopic, ProvisionedKafkaCluster
from cdk_penstock.streams.kinesis import EventStream
from examples.pipeline import ClickPipeline, SearchableClickPipeline, build_network

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = Environment(account="111122223333", region="eu-central-1")
START = "Custom::PenstockApplicationStart"


def start(stack: Stack, application: FlinkApplication) -> None:
    trust = iam.ArnPrincipal("arn:aws:iam::111122223333:role/OnCall")
    operator = iam.Role(stack, "Operator", assumed_by=trust)
    VerifiedStart(stack, "Start", application=application, operator=operator)


def application_in(stack: Stack, job_zip: Path, network: ApplicationVpc, **props: Any) -> FlinkApplication:
    return FlinkApplication(
        stack,
        "App",
        code=ApplicationCode.from_asset(job_zip),
        application_name="vehicles",
        vpc=network.vpc,
        vpc_subnets=network.application_subnets,
        **props,
    )


def waited_for(stack: Stack) -> list[tuple[str, str]]:
    """Return type and logical id of everything that the start of the stack's job comes after."""
    resources = Template.from_stack(stack).to_json()["Resources"]
    (name,) = [each for each, body in resources.items() if body["Type"] == START]
    arrows = arrows_of(resources)
    return sorted((body["Type"], each) for each, body in resources.items() if path_between(arrows, name, each))


def are_waited_for(stack: Stack, kind: str) -> int:
    """Return how many resources of a type there are, all of which the start comes after."""
    names = set(Template.from_stack(stack).find_resources(kind))
    assert names == {name for type_, name in waited_for(stack) if type_ == kind}
    return len(names)


@pytest.mark.parametrize("pipeline", [ClickPipeline, SearchableClickPipeline])
def test_a_job_is_stopped_before_its_way_to_source_and_sink_is_closed(
    pipeline: type[ClickPipeline], job_zip: Path
) -> None:
    stack = Stack(App(), "Clicks", env=ENVIRONMENT)
    built = pipeline(stack, "Pipeline", code=ApplicationCode.from_asset(job_zip), network=build_network(stack))
    start(stack, built.application)
    endpoints = [name for kind, name in waited_for(stack) if kind == "AWS::EC2::VPCEndpoint"]
    assert any("KinesisStreams" in name for name in endpoints)
    assert any("ExecutionRole" in name for kind, name in waited_for(stack) if kind == "AWS::IAM::ManagedPolicy")
    if pipeline is SearchableClickPipeline:
        assert any("Sts" in name for name in endpoints)
        assert are_waited_for(stack, "Custom::PenstockSearchContent") == 1
        assert are_waited_for(stack, "AWS::EC2::SecurityGroupIngress") == 2
    else:
        assert any("ApsWorkspaces" in name for name in endpoints)


def test_a_job_is_stopped_before_its_topics_and_the_rules_of_given_security_groups_go(job_zip: Path) -> None:
    stack = Stack(App(), "Vehicles", env=ENVIRONMENT)
    network = build_network(stack)
    cluster = ProvisionedKafkaCluster(
        stack, "Kafka", vpc=network.vpc, vpc_subnets=network.application_subnets, cluster_name="vehicles"
    )
    events, letters = (
        KafkaTopic(stack, name, cluster=cluster, topic_name=name.lower(), partitions=1) for name in ("Events", "Dead")
    )
    group = ec2.SecurityGroup(stack, "Given", vpc=network.vpc, allow_all_outbound=False)
    application = application_in(stack, job_zip, network, security_groups=[group])
    start(stack, application)
    source = KafkaSource(events=events, dead_letters=letters, consumer_group="vehicles")
    source.connect_reader(application)
    source.connect_writer(application)
    assert are_waited_for(stack, "AWS::MSK::Topic") == 2
    assert are_waited_for(stack, "AWS::EC2::SecurityGroupEgress") == 1


def test_what_is_in_another_stack_closes_no_circle(job_zip: Path) -> None:
    app = App()
    first, later = Stack(app, "First", env=ENVIRONMENT), Stack(app, "Later", env=ENVIRONMENT)
    application = application_in(first, job_zip, build_network(first))
    start(first, application)
    # The later stack refers to the first one, and has another endpoint.
    elsewhere = ApplicationVpc(later, "Elsewhere")
    iam.Role(later, "Role", assumed_by=iam.ArnPrincipal(application.role.role_arn))
    source = KinesisSource(events=EventStream(first, "Events", stream_name="events"), network=elsewhere)
    source.connect_reader(application)
    app.synth()
