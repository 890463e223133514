"""The local MSF with the servers that jobs need beside it: Kafka and Prometheus."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cdk_penstock.local.broker.kafka import KafkaBroker
from cdk_penstock.local.errors import PortInUseError
from cdk_penstock.local.local_service import LocalService
from cdk_penstock.local.ports import require_free_port
from cdk_penstock.local.progress import SilentProgress
from cdk_penstock.local.prometheus.server import Prometheus
from cdk_penstock.local.service.local_msf import LocalMsf
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from cdk_penstock.local.progress import Progress
    from cdk_penstock.local.service.local_msf_options import LocalMsfOptions


@dataclass(frozen=True, kw_only=True)
class LocalStackOptions:
    """Options of the stack.

    Parameters
    ----------
    msf
        Those of the local MSF, whose folder has everything.
    kafka, prometheus
        False to leave a server out.
    kafka_port, prometheus_port
        Their ports on loopback. With 0 those of the last time in the folder, else free ones: the addresses are in the
        property groups of applications.
    keep_data
        False to delete topics and samples at the stop.
    """

    msf: LocalMsfOptions
    kafka: bool = True
    prometheus: bool = True
    kafka_port: int = 0
    prometheus_port: int = 0
    keep_data: bool = True


class LocalStack(LocalService):
    """The local MSF, Kafka and Prometheus, as a context manager; what it keeps is there the next time.

    Parameters
    ----------
    options
        What may be chosen.
    progress
        Learns how the start goes.
    """

    def __init__(self, options: LocalStackOptions, *, progress: Progress | None = None) -> None:
        folder = options.msf.folder.absolute()
        self._progress = progress or SilentProgress()
        self._ports_file = folder / "ports.json"
        ports = self._known_ports()
        self.msf = LocalMsf(replace(options.msf, folder=folder, port=options.msf.port or ports.get("msf", 0)))
        kafka_port = options.kafka_port or ports.get("kafka", 0)
        prometheus_port = options.prometheus_port or ports.get("prometheus", 0)
        keep = options.keep_data
        self.kafka = KafkaBroker(folder / "kafka", port=kafka_port, keep_data=keep) if options.kafka else None
        self.prometheus = (
            Prometheus(folder / "prometheus", port=prometheus_port, keep_data=keep) if options.prometheus else None
        )

    def _known_ports(self) -> dict[str, int]:
        """Return the ports of the last time that are free; a kill may have left half a file."""
        found: dict[str, int] = {}
        with contextlib.suppress(OSError, ValueError):
            for name, port in json.loads(self._ports_file.read_text(encoding="utf-8")).items():
                with contextlib.suppress(PortInUseError):
                    found[name] = require_free_port(port, owner=name)
        return found

    @property
    def _servers(self) -> list[LocalService]:
        return [each for each in (self.kafka, self.prometheus, self.msf) if each is not None]

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that lead clients to the servers."""
        variables = self.msf.environment
        if self.kafka is not None:
            variables["PENSTOCK_KAFKA_BOOTSTRAP_SERVERS"] = self.kafka.bootstrap_servers
        if self.prometheus is not None:
            variables["PENSTOCK_PROMETHEUS_URL"] = self.prometheus.url
        return variables

    def start(self) -> None:
        """Start the servers beside the local MSF, and last the local MSF, whose jobs need them.

        Raises
        ------
        LocalPipelineError
            A program is missing, a port is taken, or a server did not start.
        """
        others = self._servers[:-1]
        for each in others:
            self._progress.stage(f"start {type(each).__name__}")
            each.start()
        for each in others:
            each.wait_ready()
        self._progress.stage("start the local MSF")
        self.msf.start()

    def wait_ready(self) -> None:
        """Wait until all answer, and remember their ports."""
        self.msf.wait_ready()
        urls = {"msf": self.msf.url}
        if self.kafka is not None:
            urls["kafka"] = self.kafka.bootstrap_servers
        if self.prometheus is not None:
            urls["prometheus"] = self.prometheus.url
        ports = {name: int(url.rpartition(":")[2]) for name, url in urls.items()}
        self._ports_file.write_text(json.dumps(ports), encoding="utf-8")

    def stop(self) -> None:
        """Stop all; whatever is in the folder stays."""
        with defer_stop_signals():
            for each in reversed(self._servers):
                each.stop()
