"""Reader of the report's ``series.csv``."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from cdk_penstock.local.prometheus.samples import Sample

if TYPE_CHECKING:
    from pathlib import Path


def read_series(file: Path) -> list[Sample]:
    """Return the samples of the file."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            Sample.of(row.pop("metric"), row, timestamp_ms=int(row.pop("timestamp_ms")), value=float(row.pop("value")))
            for row in csv.DictReader(stream)
        ]
