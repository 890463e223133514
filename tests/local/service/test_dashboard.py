"""Presigned URLs, and Flink's pages behind them: a small server stands in for Flink."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette

from cdk_penstock.local.service.dashboard_tokens import DashboardTokens
from cdk_penstock.local.service.flink_proxy import create_routes
from cdk_penstock.local.service.store import Store
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusalCode
from tests.local.service.in_process_msf import SCOPE, InProcessMsf, in_process_msf
from tests.local.service.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3_600
PAGE = b"<base href=./>"


class Flink(BaseHTTPRequestHandler):
    """Flink as far as the proxy can tell: it tells what it was asked, and answers with risky headers."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "http://elsewhere.example/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        is_missing = self.path == "/missing"
        body = PAGE if self.path == "/" else json.dumps({"path": self.path}).encode()
        self.send_response(404 if is_missing else 200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
        self.send_header("Set-Cookie", "flink=1")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Connection", "X-Hop")
        self.send_header("X-Hop", "1")
        if self.path.startswith("/chunked"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(3):
                self.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def flink() -> Iterator[tuple[str, list[tuple[str, str, dict[str, str]]]]]:
    """Run the stand-in, and give its address with what it was asked."""
    asked: list[tuple[str, str, dict[str, str]]] = []
    handler = type("Handler", (Flink,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


class Answer:
    """An answer of the service."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class Dashboard:
    """A running application with pages, and what Flink was asked."""

    def __init__(self, msf: InProcessMsf, url: str, asked: list[tuple[str, str, dict[str, str]]]) -> None:
        self.msf, self.url, self.asked = msf, url, asked

    def presigned(self, name: str = "app", **options: Any) -> str:
        answer = self.msf.call(
            "CreateApplicationPresignedUrl", ApplicationName=name, UrlType="FLINK_DASHBOARD_URL", **options
        )
        return str(answer["AuthorizedUrl"])

    def token(self, **options: Any) -> str:
        return parse_qs(urlsplit(self.presigned(**options)).query)["authToken"][0]

    @property
    def path(self) -> str:
        return f"/_apps/{self.msf.uid()}/flinkdashboard"

    def ask(self, target: str, *, method: str = "GET", **headers: str) -> Answer:
        """Send a request, and do not follow where it leads."""
        connection = HTTPConnection(urlsplit(self.url).netloc)
        try:
            connection.request(method, target, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, token: str) -> Answer:
        joint = "&" if "?" in path else "?"
        return self.ask(f"{self.path}/{path}{joint}authToken={token}")


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    for msf in in_process_msf(tmp_path):
        msf.run()
        with flink() as (address, asked), serve(Starlette(routes=create_routes(msf.msf))) as url:
            msf.driver.address = address
            yield Dashboard(msf, url, asked)


# The URL


def test_a_url_has_the_form_of_msf_and_its_token_is_kept_as_a_hash_only(dashboard: Dashboard) -> None:
    url = dashboard.presigned()
    parts = urlsplit(url)
    assert parts.path == dashboard.path
    assert len(url) <= 2048
    token = parse_qs(parts.query)["authToken"][0]
    assert len(token) >= 40
    assert token != dashboard.token()
    notes = dashboard.msf.msf.store.notes("dashboard")
    assert len(notes) == 2
    assert token not in json.dumps(notes)


def test_only_a_running_application_has_a_url(dashboard: Dashboard) -> None:
    parameters: dict[str, Any] = {"ApplicationName": "app", "UrlType": "FLINK_DASHBOARD_URL"}
    dashboard.msf.update()
    assert dashboard.msf.refusal("CreateApplicationPresignedUrl", **parameters) is RefusalCode.RESOURCE_IN_USE
    dashboard.msf.settle()
    dashboard.presigned()
    dashboard.msf.call("StopApplication", ApplicationName="app")
    dashboard.msf.settle()
    assert dashboard.msf.refusal("CreateApplicationPresignedUrl", **parameters) is RefusalCode.RESOURCE_IN_USE
    missing = parameters | {"ApplicationName": "missing"}
    assert dashboard.msf.refusal("CreateApplicationPresignedUrl", **missing) is RefusalCode.RESOURCE_NOT_FOUND


def test_a_flink_application_has_no_zeppelin_pages(dashboard: Dashboard) -> None:
    parameters: dict[str, Any] = {"ApplicationName": "app", "UrlType": "ZEPPELIN_UI_URL"}
    assert dashboard.msf.refusal("CreateApplicationPresignedUrl", **parameters) is RefusalCode.INVALID_ARGUMENT


def test_urls_that_expired_are_forgotten(dashboard: Dashboard) -> None:
    dashboard.presigned()
    dashboard.msf.clock.advance(200)
    dashboard.presigned()
    assert len(dashboard.msf.msf.store.notes("dashboard")) == 1


# Its time


@pytest.mark.parametrize(("after_seconds", "status"), [(170, 200), (190, 403)])
def test_the_first_use_must_come_within_three_minutes(dashboard: Dashboard, after_seconds: int, status: int) -> None:
    token = dashboard.token()
    dashboard.msf.clock.advance(after_seconds)
    assert dashboard.get("jobs", token).status == status
    assert dashboard.get("jobs", token).status == status


@pytest.mark.parametrize(
    ("options", "seconds"), [({}, 12 * HOUR), ({"SessionExpirationDurationInSeconds": 1800}, 1800)]
)
def test_a_session_lasts_as_long_as_asked_for(dashboard: Dashboard, options: dict[str, int], seconds: int) -> None:
    token = dashboard.token(**options)
    assert dashboard.get("jobs", token).status == 200
    dashboard.msf.clock.advance(seconds - 10)
    assert dashboard.get("jobs", token).status == 200
    dashboard.msf.clock.advance(20)
    assert dashboard.get("jobs", token).status == 403


def test_a_session_is_in_the_records_that_a_new_process_opens(dashboard: Dashboard, tmp_path: Path) -> None:
    token = dashboard.token()
    assert dashboard.get("jobs", token).status == 200
    opened = Store(tmp_path / "records.sqlite")
    now = dashboard.msf.clock() + timedelta(hours=1)
    assert DashboardTokens(opened).use(token, now=now) is not None
    assert DashboardTokens(opened).use("wrong", now=now) is None
    opened.close()


# Its application


def test_a_url_is_of_one_application(dashboard: Dashboard) -> None:
    dashboard.msf.run("other")
    token = dashboard.token()
    other = dashboard.msf.uid("other")
    assert dashboard.ask(f"/_apps/{other}/flinkdashboard/jobs?authToken={token}").status == 403
    assert dashboard.ask(f"/_apps/missing/flinkdashboard/jobs?authToken={token}").status == 403
    assert dashboard.asked == []


@pytest.mark.parametrize("token", ["", "authToken=", "authToken=wrong", "authtoken=x"])
def test_nothing_comes_without_a_valid_token(dashboard: Dashboard, token: str) -> None:
    answer = dashboard.ask(f"{dashboard.path}/jobs?{token}")
    assert answer.status == 403
    assert b"create a new one with CreateApplicationPresignedUrl" in answer.body
    assert dashboard.ask(f"{dashboard.path}?{token}").status == 403
    assert dashboard.asked == []


def test_a_wrong_token_in_the_query_is_not_replaced_by_a_right_cookie(dashboard: Dashboard) -> None:
    cookie = f"flinkdashboard={dashboard.token()}"
    assert dashboard.ask(f"{dashboard.path}/jobs?authToken=wrong", Cookie=cookie).status == 403
    assert dashboard.ask(f"{dashboard.path}/jobs", Cookie=cookie).status == 200


def test_the_creators_permission_counts_at_each_request(dashboard: Dashboard) -> None:
    token = dashboard.token()
    assert dashboard.get("jobs", token).status == 200
    action = "kinesisanalytics:CreateApplicationPresignedUrl"
    dashboard.msf.policies.denied = {(action, f"{SCOPE}:application/app")}
    denied = dashboard.get("jobs", token)
    assert denied.status == 403
    assert f"not authorized to perform: {action}".encode() in denied.body
    dashboard.msf.policies.denied = set()
    assert dashboard.get("jobs", token).status == 200


def test_pages_go_while_no_cluster_runs(dashboard: Dashboard) -> None:
    token = dashboard.token()
    dashboard.msf.job().state = JobState.RESTARTING
    answer = dashboard.get("jobs", token)
    assert (answer.status, answer.body) == (503, b"no cluster of the application runs now\n")


def test_a_cluster_that_does_not_answer_is_told(dashboard: Dashboard) -> None:
    dashboard.msf.driver.address = "http://127.0.0.1:9"
    answer = dashboard.get("jobs", dashboard.token())
    assert answer.status == 503
    assert answer.body.startswith(b"the application's cluster does not answer")


def test_a_url_ends_with_the_cluster_that_it_was_created_for(dashboard: Dashboard) -> None:
    token = dashboard.token()
    assert dashboard.get("jobs", token).status == 200
    dashboard.msf.call("StopApplication", ApplicationName="app")
    dashboard.msf.settle()
    assert dashboard.get("jobs", token).status == 503
    dashboard.msf.start()
    answer = dashboard.get("jobs", token)
    assert answer.status == 403
    assert b"the cluster of this URL has ended" in answer.body
    assert dashboard.get("jobs", dashboard.token()).status == 200


# The proxy


def test_a_browser_gets_a_cookie_for_these_pages_and_an_address_without_the_token(dashboard: Dashboard) -> None:
    url = urlsplit(dashboard.presigned(SessionExpirationDurationInSeconds=HOUR))
    opened = dashboard.ask(f"{url.path}?{url.query}")
    assert (opened.status, opened.headers["location"]) == (302, f"{dashboard.path}/")
    cookie, *attributes = opened.headers["set-cookie"].split("; ")
    assert {each.lower() for each in attributes if not each.lower().startswith("max-age")} == {
        "httponly", f"path={dashboard.path}", "samesite=lax"
    }  # fmt: skip
    assert HOUR - 10 <= int(next(each for each in attributes if each.startswith("Max-Age")).split("=")[1]) <= HOUR
    page = dashboard.ask(opened.headers["location"], Cookie=cookie)
    assert (page.status, page.body) == (200, PAGE)
    # Without the slash, relative addresses of the page would lead elsewhere.
    assert dashboard.ask(dashboard.path, Cookie=cookie).headers["location"] == f"{dashboard.path}/"
    assert dashboard.ask(f"{dashboard.path}/?{url.query}").headers["location"] == f"{dashboard.path}/"
    for path in ("jobs/overview", "main.js", "assets/i.svg", "jobs/1/exceptions?maxExceptions=10"):
        assert json.loads(dashboard.ask(f"{dashboard.path}/{path}", Cookie=cookie).body) == {"path": f"/{path}"}


def test_a_script_sends_the_token_with_each_call(dashboard: Dashboard) -> None:
    token = dashboard.token()
    answer = dashboard.get("jobs/1/vertices/2/flamegraph?type=full&a=%26+b", token)
    assert json.loads(answer.body) == {"path": "/jobs/1/vertices/2/flamegraph?type=full&a=%26+b"}
    assert "set-cookie" not in answer.headers
    assert dashboard.get("missing", token).status == 404


def test_neither_token_nor_cookie_nor_headers_of_a_connection_reach_flink(dashboard: Dashboard) -> None:
    token = dashboard.token()
    dashboard.ask(
        f"{dashboard.path}/jobs?authToken={token}",
        Cookie=f"flinkdashboard={token}",
        Authorization="secret",
        Connection="keep-alive, X-Smuggled",
        X_Smuggled="1",
        X_Forwarded_For="1.2.3.4",
        TE="trailers",
        Accept="application/json",
    )
    ((method, path, headers),) = dashboard.asked
    assert (method, path) == ("GET", "/jobs")
    assert set(headers) == {"host", "accept", "accept-encoding"}
    assert headers["accept"] == "application/json"
    assert headers["host"] in (dashboard.msf.driver.address or "")
    assert token not in repr(dashboard.asked)


def test_only_headers_about_the_content_come_from_flink(dashboard: Dashboard) -> None:
    answer = dashboard.get("jobs", dashboard.token())
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not {"set-cookie", "access-control-allow-origin", "x-hop", "location"} & set(answer.headers)
    redirected = dashboard.get("redirect", dashboard.token())
    assert "location" not in redirected.headers


def test_answers_are_passed_on_in_pieces(dashboard: Dashboard) -> None:
    answer = dashboard.get("chunked", dashboard.token())
    assert answer.body == b'{"path": "/chunked"}' * 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(dashboard: Dashboard, method: str) -> None:
    token = dashboard.token()
    for path in ("/jobs/1", "", "/"):
        assert dashboard.ask(f"{dashboard.path}{path}?authToken={token}", method=method).status == 405
    assert dashboard.asked == []


def test_head_has_the_headers_of_get(dashboard: Dashboard) -> None:
    token = dashboard.token()
    answer = dashboard.ask(f"{dashboard.path}/jobs?authToken={token}", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(b'{"path": "/jobs"}'))


@pytest.mark.parametrize(
    "path",
    [
        "jobs/1/yarn-cancel",
        "jobs/1/yarn-stop",
        "/jobs/1/yarn-cancel",
        "v1/jobs/1/yarn-cancel/",
        "jobs/1/%79arn-cancel",
        "jars/job.jar/plan",
    ],
)
def test_requests_that_change_something_although_they_are_get_are_refused(dashboard: Dashboard, path: str) -> None:
    assert dashboard.get(path, dashboard.token()).status == 403
    assert dashboard.asked == []


@pytest.mark.parametrize("path", ["../jobs", "jobs/../../x", "%2e%2e/x", "./jobs", "jobs%0d%0aX-Smuggled:%201"])
def test_no_path_leads_upwards_or_adds_a_header(dashboard: Dashboard, path: str) -> None:
    assert dashboard.get(path, dashboard.token()).status == 404
    assert dashboard.asked == []


@pytest.mark.parametrize("path", ["http://elsewhere.example/x", "/elsewhere.example/x", "jobs%3Fx=1%23y"])
def test_every_path_leads_to_flink_alone(dashboard: Dashboard, path: str) -> None:
    assert dashboard.get(path, dashboard.token()).status == 200
    ((_, asked, headers),) = dashboard.asked
    assert asked.startswith("/")
    assert "x-smuggled" not in headers
    assert headers["host"] in (dashboard.msf.driver.address or "")
