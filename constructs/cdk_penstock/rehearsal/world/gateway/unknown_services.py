"""The answer to calls of services that the rehearsal does not know."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from starlette.responses import Response

from cdk_penstock.local.service.signature import scope_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.rehearsal.world.gateway.unanswered_calls import UnansweredCalls


class UnknownServices:
    """Refuses every call, and remembers it.

    Parameters
    ----------
    unanswered
        Where calls are remembered.
    """

    most_bytes = 16 << 20

    def __init__(self, unanswered: UnansweredCalls) -> None:
        self._unanswered = unanswered

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:
        """Return the refusal."""
        return lambda _body: self.refused(None, head, request_id)

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:  # noqa: ARG002
        """Return the refusal."""
        operation = (head.header("x-amz-target") or f"{head.method} {head.path}").rpartition(".")[2]
        refusal = self._unanswered.refuse(str(scope_service(head)), operation, "the service is not known here")
        content = json.dumps({"__type": refusal.code, "message": str(refusal)})
        return Response(content, status_code=400, media_type="application/x-amz-json-1.1")
