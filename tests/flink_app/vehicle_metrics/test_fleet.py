"""The generator on a cluster."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import read_rows

from vehicle_metrics.fleet import FleetSettings, generator_statements
from vehicle_metrics_scenario.oracle import Event, read
from vehicle_metrics_scenario.sample_events import EVENTS, make_events

if TYPE_CHECKING:
    from cluster import MiniCluster

START_MS = 1_700_000_000_000
VEHICLES, COUNT = 130, 3_000


PACKAGED_MODELS = Path(__file__).parents[3] / "flink_app/vehicle_metrics/java/src/main/resources/vehicle-models.csv.gz"
MODELS = ("compact", "sedan", "suv", "van", "truck")


def packaged_models(vehicles: int = 100_000) -> bytes:
    """Return the content of the reference table in the jar, from which it can be made again."""
    lines = [f"V{vehicle:010d},{MODELS[vehicle % len(MODELS)]}\n" for vehicle in range(vehicles)]
    return "".join(["vehicleId,model\n", *lines]).encode()


def generate(cluster: MiniCluster, folder: Path, *, seed: int, parallelism: int) -> list[Event]:
    fleet = FleetSettings(
        vehicles=VEHICLES,
        seed=seed,
        events_per_second=0,
        start_probability=0.2,
        stop_probability=0.1,
        warning_probability=0.05,
        count=COUNT,
        start_timestamp_ms=START_MS,
    )
    sink = {"connector": "filesystem", "path": folder.as_uri(), "format": "json"}
    environment = cluster.environment(parallelism)
    tables, insert = generator_statements(fleet.options(), sink)
    for table in tables:
        environment.execute_sql(table)
    environment.execute_sql(insert).wait()
    events = [read(json.dumps(row).encode()) for row in read_rows(folder)]
    assert not [event for event in events if isinstance(event, str)], "the generator made what is no event"
    return sorted(events, key=lambda event: (event.timestamp_ms, event.vehicle_id, event.event_type))


def test_the_same_seed_makes_the_same_events_at_any_parallelism(cluster: MiniCluster, tmp_path: Path) -> None:
    events = generate(cluster, tmp_path / "a", seed=1, parallelism=1)
    assert len(events) == COUNT
    assert len({event.vehicle_id for event in events}) == VEHICLES
    assert {event.event_type for event in events} == {"IC_RPM", "ELECTRIC_RPM", "WARNINGS"}
    assert events[0].timestamp_ms == START_MS
    assert events == generate(cluster, tmp_path / "b", seed=1, parallelism=2)
    assert events != generate(cluster, tmp_path / "c", seed=2, parallelism=1)


def test_the_packaged_models_know_the_default_fleet() -> None:
    assert gzip.decompress(PACKAGED_MODELS.read_bytes()) == packaged_models()


def test_the_sample_events_are_what_the_generator_makes_of_their_seed(cluster: MiniCluster) -> None:
    assert make_events(cluster.environment(2)) == gzip.decompress(EVENTS.read_bytes())
