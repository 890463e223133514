"""On-demand list prices of one reference Region, in US dollars, and their replacement by other prices."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.sizing import PriceTable


class PriceError(PenstockError):
    """An unknown price, or a value that is not a price."""


def _linear(prefix: str, large: float, sizes: Mapping[str, int]) -> dict[str, float]:
    """Return the prices of instance sizes that cost in proportion to ``large``."""
    return {f"{prefix}.{size}": round(large * times, 4) for size, times in sizes.items()}


_HIGHEST_USD: Final = 10**9
"""More than the price of one unit of anything at AWS."""

_SIZES: Final = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "8xlarge": 16, "12xlarge": 24, "16xlarge": 32}


@dataclass(frozen=True, kw_only=True)
class KafkaPrices:
    """Amazon MSK: provisioned by broker and volume, Express and Serverless by use as well."""

    broker_hour_usd: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "kafka.t3.small": 0.0456,
                **_linear("kafka.m5", 0.21, _SIZES | {"24xlarge": 48}),
                **_linear("kafka.m7g", 0.204, _SIZES),
                **_linear("express.m7g", 0.408, _SIZES),
            }
        )
    )
    storage_gb_month_usd: float = 0.10
    express_written_gb_usd: float = 0.01
    serverless_cluster_hour_usd: float = 0.75
    serverless_partition_hour_usd: float = 0.0015
    serverless_written_gb_usd: float = 0.10
    serverless_read_gb_usd: float = 0.05


@dataclass(frozen=True, kw_only=True)
class KinesisPrices:
    """Kinesis Data Streams, and Firehose, which counts each record from a stream as at least 5 KB."""

    shard_hour_usd: float = 0.015
    million_put_units_usd: float = 0.014
    extended_retention_shard_hour_usd: float = 0.020
    consumer_shard_hour_usd: float = 0.015
    consumer_read_gb_usd: float = 0.013
    on_demand_stream_hour_usd: float = 0.04
    on_demand_written_gb_usd: float = 0.08
    on_demand_read_gb_usd: float = 0.04
    on_demand_consumer_read_gb_usd: float = 0.05
    on_demand_extended_retention_gb_month_usd: float = 0.10
    long_term_retention_gb_month_usd: float = 0.023
    firehose_gb_usd: float = 0.029
    firehose_kafka_gb_usd: float = 0.055
    firehose_format_conversion_gb_usd: float = 0.018
    firehose_dynamic_partitioning_gb_usd: float = 0.020


@dataclass(frozen=True, kw_only=True)
class ObservabilityPrices:
    """Managed Prometheus and Grafana, CloudWatch."""

    first_2_billion_samples_per_10_million_usd: float = 0.90
    next_250_billion_samples_per_10_million_usd: float = 0.35
    further_samples_per_10_million_usd: float = 0.16
    metric_storage_gb_month_usd: float = 0.03
    billion_queried_samples_usd: float = 0.10
    grafana_editor_month_usd: float = 9.0
    grafana_viewer_month_usd: float = 5.0
    log_gb_usd: float = 0.50
    log_storage_gb_month_usd: float = 0.03
    alarm_metric_month_usd: float = 0.10
    high_resolution_alarm_metric_month_usd: float = 0.30
    composite_alarm_month_usd: float = 0.50
    dashboard_month_usd: float = 3.0
    custom_metric_month_usd: float = 0.30


@dataclass(frozen=True, kw_only=True)
class SearchPrices:
    """Amazon OpenSearch Service: instances by the hour, volumes by the gigabyte."""

    instance_hour_usd: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "t3.small.search": 0.036,
                "t3.medium.search": 0.073,
                "m6g.large.search": 0.128,
                "m6g.xlarge.search": 0.256,
                "m6g.2xlarge.search": 0.511,
                "m7g.medium.search": 0.068,
                "m7g.large.search": 0.135,
                "m7g.xlarge.search": 0.271,
                "m7g.2xlarge.search": 0.542,
                "r6g.large.search": 0.167,
                "r6g.xlarge.search": 0.335,
                "r6g.2xlarge.search": 0.669,
                "r7g.medium.search": 0.089,
                "r7g.large.search": 0.178,
                "r7g.xlarge.search": 0.356,
                "r7g.2xlarge.search": 0.711,
                "or1.medium.search": 0.105,
                "or1.large.search": 0.209,
                "or1.xlarge.search": 0.419,
                "ultrawarm1.medium.search": 0.238,
            }
        )
    )
    volume_gb_month_usd: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"gp3": 0.122, "gp2": 0.135, "standard": 0.067})
    )


@dataclass(frozen=True, kw_only=True)
class PlatformPrices:
    """Network, keys, secrets and objects."""

    interface_endpoint_hour_usd: float = 0.01
    nat_gateway_hour_usd: float = 0.045
    public_address_hour_usd: float = 0.005
    key_month_usd: float = 1.0
    secret_month_usd: float = 0.40
    object_gb_month_usd: float = 0.023


@dataclass(frozen=True, kw_only=True)
class Prices:
    """All prices of an estimate, with their Region, date and source.

    Parameters
    ----------
    region, as_of, source
        The origin of the prices. The defaults are on-demand list prices of us-east-1 in US dollars, without discount.
    flink, kafka, kinesis, observability, search, platform
        The prices by service; the tables of a price file carry these names.
    """

    region: str = "us-east-1"
    as_of: str = "2026-10"
    source: str = (
        "AWS list prices, on demand, as public copies of the AWS Price List and of the services' pricing pages show"
        " them; not a quote"
    )
    flink: PriceTable = field(default_factory=PriceTable)
    kafka: KafkaPrices = field(default_factory=KafkaPrices)
    kinesis: KinesisPrices = field(default_factory=KinesisPrices)
    observability: ObservabilityPrices = field(default_factory=ObservabilityPrices)
    search: SearchPrices = field(default_factory=SearchPrices)
    platform: PlatformPrices = field(default_factory=PlatformPrices)


_TEXTS: Final = ("region", "as_of", "source")


def prices_from_toml(values: Mapping[str, Any]) -> Prices:
    """Return the default prices with those of a price file over them.

    The file names their origin in ``region``, ``as_of`` and ``source``. Raises PriceError for an unknown table or
    price, and for a value that is not a price.
    """
    prices = Prices()
    known = [each.name for each in fields(Prices)]
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if name in _TEXTS:
            changed[name] = _text(name, value)
        elif name in known and isinstance(value, Mapping):
            changed[name] = _merged(name, getattr(prices, name), value)
        else:
            raise PriceError(_unknown(name, known))
    return replace(prices, **changed)


def _merged(table: str, prices: Any, values: Mapping[str, Any]) -> Any:
    known = [each.name for each in fields(prices)]
    changed: dict[str, object] = {}
    for name, value in values.items():
        if name not in known:
            raise PriceError(_unknown(f"{table}.{name}", [f"{table}.{each}" for each in known]))
        default = getattr(prices, name)
        if isinstance(default, Mapping):
            if not isinstance(value, Mapping):
                raise PriceError(f"{table}.{name} must be a table of prices, got {value!r}")
            given = {key: _price(f"{table}.{name}.{key}", each) for key, each in value.items()}
            changed[name] = MappingProxyType({**default, **given})
        else:
            changed[name] = _price(f"{table}.{name}", value)
    return replace(prices, **changed)


def _price(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _HIGHEST_USD:
        raise PriceError(f"{name} must be a price in US dollars, got {reprlib.repr(value)}")
    return float(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise PriceError(f"{name} must be text, got {value!r}")
    return value


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"there is no price or table {name!r}: " + (
        f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    )
