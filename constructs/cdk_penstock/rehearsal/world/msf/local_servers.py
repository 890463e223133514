"""The servers of this machine that jobs of a play use, and the property groups that lead jobs to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.broker.kafka import KafkaBroker
from cdk_penstock.local.broker.topics import TopicAccess
from cdk_penstock.local.prometheus.server import Prometheus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_penstock.local.local_service import LocalService

    PropertyGroups = Mapping[str, Mapping[str, str]]

_BROKER: Final = r"[\w.-]+\.kafka(-serverless)?\.[\w.-]+:\d+"
_BROKERS: Final = re.compile(f"{_BROKER}(,{_BROKER})*")
_REMOTE_WRITE: Final = re.compile(r"https://aps-workspaces\.[\w.-]+/workspaces/[\w-]+/api/v1/remote_write")
_WITHOUT_AWS: Final = {"authentication": "none", "request.signer": "none"}
"""The properties by which jobs of penstock sign their requests (docs/job.md), and their values without AWS."""


def local_properties(
    groups: PropertyGroups, *, bootstrap_servers: str | None, remote_write_url: str | None
) -> dict[str, dict[str, str]]:
    """Return property groups with servers of this machine in place of MSK's brokers and of AMP's remote write URLs.

    A server that is None leaves the addresses as they are.
    """
    return {name: _local(dict(group), bootstrap_servers, remote_write_url) for name, group in groups.items()}


def _local(group: dict[str, str], bootstrap_servers: str | None, remote_write_url: str | None) -> dict[str, str]:
    moved = {}
    for key, value in group.items():
        if bootstrap_servers and _BROKERS.fullmatch(value):
            moved[key] = bootstrap_servers
        elif remote_write_url and _REMOTE_WRITE.fullmatch(value):
            moved[key] = remote_write_url
    unsigned = {key: value for key, value in _WITHOUT_AWS.items() if moved and key in group}
    return {**group, **moved, **unsigned}


class LocalServers:
    """Kafka and Prometheus for the jobs of a play.

    Parameters
    ----------
    folder
        Their data.
    kafka, prometheus
        True to start them.
    """

    def __init__(self, folder: Path, *, kafka: bool, prometheus: bool) -> None:
        self._kafka = KafkaBroker(folder / "kafka") if kafka else None
        self._prometheus = Prometheus(folder / "prometheus") if prometheus else None
        self._topics: set[str] = set()

    @property
    def _all(self) -> list[LocalService]:
        return [each for each in (self._kafka, self._prometheus) if each is not None]

    def start(self) -> None:
        """Start them, and wait until they answer; raise LocalPipelineError for a program that is missing."""
        for each in self._all:
            each.start()
        for each in self._all:
            each.wait_ready()

    def stop(self) -> None:
        """Stop them."""
        for each in self._all:
            each.stop()

    def serve(self, groups: PropertyGroups, partitions: Mapping[str, int]) -> dict[str, dict[str, str]]:
        """Return the property groups for a job that uses these servers, with the topics that they name in place.

        Parameters
        ----------
        groups
            The property groups of the application.
        partitions
            The partition counts of topics; any other topic has one partition.
        """
        if self._kafka is not None:
            named = {group["topic"] for group in groups.values() if "topic" in group}
            access = TopicAccess(self._kafka.bootstrap_servers)
            for topic in sorted(named - self._topics):
                access.create(topic, partitions=partitions.get(topic, 1))
            self._topics |= named
        return local_properties(
            groups,
            bootstrap_servers=self._kafka.bootstrap_servers if self._kafka else None,
            remote_write_url=self._prometheus.remote_write_url if self._prometheus else None,
        )
