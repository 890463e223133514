from __future__ import annotations

from dataclasses import fields, replace
from math import fsum, inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.cost import (
    CostLine,
    Estimate,
    PriceError,
    Prices,
    Usage,
    UsageError,
    platform,
    prices_from_toml,
    streams,
)
from cdk_penstock.model.sizing import Sizing

if TYPE_CHECKING:
    from collections.abc import Callable

PRICES = Prices()

amounts = st.floats(0, 1e6, allow_nan=False)
counts = st.integers(0, 1000)
usages = st.builds(
    Usage,
    events_per_second=amounts,
    event_bytes=st.integers(1, 1_000_000),
    readers=counts,
    kafka_retention_hours=st.floats(0, 10_000),
    kafka_partitions=counts,
    samples_per_second=amounts,
    queried_samples_per_second=amounts,
    editors=counts,
    viewers=counts,
    log_gb=amounts,
    archived_gb=amounts,
    snapshot_gb=amounts,
)

ALL: dict[str, Callable[[Usage], list[CostLine]]] = {
    "application": lambda usage: streams.flink_application("a", Sizing(parallelism=4), usage, PRICES),
    "brokers": lambda _: streams.standard_brokers(
        "a", brokers=3, instance_type="kafka.m7g.large", volume_gb=100, hour_usd=0.204, prices=PRICES
    ),
    "express": lambda usage: streams.express_brokers(
        "a", brokers=3, instance_type="express.m7g.large", hour_usd=0.408, usage=usage, prices=PRICES
    ),
    "serverless": lambda usage: streams.serverless_kafka(
        "a", partitions=usage.kafka_partitions, usage=usage, prices=PRICES
    ),
    "stream": lambda usage: streams.provisioned_stream("a", shards=4, retention_hours=400, usage=usage, prices=PRICES),
    "on demand": lambda usage: streams.on_demand_stream("a", retention_hours=400, usage=usage, prices=PRICES),
    "consumer": lambda usage: streams.stream_consumer("a", shards=4, usage=usage, prices=PRICES),
    "on-demand consumer": lambda usage: streams.stream_consumer("a", shards=None, usage=usage, prices=PRICES),
    "delivery": lambda usage: streams.delivery_stream(
        "a", from_kafka=False, converts_format=True, partitions_dynamically=True, usage=usage, prices=PRICES
    ),
    "metrics": lambda usage: platform.prometheus_workspace("a", retention_days=150, usage=usage, prices=PRICES),
    "dashboards": lambda usage: platform.grafana_workspace("a", usage=usage, prices=PRICES),
    "log": lambda usage: platform.log_group("a", retention_days=None, usage=usage, prices=PRICES),
    "bucket": lambda usage: platform.bucket("a", usage=usage, prices=PRICES),
}


def total(lines: list[CostLine]) -> float:
    return Estimate(lines=tuple(lines), not_estimated=()).total_usd


@given(usages, st.sampled_from(sorted(ALL)))
def test_no_line_is_negative(usage: Usage, kind: str) -> None:
    lines = ALL[kind](usage)
    assert lines
    assert all(0 <= line.monthly_usd < inf for line in lines)


@given(usages, st.sampled_from(sorted(ALL)), st.data())
def test_more_of_anything_never_costs_less(usage: Usage, kind: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([each.name for each in fields(Usage)]))
    more = replace(usage, **{name: getattr(usage, name) + data.draw(counts)})
    before, after = total(ALL[kind](usage)), total(ALL[kind](more))
    assert after >= before - 1e-9 * before


@given(st.integers(1, 400), st.integers(1, 8), st.integers(1, 50))
def test_an_application_never_costs_less_with_more_parallelism(parallelism: int, per_kpu: int, more: int) -> None:
    small, large = (
        Sizing(parallelism=each, parallelism_per_kpu=per_kpu, max_kpus=1000)
        for each in (parallelism, parallelism + more)
    )
    costs = [total(streams.flink_application("a", each, Usage(), PRICES)) for each in (small, large)]
    assert costs[0] <= costs[1]
    assert (costs[0] < costs[1]) == (small.kpus < large.kpus)


@given(st.lists(st.tuples(st.sampled_from("abc"), amounts, amounts)))
def test_the_total_is_the_sum_of_the_lines_and_of_the_services(parts: list[tuple[str, float, float]]) -> None:
    lines = tuple(
        CostLine(service=service, resource="r", item="i", quantity=quantity, unit="u", unit_price_usd=price)
        for service, quantity, price in parts
    )
    estimate = Estimate(lines=lines, not_estimated=())
    assert estimate.total_usd == pytest.approx(sum(quantity * price for _, quantity, price in parts))
    assert fsum(estimate.by_service.values()) == pytest.approx(estimate.total_usd)
    assert list(estimate.by_service.values()) == sorted(estimate.by_service.values(), reverse=True)


