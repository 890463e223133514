"""Samples as a CSV file, and summed over one of their labels."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cdk_penstock.local.prometheus.samples import Sample


def format_value(value: float) -> str:
    """Return a value in full precision, whole numbers without a fraction."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def write_series(file: Path, samples: Iterable[Sample], *, labels: Sequence[str]) -> None:
    """Write one line a sample, sorted, under a line with the columns' names; each label has a column."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("metric", *labels, "timestamp_ms", "value"))
        for sample in sorted(samples):
            values = (sample.label(name) for name in labels)
            writer.writerow((sample.metric, *values, sample.timestamp_ms, format_value(sample.value)))


def total_by(samples: Iterable[Sample], *, metric: str, label: str) -> dict[str, list[tuple[int, float]]]:
    """Return one metric's totals per value of a label: pairs of time in milliseconds and value, sorted by time."""
    totals: defaultdict[str, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
    for sample in samples:
        if sample.metric == metric:
            totals[sample.label(label)][sample.timestamp_ms] += sample.value
    return {name: sorted(points.items()) for name, points in sorted(totals.items())}
