"""The interface of a service behind the port, between HTTP and its calls."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from cdk_penstock.local.service.object_errors import ObjectStoreError
    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.model.lifecycle.refusals import RefusedCallError


class Endpoint(Protocol):
    """A service. Its methods may block, and are called from any thread."""

    most_bytes: int
    """The largest body that it takes."""

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:
        """Return what answers the request once its body is there.

        Both raise RefusedCallError or ObjectStoreError to refuse the call.
        """

    def refused(
        self, error: RefusedCallError | ObjectStoreError | None, head: RequestHead, request_id: str
    ) -> Response:
        """Return the answer of a refused call, or of an internal failure if there is no error to tell."""


def internal_failure(request_id: str) -> str:
    """Return the message of an internal failure, whose reason is in the log only."""
    return f"an internal failure: see the log of the endpoint for request {request_id}"
