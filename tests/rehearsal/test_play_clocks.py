"""Clocks of a rehearsal: time passes at once, or on this machine's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.rehearsal.world.play_clocks import BEGIN, MachineClock, PlayClock, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("kind", [VirtualClock, MachineClock])
def test_no_two_times_are_equal_and_every_play_begins_at_the_same_time(kind: Callable[[], PlayClock]) -> None:
    clock = kind()
    times = [clock() for _ in range(1_000)]
    assert times == sorted(set(times))
    assert 0 <= (clock.of_play() - BEGIN).total_seconds() < 60


def test_an_hour_of_a_play_passes_at_once_with_a_tick_each_second() -> None:
    clock, ticks = VirtualClock(), list[float]()
    clock.on_tick = lambda: ticks.append(clock().timestamp())
    began = time.monotonic()
    clock.sleep(3_599)
    clock.take_time(1)
    assert time.monotonic() - began < 60
    assert len(ticks) == 3_600
    assert clock().timestamp() - BEGIN.timestamp() >= 3_600


def test_on_this_machines_clock_a_wait_is_one_and_what_takes_no_time_here_takes_none() -> None:
    clock, ticks = MachineClock(), list[float]()
    clock.on_tick = lambda: ticks.append(time.monotonic())
    began = time.monotonic()
    clock.sleep(0.5)
    assert time.monotonic() - began >= 0.5
    assert len(ticks) >= 2
    began, before = time.monotonic(), len(ticks)
    clock.take_time(3_600)
    assert time.monotonic() - began < 60
    assert len(ticks) == before + 1
