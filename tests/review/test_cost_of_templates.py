from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.model.cost import Estimate, Prices, Usage
from cdk_penstock.review.cost import estimate_templates
from cdk_penstock.review.templates import Template, Templates

Body = dict[str, Any]


def resource(kind: str, **properties: Any) -> Body:
    return {"Type": kind, "Properties": properties}


def estimate(usage: Usage | None = None, **resources: Any) -> Estimate:
    templates = Templates((Template("a.json", {"Resources": resources}),))
    return estimate_templates(templates, usage=usage or Usage(), prices=Prices())


def lines(**resources: Any) -> dict[str, float]:
    """Return the quantity of each item, all of which must be estimated."""
    result = estimate(**resources)
    assert result.not_estimated == ()
    return {line.item: line.quantity for line in result.lines}


def reason(**resources: Any) -> str:
    """Return the reason why the one resource is not estimated."""
    result = estimate(**resources)
    (only,) = result.not_estimated
    assert result.lines == ()
    return only.reason


def application(runtime: str = "FLINK-1_20", **parallelism: Any) -> Body:
    flink = {"FlinkApplicationConfiguration": {"ParallelismConfiguration": parallelism}}
    return resource("AWS::KinesisAnalyticsV2::Application", RuntimeEnvironment=runtime, ApplicationConfiguration=flink)


def cluster(**changed: Any) -> Body:
    nodes = {"InstanceType": "kafka.m7g.large", "StorageInfo": {"EBSStorageInfo": {"VolumeSize": 250}}}
    nodes |= changed.pop("nodes", {})
    return resource("AWS::MSK::Cluster", **{"NumberOfBrokerNodes": 3, "BrokerNodeGroupInfo": nodes, **changed})


def test_an_application_is_sized_by_its_template() -> None:
    found = lines(App=application(Parallelism=9, ParallelismPerKPU="4"))
    assert found["KPUs (3 and one for orchestration), 1024 MB for each subtask"] == 4 * 730
    kept = {"Type": "Custom::PenstockKeptParallelism", "Properties": {"Parallelism": "9", "ParallelismPerKpu": "4"}}
    told = application(Parallelism={"Fn::GetAtt": ["Kept", "Parallelism"]})
    assert lines(App=told, Kept=kept) == found
    assert lines(App=application())["KPUs (1 and one for orchestration), 4096 MB for each subtask"] == 2 * 730
    assert (
        lines(App=application(Parallelism=100))["KPUs (100 and one for orchestration), 4096 MB for each subtask"]
        == 101 * 730
    )


def test_clusters_are_priced_by_their_brokers() -> None:
    assert lines(Cluster=cluster()) == {"brokers kafka.m7g.large: 3": 3 * 730, "volumes (250 GB each)": 750}
    express = lines(Cluster=cluster(nodes={"InstanceType": "express.m7g.xlarge"}))
    assert set(express) == {"brokers express.m7g.xlarge: 3", "data written", "events of 24 hours"}


def test_a_serverless_cluster_has_the_assumed_partitions() -> None:
    assert lines(Cluster=resource("AWS::MSK::ServerlessCluster"))["partitions: 12"] == 12 * 730


def test_streams_and_their_consumers_are_priced_by_mode() -> None:
    consumer = resource("AWS::Kinesis::StreamConsumer", StreamARN={"Fn::GetAtt": ["Stream", "Arn"]})
    shards = lines(Stream=resource("AWS::Kinesis::Stream", ShardCount=6), Consumer=consumer)
    assert shards["shards: 6"] == shards["fan-out, shards: 6"] == 6 * 730
    assert lines(Stream=resource("AWS::Kinesis::Stream"))["shards: 1"] == 730
    mode = {"StreamMode": "ON_DEMAND"}
    on_demand = resource("AWS::Kinesis::Stream", StreamModeDetails=mode, RetentionPeriodHours=48)
    found = lines(Stream=on_demand, Consumer=consumer)
    assert found["stream"] == 730
    assert {"retention up to 7 days", "fan-out data read"} <= set(found)


def test_a_delivery_stream_pays_for_conversion_and_partitions() -> None:
    on = {"Enabled": True}
    destination = {"DataFormatConversionConfiguration": on, "DynamicPartitioningConfiguration": {"Enabled": "true"}}
    kind = "AWS::KinesisFirehose::DeliveryStream"
    found = lines(Delivery=resource(kind, ExtendedS3DestinationConfiguration=destination))
    assert set(found) == {"data ingested", "format conversion", "dynamic partitioning"}
    plain = lines(Delivery=resource(kind, MSKSourceConfiguration={"TopicName": "t"}))
    assert set(plain) == {"data ingested"}
    assert plain["data ingested"] < found["data ingested"]


def test_workspaces_are_priced_by_their_use() -> None:
    short = resource("AWS::APS::Workspace", WorkspaceConfiguration={"RetentionPeriodInDays": 30})
    assert {"samples written", "samples of 30 days", "samples read"} == set(lines(Workspace=short))
    assert "samples of 150 days" in lines(Workspace=resource("AWS::APS::Workspace"))
    assert lines(Workspace=resource("AWS::Grafana::Workspace")) == {"editors and administrators": 2}


def test_logs_are_priced_with_their_retention() -> None:
    month = lines(Group=resource("AWS::Logs::LogGroup", RetentionInDays=30))["events kept"]
    assert month == pytest.approx(30 * 24 / 730)
    assert lines(Group=resource("AWS::Logs::LogGroup"))["events kept"] == pytest.approx(12)


