"""Lines of JSON that are events: their keys and times, and how to move the times."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTE_MS: Final = 60_000
_LARGEST_LONG: Final = 2**63 - 1
"""The job reads times into a long of Java."""


TIME_FIELD: Final = "timestamp"


@dataclass(frozen=True, kw_only=True)
class LineFormat:
    """The fields of an event that a replay reads.

    Parameters
    ----------
    key_field
        The field with the record's key, a text, for example a device's id. Default: records have no key, so they keep
        no order in a topic of more than one partition.
    time_field
        The field with the event time, in milliseconds since the epoch.
    """

    key_field: str | None = None
    time_field: str = TIME_FIELD


@dataclass(frozen=True, kw_only=True)
class ParsedLine:
    """The key and the time of an event; a line without a usable one of both is malformed."""

    key: str | None
    timestamp_ms: int


def parse_line(line: bytes, fields: LineFormat) -> ParsedLine | None:
    """Return the key and the time of a line of JSON, ``None`` if it is malformed."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    key = None if fields.key_field is None else event.get(fields.key_field)
    if fields.key_field is not None and not isinstance(key, str):
        return None
    timestamp_ms = event.get(fields.time_field)
    if not isinstance(timestamp_ms, int) or isinstance(timestamp_ms, bool):
        return None
    if abs(timestamp_ms) > _LARGEST_LONG:
        return None
    return ParsedLine(key=key, timestamp_ms=timestamp_ms)


def shift_line(line: bytes, shift_ms: int, fields: LineFormat) -> bytes:
    """Return a line that :func:`parse_line` accepts, with its event time moved and everything else unchanged."""
    if shift_ms == 0:
        return line
    event = json.loads(line)
    event[fields.time_field] += shift_ms
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def minutes_shift_ms(anchor_ms: int, now_ms: int) -> int:
    """Return the whole minutes, in milliseconds, that move the time ``anchor_ms`` to now, or up to a minute before.

    Windows whose length divides a minute keep their limits under such a shift.
    """
    return (now_ms - anchor_ms) // MINUTE_MS * MINUTE_MS


def first_event_shift(lines: Iterable[bytes], fields: LineFormat, *, now_ms: int) -> tuple[int, Iterable[bytes]]:
    """Return the shift that moves the first well-formed line to now, and all the lines again.

    For a stream that cannot be read twice: the lines before that line are held back until it has come.
    """
    rest = iter(lines)
    held: list[bytes] = []
    for line in rest:
        held.append(line)
        parsed = parse_line(line, fields)
        if parsed is not None:
            return minutes_shift_ms(parsed.timestamp_ms, now_ms), itertools.chain(held, rest)
    return 0, held
