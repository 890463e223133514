"""Storage that Kafka brokers need for the records that are written and kept, as pure decisions.

Sources: MSK, "Automatic scaling" and "Scale up broker storage" (steps, cool-down) and "Best practices for Standard
brokers" (alarm); Kafka, topic configurations ``retention.ms``, ``retention.bytes`` and ``segment.bytes``.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.kafka_rules import KafkaError

if TYPE_CHECKING:
    from collections.abc import Sequence

BYTES_PER_GIB: Final = 1024**3
SEGMENT_BYTES: Final = BYTES_PER_GIB
"""Default size of a segment in Kafka and MSK. Only a whole one is deleted, once its newest record is too old."""
SEGMENT_HOURS: Final = 168
"""The age at which a segment is closed even if it is not full."""

EXPANSION_TARGET_PERCENT: Final = 60
EXPANSION_GIB: Final = 10
EXPANSION_PERCENT: Final = 10
EXPANSION_COOL_DOWN_HOURS: Final = 24
"""MSK waits at least six hours, and until the volume is optimized, which takes 24 hours or more: the plan uses that."""
MAX_STORAGE_GIB: Final = 16_384

ALARM_PERCENT: Final = 75
"""The planned load stays below it, so that the alarm means a higher load than planned."""
LIMIT_PERCENT: Final = 85
"""The share that partitions may take if each has a limit; MSK recommends an alarm there."""

_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, kw_only=True)
class TopicLoad:
    """The records that are written to a topic, as an assumption to plan its storage with.

    Parameters
    ----------
    records_per_second
        The mean over the retention, of all partitions together.
    record_bytes
        A record with its key, before compression.
    compression_ratio
        The factor of the producer's compression: 1 without, about 4 for small JSON with lz4.

    Raises KafkaError for a number out of range.
    """

    records_per_second: float
    record_bytes: float
    compression_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse impossible numbers."""
        for name, least in (("records_per_second", 0), ("record_bytes", 1), ("compression_ratio", 1)):
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise KafkaError(f"{name} of a topic's load must be a number of at least {least}, got {value}")

    @property
    def stored_bytes_per_second(self) -> float:
        """The bytes of one replica of all partitions."""
        return self.records_per_second * self.record_bytes / self.compression_ratio


@dataclass(frozen=True, kw_only=True)
class PlannedTopic:
    """A topic with its load and its retention; ``retention_bytes`` is the limit of each partition."""

    name: str
    load: TopicLoad
    partitions: int
    replication_factor: int
    retention_hours: float
    retention_bytes: int | None = None

    @property
    def bytes_per_hour(self) -> float:
        """The bytes that are written to all replicas."""
        return self.load.stored_bytes_per_second * _SECONDS_PER_HOUR * self.replication_factor

    @property
    def partition_bytes(self) -> float:
        """The retention, in bytes of each partition."""
        return self.load.stored_bytes_per_second * _SECONDS_PER_HOUR * self.retention_hours / self.partitions

    @property
    def kept_bytes(self) -> float:
        """The bytes of all replicas when the oldest records expire: the retention, and a segment of each."""
        replicas = self.partitions * self.replication_factor
        segment = min(SEGMENT_BYTES, self.bytes_per_hour / replicas * SEGMENT_HOURS)
        limit = math.inf if self.retention_bytes is None else self.retention_bytes
        return (min(self.partition_bytes, limit) + segment) * replicas

    @property
    def held_hours(self) -> float:
        """The time that records stay: the retention, or less if a partition reaches its limit before."""
        if self.retention_bytes is None or self.retention_bytes >= self.partition_bytes:
            return self.retention_hours
        return self.retention_hours * self.retention_bytes / self.partition_bytes

    def __str__(self) -> str:
        """Return the assumptions."""
        load = self.load
        return (
            f"topic {self.name}: {load.records_per_second:,g} records a second of {load.record_bytes:g} bytes,"
            f" compressed to 1/{load.compression_ratio:g}, kept {self.retention_hours:g} hours in"
            f" {self.replication_factor} replicas of {self.partitions} partitions"
        )


