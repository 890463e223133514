"""The clock of a rehearsal: it stands still but for the waits of the play, so that an hour passes in a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MOMENT: Final = timedelta(milliseconds=1)
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The time at which each rehearsal begins, so that two of one assembly are the same."""


class VirtualClock:
    """A clock that others move.

    Attributes
    ----------
    on_tick
        Called after each second that passes, or part of one: whatever goes on by itself takes a step then.
    """

    def __init__(self) -> None:
        self._now = BEGIN
        self.on_tick: Callable[[], None] = lambda: None

    def __call__(self) -> datetime:
        """Return the time, a moment after the last one: no two are equal."""
        self._now += _MOMENT
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        left = seconds
        while left > 0:
            step = min(left, 1.0)
            left -= step
            self._now += timedelta(seconds=step)
            self.on_tick()
