"""Settings of the vehicle job, one class for each property group of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flink_job.kafka import KafkaCluster
from flink_job.tables import job_configuration
from vehicle_metrics import contract

if TYPE_CHECKING:
    from flink_job.properties import PropertyGroup, PropertyGroups

_STARTING_OFFSETS = {"earliest": "earliest-offset", "latest": "latest-offset", "committed": "group-offsets"}


@dataclass(frozen=True)
class EventInput:
    """Group ``input.events``: the topic of raw events and how event time advances on it."""

    cluster: KafkaCluster
    topic: str
    consumer_group: str
    startup_mode: str
    out_of_orderness_ms: int
    idleness_ms: int
    alignment_drift_ms: int
    alignment_group: str
    alignment_update_ms: int
    discovery_interval_ms: int
    earliest_ms: int
    max_ahead_ms: int

    @classmethod
    def of(cls, group: PropertyGroup) -> EventInput:
        """Read and check the group."""
        keys = contract.InputEvents
        return cls(
            cluster=KafkaCluster.of(group),
            topic=keys.topic.read(group),
            consumer_group=keys.consumer_group.read(group),
            startup_mode=_STARTING_OFFSETS[keys.starting_offsets.read(group)],
            out_of_orderness_ms=keys.out_of_orderness_ms.read(group),
            idleness_ms=keys.idleness_ms.read(group),
            alignment_drift_ms=keys.alignment_drift_ms.read(group),
            alignment_group=keys.alignment_group.read(group),
            alignment_update_ms=keys.alignment_update_ms.read(group),
            discovery_interval_ms=keys.discovery_interval_ms.read(group),
            earliest_ms=keys.earliest_ms.read(group),
            max_ahead_ms=keys.max_ahead_ms.read(group),
        )

    def options(self) -> dict[str, str]:
        """Options of the table that reads the topic."""
        options = self.cluster.options() | {
            "topic": self.topic,
            "properties.group.id": self.consumer_group,
            "scan.startup.mode": self.startup_mode,
            # A group that has not committed yet starts with the oldest event.
            "properties.auto.offset.reset": "earliest",
            "scan.topic-partition-discovery.interval": f"{self.discovery_interval_ms} ms",
            "format": "vehicle-event",
            "vehicle-event.earliest": str(self.earliest_ms),
            "vehicle-event.max-ahead": f"{self.max_ahead_ms} ms",
        }
        if self.idleness_ms:
            options["scan.watermark.idle-timeout"] = f"{self.idleness_ms} ms"
        if self.alignment_drift_ms:
            options["scan.watermark.alignment.group"] = self.alignment_group
            options["scan.watermark.alignment.max-drift"] = f"{self.alignment_drift_ms} ms"
            options["scan.watermark.alignment.update-interval"] = f"{self.alignment_update_ms} ms"
        return options


@dataclass(frozen=True)
class VehicleModels:
    """Group ``reference.vehicle.models``: which vehicle is of which model."""

    location: str
    reload_interval_ms: int

    @classmethod
    def of(cls, group: PropertyGroup) -> VehicleModels:
        """Read and check the group."""
        keys = contract.VehicleModels
        return cls(keys.location.read(group), keys.reload_interval_ms.read(group))

    def options(self) -> dict[str, str]:
        """Options of the table for lookups."""
        return {
            "connector": "reference-csv",
            "location": self.location,
            "reload-interval": f"{self.reload_interval_ms} ms",
        }


@dataclass(frozen=True)
class PrometheusOutput:
    """Group ``output.prometheus``: the remote write endpoint."""

    url: str
    signer: str
    region: str | None
    max_batch_samples: int
    max_time_in_buffer_ms: int
    max_attempts: int
    on_retry_exhausted: str

    @classmethod
    def of(cls, group: PropertyGroup) -> PrometheusOutput:
        """Read and check the group."""
        keys = contract.PrometheusOutput
        signer = keys.signer.read(group)
        return cls(
            url=keys.url.read(group),
            signer=signer,
            region=keys.region.read(group) if signer == "amp" else None,
            max_batch_samples=keys.max_batch_samples.read(group),
            max_time_in_buffer_ms=keys.max_time_in_buffer_ms.read(group),
            max_attempts=keys.max_attempts.read(group),
            on_retry_exhausted=keys.on_retry_exhausted.read(group),
        )

    def options(self) -> dict[str, str]:
        """Options of the table that writes samples."""
        options = {
            "connector": "prometheus",
            "url": self.url,
            "signer": self.signer,
            "batch.max-samples": str(self.max_batch_samples),
            "buffer.max-time": f"{self.max_time_in_buffer_ms} ms",
            "retry.max-attempts": str(self.max_attempts),
            "on-retry-exhausted": self.on_retry_exhausted,
        }
        return options | ({"region": self.region} if self.region else {})


@dataclass(frozen=True)
class JobSettings:
    """Group ``job``: what holds for the whole job."""

    window_seconds: int
    state_ttl_ms: int
    max_parallelism: int

    @classmethod
    def of(cls, group: PropertyGroup) -> JobSettings:
        """Read and check the group."""
        keys = contract.Job
        return cls(
            window_seconds=keys.window_seconds.read(group),
            state_ttl_ms=keys.state_ttl_ms.read(group),
            max_parallelism=keys.max_parallelism.read(group),
        )

    def configuration(self, name: str) -> dict[str, str]:
        """Flink options of a job with these settings."""
        return job_configuration(name, max_parallelism=self.max_parallelism, state_ttl_ms=self.state_ttl_ms)


@dataclass(frozen=True)
class VehicleSettings:
    """Everything that the vehicle job is told."""

    events: EventInput
    models: VehicleModels
    prometheus: PrometheusOutput
    dead_letter_topic: str
    job: JobSettings

    @classmethod
    def of(cls, groups: PropertyGroups) -> VehicleSettings:
        """Read and check all groups of the job."""
        return cls(
            events=EventInput.of(groups.required(contract.InputEvents.name)),
            models=VehicleModels.of(groups.optional(contract.VehicleModels.name)),
            prometheus=PrometheusOutput.of(groups.required(contract.PrometheusOutput.name)),
            dead_letter_topic=contract.DeadLettersOutput.topic.read(groups.required(contract.DeadLettersOutput.name)),
            job=JobSettings.of(groups.optional(contract.Job.name)),
        )

    def dead_letter_options(self) -> dict[str, str]:
        """The dead letters live on the cluster of the events."""
        return self.events.cluster.options() | {
            "topic": self.dead_letter_topic,
            "format": "json",
            "sink.delivery-guarantee": "at-least-once",
        }
