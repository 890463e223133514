"""The feed of changes: whoever changes something publishes it, and any number of clients follow.

Publishing never waits for a client. Each has a short queue, from which the oldest messages fall when it does not read;
the numbers of the messages show the gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, kw_only=True)
class FeedMessage:
    """A change: its number, one more than that of the change before, and what is known of it."""

    number: int
    facts: Mapping[str, str | int]


class Feed:
    """The changes, to publish from any thread and to follow in an event loop.

    Parameters
    ----------
    queue_limit
        The most messages that wait for a client.
    """

    def __init__(self, *, queue_limit: int = 64) -> None:
        self._queue_limit: Final = queue_limit
        self._lock: Final = threading.Lock()
        self._subscriptions: Final[set[Subscription]] = set()
        self._number = 0
        self._is_closed = False

    @property
    def revision(self) -> int:
        """The number of the newest change."""
        return self._number

    @property
    def subscribers(self) -> int:
        """The number of clients that follow."""
        return len(self._subscriptions)

    def publish(self, facts: Mapping[str, str | int]) -> None:
        """Tell a change to all clients."""
        with self._lock:
            self._number += 1
            message = FeedMessage(number=self._number, facts=facts)
            for each in self._subscriptions:
                each.offer(message)

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Follow the changes from now on, in the event loop that runs."""
        subscription = Subscription(self._queue_limit)
        with self._lock:
            self._subscriptions.add(subscription)
            if self._is_closed:
                subscription.end()
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions, also later ones: a server that stops waits for its answers to end."""
        with self._lock:
            self._is_closed = True
            for each in self._subscriptions:
                each.end()


class Subscription:
    """The changes as one client sees them.

    Parameters
    ----------
    limit
        The most messages that wait.
    """

    def __init__(self, limit: int) -> None:
        self._queue: Final[deque[FeedMessage]] = deque(maxlen=limit)
        self._loop: Final = asyncio.get_running_loop()
        self._ready: Final = asyncio.Event()
        self._is_woken = False
        self.has_ended = False

    def offer(self, message: FeedMessage) -> None:
        """Put a message in the queue, from any thread; the feed calls it with its lock held."""
        self._queue.append(message)
        self._wake()

    def end(self) -> None:
        """End the subscription, from any thread; the feed calls it with its lock held."""
        self.has_ended = True
        self._wake()

    def _wake(self) -> None:
        # One call waits in the loop at most, however many messages come.
        if not self._is_woken:
            self._is_woken = True
            # The loop may have been closed, and with it the client's connection.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ready.set)

    async def messages(self, patience_seconds: float) -> list[FeedMessage]:
        """Return the messages that wait, or the first one that comes; none when patience ends, or the subscription."""
        if not self._queue and not self.has_ended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_seconds):
                    await self._ready.wait()
        self._ready.clear()
        self._is_woken = False
        return [self._queue.popleft() for _ in range(len(self._queue))]
