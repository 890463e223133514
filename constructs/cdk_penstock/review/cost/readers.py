"""Readers of the resources that cost money, one for each type: from a template's properties to the lines of a bill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.cost import platform, streams
from cdk_penstock.model.custom_resources.kept_parallelism_resource import KeptParallelismResource
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.sizing import DEFAULT_MAX_KPUS, Sizing
from cdk_penstock.review.cost.quantities import integer, price_of, text
from cdk_penstock.review.templates import as_list, as_mapping, is_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.model.cost.estimate import CostLine
    from cdk_penstock.model.cost.prices import Prices
    from cdk_penstock.model.cost.usage import Usage
    from cdk_penstock.review.templates import Resource, Templates

    _Reader = Callable[[Resource, "EstimateInputs"], list[CostLine]]

_PARALLELISM: Final = "ApplicationConfiguration.FlinkApplicationConfiguration.ParallelismConfiguration"
_VOLUME: Final = "BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize"
_RETENTION: Final = "WorkspaceConfiguration.RetentionPeriodInDays"
_S3_DESTINATION: Final = "ExtendedS3DestinationConfiguration"
_DEFAULT_METRIC_RETENTION_DAYS: Final = 150
_DEFAULT_STREAM_RETENTION_HOURS: Final = 24
_HIGH_RESOLUTION_BELOW_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True)
class EstimateInputs:
    """Inputs of every reader, in addition to its resource."""

    templates: Templates
    usage: Usage
    prices: Prices


def _application(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    if not text(resource, "RuntimeEnvironment").startswith("FLINK"):
        raise PenstockError("only applications with Flink jobs are estimated, not Studio or SQL")
    # A deployment may keep what scaling has made of the parallelism; the estimate is for the template's number.
    kept = inputs.templates.find(resource.get(f"{_PARALLELISM}.Parallelism"), resource.template)
    if kept is not None and kept.type == KeptParallelismResource.resource_type:
        parallelism, per_kpu = integer(kept, "Parallelism"), integer(kept, "ParallelismPerKpu")
    else:
        parallelism = integer(resource, f"{_PARALLELISM}.Parallelism", 1)
        per_kpu = integer(resource, f"{_PARALLELISM}.ParallelismPerKPU", 1)
    sizing = Sizing(
        parallelism=parallelism,
        parallelism_per_kpu=per_kpu,
        max_kpus=max(parallelism, DEFAULT_MAX_KPUS),
    )
    return streams.flink_application(resource.name, sizing, inputs.usage, inputs.prices)


def _cluster(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    instance_type = text(resource, "BrokerNodeGroupInfo.InstanceType")
    hour_usd = price_of(inputs.prices.kafka.broker_hour_usd, instance_type, "kafka.broker_hour_usd")
    brokers = integer(resource, "NumberOfBrokerNodes")
    if instance_type.startswith("express."):
        return streams.express_brokers(
            resource.name,
            brokers=brokers,
            instance_type=instance_type,
            hour_usd=hour_usd,
            usage=inputs.usage,
            prices=inputs.prices,
        )
    if resource.get("StorageMode") == "TIERED":
        raise PenstockError("tiered storage is paid for by the stored data, which the estimate does not know")
    return streams.standard_brokers(
        resource.name,
        brokers=brokers,
        instance_type=instance_type,
        volume_gb=integer(resource, _VOLUME),
        hour_usd=hour_usd,
        prices=inputs.prices,
    )


def _serverless_cluster(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    # No template has its topics: CloudFormation cannot create them.
    partitions = inputs.usage.kafka_partitions
    return streams.serverless_kafka(resource.name, partitions=partitions, usage=inputs.usage, prices=inputs.prices)


def _stream(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    retention_hours = integer(resource, "RetentionPeriodHours", _DEFAULT_STREAM_RETENTION_HOURS)
    if _is_on_demand(resource):
        return streams.on_demand_stream(
            resource.name, retention_hours=retention_hours, usage=inputs.usage, prices=inputs.prices
        )
    return streams.provisioned_stream(
        resource.name,
        shards=integer(resource, "ShardCount", 1),
        retention_hours=retention_hours,
        usage=inputs.usage,
        prices=inputs.prices,
    )


def _consumer(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    stream = inputs.templates.find(resource.get("StreamARN"), resource.template)
    if stream is None:
        raise PenstockError("the stream is not in the templates, so its shards are not known")
    shards = None if _is_on_demand(stream) else integer(stream, "ShardCount", 1)
    return streams.stream_consumer(resource.name, shards=shards, usage=inputs.usage, prices=inputs.prices)


def _is_on_demand(stream: Resource) -> bool:
    return bool(stream.get("StreamModeDetails.StreamMode") == "ON_DEMAND")


def _delivery_stream(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    return streams.delivery_stream(
        resource.name,
        from_kafka=resource.get("MSKSourceConfiguration") is not None,
        converts_format=is_on(resource.get(f"{_S3_DESTINATION}.DataFormatConversionConfiguration.Enabled")),
        partitions_dynamically=is_on(resource.get(f"{_S3_DESTINATION}.DynamicPartitioningConfiguration.Enabled")),
        usage=inputs.usage,
        prices=inputs.prices,
    )


def _metrics_workspace(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    return platform.prometheus_workspace(
        resource.name,
        retention_days=integer(resource, _RETENTION, _DEFAULT_METRIC_RETENTION_DAYS),
        usage=inputs.usage,
        prices=inputs.prices,
    )


def _dashboard_workspace(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    return platform.grafana_workspace(resource.name, usage=inputs.usage, prices=inputs.prices)


def _log_group(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    days = None if resource.get("RetentionInDays") is None else integer(resource, "RetentionInDays")
    return platform.log_group(resource.name, retention_days=days, usage=inputs.usage, prices=inputs.prices)


def _alarm(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    queries = [as_mapping(query) for query in as_list(resource.get("Metrics"))]
    periods = [as_mapping(query["MetricStat"]).get("Period") for query in queries if "MetricStat" in query]
    if not queries:
        periods = [resource.get("Period")]
    high_resolution = any(isinstance(each, int) and each < _HIGH_RESOLUTION_BELOW_SECONDS for each in periods)
    return platform.alarm(resource.name, metrics=len(periods), high_resolution=high_resolution, prices=inputs.prices)


def _metric_filter(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    metrics = len(as_list(resource.get("MetricTransformations")))
    return platform.custom_metrics(resource.name, metrics=metrics, prices=inputs.prices)


def _search_domain(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    instances = integer(resource, "ClusterConfig.InstanceCount", 1)
    wanted = [(text(resource, "ClusterConfig.InstanceType"), instances)]
    if is_on(resource.get("ClusterConfig.DedicatedMasterEnabled")):
        count = integer(resource, "ClusterConfig.DedicatedMasterCount", 3)
        wanted.append((text(resource, "ClusterConfig.DedicatedMasterType"), count))
    if is_on(resource.get("ClusterConfig.WarmEnabled")):
        wanted.append((text(resource, "ClusterConfig.WarmType"), integer(resource, "ClusterConfig.WarmCount")))
    prices = inputs.prices.search
    has_volumes = is_on(resource.get("EBSOptions.EBSEnabled"))
    volume_type = text(resource, "EBSOptions.VolumeType", "gp3")
    return platform.search_domain(
        resource.name,
        nodes=[
            (name, count, price_of(prices.instance_hour_usd, name, "search.instance_hour_usd"))
            for name, count in wanted
        ],
        volume_gb=instances * integer(resource, "EBSOptions.VolumeSize") if has_volumes else 0,
        volume_type=volume_type,
        volume_gb_month_usd=price_of(prices.volume_gb_month_usd, volume_type, "search.volume_gb_month_usd"),
    )


def _endpoint(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    kind = resource.get("VpcEndpointType")
    if kind is None or kind == "Gateway":
        return []
    if kind != "Interface":
        raise PenstockError(f"endpoints of type {kind} are not in the price table")
    zones = len(as_list(resource.get("SubnetIds")))
    return platform.interface_endpoint(resource.name, zones=zones, prices=inputs.prices)


def _bucket(resource: Resource, inputs: EstimateInputs) -> list[CostLine]:
    return platform.bucket(resource.name, usage=inputs.usage, prices=inputs.prices)


def _fixed(cost: platform.FixedCost) -> _Reader:
    return lambda resource, inputs: cost.lines(resource.name, prices=inputs.prices)


READERS: Final[Mapping[str, _Reader]] = {
    **{kind: _fixed(cost) for kind, cost in platform.FIXED_COSTS.items()},
    "AWS::APS::Workspace": _metrics_workspace,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::Grafana::Workspace": _dashboard_workspace,
    "AWS::Kinesis::Stream": _stream,
    "AWS::Kinesis::StreamConsumer": _consumer,
    "AWS::KinesisAnalyticsV2::Application": _application,
    "AWS::KinesisFirehose::DeliveryStream": _delivery_stream,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::MSK::Cluster": _cluster,
    "AWS::MSK::ServerlessCluster": _serverless_cluster,
    "AWS::OpenSearchService::Domain": _search_domain,
    "AWS::S3::Bucket": _bucket,
}
