from __future__ import annotations

import json
from importlib import resources

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.regions import WITHOUT_SERVICE, check_service, via_service, via_service_names
from cdk_penstock.observability import DashboardWorkspace, IdentitySource, MetricsWorkspace
from cdk_penstock.streams.kafka import ServerlessKafkaCluster

PROVIDERS = resources.files("cfnlint") / "data" / "schemas" / "providers"
MADE = {
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::KinesisAnalyticsV2::Application",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::MSK::Cluster",
    "AWS::MSK::Topic",
    "AWS::OpenSearchService::Domain",
    *WITHOUT_SERVICE,
}


def types_by_region() -> dict[str, set[str]]:
    files = [each for each in PROVIDERS.iterdir() if each.name.endswith(".json") and each.name != "sam.json"]
    types = {each.name.removesuffix(".json"): set(json.loads(each.read_text())) for each in files}
    # Of partitions that it cannot see, cfn-lint has a copy of us-east-1.
    return {region: made for region, made in types.items() if "iso" not in region and not region.startswith("eusc-")}


def test_the_table_says_what_the_schemas_of_cloudformation_say() -> None:
    types = types_by_region()
    assert len(types) > 30
    found = {kind: frozenset(region for region, made in types.items() if kind not in made) for kind in MADE}
    assert {kind: regions for kind, regions in found.items() if regions} == WITHOUT_SERVICE


@pytest.mark.parametrize("kind", WITHOUT_SERVICE)
def test_a_service_is_refused_where_it_is_missing_and_nowhere_else(kind: str) -> None:
    for region in [*types_by_region(), "xx-new-1", ""]:
        if region in WITHOUT_SERVICE[kind]:
            with pytest.raises(PenstockError, match=f"{region} has no {kind}, so its deployment would fail: "):
                check_service(kind, region)
        else:
            check_service(kind, region)


def stack_in(region: str) -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region=region))


def test_constructs_refuse_a_region_without_their_service() -> None:
    with pytest.raises(PenstockError, match="cn-north-1 has no AWS::APS::Workspace"):
        MetricsWorkspace(stack_in("cn-north-1"), "Metrics", workspace_alias="fleet")
    with pytest.raises(PenstockError, match="us-gov-west-1 has no AWS::Grafana::Workspace"):
        DashboardWorkspace(
            stack_in("us-gov-west-1"),
            "Dashboards",
            workspace_name="fleet",
            identity_source=IdentitySource.iam_identity_center(),
        )
    with pytest.raises(PenstockError, match="us-west-1 has no AWS::MSK::ServerlessCluster.*use a ProvisionedKafka"):
        stack = stack_in("us-west-1")
        ServerlessKafkaCluster(stack, "Kafka", cluster_name="fleet", vpc=ec2.Vpc(stack, "Vpc"))


def test_kms_knows_a_service_in_china_by_either_name() -> None:
    assert via_service("s3", "eu-central-1") == {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
    assert via_service("s3", "us-gov-west-1") == {"kms:ViaService": "s3.us-gov-west-1.amazonaws.com"}
    names = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    assert via_service("s3", "cn-north-1") == {"kms:ViaService": names}
    assert list(via_service_names("s3", "cn-north-1")) == names
    assert via_service("s3", "${Token[AWS.Region.4]}") == {"kms:ViaService": "s3.${Token[AWS.Region.4]}.amazonaws.com"}
