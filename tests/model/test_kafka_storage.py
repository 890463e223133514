from __future__ import annotations

from dataclasses import replace
from math import ceil, inf, nan
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cdk_penstock.model.kafka_rules import KafkaError
from cdk_penstock.model.kafka_storage import ALARM_PERCENT, LIMIT_PERCENT, BrokerStorage, PlannedTopic, TopicLoad

GIB = 1024**3

loads = st.builds(
    TopicLoad,
    records_per_second=st.just(0) | st.floats(0.001, 200_000),
    record_bytes=st.floats(1, 10_000),
    compression_ratio=st.floats(1, 10),
)
topics = st.builds(
    PlannedTopic,
    name=st.just("events"),
    load=loads,
    partitions=st.integers(1, 200),
    replication_factor=st.integers(1, 3),
    retention_hours=st.floats(0.1, 2000),
    retention_bytes=st.none() | st.integers(0, 500 * GIB),
)
several = st.lists(topics, max_size=3)
storages = st.builds(
    lambda first, more, brokers: BrokerStorage(initial_gib=first, largest_gib=first + more, brokers=brokers),
    st.integers(1, 5000),
    st.integers(0, 11_000),
    st.integers(1, 12),
)


def load(**given_: Any) -> TopicLoad:
    return TopicLoad(**({"records_per_second": 10_000, "record_bytes": 130, "compression_ratio": 4.3} | given_))


def topic(**given_: Any) -> PlannedTopic:
    values: dict[str, Any] = {
        "name": "events",
        "load": load(),
        "partitions": 12,
        "replication_factor": 3,
        "retention_hours": 168,
    }
    return PlannedTopic(**(values | given_))


def storage(initial_gib: int, largest_gib: int | None = None) -> BrokerStorage:
    return BrokerStorage(initial_gib=initial_gib, largest_gib=largest_gib or 10 * initial_gib, brokers=3)


def highest_by_the_minute(place: BrokerStorage, planned: list[PlannedTopic], *, days: int) -> float:
    """Simulate the same minute by minute, MSK's own interval, as an independent way to the same figure."""
    size, ready, highest = float(place.initial_gib), 0, 0.0
    for minute in range(days * 24 * 60):
        held = sum(min(each.kept_bytes, each.bytes_per_hour * minute / 60) for each in planned) / place.brokers / GIB
        highest = max(highest, held / size)
        if minute >= ready and held >= 0.6 * size and size < place.largest_gib:
            size, ready = min(place.largest_gib, size + max(10, size / 10)), minute + 24 * 60
    return 100 * highest


@pytest.mark.parametrize(
    ("first", "planned"),
    [
        (50, [topic()]),
        (200, [topic()]),
        (250, [topic(load=load(records_per_second=20_000))]),
        (20, [topic(), topic(load=load(records_per_second=300), retention_hours=20)]),
        (100, []),
    ],
)
def test_the_use_of_a_disk_is_that_of_a_simulation_in_steps(first: int, planned: list[PlannedTopic]) -> None:
    on_a_clock = highest_by_the_minute(storage(first), planned, days=20)
    assert storage(first).highest_percent(planned) == pytest.approx(on_a_clock, rel=0.002)


@given(storages, several)
def test_the_use_of_a_disk_lies_between_its_end_and_a_disk_that_never_grows(
    place: BrokerStorage, planned: list[PlannedTopic]
) -> None:
    highest, needed = place.highest_percent(planned), place.needed_gib(planned)
    assert 100 * needed / place.largest_gib <= highest * (1 + 1e-9)
    assert highest <= 100 * needed / place.initial_gib * (1 + 1e-9)
    fixed = replace(place, largest_gib=place.initial_gib)
    assert fixed.highest_percent(planned) == pytest.approx(100 * needed / place.initial_gib)


@given(storages, several, st.floats(0, 1))
def test_a_lower_load_never_fills_a_disk_more(place: BrokerStorage, planned: list[PlannedTopic], share: float) -> None:
    less = [
        replace(each, load=replace(each.load, records_per_second=each.load.records_per_second * share))
        for each in planned
    ]
    assert place.needed_gib(less) <= place.needed_gib(planned) * (1 + 1e-9)
    assert place.needed_gib([replace(each, retention_hours=each.retention_hours * share) for each in planned]) <= (
        place.needed_gib(planned) * (1 + 1e-9)
    )


@given(storages, several, st.integers(1, 10))
def test_replicas_on_more_brokers_need_less_of_each(
    place: BrokerStorage, planned: list[PlannedTopic], times: int
) -> None:
    more = replace(place, brokers=place.brokers * times)
    assert more.needed_gib(planned) == pytest.approx(place.needed_gib(planned) / times)


