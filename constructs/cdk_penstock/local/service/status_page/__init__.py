"""The status page of a local MSF: applications with their versions, snapshots and operations, live.

Its script reads ``/_admin/state``, again after each event of ``/_admin/events``. It writes every text as text, never as
HTML, and the policy of the page forbids anything else.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route

from cdk_penstock.local.service.browser_guard import BrowserGuard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

__all__ = ("PAGE_FILES", "page_routes")

PAGE_FILES: Final = {
    "page.html": "text/html",
    "page.css": "text/css",
    "page.mjs": "text/javascript",
    "format.mjs": "text/javascript",
    "view.mjs": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""The files of the page and their types."""


def page_routes() -> list[BaseRoute]:
    """Return the routes of the page, ``/`` and the files that it loads under ``/_page/``."""
    guard = [Middleware(BrowserGuard, opens_from_links=True)]
    parts = [Route(f"/{name}", _file(name), methods=["GET"]) for name in PAGE_FILES if name != "page.html"]
    return [
        Route("/", _file("page.html"), methods=["GET"], middleware=guard),
        Mount("/_page", routes=parts, middleware=guard),
    ]


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    content = files(__package__).joinpath(name).read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(content, media_type=PAGE_FILES[name])

    return answer
