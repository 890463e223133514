"""Time spans as arguments, such as ``30s``, ``15m``, ``2h`` or ``1d``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import typer

_SPAN: Final = re.compile(r"[1-9]\d{0,5}[smhd]", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def check_time_span(value: str | None) -> str | None:
    """Return a span as it was written, or raise BadParameter if it has another form."""
    if value is not None and not _SPAN.fullmatch(value):
        raise typer.BadParameter(f"expected a time span such as 30s, 15m, 2h or 1d, got {value!r}")
    return value


def parse_time_span(span: str) -> timedelta:
    """Return a span that was checked."""
    return timedelta(**{_UNITS[span[-1]]: int(span[:-1])})
