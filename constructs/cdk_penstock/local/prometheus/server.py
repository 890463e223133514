"""Prometheus as a receiver of remote writes, with its data in a separate folder."""

from __future__ import annotations

from typing import Final

from cdk_penstock.local.errors import RestError
from cdk_penstock.local.local_service import ProcessService
from cdk_penstock.local.ports import LOOPBACK, require_free_port
from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.local.rest import JsonClient

# Replays carry event times of any age, in any order of runs. With a narrow window Prometheus 2.42 would answer "too old
# sample" with 500, which makes a writer retry for minutes. Nothing is scraped: that would write at the present time.
_CONFIGURATION: Final = "storage: {tsdb: {out_of_order_time_window: 36500d}}\n"


class Prometheus(ProcessService):
    """A Prometheus on loopback, as a context manager; :meth:`start` and :meth:`wait_ready` may also be called apart."""

    name = "prometheus"
    start_timeout_seconds = 60.0

    @property
    def url(self) -> str:
        """The address of its pages and its API."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def remote_write_url(self) -> str:
        """The address that takes samples."""
        return f"{self.url}/api/v1/write"

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
        self._start(arguments)

    def answers(self) -> bool:
        """Return True if it answers a request now."""
        try:
            # The readiness page is no JSON; the API answers only once the server is ready.
            JsonClient(self.url, timeout_seconds=2.0).get("/api/v1/status/buildinfo")
        except RestError:
            return False
        return True
