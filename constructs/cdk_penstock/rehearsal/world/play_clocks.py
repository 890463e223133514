"""The clocks of a rehearsal: one that stands still but for the waits of the play, and this machine's own."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MOMENT: Final = timedelta(milliseconds=1)
_POLL_SECONDS: Final = 0.2
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The time at which each rehearsal begins, so that two of one assembly are the same."""


class PlayClock(ABC):
    """The clock of everybody in a play.

    Parameters
    ----------
    begin
        The time at which the play begins.

    Attributes
    ----------
    on_tick
        Called again and again while time passes: whatever goes on by itself takes a step then.
    """

    def __init__(self, begin: datetime) -> None:
        self._begin = begin
        self.on_tick: Callable[[], None] = lambda: None

    @abstractmethod
    def __call__(self) -> datetime:
        """Return the time; no two are equal."""

    def of_play(self) -> datetime:
        """Return the time as the play shows it: every play begins at ``BEGIN``."""
        return BEGIN + (self() - self._begin)

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    def take_time(self, seconds: float) -> None:
        """Let the time pass that something takes in AWS and not here."""


class VirtualClock(PlayClock):
    """A clock that others move, so that an hour passes in a moment; it ticks once a second."""

    def __init__(self) -> None:
        super().__init__(BEGIN)
        self._now = BEGIN

    def __call__(self) -> datetime:
        """Return the time, a moment after the last one."""
        self._now += _MOMENT
        return self._now

    def jump(self, time: timedelta) -> None:
        """Let time pass in which nothing goes on."""
        self._now += time

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        left = seconds
        while left > 0:
            step = min(left, 1.0)
            left -= step
            self._now += timedelta(seconds=step)
            self.on_tick()

    def take_time(self, seconds: float) -> None:
        """Let time pass at once."""
        self.sleep(seconds)


class MachineClock(PlayClock):
    """The clock of this machine, for jobs on a Flink that has no other."""

    def __init__(self) -> None:
        self._last = datetime.now(UTC)
        super().__init__(self._last)

    def __call__(self) -> datetime:
        """Return the time, or a moment after the last one."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last

    def sleep(self, seconds: float) -> None:
        """Wait."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))
            self.on_tick()

    def take_time(self, seconds: float) -> None:  # noqa: ARG002 - the interface
        """Tick, and do not wait."""
        self.on_tick()
