"""Requests for Flink's pages without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

if TYPE_CHECKING:
    from starlette.responses import Response

    from cdk_penstock.local.service.flink_proxy import DashboardPages


def get_page(pages: DashboardPages, uid: str, path: str, token: str) -> Response:
    """Return the answer to a browser that has opened the pages with a token."""
    scope = {
        "type": "http",
        "method": "GET",
        "path_params": {"uid": uid, "path": path},
        "query_string": b"",
        "headers": [(b"cookie", f"flinkdashboard={token}".encode())],
    }
    return pages.answer(Request(scope))
