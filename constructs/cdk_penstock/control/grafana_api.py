"""Grafana's HTTP API over one connection, with its transient failures tried again and its token renewed.

The standard library only: a Lambda function has no other. Redirects are not followed, so that a token goes to no other
host than the one it was made for, and it stands in no message and no log.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn

from cdk_penstock.control.errors import ControlError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cdk_penstock.control.clients import Clock

NOT_FOUND: Final = frozenset({HTTPStatus.NOT_FOUND})
CONFLICT: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
ATTEMPTS: Final = 5
"""Attempts to save something that somebody else changes meanwhile."""
ATTEMPT_PAUSE_SECONDS: Final = 0.5

TIMEOUT_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 180.0
"""From the beginning of a session on, transient failures are borne for so long; whoever called begins anew later."""

_MAX_PAUSE_SECONDS: Final = 30.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_MAX_TOKENS: Final = 4
_SUCCESS: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
_TRANSIENT: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_MESSAGE_CHARACTERS: Final = 300


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The status of an answer, and its JSON; None where it has none."""

    status: int
    body: Any = None

    @property
    def message(self) -> str:
        """Grafana's message about the failure."""
        text = self.body.get("message", "") if isinstance(self.body, dict) else ""
        return str(text)[:_MESSAGE_CHARACTERS]


def connect_to(host: str) -> http.client.HTTPConnection:
    """Return a TLS connection to a host, whose certificate is verified."""
    return http.client.HTTPSConnection(host, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())


class GrafanaApi:
    """The requests of one session.

    Parameters
    ----------
    connect
        Opens a connection to the workspace.
    new_token
        Makes a token of the service account; called at first and whenever Grafana does not take the present one.
    clock
        The time.
    patience_seconds
        How long transient failures are borne, from now on.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], http.client.HTTPConnection],
        new_token: Callable[[], str],
        clock: Clock,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._connect = connect
        self._new_token = new_token
        self._clock = clock
        self._began = clock.now()
        self._patience_seconds = patience_seconds
        self._token = ""
        self._tokens = 0
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, *, expected: Collection[int] = ()) -> Answer:
        """Read; raise as ``call`` does."""
        return self.call("GET", path, expected=expected)

    def call(self, method: str, path: str, body: object = None, *, expected: Collection[int] = ()) -> Answer:
        """Return the answer of a request.

        A request whose answer got lost is sent again, so the caller must bear that it was done twice.

        Parameters
        ----------
        method, path, body
            The request; the body is sent as JSON.
        expected
            Failures that are returned rather than raised.

        Raises ControlError for every other 4xx, and for a token that stays refused; UnavailableError
        where transient failures outlast the patience.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            failure, wanted_pause = "", None
            if not self._token:
                self._renew_token(method, path)
            try:
                answer, retry_after = self._send(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                failure = f"{type(error).__name__}: {error}"
            else:
                if answer.status == HTTPStatus.UNAUTHORIZED:
                    self._token = ""
                    failure = "401"
                elif answer.status in _TRANSIENT and answer.status not in expected:
                    failure, wanted_pause = f"{answer.status} {answer.message}".strip(), retry_after
                else:
                    return _judged(answer, method, path, expected)
            if wanted_pause is None:
                wanted_pause = pause
                pause = min(2 * pause, _MAX_PAUSE_SECONDS)
            if (self._clock.now() - self._began).total_seconds() + wanted_pause > self._patience_seconds:
                raise UnavailableError(
                    f"Grafana did not do {method} {path} within {self._patience_seconds:g} seconds, last {failure}"
                )
            self._clock.sleep(wanted_pause)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _renew_token(self, method: str, path: str) -> None:
        if self._tokens == _MAX_TOKENS:
            raise ControlError(
                f"Grafana refused {_MAX_TOKENS} new tokens one after the other (401 for {method} {path}): check that"
                " the workspace's Grafana has service accounts (9 and newer), and that nobody removes them meanwhile"
            )
        self._tokens += 1
        self._token = self._new_token()

    def _send(self, method: str, path: str, body: object) -> tuple[Answer, float | None]:
        if self._connection is None:
            self._connection = self._connect()
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, body=data, headers=headers)
        response = self._connection.getresponse()
        text = response.read()
        return Answer(status=response.status, body=_json(text)), self._retry_after(response.getheader("Retry-After"))

    def _retry_after(self, value: str | None) -> float | None:
        """Return the seconds of a Retry-After header, which has a number of them or a date (RFC 9110, 10.2.3)."""
        if value is None:
            return None
        if value.strip().isdecimal():
            return float(value)
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max((date - self._clock.now()).total_seconds(), 0.0)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        # A proxy in front of Grafana answers with a page.
        return None


def _judged(answer: Answer, method: str, path: str, expected: Collection[int]) -> Answer:
    if answer.status in _SUCCESS or answer.status in expected:
        return answer
    hint = ""
    if answer.status == HTTPStatus.FORBIDDEN:
        hint = ": check the workspace's network access control, and that the item is not provisioned by somebody else"
    elif answer.status < HTTPStatus.BAD_REQUEST:
        hint = ": expected no redirect; check that the address is the workspace's own"
    raise ControlError(f"Grafana refused {method} {path} with {answer.status} {answer.message}".rstrip() + hint)


def give_up(kind: str, uid: str) -> NoReturn:
    """Raise UnavailableError for what could not be saved in so many attempts; the next poll tries again."""
    raise UnavailableError(
        f"{kind} {uid} was changed by somebody else {ATTEMPTS} times in a row while it was being saved"
    )
