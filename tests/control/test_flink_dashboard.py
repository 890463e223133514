"""Flink's REST API through a presigned URL, on a server of its own."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from cdk_penstock.control.flink_dashboard import DashboardUnavailableError, FlinkDashboard

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cluster:
    """A cluster's pages behind presigned URLs, of which the newest is valid."""

    def __init__(self) -> None:
        self.urls = 0
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, str]] = {"/jobs/overview": (200, '{"jobs": []}')}
        self.expired: set[int] = set()
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = parse_qs(parts.query)
                path = parts.path.removeprefix("/flinkdashboard")
                cluster.asked.append(f"{path}?{'&'.join(sorted(query))}")
                status, text = cluster.answers.get(path, (404, "no such page"))
                if int(query["authToken"][0]) in cluster.expired:
                    status, text = 403, "the URL is not valid"
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def create_url(self) -> str:
        self.urls += 1
        return f"http://127.0.0.1:{self.server.server_port}/flinkdashboard?authToken={self.urls}"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.server.shutdown()
    cluster.server.server_close()


def test_one_url_serves_many_questions_with_its_token_in_each(cluster: Cluster) -> None:
    cluster.answers["/jobs/1/metrics"] = (200, json.dumps([{"id": "numRestarts", "value": "0"}]))
    dashboard = FlinkDashboard(cluster.create_url)
    assert dashboard.get("/jobs/overview") == {"jobs": []}
    assert dashboard.get("/jobs/1/metrics", {"get": "numRestarts"}) == [{"id": "numRestarts", "value": "0"}]
    assert cluster.urls == 1
    assert cluster.asked == ["/jobs/overview?authToken", "/jobs/1/metrics?authToken&get"]


def test_a_url_that_is_refused_is_replaced_once(cluster: Cluster) -> None:
    dashboard = FlinkDashboard(cluster.create_url)
    dashboard.get("/jobs/overview")
    cluster.expired.add(1)
    assert dashboard.get("/jobs/overview") == {"jobs": []}
    cluster.expired |= {2, 3}
    with pytest.raises(DashboardUnavailableError, match="answered 403 to /jobs/overview: the URL is not valid"):
        dashboard.get("/jobs/overview")
    assert cluster.urls == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((503, "no cluster of the application runs now"), "answered 503 to /jobs/overview: no cluster"),
        ((200, "<html>"), "answered /jobs/overview without JSON: <html>"),
        ((500, ""), "answered 500 to /jobs/overview: nothing"),
    ],
)
def test_an_answer_that_is_no_answer_says_so(cluster: Cluster, answer: tuple[int, str], message: str) -> None:
    cluster.answers["/jobs/overview"] = answer
    with pytest.raises(DashboardUnavailableError, match=message):
        FlinkDashboard(cluster.create_url).get("/jobs/overview")


def test_a_cluster_out_of_reach_is_told_without_the_token(cluster: Cluster) -> None:
    cluster.server.shutdown()
    cluster.server.server_close()
    with pytest.raises(DashboardUnavailableError) as raised:
        FlinkDashboard(cluster.create_url, timeout_seconds=1).get("/jobs/overview")
    assert "does not answer to /jobs/overview" in str(raised.value)
    assert "authToken" not in str(raised.value)
    assert raised.value.__cause__ is None
