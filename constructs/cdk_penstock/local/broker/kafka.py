"""A Kafka broker of one node in KRaft mode, with its data in a separate folder."""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cdk_penstock.local.broker.jars import resolve_broker_jars
from cdk_penstock.local.broker.topics import QUIET_CLIENT
from cdk_penstock.local.local_service import ProcessService
from cdk_penstock.local.ports import LOOPBACK, free_ports, require_free_port
from cdk_penstock.local.processes import run_to_end
from cdk_penstock.local.programs import find_java

if TYPE_CHECKING:
    from pathlib import Path

_HEAP_MIB: Final = 512
# Old event times must not make a record's segment expire, and a client must not create a topic by a typing error.
_FIXED_SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "log.retention.ms": "-1",
}


def new_cluster_id() -> str:
    """Return a random id in the form that Kafka's storage tool accepts as an argument."""
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not cluster_id.startswith("-"):
            return cluster_id


def broker_settings(*, port: int, controller_port: int, data_folder: Path) -> dict[str, str]:
    """Return the content of ``server.properties``; the broker is its own controller, on a second port."""
    return _FIXED_SETTINGS | {
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "log.dirs": str(data_folder),
    }


class KafkaBroker(ProcessService):
    """A broker on loopback, as a context manager; :meth:`start` and :meth:`wait_ready` may also be called apart."""

    name = "kafka"
    start_timeout_seconds = 90.0
    data_folders = ("data", "tmp")

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Resolve the jars, format the storage and start the broker, without waiting for it.

        Raises MissingProgramError without Java or Maven, PortInUseError for a wanted port that is taken, and
        ProcessDiedError where Maven or the formatting fails.
        """
        java = find_java(purpose="to run the Kafka broker")
        jars = resolve_broker_jars(cache=self._cache)
        self._port = require_free_port(self._wanted_port, owner="the Kafka broker")
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = broker_settings(port=self._port, controller_port=free_ports(1)[0], data_folder=self._folder / "data")
        settings_file = self._folder / "server.properties"
        settings_file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")
        base = [
            java, f"-Xmx{_HEAP_MIB}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4",
            f"-Djava.io.tmpdir={self._temporary_folder()}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", f"{jars}/*",
        ]  # fmt: skip
        if not (self._folder / "data" / "meta.properties").exists():
            form = [*base, "kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", str(settings_file)]
            run_to_end(self._command("kafka storage tool", form), timeout_seconds=self.start_timeout_seconds)
        self._start([*base, "kafka.Kafka", str(settings_file)])

    def _temporary_folder(self) -> Path:
        folder = self._folder / "tmp"
        folder.mkdir(exist_ok=True)
        return folder

    def answers(self) -> bool:
        """Return True if it answers a request now."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "socket.timeout.ms": "1000", **QUIET_CLIENT})
        try:
            return bool(admin.list_topics(timeout=1.0).brokers)
        except KafkaException:
            return False
