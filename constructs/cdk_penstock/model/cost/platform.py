"""Cost of the services around the events: metrics, dashboards, search, logs, network, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.cost.estimate import cost_lines
from cdk_penstock.model.cost.usage import BYTES_PER_GB
from cdk_penstock.model.sizing import HOURS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_penstock.model.cost.estimate import CostLine
    from cdk_penstock.model.cost.prices import Prices
    from cdk_penstock.model.cost.usage import Usage

_PROMETHEUS: Final = "Managed Service for Prometheus"
_GRAFANA: Final = "Managed Grafana"
_CLOUDWATCH: Final = "CloudWatch"
_SEARCH: Final = "OpenSearch Service"
_VPC: Final = "VPC"

_TEN_MILLION: Final = 10_000_000
_BILLION: Final = 1_000_000_000
_FIRST_TIER: Final = 2 * _BILLION
_SECOND_TIER: Final = 252 * _BILLION
_SAMPLE_BYTES: Final = 2
"""A stored sample is 1 or 2 bytes (AMP pricing page); labels come on top and are few here."""

_HOURS_PER_DAY: Final = 24


def prometheus_workspace(name: str, *, retention_days: int, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of a workspace: samples written, tier by tier, kept and read."""
    table = prices.observability
    written = usage.samples_per_month
    tiers = (
        ("samples written", min(written, _FIRST_TIER), table.first_2_billion_samples_per_10_million_usd),
        (
            "samples written above 2 billion",
            min(max(written - _FIRST_TIER, 0), _SECOND_TIER - _FIRST_TIER),
            table.next_250_billion_samples_per_10_million_usd,
        ),
        (
            "samples written above 252 billion",
            max(written - _SECOND_TIER, 0),
            table.further_samples_per_10_million_usd,
        ),
    )
    kept_gb = written / HOURS_PER_MONTH * _HOURS_PER_DAY * retention_days * _SAMPLE_BYTES / BYTES_PER_GB
    amounts = [
        (item, samples / _TEN_MILLION, "10 million samples", price)
        for index, (item, samples, price) in enumerate(tiers)
        if samples > 0 or index == 0
    ]
    amounts += [
        (f"samples of {retention_days} days", kept_gb, "GB-month", table.metric_storage_gb_month_usd),
        (
            "samples read",
            usage.queried_samples_per_month / _BILLION,
            "billion samples",
            table.billion_queried_samples_usd,
        ),
    ]
    return cost_lines(_PROMETHEUS, name, amounts)


def grafana_workspace(name: str, *, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of a workspace: its active users, at least one editor."""
    amounts = [
        ("editors and administrators", max(usage.editors, 1), "user", prices.observability.grafana_editor_month_usd)
    ]
    if usage.viewers:
        amounts.append(("viewers", usage.viewers, "user", prices.observability.grafana_viewer_month_usd))
    return cost_lines(_GRAFANA, name, amounts)


def log_group(name: str, *, retention_days: int | None, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of a log group; without retention, it is the cost of a year's events."""
    months = (retention_days or 365) * _HOURS_PER_DAY / HOURS_PER_MONTH
    amounts = (
        ("log events", usage.log_gb, "GB", prices.observability.log_gb_usd),
        ("events kept", usage.log_gb * months, "GB-month", prices.observability.log_storage_gb_month_usd),
    )
    return cost_lines(_CLOUDWATCH, name, amounts)


def alarm(name: str, *, metrics: int, high_resolution: bool, prices: Prices) -> list[CostLine]:
    """Return the cost of an alarm, by the number of its metrics."""
    table = prices.observability
    price = table.high_resolution_alarm_metric_month_usd if high_resolution else table.alarm_metric_month_usd
    return cost_lines(_CLOUDWATCH, name, [("alarm", metrics, "metric", price)])


def custom_metrics(name: str, *, metrics: int, prices: Prices) -> list[CostLine]:
    """Return the cost of the metrics that a filter makes of log events."""
    price = prices.observability.custom_metric_month_usd
    return cost_lines(_CLOUDWATCH, name, [("custom metrics", metrics, "metric", price)])


def search_domain(
    name: str,
    *,
    nodes: Sequence[tuple[str, int, float]],
    volume_gb: int,
    volume_type: str,
    volume_gb_month_usd: float,
) -> list[CostLine]:
    """Return the cost of a domain: nodes as (instance type, number, price of an hour), volumes of all data nodes."""
    amounts = [
        (f"nodes {instance_type}: {count}", count * HOURS_PER_MONTH, "hour", hour_usd)
        for instance_type, count, hour_usd in nodes
    ]
    if volume_gb:
        amounts.append((f"{volume_type} volumes", volume_gb, "GB-month", volume_gb_month_usd))
    return cost_lines(_SEARCH, name, amounts)


def interface_endpoint(name: str, *, zones: int, prices: Prices) -> list[CostLine]:
    """Return the cost of an interface endpoint: an interface in each zone."""
    amount = (
        f"endpoint, zones: {zones}",
        zones * HOURS_PER_MONTH,
        "hour",
        prices.platform.interface_endpoint_hour_usd,
    )
    return cost_lines(_VPC, name, [amount])


def bucket(name: str, *, usage: Usage, prices: Prices) -> list[CostLine]:
    """Return the cost of a bucket's objects in the standard storage class."""
    return cost_lines("S3", name, [("objects", usage.archived_gb, "GB-month", prices.platform.object_gb_month_usd)])


@dataclass(frozen=True)
class FixedCost:
    """A cost that is the same for each resource of a type."""

    service: str
    item: str
    quantity: float
    unit: str
    price: Callable[[Prices], float]

    def lines(self, name: str, *, prices: Prices) -> list[CostLine]:
        """Return the cost of one resource."""
        return cost_lines(self.service, name, [(self.item, self.quantity, self.unit, self.price(prices))])


FIXED_COSTS: Final = {
    "AWS::CloudWatch::CompositeAlarm": FixedCost(
        _CLOUDWATCH, "composite alarm", 1, "alarm", lambda prices: prices.observability.composite_alarm_month_usd
    ),
    "AWS::CloudWatch::Dashboard": FixedCost(
        _CLOUDWATCH, "dashboard", 1, "dashboard", lambda prices: prices.observability.dashboard_month_usd
    ),
    "AWS::EC2::EIP": FixedCost(
        _VPC, "public address", HOURS_PER_MONTH, "hour", lambda prices: prices.platform.public_address_hour_usd
    ),
    "AWS::EC2::NatGateway": FixedCost(
        _VPC, "NAT gateway", HOURS_PER_MONTH, "hour", lambda prices: prices.platform.nat_gateway_hour_usd
    ),
    "AWS::KMS::Key": FixedCost("KMS", "key", 1, "key", lambda prices: prices.platform.key_month_usd),
    "AWS::SecretsManager::Secret": FixedCost(
        "Secrets Manager", "secret", 1, "secret", lambda prices: prices.platform.secret_month_usd
    ),
}
"""The cost by type of resource; a customer managed key before its first rotation."""
