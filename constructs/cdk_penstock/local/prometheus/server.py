"""Prometheus as a receiver of remote writes, with its data in a separate folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.errors import RestError
from cdk_penstock.local.local_service import LocalService
from cdk_penstock.local.ports import LOOPBACK, require_free_port
from cdk_penstock.local.processes import Command, ManagedProcess, wait_until
from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.local.signals import defer_stop_signals

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_SECONDS: Final = 60.0
STOP_TIMEOUT_SECONDS: Final = 5.0
# Replays carry event times of any age, in any order of runs. With a narrow window Prometheus 2.42 would answer "too old
# sample" with 500, which makes a writer retry for minutes. Nothing is scraped: that would write at the present time.
_CONFIGURATION: Final = "storage: {tsdb: {out_of_order_time_window: 36500d}}\n"


class Prometheus(LocalService):
    """A Prometheus on loopback, as a context manager; :meth:`start` and :meth:`wait_ready` may also be called apart.

    Parameters
    ----------
    folder
        Where its configuration, data and log go. The data are deleted at the stop, the log stays.
    port
        Where it listens, 0 for a free port.
    cache
        Where a downloaded Prometheus is kept between runs; default: the user's cache folder.
    """

    def __init__(self, folder: Path, *, port: int = 0, cache: Path | None = None) -> None:
        self._folder = folder
        self._wanted_port = port
        self._cache = cache
        self._port = 0
        self._process: ManagedProcess | None = None

    @property
    def url(self) -> str:
        """The address of its pages and its API."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def remote_write_url(self) -> str:
        """The address that takes samples."""
        return f"{self.url}/api/v1/write"

    @property
    def process(self) -> ManagedProcess | None:
        """Its process, ``None`` if it does not run."""
        return self._process

    def start(self) -> None:
        """Start it, without waiting for it.

        Raises MissingProgramError if there is no Prometheus and none can be downloaded, and PortInUseError for a wanted
        port that is taken.
        """
        binary = find_prometheus(cache=self._cache)
        self._port = require_free_port(self._wanted_port, owner="Prometheus")
        self._folder.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "prometheus.yml"
        configuration.write_text(_CONFIGURATION, encoding="utf-8")
        arguments = [
            str(binary.program), f"--config.file={configuration}", f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self._port}", "--web.enable-remote-write-receiver",
            "--storage.tsdb.retention.time=100y", "--log.level=warn",
        ]  # fmt: skip
        if binary.web_assets is not None:
            arguments.append(f"--web.local-assets={binary.web_assets}/")
        log_file = self._folder / "prometheus.log"
        command = Command(name="prometheus", arguments=arguments, log_file=log_file, folder=self._folder)
        with defer_stop_signals():
            self._process = ManagedProcess(command).start()

    def wait_ready(self, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Wait until it takes samples; raise ProcessDiedError if it ends, StartTimeoutError if it takes too long."""
        processes = [] if self._process is None else [self._process]
        wait_until(self._answers, what="prometheus to answer", timeout_seconds=timeout_seconds, processes=processes)

    def _answers(self) -> bool:
        try:
            # The readiness page is no JSON; the API answers only once the server is ready.
            JsonClient(self.url, timeout_seconds=2.0).get("/api/v1/status/buildinfo")
        except RestError:
            return False
        return True

    def stop(self) -> None:
        """Stop it and delete its data; its log stays."""
        with defer_stop_signals():
            if self._process is not None:
                self._process.stop(timeout_seconds=STOP_TIMEOUT_SECONDS)
                self._process = None
            shutil.rmtree(self._folder / "data", ignore_errors=True)
