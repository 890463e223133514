"""What a pipeline's parts have to offer, so that each can be swapped for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication

__all__ = ("Sink", "Source")


class Source(Protocol):
    """Where a job's events come from."""

    def connect_reader(self, application: FlinkApplication) -> None:
        """Give the application what it takes to read: permissions, a way through the network, property groups."""


class Sink(Protocol):
    """Where a job's results go."""

    def connect_writer(self, application: FlinkApplication) -> None:
        """Give the application what it takes to write: permissions, a way through the network, property groups."""