def test_alarms_are_priced_by_their_metrics() -> None:
    def query(period: int) -> Body:
        return {"Id": "m", "MetricStat": {"Period": period}}

    plain = resource("AWS::CloudWatch::Alarm", MetricName="m", Period=60)
    computed = resource("AWS::CloudWatch::Alarm", Metrics=[query(60), query(60), {"Id": "e", "Expression": "m1/m2"}])
    quick = resource("AWS::CloudWatch::Alarm", Metrics=[query(10)])
    assert [line.monthly_usd for line in estimate(A=plain, B=computed, C=quick).lines] == pytest.approx([0.1, 0.2, 0.3])


def test_other_resources_are_priced_by_the_piece() -> None:
    found = lines(
        Interface=resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface", SubnetIds=["a", "b", "c"]),
        Gateway=resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Gateway"),
        Silent=resource("AWS::EC2::VPCEndpoint"),
        Nat=resource("AWS::EC2::NatGateway"),
        Address=resource("AWS::EC2::EIP"),
        Key=resource("AWS::KMS::Key"),
        Secret=resource("AWS::SecretsManager::Secret"),
        Bucket=resource("AWS::S3::Bucket"),
        Dashboard=resource("AWS::CloudWatch::Dashboard"),
        Composite=resource("AWS::CloudWatch::CompositeAlarm"),
        Filter=resource("AWS::Logs::MetricFilter", MetricTransformations=[{}, {}]),
    )
    assert found == {
        "endpoint, zones: 3": 3 * 730,
        "NAT gateway": 730,
        "public address": 730,
        "key": 1,
        "secret": 1,
        "objects": 100,
        "dashboard": 1,
        "composite alarm": 1,
        "custom metrics": 2,
    }


def domain(**changed: Any) -> Body:
    cluster_config = {"InstanceType": "r7g.large.search", "InstanceCount": 3, **changed.pop("cluster", {})}
    volumes = {"EBSEnabled": True, "VolumeSize": 100, "VolumeType": "gp3"}
    properties = {"ClusterConfig": cluster_config, "EBSOptions": volumes, **changed}
    return resource("AWS::OpenSearchService::Domain", **properties)


def test_a_domain_is_priced_by_its_nodes_and_volumes() -> None:
    masters = {"DedicatedMasterEnabled": True, "DedicatedMasterType": "m7g.large.search"}
    warm = {"WarmEnabled": True, "WarmType": "ultrawarm1.medium.search", "WarmCount": 2}
    assert lines(Domain=domain(cluster={**masters, **warm})) == {
        "nodes r7g.large.search: 3": 3 * 730,
        "nodes m7g.large.search: 3": 3 * 730,
        "nodes ultrawarm1.medium.search: 2": 2 * 730,
        "gp3 volumes": 300,
    }
    assert set(lines(Domain=domain(EBSOptions={"EBSEnabled": False}))) == {"nodes r7g.large.search: 3"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (application("ZEPPELIN-FLINK-3_0"), "only applications with Flink jobs are estimated"),
        (application(Parallelism={"Ref": "P"}), "ParallelismConfiguration.Parallelism is known only at the deployment"),
        (application(Parallelism=0), "parallelism must be at least 1, got 0"),
        (application(Parallelism=10**400), "ParallelismConfiguration.Parallelism is 1000"),
        (resource("AWS::Kinesis::Stream", ShardCount=-1), "ShardCount is -1, which no resource has"),
        (resource("AWS::Logs::LogGroup", RetentionInDays=10**400), "RetentionInDays is 1000"),
        (cluster(nodes={"InstanceType": "kafka.new.large"}), "no price for kafka.new.large: add it to [kafka.broker"),
        (cluster(nodes={"InstanceType": {"Ref": "P"}}), "InstanceType is known only at the deployment"),
        (cluster(nodes={"InstanceType": None}), "InstanceType is not in the template"),
        (cluster(nodes={"StorageInfo": None}), "the template does not say BrokerNodeGroupInfo.StorageInfo"),
        (cluster(StorageMode="TIERED"), "tiered storage"),
        (resource("AWS::Kinesis::StreamConsumer", StreamARN="arn"), "the stream is not in the templates"),
        (resource("AWS::EC2::VPCEndpoint", VpcEndpointType="GatewayLoadBalancer"), "are not in the price table"),
        (domain(EBSOptions={"EBSEnabled": True, "VolumeSize": 1, "VolumeType": "io1"}), "no price for io1"),
        (resource("AWS::Lambda::Function"), "paid for by calls"),
        (resource("AWS::RDS::DBCluster"), "the type is not in the price table"),
    ],
)
def test_a_resource_without_a_price_is_named_with_the_reason_and_not_counted_as_zero(body: Body, expected: str) -> None:
    assert expected in reason(It=body)


def test_free_resources_are_not_mentioned() -> None:
    free = ["AWS::IAM::Role", "AWS::EC2::Subnet", "Custom::Anything", "AWS::KMS::Alias", "AWS::MSK::Topic"]
    result = estimate(None, **{f"R{index}": resource(kind) for index, kind in enumerate(free)})
    assert (result.lines, result.not_estimated) == ((), ())


def test_a_resource_is_named_by_its_path_if_the_template_has_it() -> None:
    key = {**resource("AWS::KMS::Key"), "Metadata": {"aws:cdk:path": "Prod/Processing/Job/Key/Resource"}}
    assert [line.resource for line in estimate(Key1A2B=key).lines] == ["Prod/Processing/Job/Key"]
