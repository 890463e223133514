"""Flink's REST API of a running application, to read only, through the URL that MSF signs for it.

A URL is created when the first answer is asked for and used at once, since its first use must come within three
minutes; one that is refused later is replaced once. It ends with the application's cluster. MSF asks not to poll this
API in steady state: use it during an operation, and when somebody looks.

Source: https://docs.aws.amazon.com/managed-flink/latest/apiv2/API_CreateApplicationPresignedUrl.html
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMEOUT_SECONDS: Final = 10.0
_MOST_TEXT: Final = 300
_FORBIDDEN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class DashboardUnavailableError(ControlError):
    """Flink's REST API did not answer: the cluster is not there yet, is being replaced, or is out of reach."""


class FlinkDashboard:
    """Flink's REST API of one application.

    Parameters
    ----------
    create_url
        Returns a new presigned URL; it may raise, for instance because the application is not RUNNING.
    timeout_seconds
        The longest wait for an answer. Default: 10 seconds.
    """

    def __init__(self, create_url: Callable[[], str], *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._create_url = create_url
        self._timeout_seconds = timeout_seconds
        self._url: str | None = None

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Return the JSON of a path such as ``/jobs/overview``; raise DashboardUnavailableError without an answer."""
        is_new = self._url is None
        status, text = self._ask(path, parameters or {})
        if status in _FORBIDDEN and not is_new:
            self._url = None
            status, text = self._ask(path, parameters or {})
        if status != HTTPStatus.OK:
            self._url = None
            raise DashboardUnavailableError(
                f"Flink's REST API answered {status} to {path}: {text[:_MOST_TEXT].strip() or 'nothing'}"
            )
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise DashboardUnavailableError(
                f"Flink's REST API answered {path} without JSON: {text[:_MOST_TEXT].strip() or 'nothing'}"
            ) from error

    def _ask(self, path: str, parameters: Mapping[str, str]) -> tuple[int, str]:
        if self._url is None:
            self._url = self._create_url()
        place = urllib.parse.urlsplit(self._url)
        query = [*urllib.parse.parse_qsl(place.query), *parameters.items()]
        url = place._replace(path=f"{place.path.rstrip('/')}{path}", query=urllib.parse.urlencode(query)).geturl()
        try:
            with urllib.request.urlopen(url, timeout=self._timeout_seconds) as response:  # noqa: S310 - MSF's own URL
                return response.status, response.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            # The message of the error may hold the URL, and with it the token.
            raise DashboardUnavailableError(
                f"Flink's REST API does not answer to {path} ({type(error).__name__}): the cluster is not there yet, is"
                " being replaced, or the network does not lead to it"
            ) from None
