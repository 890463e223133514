"""Base of the servers of the local pipeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class LocalService(ABC):
    """A server as a context manager: ready inside of it, stopped behind it, however it is left.

    Several servers start faster together: call :meth:`start` of each, then :meth:`wait_ready` of each.
    """

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start its processes, without waiting for them."""

    @abstractmethod
    def wait_ready(self) -> None:
        """Wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop whatever of it runs; it may be called at any time, and again."""
