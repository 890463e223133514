"""The property groups of the bundled vehicle job and its generator, as they run on one machine."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("FleetSettings", "VehicleJobSettings", "generator_properties", "vehicle_job_properties")

# Where the vehicle job finds the models that are packaged with it.
PACKAGED_MODELS = "classpath:vehicle-models.csv.gz"


@dataclass(frozen=True, kw_only=True)
class VehicleJobSettings:
    """What the vehicle job is told beside addresses; times in milliseconds unless the name says otherwise.

    ``idleness_ms`` 0 means that no partition is ever idle, so that a job can be drained at any time;
    ``models_location`` is the path of the CSV of vehicles and their models, or ``classpath:`` and a name in the jar.
    """

    events_topic: str = "vehicle-events"
    dead_letter_topic: str = "vehicle-dead-letters"
    consumer_group: str = "vehicle-metrics"
    models_location: str = PACKAGED_MODELS
    models_reload_ms: int = 600_000
    max_out_of_orderness_ms: int = 5_000
    idleness_ms: int = 0
    window_seconds: int = 5
    state_ttl_ms: int = 3_600_000
    max_parallelism: int = 128


@dataclass(frozen=True, kw_only=True)
class FleetSettings:
    """The fleet that the generator plays; probabilities are per event. ``count`` 0 is no end."""

    vehicles: int = 10_000
    seed: int = 42
    events_per_second: int = 10_000
    start_probability: float = 0.2
    stop_probability: float = 0.1
    warning_probability: float = 0.05
    count: int = 0


def vehicle_job_properties(
    settings: VehicleJobSettings, *, bootstrap_servers: str, remote_write_url: str
) -> dict[str, dict[str, str]]:
    """Return the property groups of the vehicle job.

    Parameters
    ----------
    settings
        What to tell it.
    bootstrap_servers
        The broker's address.
    remote_write_url
        Where Prometheus takes samples.
    """
    return {
        "input.events": {
            "bootstrap.servers": bootstrap_servers,
            "topic": settings.events_topic,
            "consumer.group": settings.consumer_group,
            "authentication": "none",
            "starting.offsets": "earliest",
            "watermark.max.out.of.orderness.ms": str(settings.max_out_of_orderness_ms),
            "watermark.idleness.ms": str(settings.idleness_ms),
        },
        "reference.vehicle.models": {
            "location": settings.models_location,
            "reload.interval.ms": str(settings.models_reload_ms),
        },
        "output.prometheus": {"remote.write.url": remote_write_url, "request.signer": "none"},
        "output.dead.letters": {"topic": settings.dead_letter_topic},
        "job": {
            "window.seconds": str(settings.window_seconds),
            "state.ttl.ms": str(settings.state_ttl_ms),
            "max.parallelism": str(settings.max_parallelism),
        },
    }


def generator_properties(fleet: FleetSettings, *, bootstrap_servers: str, topic: str) -> dict[str, dict[str, str]]:
    """Return the property groups of the fleet generator.

    Parameters
    ----------
    fleet
        The fleet to play.
    bootstrap_servers
        The broker's address.
    topic
        Where its events go.
    """
    values = {
        "vehicles": str(fleet.vehicles),
        "seed": str(fleet.seed),
        "events.per.second": str(fleet.events_per_second),
        "start.probability": str(fleet.start_probability),
        "stop.probability": str(fleet.stop_probability),
        "warning.probability": str(fleet.warning_probability),
    }
    if fleet.count:
        values["count"] = str(fleet.count)
    return {
        "output.events": {"bootstrap.servers": bootstrap_servers, "topic": topic, "authentication": "none"},
        "fleet": values,
    }
