"""Makes ``samples/events.jsonl.gz`` and ``samples/models.csv``: a small fleet for ``penstock demo`` and ``replay``.

The events come from the fleet generator, from a seed, so that the same files can be made again::

    mvn -B -q package -DskipTests -f flink_app/vehicle_metrics/pom.xml
    .venv-job/bin/python flink_app/vehicle_metrics/vehicle_metrics_scenario/sample_events.py
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyflink.table import TableEnvironment

FOLDER: Final = Path(__file__).resolve().parents[1]
EVENTS: Final = FOLDER / "samples" / "events.jsonl.gz"
MODELS: Final = FOLDER / "samples" / "models.csv"

VEHICLES: Final = 40
COUNT: Final = 4_000
START_MS: Final = 1_700_000_000_000
_MODELS: Final = ("hatchback", "estate", "pickup")
# The last vehicles have no model, as in real fleets; the job calls theirs "unknown".
_WITHOUT_MODEL: Final = 4


def make_events(environment: TableEnvironment) -> bytes:
    """Return the events as JSON Lines in the order of their times, made by the generator on this Flink."""
    from vehicle_metrics.fleet import FleetSettings, generator_statements  # noqa: PLC0415

    fleet = FleetSettings(
        vehicles=VEHICLES,
        seed=42,
        events_per_second=0,
        start_probability=0.2,
        stop_probability=0.1,
        warning_probability=0.05,
        count=COUNT,
        start_timestamp_ms=START_MS,
    )
    with tempfile.TemporaryDirectory() as folder:
        output = {"connector": "filesystem", "path": Path(folder).as_uri(), "format": "json"}
        tables, insert = generator_statements(fleet.options(), output)
        for table in tables:
            environment.execute_sql(table)
        environment.execute_sql(insert).wait()
        lines = [line for part in Path(folder).rglob("*") if part.is_file() for line in part.read_bytes().splitlines()]
    lines.sort(key=_order)
    return b"".join(line + b"\n" for line in lines)


def make_models() -> str:
    """Return the reference table of the fleet, as CSV."""
    rows = [f"V{vehicle:010d},{_MODELS[vehicle % len(_MODELS)]}" for vehicle in range(VEHICLES - _WITHOUT_MODEL)]
    return "\n".join(["vehicleId,model", *rows, ""])


def local_environment() -> TableEnvironment:
    """Return a Flink within this process, with the job's own jar."""
    from pyflink.table import EnvironmentSettings, TableEnvironment  # noqa: PLC0415

    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    jar = FOLDER / "target" / "pyflink-dependencies.jar"
    environment.get_config().set("pipeline.jars", jar.as_uri())
    return environment


def _order(line: bytes) -> tuple[int, str, str]:
    event = json.loads(line)
    return event["timestamp"], event["vehicleId"], event["eventType"]


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER))
    EVENTS.write_bytes(gzip.compress(make_events(local_environment()), mtime=0))
    MODELS.write_text(make_models(), encoding="utf-8")
