"""Flink's REST API with the answers of a Flink 1.20, behind the presigned URLs of the local MSF."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette

from cdk_penstock.local.service.flink_proxy import create_routes
from tests.local.service.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.control.fake_session import FakeAws

ANSWERS = Path(__file__).with_name("flink_answers.json")


@cache
def _recorded() -> dict[str, dict[str, Any]]:
    return json.loads(ANSWERS.read_text(encoding="utf-8"))


class FakeFlink:
    """One cluster: ``answers`` by path, and the paths that were ``asked``."""

    def __init__(self, job: str = "healthy") -> None:
        self.answers: dict[str, Any] = dict(_recorded()[job])
        self.asked: list[str] = []

    @property
    def job_id(self) -> str:
        return self.answers["/jobs/overview"]["jobs"][0]["jid"]

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve the answers, and give the address."""
        flink = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                flink.asked.append(path)
                answer = flink.answers.get(path)
                body = json.dumps({"errors": ["Not found"]} if answer is None else answer).encode()
                self.send_response(404 if answer is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()


@contextmanager
def flink_behind(aws: FakeAws, job: str = "healthy") -> Iterator[FakeFlink]:
    """Let a cluster run behind the presigned URLs of the application."""
    flink, msf = FakeFlink(job), aws.msf.msf
    with flink.serve() as address, serve(Starlette(routes=create_routes(msf))) as url:
        msf.options = replace(msf.options, base_url=lambda: url)
        msf.driver.dashboard = lambda _: address  # type: ignore[method-assign,assignment]
        yield flink
