"""Cost of the services that move events: Flink, Kafka, Kinesis, Firehose."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.cost.estimate import cost_lines
from cdk_penstock.model.cost.usage import BYTES_PER_GB
from cdk_penstock.model.sizing import HOURS_PER_MONTH, KPU_RUNNING_STORAGE_GIB

if TYPE_CHECKING:
    from cdk_penstock.model.cost.estimate import CostLine
    from cdk_penstock.model.cost.prices import Prices
    from cdk_penstock.model.cost.usage import Usage
    from cdk_penstock.model.sizing import Sizing

_FLINK: Final = "Managed Service for Apache Flink"
_KAFKA: Final = "MSK"
_KINESIS: Final = "Kinesis Data Streams"
_FIREHOSE: Final = "Data Firehose"

_PUT_UNIT_BYTES: Final = 25 * 1024
_ON_DEMAND_STEP_BYTES: Final = 1024
_FIREHOSE_STEP_BYTES: Final = 5 * 1024
_INCLUDED_RETENTION_HOURS: Final = 24
_EXTENDED_RETENTION_HOURS: Final = 7 * 24
_MILLION: Final = 1_000_000


def flink_application(name: str, sizing: Sizing, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of an application that runs all month: KPUs and the one for orchestration, storage, snapshots."""
    amounts = (
        (
            f"KPUs ({sizing.kpus} and one for orchestration), {sizing.memory_per_slot_mib} MB for each subtask",
            sizing.billed_kpus * HOURS_PER_MONTH,
            "KPU-hour",
            prices.flink.kpu_hour_usd,
        ),
        (
            f"running storage ({KPU_RUNNING_STORAGE_GIB} GB per KPU)",
            sizing.kpus * KPU_RUNNING_STORAGE_GIB,
            "GB-month",
            prices.flink.running_storage_gb_month_usd,
        ),
        ("snapshots", usage.snapshot_gb, "GB-month", prices.flink.durable_storage_gb_month_usd),
    )
    return cost_lines(_FLINK, name, amounts)


def standard_brokers(
    name: str, *, brokers: int, instance_type: str, volume_gb: int, hour_usd: float, prices: Prices
) -> list[CostLine]:
    """Return the cost of a cluster of standard brokers: instances and their volumes."""
    volumes = (
        f"volumes ({volume_gb} GB each)",
        brokers * volume_gb,
        "GB-month",
        prices.kafka.storage_gb_month_usd,
    )
    return cost_lines(_KAFKA, name, [_broker_hours(brokers, instance_type, hour_usd), volumes])


def express_brokers(
    name: str, *, brokers: int, instance_type: str, hour_usd: float, usage: Usage, prices: Prices
) -> list[CostLine]:
    """Return the cost of a cluster of Express brokers: instances, data written and data kept."""
    amounts = (
        _broker_hours(brokers, instance_type, hour_usd),
        ("data written", usage.event_gb_per_month, "GB", prices.kafka.express_written_gb_usd),
        _kept(usage, prices),
    )
    return cost_lines(_KAFKA, name, amounts)


