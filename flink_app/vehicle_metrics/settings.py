"""Settings of the vehicle job, one class for each property group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vehicle_metrics.kafka import KafkaCluster

if TYPE_CHECKING:
    from vehicle_metrics.properties import PropertyGroup, PropertyGroups

# The reference table in the job's jar: task managers have no other file of the package.
PACKAGED_MODELS = "classpath:vehicle-models.csv.gz"

# The 9th of September 2001: every time since then, given in seconds by mistake, would be before it.
EARLIEST_MS = 1_000_000_000_000
LAST_TIMESTAMP_MS = 253_402_300_799_999  # the end of the year 9999, the last that the job takes

_MS_PER_HOUR = 3_600_000
_MS_PER_DAY = 24 * _MS_PER_HOUR
_MAX_PARALLELISM_LIMIT = 32_768
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
        start = group.choice("starting.offsets", tuple(_STARTING_OFFSETS), "committed")
        return cls(
            cluster=KafkaCluster.of(group),
            topic=group.text("topic"),
            consumer_group=group.text("consumer.group", "vehicle-metrics"),
            startup_mode=_STARTING_OFFSETS[start],
            out_of_orderness_ms=group.whole("watermark.max.out.of.orderness.ms", 5_000, most=_MS_PER_DAY),
            idleness_ms=group.whole("watermark.idleness.ms", 30_000),
            alignment_drift_ms=group.whole("watermark.alignment.max.drift.ms", 0),
            alignment_group=group.text("watermark.alignment.group", "events"),
            alignment_update_ms=group.whole("watermark.alignment.update.interval.ms", 1_000, least=1),
            discovery_interval_ms=group.whole("scan.partition.discovery.interval.ms", 300_000),
            earliest_ms=group.whole("timestamp.earliest.ms", EARLIEST_MS, least=1, most=LAST_TIMESTAMP_MS),
            max_ahead_ms=group.whole("timestamp.max.ahead.ms", 600_000),
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
        return cls(group.text("location", PACKAGED_MODELS), group.whole("reload.interval.ms", 600_000))

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
        signer = group.choice("request.signer", ("amp", "none"), "amp")
        return cls(
            url=group.text("remote.write.url"),
            signer=signer,
            region=group.text("region") if signer == "amp" else None,
            max_batch_samples=group.whole("max.batch.size.samples", 500, least=1, most=5_000),
            max_time_in_buffer_ms=group.whole("max.time.in.buffer.ms", 1_000, least=1),
            max_attempts=group.whole("retry.max.attempts", 100, least=1, most=1_000_000),
            on_retry_exhausted=group.choice("on.retry.exhausted", ("fail", "discard"), "fail"),
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
        return cls(
            window_seconds=group.whole("window.seconds", 5, least=1, most=86_400),
            state_ttl_ms=group.whole("state.ttl.ms", _MS_PER_HOUR, least=1),
            max_parallelism=group.whole("max.parallelism", 128, least=1, most=_MAX_PARALLELISM_LIMIT),
        )


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
            events=EventInput.of(groups.required("input.events")),
            models=VehicleModels.of(groups.optional("reference.vehicle.models")),
            prometheus=PrometheusOutput.of(groups.required("output.prometheus")),
            dead_letter_topic=groups.required("output.dead.letters").text("topic"),
            job=JobSettings.of(groups.optional("job")),
        )

    def dead_letter_options(self) -> dict[str, str]:
        """The dead letters live on the cluster of the events."""
        return self.events.cluster.options() | {
            "topic": self.dead_letter_topic,
            "format": "json",
            "sink.delivery-guarantee": "at-least-once",
        }