@given(topics)
def test_stored_data_exceeds_the_retention_by_at_most_a_segment_of_each_partition(planned: PlannedTopic) -> None:
    retained = planned.bytes_per_hour * planned.held_hours
    replicas = planned.partitions * planned.replication_factor
    assert retained * (1 - 1e-9) <= planned.kept_bytes <= (retained + replicas * GIB) * (1 + 1e-9)


@given(topics)
def test_records_stay_for_the_retention_unless_a_partition_is_limited(planned: PlannedTopic) -> None:
    assert planned.held_hours <= planned.retention_hours
    assert replace(planned, retention_bytes=None).held_hours == planned.retention_hours


@given(storages, st.integers(1, 300), st.floats(0.001, 1e9))
def test_with_limits_no_disk_fills_up_at_any_load(place: BrokerStorage, partitions: int, rate: float) -> None:
    replicas = partitions * min(3, place.brokers)
    try:
        limit = place.partition_limit_bytes(replicas)
    except KafkaError:
        assert 2 * ceil(replicas / place.brokers) > place.initial_gib * LIMIT_PERCENT / 100 - 1
        return
    planned = topic(
        partitions=partitions,
        replication_factor=min(3, place.brokers),
        retention_bytes=limit,
        load=load(records_per_second=rate),
    )
    fixed = replace(place, largest_gib=place.initial_gib)
    assert fixed.highest_percent([planned]) <= LIMIT_PERCENT * (1 + 1e-9)


@given(storages, several)
def test_the_advice_of_a_refusal_is_enough(place: BrokerStorage, planned: list[PlannedTopic]) -> None:
    planned = [replace(each, retention_bytes=None) for each in planned]
    try:
        place.check(planned)
    except KafkaError as error:
        advice = str(error).rpartition("raise storage_gib_per_broker to ")[2]
        assume("use more brokers" not in advice)
        first = int(advice.partition(",")[0])
        assert first > place.initial_gib
        replace(place, initial_gib=first, largest_gib=max(first, place.largest_gib)).check(planned)


def test_storage_that_fills_before_it_grows_is_refused_with_every_assumption() -> None:
    with pytest.raises(KafkaError) as error:
        storage(50).check([topic()])
    for part in (
        f"expected at most {ALARM_PERCENT} %",
        "10,000 records a second of 130 bytes, compressed to 1/4.3, kept 168 hours in 3 replicas of 12 partitions",
        "182 GiB on each of 3 brokers, which begin with 50 GiB and grow to 500",
        "by 10 GiB or 10 %, once in 24 hours: raise storage_gib_per_broker to 183, or shorten the retention",
    ):
        assert part in str(error.value)
    storage(183).check([topic()])


def test_a_load_beyond_every_broker_needs_more_brokers() -> None:
    with pytest.raises(KafkaError, match="use more brokers, or shorten the retention"):
        storage(16_384, 16_384).check([topic(load=load(records_per_second=2_000_000))])


def test_a_limit_that_expires_records_early_is_refused() -> None:
    planned = topic(retention_bytes=7 * GIB)
    with pytest.raises(
        KafkaError,
        match=r"after 83 hours, because a partition is limited to 7,516,192,768 bytes, expected at least 15,2",
    ):
        storage(1000).check([planned])
    storage(1000).check([replace(planned, load=load(records_per_second=4_000))])


@given(storages, st.integers(1, 300), st.integers(GIB, 500 * GIB))
def test_the_storage_for_a_limit_allows_it_and_a_gib_less_does_not(
    place: BrokerStorage, replicas: int, limit: int
) -> None:
    enough = place.gib_for_limit(limit, replicas)
    assert replace(place, initial_gib=enough).partition_limit_bytes(replicas) >= limit - 1
    try:
        assert replace(place, initial_gib=enough - 1).partition_limit_bytes(replicas) < limit
    except KafkaError:
        assert limit <= 2 * GIB


def test_partitions_without_room_for_their_segments_are_refused_with_enough() -> None:
    with pytest.raises(KafkaError, match="13 partitions on a broker take two segments of 1 GiB each, got 10 GiB: use"):
        storage(10).partition_limit_bytes(39)
    assert storage(31).partition_limit_bytes(39) >= GIB


@pytest.mark.parametrize(
    "wrong",
    [
        {"records_per_second": -1},
        {"records_per_second": inf},
        {"record_bytes": 0},
        {"record_bytes": nan},
        {"compression_ratio": 0.5},
    ],
)
def test_an_impossible_load_is_refused(wrong: dict[str, float]) -> None:
    ((name, _),) = wrong.items()
    with pytest.raises(KafkaError, match=f"{name} of a topic's load must be a number of at least"):
        load(**wrong)
