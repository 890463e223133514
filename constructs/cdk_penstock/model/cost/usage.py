"""Usage of an environment, which no template states."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.sizing import HOURS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTES_PER_GB: Final = 1024**3
_SECONDS_PER_HOUR: Final = 3600
_MOST: Final = 10**12
"""More than any month has of anything; above it, sums would overflow."""
_MOST_EVENT_BYTES: Final = 10 * 1024**2
"""A record of Kinesis Data Streams (streams/latest/dev, service-sizes-and-limits); Kafka's default is 1 MiB."""

NOT_PRICED: Final = (
    "data transfer between availability zones, between Regions and to the internet",
    "data that endpoints and NAT gateways process, by the gigabyte",
    "API requests: KMS, S3, Secrets Manager, Systems Manager",
    "metrics of MSF below the level of the application, and of Kafka above the basic level",
    "rotations of keys: the first and the second each add the price of a key",
    "autoscaling above the parallelism of the template, which the KPU alarm limits",
    "storage that brokers grow to, above the initial storage of the template",
    "free tiers, savings plans, support and taxes",
)
"""Costs that no estimate has."""


class UsageError(PenstockError):
    """An impossible quantity."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Assumptions, each of which is an option of ``penstock size``.

    Every Kafka cluster, stream and delivery stream is assumed to carry all events, and every workspace to receive all
    samples and to have all users. So the estimate is right for one of each, and not too low for more.

    Parameters
    ----------
    events_per_second, event_bytes
        The mean over the month, and the size of one event.
    readers
        Number of times that each event is read.
    kafka_retention_hours
        Retention of Kafka, in hours, for clusters whose used storage is paid for.
    kafka_partitions
        Partitions of a serverless cluster whose topics are in no template.
    samples_per_second
        Samples that are written to Prometheus.
    queried_samples_per_second
        Samples that dashboards and rules read, over the month.
    editors, viewers
        Active users of each Grafana workspace; a service account that provisions dashboards is an editor.
    log_gb
        Log events of each log group, in gigabytes a month.
    archived_gb
        Objects in each bucket, in gigabytes.
    snapshot_gb
        Snapshots of each application, in gigabytes.

    Raises UsageError for a quantity that is negative or impossibly large, and for an event that neither Kinesis nor
    Kafka takes.
    """

    events_per_second: float = 1000.0
    event_bytes: int = 1024
    readers: int = 1
    kafka_retention_hours: float = 24.0
    kafka_partitions: int = 12
    samples_per_second: float = 100.0
    queried_samples_per_second: float = 1000.0
    editors: int = 2
    viewers: int = 0
    log_gb: float = 1.0
    archived_gb: float = 100.0
    snapshot_gb: float = 10.0

    def __post_init__(self) -> None:
        """Refuse impossible quantities."""
        for name, value in self.as_mapping().items():
            if not 0 <= value <= _MOST:
                raise UsageError(f"{name} must be a number from 0 to {_MOST:,}, got {reprlib.repr(value)}")
        if not 1 <= self.event_bytes <= _MOST_EVENT_BYTES:
            raise UsageError(f"event_bytes must be 1 to {_MOST_EVENT_BYTES} (10 MiB), got {self.event_bytes}")

    def as_mapping(self) -> Mapping[str, float]:
        """Return each assumption by its name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def events_per_month(self) -> float:
        """Events in a month of 730 hours."""
        return self.events_per_second * _SECONDS_PER_HOUR * HOURS_PER_MONTH

    @property
    def event_gb_per_month(self) -> float:
        """Size of all events of a month, in GB."""
        return self.events_per_month * self.event_bytes / BYTES_PER_GB

    @property
    def kafka_stored_gb(self) -> float:
        """Data that Kafka keeps at any time, in GB, counting one replica."""
        return self.event_gb_of(self.kafka_retention_hours)

    def event_gb_of(self, hours: float) -> float:
        """Return the size of the events of these hours, in GB."""
        return self.events_per_second * self.event_bytes * hours * _SECONDS_PER_HOUR / BYTES_PER_GB

    @property
    def samples_per_month(self) -> float:
        """Samples that are written in a month."""
        return self.samples_per_second * _SECONDS_PER_HOUR * HOURS_PER_MONTH

    @property
    def queried_samples_per_month(self) -> float:
        """Samples that are read in a month."""
        return self.queried_samples_per_second * _SECONDS_PER_HOUR * HOURS_PER_MONTH
