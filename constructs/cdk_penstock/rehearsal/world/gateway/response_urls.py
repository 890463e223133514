"""URLs to which a function of a custom resource sends its answer, as CloudFormation gives it one."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_PATH = "/_responses"


class ResponseUrls:
    """The answers that have come, by the id of the request."""

    def __init__(self) -> None:
        self._answers: dict[str, dict[str, Any]] = {}

    @staticmethod
    def url(base: str, request_id: str) -> str:
        """Return the URL of a request."""
        return f"{base}{_PATH}/{request_id}"

    def take(self, request_id: str) -> dict[str, Any] | None:
        """Return the answer to a request, None if none has come."""
        return self._answers.pop(request_id, None)

    def routes(self) -> list[BaseRoute]:
        """Return the route of all URLs."""
        return [Route(f"{_PATH}/{{request_id}}", self._put, methods=["PUT"])]

    async def _put(self, request: Request) -> Response:
        try:
            answer = json.loads(await request.body())
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        self._answers[request.path_params["request_id"]] = answer
        return Response()
