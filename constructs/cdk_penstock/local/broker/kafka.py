"""A Kafka broker of one node in KRaft mode, with its data in a separate folder."""

from __future__ import annotations

import base64
import shutil
import uuid
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cdk_penstock.local.broker.jars import resolve_broker_jars
from cdk_penstock.local.broker.topics import QUIET_CLIENT
from cdk_penstock.local.local_service import LocalService
from cdk_penstock.local.ports import LOOPBACK, free_ports, require_free_port
from cdk_penstock.local.processes import Command, ManagedProcess, run_to_end, wait_until
from cdk_penstock.local.programs import find_java
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_SECONDS: Final = 90.0
STOP_TIMEOUT_SECONDS: Final = 5.0  # what it would still flush is deleted anyway
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


class KafkaBroker(LocalService):
    """A broker on loopback, as a context manager; :meth:`start` and :meth:`wait_ready` may also be called apart.

    Parameters
    ----------
    folder
        Where its configuration, data and logs go. The data are deleted at the stop, the log stays.
    port
        Where clients connect, 0 for a free port.
    cache
        Where the jars are kept between runs; default: the user's cache folder.
    """

    def __init__(self, folder: Path, *, port: int = 0, cache: Path | None = None) -> None:
        self._folder = folder
        self._wanted_port = port
        self._cache = cache
        self._port = 0
        self._process: ManagedProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def log_file(self) -> Path:
        """The broker's warnings and errors."""
        return self._folder / "kafka.log"

    @property
    def process(self) -> ManagedProcess | None:
        """The broker's process, ``None`` if it does not run."""
        return self._process

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
        form = [*base, "kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", str(settings_file)]
        run_to_end(self._command("kafka storage tool", form), timeout_seconds=START_TIMEOUT_SECONDS)
        with defer_stop_signals():
            run = [*base, "kafka.Kafka", str(settings_file)]
            self._process = ManagedProcess(self._command("kafka", run)).start()

    def _command(self, name: str, arguments: list[str]) -> Command:
        return Command(name=name, arguments=arguments, log_file=self.log_file, folder=self._folder)

    def _temporary_folder(self) -> Path:
        folder = self._folder / "tmp"
        folder.mkdir(exist_ok=True)
        return folder

    def wait_ready(self, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Wait until the broker answers; raise ProcessDiedError if it ends, StartTimeoutError if it takes too long."""
        processes = [] if self._process is None else [self._process]
        wait_until(self._answers, what="kafka to answer", timeout_seconds=timeout_seconds, processes=processes)

    def _answers(self) -> bool:
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "socket.timeout.ms": "1000", **QUIET_CLIENT})
        try:
            return bool(admin.list_topics(timeout=1.0).brokers)
        except KafkaException:
            return False

    def stop(self) -> None:
        """Stop the broker and delete its data; its log stays."""
        with defer_stop_signals():
            if self._process is not None:
                self._process.stop(timeout_seconds=STOP_TIMEOUT_SECONDS)
                self._process = None
            for name in ("data", "tmp"):
                shutil.rmtree(self._folder / name, ignore_errors=True)
