"""Lines of JSON that are events: whose they are, when they happened, and how to move that."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ("ParsedLine", "first_event_shift", "minutes_shift_ms", "parse_line", "shift_line")

MINUTE_MS = 60_000
LARGEST_LONG = 2**63 - 1
"""The job reads times into a long of Java."""


@dataclass(frozen=True, kw_only=True)
class ParsedLine:
    """What a replay needs to know of a line; a line without a usable id and time is malformed."""

    vehicle_id: str
    timestamp_ms: int


def parse_line(line: bytes) -> ParsedLine | None:
    """Return a line's vehicle and time, ``None`` if it is malformed.

    Parameters
    ----------
    line
        One line of a JSON Lines file.
    """
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    vehicle_id, timestamp_ms = event.get("vehicleId"), event.get("timestamp")
    if not isinstance(vehicle_id, str) or not isinstance(timestamp_ms, int) or isinstance(timestamp_ms, bool):
        return None
    if abs(timestamp_ms) > LARGEST_LONG:
        return None
    return ParsedLine(vehicle_id=vehicle_id, timestamp_ms=timestamp_ms)


def shift_line(line: bytes, shift_ms: int) -> bytes:
    """Return a well-formed line with its event time moved, and all else as it was.

    Parameters
    ----------
    line
        A line for which :func:`parse_line` finds a time.
    shift_ms
        What to add to the time, in milliseconds.
    """
    if shift_ms == 0:
        return line
    event = json.loads(line)
    event["timestamp"] += shift_ms
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def minutes_shift_ms(anchor_ms: int, now_ms: int) -> int:
    """Return the whole number of minutes, in milliseconds, that brings an event time to now, or up to a minute before.

    Windows of any length that divides a minute keep their limits under such a shift.

    Parameters
    ----------
    anchor_ms
        The event time that is to become the present one.
    now_ms
        The present time.
    """
    return (now_ms - anchor_ms) // MINUTE_MS * MINUTE_MS


def first_event_shift(lines: Iterable[bytes], *, now_ms: int) -> tuple[int, Iterable[bytes]]:
    """Return the shift that brings the first well-formed line to now, and all the lines again.

    For a stream that cannot be read twice: whatever precedes that line is held back until it has come.

    Parameters
    ----------
    lines
        The lines.
    now_ms
        The present time.
    """
    rest = iter(lines)
    held: list[bytes] = []
    for line in rest:
        held.append(line)
        parsed = parse_line(line)
        if parsed is not None:
            return minutes_shift_ms(parsed.timestamp_ms, now_ms), itertools.chain(held, rest)
    return 0, held