def test_an_application_pays_for_the_orchestration_kpu_but_no_storage_for_it() -> None:
    lines = streams.flink_application("a", Sizing(parallelism=4), Usage(snapshot_gb=100), PRICES)
    assert [line.monthly_usd for line in lines] == pytest.approx([5 * 730 * 0.11, 200 * 0.10, 2.30])
    assert total(lines) == pytest.approx(Sizing(parallelism=4).monthly_cost(snapshot_gb=100).total_usd)


def test_express_brokers_pay_for_data_written_and_kept() -> None:
    usage = Usage(events_per_second=1024, event_bytes=1024, kafka_retention_hours=1)
    lines = ALL["express"](usage)
    assert [line.quantity for line in lines] == pytest.approx([3 * 730, 3600 * 730 / 1024, 3600 / 1024])


def test_an_idle_serverless_cluster_is_expensive() -> None:
    lines = streams.serverless_kafka("a", partitions=12, usage=Usage(events_per_second=0), prices=PRICES)
    assert total(lines) == pytest.approx(730 * 0.75 + 12 * 730 * 0.0015)


@pytest.mark.parametrize(("event_bytes", "units"), [(1, 1), (25 * 1024, 1), (25 * 1024 + 1, 2)])
def test_a_record_is_put_in_units_of_25_kb(event_bytes: int, units: int) -> None:
    usage = Usage(events_per_second=1, event_bytes=event_bytes)
    lines = streams.provisioned_stream("a", shards=1, retention_hours=24, usage=usage, prices=PRICES)
    assert [line.item for line in lines] == ["shards: 1", "records put"]
    assert lines[1].quantity == pytest.approx(units * 3600 * 730 / 1e6)


def test_retention_is_paid_for_beyond_a_day_and_beyond_a_week() -> None:
    def items(hours: int, kind: Callable[..., list[CostLine]], **more: Any) -> list[str]:
        return [line.item for line in kind("a", retention_hours=hours, usage=Usage(), prices=PRICES, **more)][2:]

    week, longer = "retention up to 7 days", "retention above 7 days"
    for hours, expected in ((24, []), (25, [week]), (168, [week]), (169, [week, longer])):
        assert items(hours, streams.provisioned_stream, shards=1) == expected
        assert [item for item in items(hours, streams.on_demand_stream) if "retention" in item] == expected


@pytest.mark.parametrize(("from_kafka", "billed_bytes"), [(False, 5 * 1024), (True, 100)])
def test_small_records_are_rounded_up_by_firehose_unless_they_come_from_kafka(
    from_kafka: bool, billed_bytes: int
) -> None:
    usage = Usage(events_per_second=10, event_bytes=100)
    (line,) = streams.delivery_stream(
        "a",
        from_kafka=from_kafka,
        converts_format=False,
        partitions_dynamically=False,
        usage=usage,
        prices=PRICES,
    )
    assert line.quantity == pytest.approx(10 * 3600 * 730 * billed_bytes / 1024**3)


@pytest.mark.parametrize(
    ("billions", "usd"), [(1, 90), (2, 180), (3, 180 + 35), (252, 180 + 8750), (262, 180 + 8750 + 160)]
)
def test_samples_are_paid_for_by_tier(billions: float, usd: float) -> None:
    usage = Usage(samples_per_second=billions * 1e9 / 3600 / 730)
    lines = platform.prometheus_workspace("a", retention_days=150, usage=usage, prices=PRICES)
    assert fsum(line.monthly_usd for line in lines if "written" in line.item) == pytest.approx(usd)


def test_a_grafana_workspace_has_at_least_one_editor() -> None:
    nobody = platform.grafana_workspace("a", usage=Usage(editors=0, viewers=0), prices=PRICES)
    assert total(nobody) == 9.0
    everybody = platform.grafana_workspace("a", usage=Usage(editors=2, viewers=3), prices=PRICES)
    assert total(everybody) == 18.0 + 15.0


