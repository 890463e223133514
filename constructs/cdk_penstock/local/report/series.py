"""Samples as a CSV file, and summed over one of their labels."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from cdk_penstock.local.prometheus.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ("COLUMNS", "Label", "format_value", "read_series", "total_by", "write_series")

COLUMNS = ("metric", "model", "region", "timestamp_ms", "value")

Label = Literal["model", "region"]


def format_value(value: float) -> str:
    """Return a value in full precision, whole numbers without a fraction."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def write_series(file: Path, samples: Iterable[Sample]) -> None:
    """Write one line a sample, sorted, under a line with the columns' names.

    Parameters
    ----------
    file
        The file to write.
    samples
        What to write.
    """
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for sample in sorted(samples):
            value = format_value(sample.value)
            writer.writerow((sample.metric, sample.model, sample.region, sample.timestamp_ms, value))


def read_series(file: Path) -> list[Sample]:
    """Return the samples of a file that :func:`write_series` wrote."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            Sample(
                metric=row["metric"],
                model=row["model"],
                region=row["region"],
                timestamp_ms=int(row["timestamp_ms"]),
                value=float(row["value"]),
            )
            for row in csv.DictReader(stream)
        ]


def total_by(samples: Iterable[Sample], *, metric: str, label: Label) -> dict[str, list[tuple[int, float]]]:
    """Return one metric's totals per value of a label: pairs of time in milliseconds and value, sorted by time.

    Parameters
    ----------
    samples
        Samples of any metrics.
    metric
        The metric to keep.
    label
        The label to keep; the other one is summed over.
    """
    totals: defaultdict[str, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
    for sample in samples:
        if sample.metric == metric:
            totals[sample.model if label == "model" else sample.region][sample.timestamp_ms] += sample.value
    return {name: sorted(points.items()) for name, points in sorted(totals.items())}
