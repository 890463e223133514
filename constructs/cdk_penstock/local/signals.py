"""Ctrl-C and termination, turned into exceptions that never arrive at a bad moment.

A signal that arrives between the start of a child process and the line that remembers it would leave the child behind,
and one that arrives while things are being stopped would leave the rest running. So signals are handled only outside
such sections, and the first signal is the last one that counts.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _State:
    """State of the signal handler; signals reach only the main thread, so only that one counts."""

    deferrals = 0
    pending: int | None = None
    raised = False


def _raise_for(number: int) -> None:
    _State.raised = True
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _handle(number: int, _frame: FrameType | None) -> None:
    if _State.raised:
        return
    if _State.deferrals:
        _State.pending = number
        return
    _raise_for(number)


@contextlib.contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Turn the first SIGINT into KeyboardInterrupt, the first SIGTERM or SIGHUP into SystemExit, and ignore the next.

    Only the outermost use in the main thread has an effect; the former handlers are put back at the end.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is _handle:
        yield
        return
    _State.pending, _State.raised = None, False
    before = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    try:
        for number in _STOP_SIGNALS:
            signal.signal(number, _handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def defer_stop_signals() -> Iterator[None]:
    """Hold a signal back until the section ends; without :func:`stop_signals_raise` around it, it does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _State.deferrals += 1
    try:
        yield
    finally:
        _State.deferrals -= 1
        number = _State.pending
        if number is not None and not _State.deferrals and not _State.raised:
            _State.pending = None
            _raise_for(number)
