"""Protection of the pages and of the admin API from pages of other sites that are open in the same browser.

The server listens on loopback only, but every page that a browser shows can send requests there: by a name that it lets
resolve to loopback (DNS rebinding), or by a form (CSRF).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders

from cdk_penstock.local.service.admin_answers import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


ADMIN_HEADER: Final = "X-Penstock-Admin"
"""A header that a form cannot send, and a script of another site only if this server allowed it, which it does not."""
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")
_HTTP_PORT: Final = 80
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_OWN_SITES: Final = frozenset({None, "same-origin", "none"})
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class BrowserGuard:
    """Refuses a request that a foreign page may have sent, and adds the headers that protect an answer.

    Parameters
    ----------
    app
        Answers the other requests.
    opens_from_links
        True for pages: a link of another site may lead to them. Their answer is not readable there.
    """

    def __init__(self, app: ASGIApp, *, opens_from_links: bool = False) -> None:
        self._app: Final = app
        self._opens_from_links: Final = opens_from_links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI wants it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        problem = self._problem(scope)
        app = self._app if problem is None else refusal(403, "ForbiddenOrigin", problem)
        await app(scope, receive, send_protected)

    def _problem(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        port = (scope.get("server") or (None, None))[1]
        if len(hosts) != 1 or not _is_loopback(hosts[0], port):
            return f"got Host {', '.join(hosts)!r}, expected this server's: open http://127.0.0.1:{port}/"
        if self._opens_from_links:
            return None
        site = headers.get("sec-fetch-site")
        origins = headers.getlist("origin")
        if site not in _OWN_SITES or any(each.lower() != f"http://{hosts[0]}".lower() for each in origins):
            sender = ", ".join(origins) or f"a {site} page"
            return f"got a request of {sender}, expected one of this server's page, or of a program that is no browser"
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] in _SAFE_METHODS or media_type == "application/json" or headers.get(ADMIN_HEADER):
            return None
        return (
            f"got {scope['method']} with Content-Type {media_type!r}, expected application/json; or add the header"
            f" {ADMIN_HEADER}: 1"
        )


def _is_loopback(host: str, port: int | None) -> bool:
    match = _HOST.fullmatch(host)
    if match is None or int(match[2] or _HTTP_PORT) != port:
        return False
    name = match[1].strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
