"""A small JSON client for components on loopback: no proxy, always a time limit."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from cdk_penstock.local.errors import RestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class JsonClient:
    """Speaks JSON over HTTP with one server.

    Parameters
    ----------
    base_url
        For example ``http://127.0.0.1:8081``.
    timeout_seconds
        The longest wait for an answer, unless a call says otherwise.
    """

    def __init__(self, base_url: str, *, timeout_seconds: float = 30.0) -> None:
        self.base_url = base_url
        self._timeout_seconds = timeout_seconds

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Get a resource; raise RestError if the server is not there, or answers with an error."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        return self._send(urllib.request.Request(f"{self.base_url}{path}{query}"))  # noqa: S310 - loopback

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a JSON body, ``None`` for an empty one; raise RestError as ``get`` does."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.base_url}{path}", data=data, headers=headers, method=method)  # noqa: S310
        return self._send(request)

    def upload(self, path: str, *, field: str, file: Path) -> Any:
        """Send a file as a form's field; raise RestError as ``get`` does."""
        boundary = uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{file.name}"\r\n'
            "Content-Type: application/java-archive\r\n\r\n"
        )
        data = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(f"{self.base_url}{path}", data=data, headers=headers)  # noqa: S310 - loopback
        return self._send(request, timeout_seconds=max(self._timeout_seconds, 120.0))

    def _send(self, request: urllib.request.Request, *, timeout_seconds: float | None = None) -> Any:
        try:
            with _open(request, timeout_seconds or self._timeout_seconds) as response:
                status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise RestError(f"{request.get_method()} {request.full_url} failed: {error}") from error
        if status >= HTTPStatus.BAD_REQUEST:
            answer = text.decode(errors="replace")
            raise RestError(
                f"{request.get_method()} {request.full_url} answered {status}: {answer[:4000]}", answer=answer
            )
        return json.loads(text) if text else None


def _open(request: urllib.request.Request, timeout_seconds: float) -> Any:
    """Return the response, whatever its status; urllib raises those of errors, which have a body to read as well."""
    try:
        return _OPENER.open(request, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        return error
