"""The oracle of the vehicle job: its samples and dead letters, computed in plain Python, one event after the other.

The tests of the job and the demonstration check by it. It shares nothing with the job but the definition of its
metrics, and runs in the job's environment too. It knows the watermark of one reader that looks at every event: the
latest event time so far, less the allowed disorder.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOTORS = ("IC_RPM", "ELECTRIC_RPM")
MAX_MEASUREMENTS = {"IC_RPM": 100_000, "ELECTRIC_RPM": 100_000, "WARNINGS": 10_000}
MAX_TEXT_BYTES = 128
EARLIEST_TIMESTAMP_MS = 1_000_000_000_000
MAX_TIMESTAMP_MS = 253_402_300_799_999
UNKNOWN_MODEL = "unknown"

# A series' place and time: metric, model, region, end of the window in epoch milliseconds.
Point = tuple[str, str, str, int]


@dataclass(frozen=True)
class Event:
    """A usable event."""

    event_type: str
    vehicle_id: str
    region: str
    timestamp_ms: int
    measurement: int


@dataclass
class Expected:
    """Samples by series and time, and dead letters as pairs of reason and text, in order of arrival."""

    samples: dict[Point, float] = field(default_factory=dict)
    dead_letters: list[tuple[str, str]] = field(default_factory=list)


def expect(
    records: Iterable[bytes],
    models: Mapping[str, str],
    *,
    window_ms: int = 5_000,
    out_of_orderness_ms: int = 5_000,
    latest_timestamp_ms: int = MAX_TIMESTAMP_MS,
) -> Expected:
    """Compute samples and dead letters of records that one reader sees in this order."""
    expected = Expected()
    accepted: list[Event] = []
    watermark_ms: int | None = None
    for record in records:
        event = read(record, latest_timestamp_ms)
        if isinstance(event, str):
            expected.dead_letters.append((event, record.decode(errors="replace")))
            continue
        if watermark_ms is not None and window_end(event.timestamp_ms, window_ms) - 1 <= watermark_ms:
            expected.dead_letters.append(("late", record.decode()))
        else:
            accepted.append(event)
        reached_ms = event.timestamp_ms - out_of_orderness_ms
        watermark_ms = reached_ms if watermark_ms is None else max(watermark_ms, reached_ms)
    expected.samples = samples(accepted, models, window_ms=window_ms)
    return expected


def samples(events: Iterable[Event], models: Mapping[str, str], *, window_ms: int = 5_000) -> dict[Point, float]:
    """Compute the samples of events that are all on time."""
    moving: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    reports: defaultdict[tuple[str, str, int], dict[str, tuple[int, int]]] = defaultdict(dict)
    for event in events:
        group = (
            models.get(event.vehicle_id, UNKNOWN_MODEL),
            event.region,
            window_end(event.timestamp_ms, window_ms),
        )
        if event.event_type in MOTORS:
            moving[group] |= {event.vehicle_id} if event.measurement else set()
        else:
            report = (event.timestamp_ms, event.measurement)
            reports[group][event.vehicle_id] = max(report, reports[group].get(event.vehicle_id, report))
    found = {("vehicles_in_motion", *group): float(len(vehicles)) for group, vehicles in moving.items()}
    for group, latest in reports.items():
        found["warnings", *group] = float(sum(count for _, count in latest.values()))
    return found


def window_end(timestamp_ms: int, window_ms: int) -> int:
    """Return the end of an event's window; windows are aligned to the epoch."""
    return timestamp_ms - timestamp_ms % window_ms + window_ms


def read(record: bytes, latest_timestamp_ms: int = MAX_TIMESTAMP_MS) -> Event | str:
    """Return the event of a record, or the reason why it is none."""
    if not record:
        return "empty record"
    try:
        document = json.loads(record.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return "malformed json"
    if not isinstance(document, dict):
        return "malformed json"
    for name, value in document.items():
        reason = _wrong_type(name, value)
        if reason:
            return reason
    for name in ("eventType", "vehicleId", "region", "timestamp", "measurement"):
        if document.get(name) is None:
            return f"missing field: {name}"
    event = Event(
        document["eventType"],
        document["vehicleId"],
        document["region"],
        document["timestamp"],
        document["measurement"],
    )
    return _wrong_value(event, latest_timestamp_ms) or event


def _refuse(text: str) -> None:
    raise ValueError(text)


def _wrong_type(name: str, value: object) -> str | None:
    if value is None:
        return None
    if name in ("eventType", "vehicleId", "region") and not isinstance(value, str):
        return f"wrong type: {name}"
    if name in ("timestamp", "measurement"):
        if not isinstance(value, int) or isinstance(value, bool):
            return f"wrong type: {name}"
        if not -(2**63) <= value < 2**63:
            return f"out of range: {name}"
    return None


def _wrong_value(event: Event, latest_timestamp_ms: int) -> str | None:
    if event.event_type not in MAX_MEASUREMENTS:
        return "unknown event type"
    for name, text in (("vehicleId", event.vehicle_id), ("region", event.region)):
        if not 0 < len(text.encode(errors="replace")) <= MAX_TEXT_BYTES:
            return f"out of range: {name}"
    if not 0 < event.timestamp_ms <= MAX_TIMESTAMP_MS:
        return "out of range: timestamp"
    if event.timestamp_ms < EARLIEST_TIMESTAMP_MS:
        return "timestamp too old"
    if event.timestamp_ms > latest_timestamp_ms:
        return "timestamp in the future"
    if not 0 <= event.measurement <= MAX_MEASUREMENTS[event.event_type]:
        return "out of range: measurement"
    return None
