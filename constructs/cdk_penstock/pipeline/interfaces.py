"""Interfaces of a pipeline's parts, so that each can be replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cdk_penstock.application import FlinkApplication
    from cdk_penstock.observability.alarms import ApplicationAlarms


class Source(Protocol):
    """Source of a job's events."""

    def connect_reader(self, application: FlinkApplication) -> None:
        """Give the application all that it needs to read: permissions, network access, property groups."""

    def add_alarms(self, alarms: ApplicationAlarms) -> None:
        """Add the alarms that depend on the kind of source, such as the lag."""


class Sink(Protocol):
    """Sink for a job's results."""

    def connect_writer(self, application: FlinkApplication) -> None:
        """Give the application all that it needs to write: permissions, network access, property groups."""
