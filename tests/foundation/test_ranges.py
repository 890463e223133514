"""Ranges at both of their ends: the outermost values that are taken, and the first ones beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import CfnParameter, Duration, Environment, Size, Stack

from cdk_penstock.application.configuration import flink_configuration
from cdk_penstock.application.props import PRODUCTION_DEFAULTS
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.kafka_rules import check_retention_ms, check_zones
from cdk_penstock.model.kinesis import check_retention_hours, check_shard_count
from cdk_penstock.model.search_content import check_index_template
from cdk_penstock.model.sizing import PriceTable, Sizing
from cdk_penstock.sinks.archive import ArchiveBucket, ArchiveLifecycle
from cdk_penstock.sinks.search import SearchCapacity
from cdk_penstock.streams.kafka.broker_storage import largest_storage
from cdk_penstock.streams.kinesis import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.application import FlinkApplicationProps


def stack() -> Stack:
    return Stack(env=Environment(account="111122223333", region="eu-central-1"))


def notifications(**options: Any) -> None:
    archive = ArchiveBucket(stack(), "Archive", bucket_name="raw")
    archive.add_notifications("New", prefix="raw/", **options)


def alarm_age(seconds: float) -> None:
    notifications(alarm_age=Duration.seconds(seconds))


def iterator_age(seconds: float) -> None:
    stream = EventStream(stack(), "Clicks", stream_name="clicks", retention=Duration.hours(24))
    stream.add_iterator_age_alarm(threshold=Duration.seconds(seconds))


def template(replicas: object) -> None:
    settings = {"number_of_replicas": replicas}
    check_index_template("trips", {"index_patterns": ["trips-*"], "template": {"settings": settings}}, copies=1)


def checkpoint_interval(milliseconds: float) -> None:
    props: FlinkApplicationProps = {**PRODUCTION_DEFAULTS, "checkpoint_interval": Duration.millis(milliseconds)}
    flink_configuration(props, Sizing())


RANGES: dict[str, tuple[Callable[..., object], list[object], list[object]]] = {
    "shards": (check_shard_count, [1, 100_000], [0, -1, 100_001]),
    "hours of retention": (check_retention_hours, [24, 8760], [23, 8761, 24.5]),
    "threshold of the iterator's age": (iterator_age, [1, 86_399], [0, 86_400]),
    "zones of a cluster": (check_zones, [2, 3], [1, 0, 4]),
    "retention of a topic": (check_retention_ms, [1, 2**63 - 1], [0, 2**63 + 2**12]),
    "parallelism": (lambda number: Sizing(parallelism=number, max_kpus=100_000), [1, 32_768], [0, 32_769]),
    "price": (lambda usd: PriceTable(kpu_hour_usd=usd), [0, 0.11], [-0.1, float("inf"), float("nan")]),
    "snapshots": (lambda gb: Sizing().monthly_cost(snapshot_gb=gb), [0.0], [-1.0, float("inf"), float("nan")]),
    "checkpoint interval": (checkpoint_interval, [10, 86_400_000], [0, 9]),
    "receives": (lambda count: notifications(max_receive_count=count), [1, 1000], [0, 1001]),
    "age of a message": (alarm_age, [301, 14 * 86_400 - 1], [300, 14 * 86_400]),
    "storage that grows": (lambda most: largest_storage(100, most), [100, 16_384, None], [0, 99, 16_385]),
    "days until old versions go": (
        lambda hours: ArchiveLifecycle(noncurrent_versions_expire_after=Duration.hours(hours)),
        [24, 24 * 365],
        [0, 23, 36],
    ),
    "days until uploads are given up": (
        lambda days: ArchiveLifecycle(abort_incomplete_uploads_after=Duration.days(days)),
        [1, 365],
        [0, 0.5],
    ),
    "volume": (
        lambda mib: SearchCapacity.single_node(volume_size=Size.mebibytes(mib)),
        [10 * 1024, 100 * 1024],
        [0, 10 * 1024 - 1, 10 * 1024 + 512],
    ),
    "replicas": (template, [0, "1", 2], [-1, "-1", 1.5, "two", True]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, (_, taken, _) in RANGES.items() for value in taken]
)
def test_the_outermost_values_are_taken(kind: str, value: object) -> None:
    RANGES[kind][0](value)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, each) for kind, (_, _, beyond) in RANGES.items() for each in beyond]
)
def test_what_lies_beyond_either_end_is_refused_with_the_range(kind: str, value: object) -> None:
    with pytest.raises(PenstockError, match="got"):
        RANGES[kind][0](value)


def number(stack: Stack) -> float:
    return CfnParameter(stack, "Number", type="Number").value_as_number


OF_A_PARAMETER: dict[str, Callable[[float], object]] = {
    "checkpoint interval": checkpoint_interval,
    "days until old versions go": lambda days: ArchiveLifecycle(noncurrent_versions_expire_after=Duration.days(days)),
    "days until uploads are given up": lambda days: ArchiveLifecycle(
        abort_incomplete_uploads_after=Duration.days(days)
    ),
    "days until objects go": lambda days: ArchiveLifecycle(expire_after=Duration.days(days)),
    "volume": lambda gibibytes: SearchCapacity.single_node(volume_size=Size.gibibytes(gibibytes)),
}


@pytest.mark.parametrize("kind", OF_A_PARAMETER)
def test_the_value_of_a_parameter_is_not_judged(kind: str) -> None:
    OF_A_PARAMETER[kind](number(stack()))
