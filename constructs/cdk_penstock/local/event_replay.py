"""Replaying recorded events: what to send, when, and with which event time.

Everything here works on plain values and an injected clock; :mod:`cdk_penstock.local.kafka_sink` does the sending.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from cdk_penstock.local.event_lines import LineFormat, parse_line, shift_line
from cdk_penstock.local.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cdk_penstock.local.progress import Progress

_PROGRESS_SECONDS: Final = 0.5
_LONGEST_SLEEP_SECONDS: Final = 0.5
_SHORTEST_SLEEP_SECONDS: Final = 0.0005  # shorter ones cost more than they are worth


class EventTime(StrEnum):
    """Treatment of the events' own times."""

    KEEP = "keep"
    NOW = "now"


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """Options of a replay.

    ``speed_up`` is how much faster than recorded, 0 for as fast as possible; ``shift_ms`` is added to every event time;
    ``fields`` are where a line has its key and its time.
    """

    fields: LineFormat = field(default_factory=LineFormat)
    speed_up: float = 0.0
    shift_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class ReplaySummary:
    """Result of a replay. ``max_lag_seconds`` is how far it was behind its own timetable at worst."""

    sent: int
    malformed: int
    elapsed_seconds: float
    max_lag_seconds: float
    first_event_ms: int | None
    last_event_ms: int | None
    shift_ms: int

    @property
    def records_per_second(self) -> float:
        """The rate of the whole replay."""
        return self.sent / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0


class RecordSink(Protocol):
    """Target of records; it keeps the order of records with the same key."""

    def send(self, key: bytes | None, value: bytes) -> None:
        """Send one record; may return before it has arrived."""

    def flush(self) -> None:
        """Wait until everything sent has arrived, and raise if something has not."""


def due_seconds(timestamp_ms: int, *, first_ms: int, speed_up: float) -> float:
    """Return when an event is to be sent, in seconds after the first one; 0 for "at once", and for a speed-up of 0."""
    if speed_up <= 0:
        return 0.0
    return max(0.0, (timestamp_ms - first_ms) / 1000.0 / speed_up)


class _Timetable:
    """Waits until an event is due, and remembers the worst delay."""

    def __init__(self, speed_up: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._speed_up = speed_up
        self._clock = clock
        self._sleep = sleep
        self._begin = clock()
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self.lag_seconds = 0.0
        self.max_lag_seconds = 0.0

    def elapsed(self) -> float:
        return self._clock() - self._begin

    def wait_for(self, timestamp_ms: int) -> None:
        if self.first_ms is None:
            # The file may take its time to open; the timetable begins with the first event.
            self.first_ms, self.last_ms, self._begin = timestamp_ms, timestamp_ms, self._clock()
        self.last_ms = max(timestamp_ms, self.last_ms or timestamp_ms)
        if self._speed_up <= 0:
            return
        due = due_seconds(timestamp_ms, first_ms=self.first_ms, speed_up=self._speed_up)
        while (early := due - self.elapsed()) > _SHORTEST_SLEEP_SECONDS:
            self._sleep(min(early, _LONGEST_SLEEP_SECONDS))
        if timestamp_ms >= self.last_ms:  # an event that is out of order is late by nature
            self.lag_seconds = self.elapsed() - due
            self.max_lag_seconds = max(self.max_lag_seconds, self.lag_seconds)


def replay(
    lines: Iterable[bytes],
    sink: RecordSink,
    options: ReplayOptions,
    *,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ReplaySummary:
    """Send lines without ends to a sink, in their order and with their keys; a malformed line goes without a key.

    ``progress`` hears of rate and lag while it runs; ``clock`` and ``sleep`` are for tests.
    """
    listener = progress or SilentProgress()
    timetable = _Timetable(options.speed_up, clock, sleep)
    sent = malformed = 0
    told = clock()
    for line in lines:
        parsed = parse_line(line, options.fields)
        if parsed is None:
            malformed += 1
            sink.send(None, line)
        else:
            timetable.wait_for(parsed.timestamp_ms)
            key = None if parsed.key is None else parsed.key.encode(errors="replace")
            sink.send(key, shift_line(line, options.shift_ms, options.fields))
        sent += 1
        if clock() - told >= _PROGRESS_SECONDS:
            told = clock()
            rate = sent / max(timetable.elapsed(), 0.001)
            listener.update(f"{sent:,} records, {rate:,.0f} a second, {timetable.lag_seconds:.1f} s behind")
    sink.flush()
    return ReplaySummary(
        sent=sent,
        malformed=malformed,
        elapsed_seconds=timetable.elapsed(),
        max_lag_seconds=timetable.max_lag_seconds,
        first_event_ms=timetable.first_ms,
        last_event_ms=timetable.last_ms,
        shift_ms=options.shift_ms,
    )
