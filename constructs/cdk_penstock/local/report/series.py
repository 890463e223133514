"""Samples as a CSV file, and summed over one of their labels."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING

from cdk_penstock.local.prometheus.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# The columns before those of the labels, and behind them.
FIRST_COLUMNS, LAST_COLUMNS = ("metric",), ("timestamp_ms", "value")


def format_value(value: float) -> str:
    """Return a value in full precision, whole numbers without a fraction."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def write_series(file: Path, samples: Iterable[Sample], *, labels: Sequence[str]) -> None:
    """Write one line a sample, sorted, under a line with the columns' names.

    Parameters
    ----------
    file
        The file to write.
    samples
        What to write.
    labels
        The labels that have a column each.
    """
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow((*FIRST_COLUMNS, *labels, *LAST_COLUMNS))
        for sample in sorted(samples):
            values = (sample.label(name) for name in labels)
            writer.writerow((sample.metric, *values, sample.timestamp_ms, format_value(sample.value)))


def read_series(file: Path) -> list[Sample]:
    """Return the samples of a file that :func:`write_series` wrote."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        labels = [name for name in rows.fieldnames or () if name not in {*FIRST_COLUMNS, *LAST_COLUMNS}]
        return [
            Sample.of(
                row["metric"],
                {name: row[name] for name in labels},
                timestamp_ms=int(row["timestamp_ms"]),
                value=float(row["value"]),
            )
            for row in rows
        ]


def total_by(samples: Iterable[Sample], *, metric: str, label: str) -> dict[str, list[tuple[int, float]]]:
    """Return one metric's totals per value of a label: pairs of time in milliseconds and value, sorted by time.

    Parameters
    ----------
    samples
        Samples of any metrics.
    metric
        The metric to keep.
    label
        The label to keep; all others are summed over.
    """
    totals: defaultdict[str, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
    for sample in samples:
        if sample.metric == metric:
            totals[sample.label(label)][sample.timestamp_ms] += sample.value
    return {name: sorted(points.items()) for name, points in sorted(totals.items())}
