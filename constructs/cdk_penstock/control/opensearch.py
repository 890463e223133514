"""Signed requests to an OpenSearch domain, with botocore's signer and the standard library only."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from cdk_penstock.control.errors import ControlError, MissingPermissionError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cdk_penstock.control.clients import Clock

_LOG = logging.getLogger(__name__)
_SERVICE: Final = "es"
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_SECURITY: Final = "/_plugins/_security/"
_DENIED: Final = frozenset({401, 403})
_ATTEMPTS: Final = 4
_TIMEOUT_SECONDS: Final = 20.0
_MOST_TEXT: Final = 500


class SearchUnavailableError(UnavailableError):
    """The domain did not answer, or was too busy; what was asked may or may not have happened."""


class SearchNameError(SearchUnavailableError):
    """The domain's name does not resolve: it is gone, or the function is in another VPC."""


class SearchRefusedError(ControlError):
    """The domain refused a request for good; that request changed nothing."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of the domain.

    ``body`` is its JSON, or None where it had none.
    """

    status: int
    body: Any

    @property
    def is_missing(self) -> bool:
        """True if the object of the request does not exist."""
        return self.status == HTTPStatus.NOT_FOUND


@dataclass(frozen=True, kw_only=True)
class OpenSearch:
    """A domain, and who speaks to it.

    Parameters
    ----------
    url
        ``https://`` and the domain's endpoint.
    region
        The domain's Region, for the signature.
    credentials
        Returns botocore's credentials of a role that the domain's security plugin knows.
    clock
        The time.
    timeout_seconds
        How long to wait for an answer. Default: 20 seconds.
    """

    url: str
    region: str
    credentials: Callable[[], Any]
    clock: Clock
    timeout_seconds: float = _TIMEOUT_SECONDS

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accepted: Collection[int] = (200, 201),
        attempts: int = _ATTEMPTS,
    ) -> Answer:
        """Return the answer to a request that may be sent again while the domain is busy, or others change the same.

        ``path`` is percent-encoded and has no query: OpenSearch Service leaves the query of a signed POST out of
        account. ``attempts=1`` is for what must not happen twice. Raises SearchUnavailableError,
        MissingPermissionError, or SearchRefusedError for a status that is not ``accepted``.
        """
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        every = {"Content-Type": "application/json"} | dict(headers or {})
        for attempt in range(1, attempts + 1):
            try:
                answer = self._send(method, path, content, every)
            except SearchUnavailableError:
                if attempt == attempts:
                    raise
            else:
                if answer.status in accepted:
                    return answer
                if not _is_transient(path, answer.status):
                    raise _refusal(method, path, answer)
                if attempt == attempts:
                    raise SearchUnavailableError(
                        f"the domain keeps answering {answer.status} to {method} {path}: {_text(answer)}"
                    )
            _LOG.info("%s %s: attempt %d of %d failed", method, path, attempt, attempts)
            self.clock.sleep(2.0 ** (attempt - 1))
        raise ValueError(f"attempts must be 1 or more, got {attempts}")

    def _send(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        request = AWSRequest(method=method, url=f"{self.url}{path}", data=content, headers=dict(headers))
        SigV4Auth(self.credentials(), _SERVICE, self.region).add_auth(request)
        prepared = urllib.request.Request(  # noqa: S310 - the endpoint comes from the template
            request.url, data=content or None, headers=dict(request.headers.items()), method=method
        )
        try:
            with _open(prepared, self.timeout_seconds) as response:
                return Answer(status=response.status, body=_json(response.read()))
        except urllib.error.URLError as error:
            kind = SearchNameError if isinstance(error.reason, socket.gaierror) else SearchUnavailableError
            raise kind(
                f"no answer from {self.url} to {method} {path} ({error.reason}): the function's security group must be"
                " let into the domain's on port 443, and its subnets must reach it"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise SearchUnavailableError(f"no whole answer from {self.url} to {method} {path} ({error!r})") from error


def _open(request: urllib.request.Request, timeout_seconds: float) -> Any:
    """Return the response, whatever its status; urllib raises those of errors, which have a body to read as well."""
    try:
        return urllib.request.urlopen(request, timeout=timeout_seconds)  # noqa: S310
    except urllib.error.HTTPError as error:
        return error


def _is_transient(path: str, status: int) -> bool:
    """Return True if the same request may succeed in a moment.

    The security plugin keeps all roles in one document, all mappings in another, and answers 409 to whoever has read it
    before somebody else wrote it (opensearch-project/security, AbstractApiAction).
    """
    return status in _TRANSIENT or (status == HTTPStatus.CONFLICT and path.startswith(_SECURITY))


def _json(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")


def _text(answer: Answer) -> str:
    return json.dumps(answer.body)[:_MOST_TEXT]


def _refusal(method: str, path: str, answer: Answer) -> ControlError:
    if answer.status in _DENIED:
        message = (
            f"the domain does not allow {method} {path} ({answer.status}): the master role must be the domain's master"
            f" user and hold es:ESHttp actions on it. It answered {_text(answer)}"
        )
        return MissingPermissionError(message)
    message = f"the domain refused {method} {path} with {answer.status}: {_text(answer)}"
    return SearchRefusedError(message)