def serverless_kafka(name: str, *, partitions: int, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of a serverless cluster: its hours, its partitions, and data written, read and kept."""
    amounts = (
        ("cluster", HOURS_PER_MONTH, "hour", prices.kafka.serverless_cluster_hour_usd),
        (
            f"partitions: {partitions}",
            partitions * HOURS_PER_MONTH,
            "partition-hour",
            prices.kafka.serverless_partition_hour_usd,
        ),
        ("data written", usage.event_gb_per_month, "GB", prices.kafka.serverless_written_gb_usd),
        ("data read", usage.event_gb_per_month * usage.readers, "GB", prices.kafka.serverless_read_gb_usd),
        _kept(usage, prices),
    )
    return cost_lines(_KAFKA, name, amounts)


def provisioned_stream(name: str, *, shards: int, retention_hours: int, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of a stream with shards; records are counted in units of 25 KB when they are put."""
    units = usage.events_per_month * max(1, ceil(usage.event_bytes / _PUT_UNIT_BYTES))
    amounts = [
        (f"shards: {shards}", shards * HOURS_PER_MONTH, "shard-hour", prices.kinesis.shard_hour_usd),
        ("records put", units / _MILLION, "million units", prices.kinesis.million_put_units_usd),
    ]
    if retention_hours > _INCLUDED_RETENTION_HOURS:
        amounts.append(
            (
                "retention up to 7 days",
                shards * HOURS_PER_MONTH,
                "shard-hour",
                prices.kinesis.extended_retention_shard_hour_usd,
            )
        )
    return cost_lines(_KINESIS, name, [*amounts, *_kept_long_term(retention_hours, usage, prices)])


def on_demand_stream(name: str, *, retention_hours: int, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of an on-demand stream; records written are rounded up to 1 KB each."""
    written = usage.events_per_month * _rounded(usage.event_bytes, _ON_DEMAND_STEP_BYTES) / BYTES_PER_GB
    amounts = [
        ("stream", HOURS_PER_MONTH, "hour", prices.kinesis.on_demand_stream_hour_usd),
        ("data written", written, "GB", prices.kinesis.on_demand_written_gb_usd),
        ("data read", usage.event_gb_per_month * usage.readers, "GB", prices.kinesis.on_demand_read_gb_usd),
    ]
    extended_hours = min(retention_hours, _EXTENDED_RETENTION_HOURS) - _INCLUDED_RETENTION_HOURS
    if extended_hours > 0:
        price = prices.kinesis.on_demand_extended_retention_gb_month_usd
        amounts.append(("retention up to 7 days", usage.event_gb_of(extended_hours), "GB-month", price))
    return cost_lines(_KINESIS, name, [*amounts, *_kept_long_term(retention_hours, usage, prices)])


def stream_consumer(name: str, *, shards: int | None, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of an enhanced fan-out consumer; without shards, the stream is an on-demand one."""
    if shards is None:
        read_price = prices.kinesis.on_demand_consumer_read_gb_usd
        return cost_lines(_KINESIS, name, [("fan-out data read", usage.event_gb_per_month, "GB", read_price)])
    amounts = (
        (
            f"fan-out, shards: {shards}",
            shards * HOURS_PER_MONTH,
            "consumer-shard-hour",
            prices.kinesis.consumer_shard_hour_usd,
        ),
        ("fan-out data read", usage.event_gb_per_month, "GB", prices.kinesis.consumer_read_gb_usd),
    )
    return cost_lines(_KINESIS, name, amounts)


def delivery_stream(
    name: str, *, from_kafka: bool, converts_format: bool, partitions_dynamically: bool, usage: Usage, prices: Prices
) -> list[CostLine]:
    """Return the cost of a delivery stream; records that are not from Kafka are rounded up to 5 KB each."""
    step = 1 if from_kafka else _FIREHOSE_STEP_BYTES
    ingested = usage.events_per_month * _rounded(usage.event_bytes, step) / BYTES_PER_GB
    price = prices.kinesis.firehose_kafka_gb_usd if from_kafka else prices.kinesis.firehose_gb_usd
    amounts = [("data ingested", ingested, "GB", price)]
    if converts_format:
        amounts.append(("format conversion", ingested, "GB", prices.kinesis.firehose_format_conversion_gb_usd))
    if partitions_dynamically:
        amounts.append(
            (
                "dynamic partitioning",
                usage.event_gb_per_month,
                "GB",
                prices.kinesis.firehose_dynamic_partitioning_gb_usd,
            )
        )
    return cost_lines(_FIREHOSE, name, amounts)


def _rounded(size_bytes: int, step_bytes: int) -> int:
    return ceil(size_bytes / step_bytes) * step_bytes


def _broker_hours(brokers: int, instance_type: str, hour_usd: float) -> tuple[str, float, str, float]:
    return f"brokers {instance_type}: {brokers}", brokers * HOURS_PER_MONTH, "hour", hour_usd


def _kept(usage: Usage, prices: Prices) -> tuple[str, float, str, float]:
    item = f"events of {usage.kafka_retention_hours:g} hours"
    return item, usage.kafka_stored_gb, "GB-month", prices.kafka.storage_gb_month_usd


def _kept_long_term(retention_hours: int, usage: Usage, prices: Prices) -> list[tuple[str, float, str, float]]:
    hours = retention_hours - _EXTENDED_RETENTION_HOURS
    if hours <= 0:
        return []
    price = prices.kinesis.long_term_retention_gb_month_usd
    return [("retention above 7 days", usage.event_gb_of(hours), "GB-month", price)]
