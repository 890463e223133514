from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.model.aws_services import AwsService
from cdk_penstock.network import ApplicationVpc
from cdk_penstock.observability import DashboardWorkspace, IdentitySource
from cdk_penstock.sinks.search import SearchDomain
from cdk_penstock.streams.kafka import KafkaTopic, ProvisionedKafkaCluster, ServerlessKafkaCluster
from tests.conftest import make_jar

if TYPE_CHECKING:
    from collections.abc import Callable

VPC_ID = "vpc-0123456789abcdef0"
SELECTIONS = {
    "default": None,
    "group": ec2.SubnetSelection(subnet_group_name="Streaming"),
    "zones": ec2.SubnetSelection(availability_zones=["eu-central-1a", "eu-central-1b"]),
    "filter": ec2.SubnetSelection(subnet_filters=[ec2.SubnetFilter.by_ids(["subnet-1", "subnet-2"])]),
}


def application(stack: Stack, path: Path, **where: Any) -> None:
    jar = path / "job.jar"
    jar.write_bytes(make_jar())
    FlinkApplication(stack, "App", code=ApplicationCode.from_asset(jar), application_name="clicks", **where)


def brokers(stack: Stack, _: Path, **where: Any) -> None:
    cluster = ProvisionedKafkaCluster(stack, "Kafka", cluster_name="clicks", broker_nodes=3, **where)
    KafkaTopic(stack, "Topic", cluster=cluster, topic_name="clicks", partitions=1)


def serverless(stack: Stack, _: Path, **where: Any) -> None:
    ServerlessKafkaCluster(stack, "Kafka", cluster_name="clicks", **where)


def domain(stack: Stack, _: Path, **where: Any) -> None:
    SearchDomain(stack, "Search", domain_name="clicks", **where)


def workspace(stack: Stack, _: Path, **where: Any) -> None:
    identity = IdentitySource.iam_identity_center()
    DashboardWorkspace(stack, "Grafana", workspace_name="clicks", identity_source=identity, **where)


def awaited(app: App) -> list[str]:
    """Return what the synthesis asks the CDK's command line to look up."""
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text())
    return [each["provider"] for each in manifest.get("missing", [])]


def new_stack() -> tuple[App, Stack]:
    app = App()
    return app, Stack(app, "Stack", env=Environment(account="111122223333", region="eu-central-1"))


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("build", [application, brokers, serverless, domain, workspace])
def test_subnets_that_are_not_known_yet_do_not_keep_the_cdk_from_the_lookup(
    build: Callable[..., None], selection: str, tmp_path: Path
) -> None:
    app, stack = new_stack()
    build(stack, tmp_path, vpc=ec2.Vpc.from_lookup(stack, "Vpc", vpc_id=VPC_ID), vpc_subnets=SELECTIONS[selection])
    assert awaited(app) == ["vpc-provider"]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_endpoints_and_checks_wait_for_the_lookup_too(selection: str, tmp_path: Path) -> None:
    app, stack = new_stack()
    network = ApplicationVpc.from_lookup(stack, "Vpc", vpc_id=VPC_ID, application_subnets=SELECTIONS[selection])
    network.add_endpoint(AwsService.S3)
    network.add_endpoint(AwsService.KMS)
    application(stack, tmp_path, vpc=network.vpc, vpc_subnets=network.application_subnets)
    add_checks(app)
    assert awaited(app) == ["vpc-provider"]
