"""The vehicle job between files: records in, samples and dead letters out."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import WINDOW_SECONDS, MiniCluster

from vehicle_metrics.job import vehicle_statements
from vehicle_metrics.statements import TableOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vehicle_metrics_scenario.oracle import Point

METRICS = ("vehicles_in_motion", "warnings")
OUT_OF_ORDERNESS_MS = 5_000


@dataclass(frozen=True)
class Found:
    """Output of a run: samples as a list, so that one written twice is seen, and dead letters."""

    samples: list[tuple[Point, float]]
    dead_letters: list[tuple[str, str]]


@dataclass(frozen=True)
class Pipeline:
    """Runs the job on a cluster, each time in a new folder below ``folder``."""

    cluster: MiniCluster
    folder: Path

    def run(
        self,
        parts: Sequence[Sequence[bytes]],
        models: Mapping[str, str],
        *,
        parallelism: int = 1,
        metrics: Mapping[str, str] | None = None,
    ) -> Found:
        """Run the job on the records of some files, each read in order, and return everything it wrote to files.

        ``metrics`` are the options of another connector for the samples.
        """
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "in").mkdir()
        for number, records in enumerate(parts):
            (folder / "in" / f"part-{number}").write_bytes(b"".join(record + b"\n" for record in records))
        lines = "".join(f"{vehicle},{model}\n" for vehicle, model in models.items())
        (folder / "models.csv").write_text("vehicleId,model\n" + lines, encoding="utf-8")
        environment = self.cluster.environment(parallelism)
        statements = vehicle_statements(environment, self._tables(folder, metrics), WINDOW_SECONDS, OUT_OF_ORDERNESS_MS)
        statements.execute().wait()
        return Found(_samples(folder / "metrics"), _dead_letters(folder / "dead"))

    @staticmethod
    def _tables(folder: Path, metrics: Mapping[str, str] | None) -> TableOptions:
        return TableOptions(
            events={
                "connector": "filesystem",
                "path": (folder / "in").as_uri(),
                "format": "vehicle-event",
                # A watermark after each event makes lateness a matter of order alone.
                "scan.watermark.emit.strategy": "on-event",
            },
            models={"connector": "reference-csv", "location": (folder / "models.csv").as_uri()},
            metrics=metrics or _file_sink(folder / "metrics"),
            dead_letters=_file_sink(folder / "dead"),
        )


def _file_sink(folder: Path) -> dict[str, str]:
    return {
        "connector": "filesystem",
        "path": folder.as_uri(),
        "format": "json",
        "json.timestamp-format.standard": "ISO-8601",
    }


def read_rows(folder: Path) -> list[dict[str, object]]:
    """Return all rows that a job wrote to a folder."""
    files = sorted(file for file in folder.rglob("part-*") if file.is_file())
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _samples(folder: Path) -> list[tuple[Point, float]]:
    found: list[tuple[Point, float]] = []
    for row in read_rows(folder):
        time_ms = round(datetime.fromisoformat(str(row["time"])).timestamp() * 1000)
        place = (str(row["model"]), str(row["region"]), time_ms)
        found += [((metric, *place), row[metric]) for metric in METRICS if row[metric] is not None]
    return sorted(found)


def _dead_letters(folder: Path) -> list[tuple[str, str]]:
    return [(str(row["reason"]), str(row["payload"])) for row in read_rows(folder)]
