"""The contract of the vehicle job: its property groups, and the names of what it writes.

The job and the generator read their settings by it, ``stacks/vehicle_metrics`` checks an environment's values and
names topics and groups by it, the dashboard and the demonstration take metrics and labels from it. docs/job.md
explains the keys at length; a test holds its tables to this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flink_job.declarations import Choice, Group, Probability, Text, Whole
from flink_job.kafka import AUTHENTICATION, BOOTSTRAP_SERVERS
from flink_job.properties import PropertyError

if TYPE_CHECKING:
    from collections.abc import Mapping

VEHICLES_IN_MOTION = "vehicles_in_motion"
WARNINGS = "warnings"
MODEL = "model"
REGION = "region"

EVENTS_TOPIC = "vehicle-events"
DEAD_LETTERS_TOPIC = "vehicle-dead-letters"
# The key of each record, so that the events of a vehicle stay in order.
KEY_FIELD = "vehicleId"

PACKAGED_MODELS_NAME = "vehicle-models.csv.gz"
# The reference table in the job's jar: task managers have no other file of the package.
PACKAGED_MODELS = f"classpath:{PACKAGED_MODELS_NAME}"

# The 9th of September 2001: every time since then, given in seconds by mistake, would be before it.
EARLIEST_MS = 1_000_000_000_000
LAST_TIMESTAMP_MS = 253_402_300_799_999  # the end of the year 9999, the last that the job takes

_MS_PER_HOUR = 3_600_000
_MS_PER_DAY = 24 * _MS_PER_HOUR


class InputEvents(Group):
    """The topic of raw events, and how event time advances on it."""

    name = "input.events"
    bootstrap_servers = BOOTSTRAP_SERVERS
    topic = Text("topic", "the topic of raw events")
    consumer_group = Text("consumer.group", "offsets are committed to it", "vehicle-metrics")
    authentication = AUTHENTICATION
    starting_offsets = Choice(
        "starting.offsets",
        "where to begin without a snapshot",
        "committed",
        allowed=("earliest", "latest", "committed"),
    )
    out_of_orderness_ms = Whole(
        "watermark.max.out.of.orderness.ms", "how long a window waits for late events", 5_000, most=_MS_PER_DAY
    )
    idleness_ms = Whole("watermark.idleness.ms", "when a silent partition counts as idle; 0: never", 30_000)
    alignment_drift_ms = Whole("watermark.alignment.max.drift.ms", "partitions ahead by more wait; 0: off", 0)
    alignment_group = Text("watermark.alignment.group", "sources that wait for each other", "events")
    alignment_update_ms = Whole("watermark.alignment.update.interval.ms", "how often they compare", 1_000, least=1)
    discovery_interval_ms = Whole("scan.partition.discovery.interval.ms", "how often to find partitions", 300_000)
    earliest_ms = Whole("timestamp.earliest.ms", "earliest event time", EARLIEST_MS, least=1, most=LAST_TIMESTAMP_MS)
    max_ahead_ms = Whole("timestamp.max.ahead.ms", "how far event times may be ahead of the clock", 600_000)


class VehicleModels(Group):
    """The reference table: which vehicle is of which model."""

    name = "reference.vehicle.models"
    location = Text("location", "path, URI or class path name of a CSV file", PACKAGED_MODELS)
    reload_interval_ms = Whole("reload.interval.ms", "how often it is read again; 0: once", 600_000)


class PrometheusOutput(Group):
    """The remote write endpoint of the metrics."""

    name = "output.prometheus"
    url = Text("remote.write.url", "the endpoint")
    signer = Choice("request.signer", "Signature Version 4, or none", "amp", allowed=("amp", "none"))
    region = Text("region", "the workspace's Region; required with the signer amp")
    max_batch_samples = Whole("max.batch.size.samples", "samples of a request", 500, least=1, most=5_000)
    max_time_in_buffer_ms = Whole("max.time.in.buffer.ms", "how long a sample waits for others", 1_000, least=1)
    max_attempts = Whole("retry.max.attempts", "attempts to send a request", 100, least=1, most=1_000_000)
    on_retry_exhausted = Choice(
        "on.retry.exhausted", "fail the job, or discard samples", "fail", allowed=("fail", "discard")
    )


class DeadLettersOutput(Group):
    """The topic of records that the job cannot use, on the cluster of the events."""

    name = "output.dead.letters"
    topic = Text("topic", "the topic of dead letters")


class Job(Group):
    """The settings of a whole job."""

    name = "job"
    window_seconds = Whole("window.seconds", "length of the event-time windows", 5, least=1, most=86_400)
    state_ttl_ms = Whole("state.ttl.ms", "when unused state is dropped", _MS_PER_HOUR, least=1)
    max_parallelism = Whole("max.parallelism", "changing it makes snapshots unusable", 128, least=1, most=32_768)


class EventsOutput(Group):
    """The topic to which the generator writes."""

    name = "output.events"
    bootstrap_servers = BOOTSTRAP_SERVERS
    topic = Text("topic", "the topic of raw events")
    authentication = AUTHENTICATION


class Fleet(Group):
    """The fleet that the generator plays; probabilities are per report of a vehicle."""

    name = "fleet"
    vehicles = Whole("vehicles", "size of the fleet", 100_000, least=1, most=9_999_999_999)
    seed = Whole("seed", "the same seed makes the same fleet", 42)
    events_per_second = Whole("events.per.second", "rate; 0: as fast as possible", 100_000)
    start_probability = Probability("start.probability", "of a vehicle that stands, to start", 0.2)
    stop_probability = Probability("stop.probability", "of a vehicle that moves, to stop", 0.1)
    warning_probability = Probability("warning.probability", "of a report, to have warnings", 0.05)
    count = Whole("count", "events to make; 0: no end", 0)
    start_timestamp_ms = Whole("start.timestamp.ms", "event time of the first event; 0: the clock's", 0)


GROUPS: tuple[type[Group], ...] = (
    InputEvents, VehicleModels, PrometheusOutput, DeadLettersOutput, Job, EventsOutput, Fleet,
)  # fmt: skip


def check_property_groups(groups: Mapping[str, Mapping[str, str]]) -> None:
    """Raise PropertyError for a group, a key or a value that job and generator do not take."""
    declared = {each.name: each for each in GROUPS}
    for name, values in groups.items():
        if name not in declared:
            raise PropertyError(f"got property group '{name}', expected one of {', '.join(declared)}")
        declared[name].check(values)
