"""The fleet generator: events of many vehicles, keyed by vehicle, for the vehicle job to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flink_job.kafka import KafkaCluster
from flink_job.properties import PropertyError, PropertyGroup, PropertyGroups
from flink_job.tables import with_clause
from vehicle_metrics.contract import EARLIEST_MS, KEY_FIELD, LAST_TIMESTAMP_MS, EventsOutput, Fleet, Job
from vehicle_metrics.settings import JobSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Looking back for a vehicle's last start or stop would take too long below this.
_LEAST_CHANGE = 0.01

# Large batches: the generator is there to load the pipeline.
_PRODUCER_OPTIONS = {
    "properties.linger.ms": "50",
    "properties.batch.size": "262144",
    "properties.compression.type": "lz4",
}


@dataclass(frozen=True)
class FleetSettings:
    """Group ``fleet``: probabilities are per report of a vehicle; a count of 0 has no end, a rate of 0 no limit."""

    vehicles: int
    seed: int
    events_per_second: int
    start_probability: float
    stop_probability: float
    warning_probability: float
    count: int
    start_timestamp_ms: int

    @classmethod
    def of(cls, group: PropertyGroup) -> FleetSettings:
        """Read and check the group."""
        fleet = cls(
            vehicles=Fleet.vehicles.read(group),
            seed=Fleet.seed.read(group),
            events_per_second=Fleet.events_per_second.read(group),
            start_probability=Fleet.start_probability.read(group),
            stop_probability=Fleet.stop_probability.read(group),
            warning_probability=Fleet.warning_probability.read(group),
            count=Fleet.count.read(group),
            start_timestamp_ms=Fleet.start_timestamp_ms.read(group),
        )
        change = fleet.start_probability + fleet.stop_probability
        if not _LEAST_CHANGE <= change <= 1:
            raise PropertyError(
                f"property group '{group.name}': got {change} as the sum of start.probability and stop.probability, "
                f"expected a number from {_LEAST_CHANGE} to 1"
            )
        start = fleet.start_timestamp_ms
        if 0 < start < EARLIEST_MS or start > LAST_TIMESTAMP_MS:
            raise PropertyError(
                f"property group '{group.name}': got {start} for key 'start.timestamp.ms', expected 0, or milliseconds "
                f"from {EARLIEST_MS} to {LAST_TIMESTAMP_MS}: the vehicle job takes no event of another time"
            )
        return fleet

    def options(self) -> dict[str, str]:
        """Options of the table that makes the events."""
        return {
            "connector": "fleet",
            "vehicles": str(self.vehicles),
            "seed": str(self.seed),
            "events-per-second": str(self.events_per_second),
            "start-probability": str(self.start_probability),
            "stop-probability": str(self.stop_probability),
            "warning-probability": str(self.warning_probability),
            "count": str(self.count),
            "start-timestamp": str(self.start_timestamp_ms),
        }


@dataclass(frozen=True)
class GeneratorSettings:
    """Everything that the generator is told."""

    fleet: FleetSettings
    cluster: KafkaCluster
    topic: str
    job: JobSettings

    @classmethod
    def of(cls, groups: PropertyGroups) -> GeneratorSettings:
        """Read and check all groups of the generator."""
        output = groups.required(EventsOutput.name)
        return cls(
            fleet=FleetSettings.of(groups.optional(Fleet.name)),
            cluster=KafkaCluster.of(output),
            topic=EventsOutput.topic.read(output),
            job=JobSettings.of(groups.optional(Job.name)),
        )

    def output_options(self) -> dict[str, str]:
        """Options of the topic: JSON, keyed by vehicle, so that a vehicle's events stay in order."""
        return (
            self.cluster.options()
            | {
                "topic": self.topic,
                "key.format": "raw",
                "key.fields": KEY_FIELD,
                "value.format": "json",
                "sink.delivery-guarantee": "at-least-once",
            }
            | _PRODUCER_OPTIONS
        )


def generator_statements(fleet: Mapping[str, str], output: Mapping[str, str]) -> tuple[list[str], str]:
    """The tables, and the insert that runs between them."""
    columns = "eventType STRING, vehicleId STRING, region STRING, `timestamp` BIGINT, measurement BIGINT"
    tables = [
        f"CREATE TEMPORARY TABLE fleet ({columns}) {with_clause(fleet)}",
        f"CREATE TEMPORARY TABLE events ({columns}) {with_clause(output)}",
    ]
    return tables, "INSERT INTO events SELECT * FROM fleet"