@dataclass(frozen=True, kw_only=True)
class BrokerStorage:
    """The storage of each of a cluster's brokers, over which replicas are spread evenly: first GiB, most GiB."""

    initial_gib: int
    largest_gib: int
    brokers: int

    def check(self, topics: Sequence[PlannedTopic]) -> None:
        """Raise KafkaError, with all assumptions, if records would expire early or a disk would reach the alarm."""
        for topic in topics:
            if topic.held_hours < topic.retention_hours:
                raise KafkaError(
                    f"records of {topic} would expire after {topic.held_hours:.0f} hours, because a partition is"
                    f" limited to {topic.retention_bytes or 0:,} bytes, expected at least {topic.partition_bytes:,.0f}:"
                    " raise the limit, or shorten the retention"
                )
        highest = self.highest_percent(topics)
        if highest > ALARM_PERCENT:
            assumed = "; ".join(str(topic) for topic in topics)
            raise KafkaError(
                f"the disk of a broker would be {highest:.0f} % full, expected at most {ALARM_PERCENT} %, with"
                f" {assumed}; {self.needed_gib(topics):,.0f} GiB on each of {self.brokers} brokers, which begin with"
                f" {self.initial_gib} GiB and grow to {self.largest_gib}, from {EXPANSION_TARGET_PERCENT} % on, by"
                f" {EXPANSION_GIB} GiB or {EXPANSION_PERCENT} %, once in {EXPANSION_COOL_DOWN_HOURS} hours:"
                f" {self._advice(topics)}"
            )

    def needed_gib(self, topics: Sequence[PlannedTopic]) -> float:
        """Return the GiB that a broker holds in the end."""
        return self._held_gib(topics, math.inf)

    def highest_percent(self, topics: Sequence[PlannedTopic]) -> float:
        """Return the highest use of a disk, in percent, while empty topics fill and MSK expands it at its slowest."""
        size, ready, highest = float(self.initial_gib), 0.0, 0.0
        while size < self.largest_gib:
            expanded_at = max(ready, self._hours_until(topics, size * EXPANSION_TARGET_PERCENT / 100))
            if math.isinf(expanded_at):
                break
            highest = max(highest, self._held_gib(topics, expanded_at) / size)
            size = min(self.largest_gib, size + max(EXPANSION_GIB, size * EXPANSION_PERCENT / 100))
            ready = expanded_at + EXPANSION_COOL_DOWN_HOURS
        return 100 * max(highest, self.needed_gib(topics) / size)

    def partition_limit_bytes(self, replicas: int) -> int:
        """Return ``retention.bytes`` for this number of replicas, with which no disk fills up at any load.

        It holds for the storage that brokers begin with, because MSK grows it too slowly for a burst.

        Raises KafkaError if less than a segment of each would be left.
        """
        usable = self.initial_gib * BYTES_PER_GIB * LIMIT_PERCENT // 100
        limit = usable // self._on_broker(replicas) - SEGMENT_BYTES
        if limit < SEGMENT_BYTES:
            raise KafkaError(
                f"{self._on_broker(replicas)} partitions on a broker take two segments of 1 GiB each, got"
                f" {self.initial_gib} GiB: use at least {self.gib_for_limit(SEGMENT_BYTES, replicas)}, or fewer"
                " partitions"
            )
        return limit

    def gib_for_limit(self, limit_bytes: float, replicas: int) -> int:
        """Return the initial storage, in GiB, in which each partition may have this limit."""
        taken = (limit_bytes + SEGMENT_BYTES) * self._on_broker(replicas)
        return math.ceil(taken * 100 / LIMIT_PERCENT / BYTES_PER_GIB)

    def _on_broker(self, replicas: int) -> int:
        return -(-replicas // self.brokers)

    def _advice(self, topics: Sequence[PlannedTopic]) -> str:
        steps = range(self.initial_gib + 1, MAX_STORAGE_GIB + 1)
        enough = bisect_left(steps, 1, key=lambda gib: self._holds_from(gib, topics))
        if enough == len(steps):
            return "use more brokers, or shorten the retention"
        return f"raise storage_gib_per_broker to {steps[enough]}, or shorten the retention"

    def _holds_from(self, gib: int, topics: Sequence[PlannedTopic]) -> bool:
        larger = replace(self, initial_gib=gib, largest_gib=max(gib, self.largest_gib))
        return larger.highest_percent(topics) <= ALARM_PERCENT

    def _held_gib(self, topics: Sequence[PlannedTopic], hours: float) -> float:
        held = sum(
            topic.kept_bytes if math.isinf(hours) else min(topic.kept_bytes, topic.bytes_per_hour * hours)
            for topic in topics
        )
        return held / self.brokers / BYTES_PER_GIB

    def _hours_until(self, topics: Sequence[PlannedTopic], gib: float) -> float:
        """Return the hours until a broker holds this much, inf for never. Data rises linearly until a topic is full."""
        before = held_before = 0.0
        for hours in sorted(topic.kept_bytes / topic.bytes_per_hour for topic in topics if topic.bytes_per_hour):
            held = self._held_gib(topics, hours)
            if held >= gib:
                return before + (hours - before) * (gib - held_before) / (held - held_before)
            before, held_before = hours, held
        return math.inf
