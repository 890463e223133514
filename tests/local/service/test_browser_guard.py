"""Pages of other sites, open in the same browser, cannot drive the service."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.service.browser_guard import ADMIN_HEADER
from tests.local.service.admin_service import PORT, AdminService

if TYPE_CHECKING:
    from pathlib import Path

HERE = f"127.0.0.1:{PORT}"
FAULTS = "/_admin/applications/orders/faults"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> AdminService:
    made = AdminService(tmp_path_factory.mktemp("guarded"))
    made.create("orders")
    return made


@pytest.mark.parametrize("host", [HERE, f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}", f"127.1.2.3:{PORT}"])
@pytest.mark.parametrize("path", ["/", "/_page/page.mjs", "/_admin/state"])
def test_the_server_answers_under_its_loopback_names(service: AdminService, host: str, path: str) -> None:
    assert service.call("GET", path, headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        f"localhost.evil.example:{PORT}",
        f"127.0.0.1.evil.example:{PORT}",
        f"user@127.0.0.1:{PORT}",
        f"127.0.0.1:{PORT}.evil.example",
        f"192.168.0.1:{PORT}",
        f"0.0.0.0:{PORT}",
        f"localhost.:{PORT}",
        f"2130706433:{PORT}",
        f"[fe80::1]:{PORT}",
        "127.0.0.1",
        f"127.0.0.1:{PORT + 1}",
        "127.0.0.1:99999",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/_page/page.mjs", "/_admin/state", "/_admin/events", "/_admin/nothing"])
def test_another_host_is_refused_so_a_rebound_name_reaches_nothing(service: AdminService, host: str, path: str) -> None:
    answer = service.call("GET", path, headers={"host": host})
    assert (answer.status, answer.error.partition(",")[0]) == (403, f"got Host {host!r}")
    assert f"open http://{HERE}/" in answer.error


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_no_other_text_is_a_host(service: AdminService, host: str) -> None:
    assert service.call("GET", "/_admin/state", headers={"host": host}).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"https://{HERE}"},
        {"origin": "http://127.0.0.1:8080"},
        {"origin": f"http://localhost:{PORT}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_page_of_another_origin_is_refused(service: AdminService, headers: dict[str, str], method: str) -> None:
    answer = service.call(method, FAULTS, {"looping_job": True}, headers=headers)
    assert answer.status == 403
    assert service.call("GET", FAULTS).document["looping_job"] is False


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_what_a_form_can_send_changes_nothing(service: AdminService, content_type: str, method: str) -> None:
    answer = service.call(method, FAULTS, {"looping_job": True}, headers={"content-type": content_type})
    assert answer.status == 403
    assert f"{ADMIN_HEADER}: 1" in answer.error
    assert service.call("GET", FAULTS).document["looping_job"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=utf-8"},
        {"content-type": "", ADMIN_HEADER.lower(): "1"},
        {"origin": f"http://{HERE}", "sec-fetch-site": "same-origin"},
    ],
)
def test_the_page_and_a_program_may_change_something(service: AdminService, headers: dict[str, str]) -> None:
    assert service.call("PUT", FAULTS, {"throttled_calls": 1}, headers=headers).status == 200
    assert service.call("DELETE", FAULTS, headers=headers).status == 200


def test_a_link_of_another_site_opens_the_page_but_not_the_api(service: AdminService) -> None:
    assert service.call("GET", "/", headers={"sec-fetch-site": "cross-site"}).status == 200
    assert service.call("GET", "/_admin/state", headers={"sec-fetch-site": "cross-site"}).status == 403


@pytest.mark.parametrize("path", ["/", "/_page/view.mjs", "/_admin/state", "/_admin/nothing"])
@pytest.mark.parametrize("host", [HERE, "evil.example"])
def test_every_answer_is_protected_and_none_is_shared_with_another_origin(
    service: AdminService, path: str, host: str
) -> None:
    headers = service.call("GET", path, headers={"host": host, "origin": f"http://{HERE}"}).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("access-control-")]


def test_a_browser_that_asks_for_permission_does_not_get_it(service: AdminService) -> None:
    asked = {"origin": "http://evil.example", "access-control-request-method": "PUT", "content-type": ""}
    answer = service.call("OPTIONS", FAULTS, headers=asked)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_two_hosts_are_refused(tmp_path: Path) -> None:
    with (
        AdminService(tmp_path).served() as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        hosts = f"Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n"
        connection.sendall(f"GET /_admin/state HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
        assert connection.recv(100).split()[1] in {b"400", b"403"}
