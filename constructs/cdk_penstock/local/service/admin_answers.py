"""Answers of the admin API: JSON, and errors with what was got, what was expected, and the fix."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from cdk_penstock.model.lifecycle.version_settings import Document


_MOST_BYTES: Final = 64 * 1024
_STATUSES: Final = {
    RefusalCode.RESOURCE_NOT_FOUND: 404,
    RefusalCode.RESOURCE_IN_USE: 409,
    RefusalCode.INVALID_REQUEST: 409,
}


class AdminRequestError(PenstockError):
    """A request that the admin API refuses.

    Parameters
    ----------
    message
        What was got, what was expected, and the fix.
    status
        The HTTP status of the answer.
    """

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status: Final = status


class AdminCall:
    """A request with its body.

    Parameters
    ----------
    request
        The request.
    body
        Its body.
    """

    def __init__(self, request: Request, body: bytes) -> None:
        self.path: Final[dict[str, str]] = request.path_params
        self.method: Final = request.method
        self.query: Final = request.query_params
        self._body: Final = body

    def document(self, fields: frozenset[str]) -> Document:
        """Return the body, a JSON object with no other fields than these.

        Raises
        ------
        AdminRequestError
            It is something else.
        """
        expected = f"expected a JSON object with fields among {', '.join(sorted(fields))}"
        try:
            document = json.loads(self._body)
        # A document that is nested too deeply ends in a RecursionError.
        except (ValueError, RecursionError) as error:
            raise AdminRequestError(f"got a body that is not JSON, {expected}: {error}") from error
        if not isinstance(document, dict):
            raise AdminRequestError(f"got a {type(document).__name__}, {expected}")
        unknown = sorted(set(document) - fields)
        if unknown:
            raise AdminRequestError(f"got the field {unknown[0]!r}, {expected}")
        return document


def json_answer(document: object, *, status: int = 200) -> Response:
    """Return an answer with a document; texts may hold anything, so what is not ASCII is escaped."""
    return Response(json.dumps(document), status_code=status, media_type="application/json")


def refusal(status: int, code: str, message: str) -> Response:
    """Return the answer that says why a request is refused."""
    return json_answer({"error": {"code": code, "message": message}}, status=status)


def answering(handler: Callable[[AdminCall], Document]) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that answers with a handler's document. The handler runs in a thread: it may block."""

    async def endpoint(request: Request) -> Response:
        try:
            call = AdminCall(request, await _body(request))
            return json_answer(await run_in_threadpool(handler, call))
        except AdminRequestError as error:
            return refusal(error.status, "InvalidRequest", str(error))
        except RefusedCallError as error:
            return refusal(_STATUSES.get(error.code, 400), error.code, str(error))

    return endpoint


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > _MOST_BYTES:
            raise AdminRequestError(
                f"got a body of more than {_MOST_BYTES} bytes, expected a small JSON object", status=413
            )
    return bytes(body)
