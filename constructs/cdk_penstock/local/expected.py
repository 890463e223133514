"""What the vehicle job must find in a set of events, computed plainly, one event after the other.

It shares nothing with the job but the definition of the metrics, so that each can be checked against the other.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.local.errors import InputFileError
from cdk_penstock.local.prometheus.samples import Sample
from cdk_penstock.model.texts import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = (
    "Comparison",
    "compare",
    "expected_samples",
    "missing_windows",
    "read_model_lines",
    "read_models",
    "valid_event",
)

WARNING_EVENT = "WARNINGS"
# The greatest measurement of each type of event; a greater one is an accident, and puts the event aside.
MAX_MEASUREMENTS = {"IC_RPM": 100_000, "ELECTRIC_RPM": 100_000, WARNING_EVENT: 10_000}
MAX_TEXT_BYTES = 128
MIN_TIMESTAMP_MS = 1_000_000_000_000  # an earlier time is one in seconds, by the job's default
MAX_TIMESTAMP_MS = 253_402_300_799_999  # the end of the year 9999
UNKNOWN_MODEL = "unknown"
MODEL_COLUMNS = ("vehicleId", "model")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How two sets of samples differ; all empty if they do not."""

    missing: Sequence[Sample]
    unexpected: Sequence[Sample]

    @property
    def equal(self) -> bool:
        """Whether there is no difference."""
        return not self.missing and not self.unexpected


def read_models(file: Path) -> dict[str, str]:
    """Return the model of each vehicle of a CSV file with the columns ``vehicleId`` and ``model``.

    Raises
    ------
    InputFileError
        The file cannot be read, or has other columns.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        msg = f"the file of models {file} cannot be read: {error}"
        raise InputFileError(msg) from error
    text = decode_text(content, f"the file of models {file}", InputFileError)
    return read_model_lines(io.StringIO(text, newline=""), name=str(file))


def read_model_lines(stream: Iterable[str], *, name: str) -> dict[str, str]:
    """Return the model of each vehicle.

    Parameters
    ----------
    stream
        The lines of a CSV file.
    name
        What to call it in messages.

    Raises
    ------
    InputFileError
        It has other columns than ``vehicleId`` and ``model``, or a line without both.
    """
    reader = csv.DictReader(stream)
    if tuple(reader.fieldnames or ()) != MODEL_COLUMNS:
        msg = f"{name} must begin with the line {','.join(MODEL_COLUMNS)}, got {','.join(reader.fieldnames or ())!r}"
        raise InputFileError(msg)
    models: dict[str, str] = {}
    for row in reader:
        vehicle, model = ((row[column] or "").strip() for column in MODEL_COLUMNS)
        if not vehicle or not model or None in row:
            got = ",".join([*(row[column] or "" for column in MODEL_COLUMNS), *(row.get(None) or [])]).rstrip(",")
            msg = f"{name} must have a vehicleId and a model in each line, got {got!r} in line {reader.line_num}"
            raise InputFileError(msg)
        models[vehicle] = model
    return models


def _is_integer(value: object, *, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_identifier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.encode(errors="replace")) <= MAX_TEXT_BYTES


def _refuse_constant(text: str) -> None:
    msg = f"{text} is not JSON"
    raise ValueError(msg)


def valid_event(line: bytes) -> dict[str, Any] | None:
    """Return the event of a line, ``None`` for one that the job puts aside as malformed."""
    try:
        event = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("eventType"), str):
        return None
    most = MAX_MEASUREMENTS.get(event["eventType"])
    if (
        most is not None
        and _is_identifier(event.get("vehicleId"))
        and _is_identifier(event.get("region"))
        and _is_integer(event.get("timestamp"), least=MIN_TIMESTAMP_MS, most=MAX_TIMESTAMP_MS)
        and _is_integer(event.get("measurement"), least=0, most=most)
    ):
        return event
    return None


def expected_samples(lines: Iterable[bytes], models: Mapping[str, str], *, window_seconds: int) -> list[Sample]:
    """Return the samples that a set of events leads to if none of them is late, sorted.

    Parameters
    ----------
    lines
        Events, in any order.
    models
        The model of each vehicle; one without counts as ``unknown``.
    window_seconds
        The length of the windows; a sample's time is its window's end.
    """
    window_ms = window_seconds * 1000
    moving: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    reports: defaultdict[tuple[str, str, int], dict[str, tuple[int, int]]] = defaultdict(dict)
    for line in lines:
        event = valid_event(line)
        if event is None:
            continue
        vehicle, timestamp_ms, measurement = event["vehicleId"], event["timestamp"], event["measurement"]
        end_ms = timestamp_ms - timestamp_ms % window_ms + window_ms
        place = (models.get(vehicle, UNKNOWN_MODEL), event["region"], end_ms)
        if event["eventType"] == WARNING_EVENT:
            report = (timestamp_ms, measurement)  # of two reports of one millisecond the greater one counts
            reports[place][vehicle] = max(report, reports[place].get(vehicle, report))
        else:
            moving[place].update([vehicle] if measurement else [])
    samples = [_sample("vehicles_in_motion", place, len(vehicles)) for place, vehicles in moving.items()]
    samples += [
        _sample("warnings", place, sum(count for _, count in latest.values())) for place, latest in reports.items()
    ]
    return sorted(samples)


def _sample(metric: str, place: tuple[str, str, int], value: int) -> Sample:
    model, region, end_ms = place
    return Sample(metric=metric, model=model, region=region, timestamp_ms=end_ms, value=float(value))


def compare(expected: Iterable[Sample], actual: Iterable[Sample]) -> Comparison:
    """Return the samples that are expected and not there, and those that are there and not expected.

    A sample with another value than expected is both.
    """
    wanted, found = Counter(expected), Counter(actual)
    return Comparison(missing=sorted((wanted - found).elements()), unexpected=sorted((found - wanted).elements()))


def missing_windows(samples: Sequence[Sample], *, window_seconds: int) -> list[Sample]:
    """Return what a fleet that reports all the time left out, as samples of value 0.

    Every series that occurs must have a sample at the end of every window between the first and the last one; these
    two may be incomplete.

    Parameters
    ----------
    samples
        All samples of a run.
    window_seconds
        The length of the windows.
    """
    window_ms = window_seconds * 1000
    ends = {sample.timestamp_ms for sample in samples}
    if not ends:
        return []
    wanted = range(min(ends) + window_ms, max(ends), window_ms)
    series = {(sample.metric, sample.model, sample.region) for sample in samples}
    present = {(sample.metric, sample.model, sample.region, sample.timestamp_ms) for sample in samples}
    return sorted(
        Sample(metric=metric, model=model, region=region, timestamp_ms=end, value=0.0)
        for metric, model, region in series
        for end in wanted
        if (metric, model, region, end) not in present
    )