def test_platform_services_are_paid_for_by_the_piece() -> None:
    hours = 730
    assert total(platform.interface_endpoint("a", zones=3, prices=PRICES)) == pytest.approx(3 * hours * 0.01)
    assert total(platform.FIXED_COSTS["AWS::EC2::NatGateway"].lines("a", prices=PRICES)) == pytest.approx(32.85)
    assert total(platform.FIXED_COSTS["AWS::EC2::EIP"].lines("a", prices=PRICES)) == pytest.approx(3.65)
    assert total(platform.FIXED_COSTS["AWS::KMS::Key"].lines("a", prices=PRICES)) == 1.0
    assert total(platform.FIXED_COSTS["AWS::SecretsManager::Secret"].lines("a", prices=PRICES)) == 0.40
    assert total(platform.alarm("a", metrics=2, high_resolution=False, prices=PRICES)) == pytest.approx(0.20)
    assert total(platform.alarm("a", metrics=1, high_resolution=True, prices=PRICES)) == pytest.approx(0.30)
    assert total(platform.FIXED_COSTS["AWS::CloudWatch::CompositeAlarm"].lines("a", prices=PRICES)) == 0.50
    assert total(platform.custom_metrics("a", metrics=2, prices=PRICES)) == pytest.approx(0.60)
    assert total(platform.FIXED_COSTS["AWS::CloudWatch::Dashboard"].lines("a", prices=PRICES)) == 3.0


def test_a_domain_pays_for_its_nodes_and_the_volumes_of_its_data_nodes() -> None:
    lines = platform.search_domain(
        "a",
        nodes=[("r7g.large.search", 3, 0.178), ("m7g.medium.search", 3, 0.068)],
        volume_gb=300,
        volume_type="gp3",
        volume_gb_month_usd=0.122,
    )
    assert total(lines) == pytest.approx(3 * 730 * 0.178 + 3 * 730 * 0.068 + 300 * 0.122)
    without = platform.search_domain("a", nodes=[], volume_gb=0, volume_type="gp3", volume_gb_month_usd=1)
    assert without == []


@pytest.mark.parametrize("value", [-1, nan, inf, -inf, 1e13, 10**400])
def test_an_impossible_quantity_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="events_per_second must be a number from 0 to 1,000,000,000,000, got"):
        Usage(events_per_second=value)


@pytest.mark.parametrize("value", [0, 10 * 1024**2 + 1])
def test_an_event_that_no_stream_takes_is_refused(value: int) -> None:
    with pytest.raises(UsageError, match=r"event_bytes must be 1 to 10485760 \(10 MiB\), got"):
        Usage(event_bytes=value)


def test_prices_can_be_replaced_one_by_one() -> None:
    prices = prices_from_toml(
        {
            "region": "eu-central-1",
            "flink": {"kpu_hour_usd": 0.132},
            "kafka": {"broker_hour_usd": {"kafka.m7g.large": 0.2, "kafka.new.large": 1}},
        }
    )
    assert (prices.region, prices.as_of) == ("eu-central-1", PRICES.as_of)
    assert prices.flink.kpu_hour_usd == 0.132
    assert prices.flink.running_storage_gb_month_usd == PRICES.flink.running_storage_gb_month_usd
    assert prices.kafka.broker_hour_usd["kafka.m7g.large"] == 0.2
    assert prices.kafka.broker_hour_usd["kafka.new.large"] == 1.0
    assert prices.kafka.broker_hour_usd["kafka.m5.large"] == 0.21
    assert prices_from_toml({}) == PRICES


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"flnk": {}}, r"there is no price or table 'flnk': did you mean 'flink'\?"),
        ({"flink": 3}, "there is no price or table 'flink'"),
        ({"Q": {}}, "known are region, as_of, source, flink"),
        ({"flink": {"kpu_hour": 1}}, r"'flink.kpu_hour': did you mean 'flink.kpu_hour_usd'\?"),
        ({"flink": {"kpu_hour_usd": -1}}, "must be a price in US dollars, got -1"),
        ({"flink": {"kpu_hour_usd": True}}, "must be a price in US dollars, got True"),
        ({"flink": {"kpu_hour_usd": inf}}, "must be a price in US dollars, got inf"),
        ({"flink": {"kpu_hour_usd": nan}}, "must be a price in US dollars, got nan"),
        ({"flink": {"kpu_hour_usd": 10**400}}, "must be a price in US dollars, got 1000"),
        ({"kafka": {"broker_hour_usd": 1}}, "must be a table of prices, got 1"),
        ({"kafka": {"broker_hour_usd": {"kafka.m5.large": "free"}}}, "kafka.broker_hour_usd.kafka.m5.large must be"),
        ({"region": 1}, "region must be text, got 1"),
    ],
)
def test_an_unknown_price_and_an_impossible_value_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(PriceError, match=message):
        prices_from_toml(values)
