"""Flink's pages and REST API behind presigned URLs, to read only; a simulated job's REST API is simulated too.

A token comes in the query of each request, as AWS's own scripts send it. The first page that a browser opens moves it
into a cookie: Flink's web interface asks for everything else by paths relative to that page. Source:
API_CreateApplicationPresignedUrl.
"""

from __future__ import annotations

import re
import urllib.parse
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from cdk_penstock.local.service.calls import ApiCaller
from cdk_penstock.local.service.dashboard_tokens import DashboardTokens, dashboard_path
from cdk_penstock.local.service.simulated_flink.rest_pages import FlinkPage
from cdk_penstock.model.lifecycle.refusals import RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from cdk_penstock.local.service.dashboard_tokens import DashboardSession
    from cdk_penstock.local.service.msf import Msf


_TOKEN: Final = "authToken"  # noqa: S105 - the name of a parameter
_NOTHING_RUNS: Final = "no cluster of the application runs now"
_COOKIE: Final = "flinkdashboard"
_TIMEOUT_SECONDS: Final = 30.0
_CHUNK_BYTES: Final = 1 << 16
# Only these headers pass, in either direction: neither the cookie, nor anything about a connection.
_TO_FLINK: Final = ("accept", "accept-encoding", "accept-language", "if-modified-since", "range")
_FROM_FLINK: Final = frozenset(
    {
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "vary",
    }
)
_OURS: Final = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
# GET requests of Flink that end a job, or run the main() of a jar. It takes a version before each path.
_WRITING: Final = re.compile(r"(v\d+/)?(jobs/[^/]*/yarn-(cancel|stop)|jars/[^/]*/plan)")


def create_routes(msf: Msf) -> list[BaseRoute]:
    """Return the routes of the pages of all applications; other methods than GET and HEAD are refused."""
    pages = DashboardPages(msf)
    path = dashboard_path("{uid}")
    return [Route(path, pages.answer, methods=["GET"]), Route(f"{path}/{{path:path}}", pages.answer, methods=["GET"])]


def _told(status: HTTPStatus, message: str) -> FlinkPage:
    return FlinkPage(status=status, media_type="text/plain; charset=utf-8", content=f"{message}\n".encode())


def _response(page: FlinkPage) -> Response:
    return Response(page.content, status_code=page.status, media_type=page.media_type, headers=_OURS)


def _refused(status: HTTPStatus, message: str) -> Response:
    return _response(_told(status, message))


class DashboardPages:
    """The pages of all applications.

    Parameters
    ----------
    msf
        The service.
    """

    def __init__(self, msf: Msf) -> None:
        self._msf = msf
        self._tokens = DashboardTokens(msf.store)

    def answer(self, request: Request) -> Response:
        """Answer a request, in a thread of the pool: Flink may take its time."""
        uid, path = request.path_params["uid"], request.path_params.get("path")
        given = request.query_params.get(_TOKEN)
        token = request.cookies.get(_COOKIE, "") if given is None else given
        session = self._tokens.use(token, now=self._msf.options.clock())
        refusal = self._refusal(session, uid)
        if session is None or refusal:
            return _refused(HTTPStatus.FORBIDDEN, refusal)
        address = self._msf.driver.dashboard(uid)
        simulated = self._msf.driver.simulated_page(uid, path or "") if address is None else None
        if address is None and simulated is None:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, _NOTHING_RUNS)
        if path is None or (not path and given is not None):
            return self._opened(session, token)
        if simulated is not None:
            return _response(simulated)
        if _WRITING.fullmatch(path.strip("/")):
            return _refused(HTTPStatus.FORBIDDEN, "these pages are to read only")
        if {".", ".."} & set(path.split("/")):
            return _refused(HTTPStatus.NOT_FOUND, "there is no such page")
        query = [(name, value) for name, value in request.query_params.multi_items() if name != _TOKEN]
        return _forwarded(request, str(address), path, urllib.parse.urlencode(query))

    def _refusal(self, session: DashboardSession | None, uid: str) -> str:
        """Return why the request is refused, an empty text if it is not."""
        if session is None or session.application_uid != uid:
            return "the URL is not valid, or not any more: create a new one with CreateApplicationPresignedUrl"
        caller = ApiCaller(account=session.account, region=session.region, principal_arn=session.principal_arn)
        try:
            self._msf.authorization.check_action(caller, "CreateApplicationPresignedUrl", session.application_arn)
            application = self._msf.store.application(session.application_arn)
        except RefusedCallError as error:
            return str(error)
        if (application.uid, application.launch_id) != (uid, session.launch_id):
            return "the cluster of this URL has ended: create a new one with CreateApplicationPresignedUrl"
        return ""

    def _opened(self, session: DashboardSession, token: str) -> Response:
        """Return the way to the first page, with the token in a cookie: the address of a page stays in a history."""
        path = dashboard_path(session.application_uid)
        response = RedirectResponse(f"{path}/", status_code=HTTPStatus.FOUND, headers=_OURS)
        remaining = session.expires_at - self._msf.options.clock()
        response.set_cookie(
            _COOKIE,
            token,
            max_age=int(remaining.total_seconds()),
            path=path,
            httponly=True,
            samesite="lax",
            secure=self._msf.options.base_url().startswith("https:"),
        )
        return response


def _forwarded(request: Request, address: str, path: str, query: str) -> Response:
    """Return Flink's answer to a GET: it does not know HEAD."""
    place = urllib.parse.urlsplit(address)
    target = f"{place.path.rstrip('/')}/{urllib.parse.quote(path)}"
    headers = {name: request.headers[name] for name in _TO_FLINK if name in request.headers}
    connection = HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{target}?{query}" if query else target, headers=headers)
        answer = connection.getresponse()
    except (OSError, HTTPException) as error:
        connection.close()
        return _refused(HTTPStatus.SERVICE_UNAVAILABLE, f"the application's cluster does not answer: {error}")
    kept = {name: value for name, value in answer.getheaders() if name.lower() in _FROM_FLINK} | _OURS
    if request.method == "HEAD":
        connection.close()
        return Response(status_code=answer.status, headers=kept)
    return StreamingResponse(_chunks(connection, answer), status_code=answer.status, headers=kept)


def _chunks(connection: HTTPConnection, answer: HTTPResponse) -> Iterator[bytes]:
    try:
        while chunk := answer.read1(_CHUNK_BYTES):
            yield chunk
    finally:
        connection.close()
