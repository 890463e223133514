"""The answer to calls of services that the rehearsal does not know."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from cdk_penstock.local.service.signature import scope_service
from cdk_penstock.rehearsal.world.gateway.service_protocols import protocol_of
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.rehearsal.world.gateway.unanswered_calls import UnansweredCalls
    from cdk_penstock.rehearsal.world.gateway.wire_protocol import WireProtocol

_NAME: Final = re.compile(r"[a-z0-9-]+", re.ASCII)


class UnknownServices:
    """Refuses every call in the protocol of its service, and remembers it.

    Parameters
    ----------
    unanswered
        Where calls are remembered.
    """

    most_bytes = 16 << 20

    def __init__(self, unanswered: UnansweredCalls) -> None:
        self._unanswered = unanswered

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:  # noqa: ARG002
        """Return what refuses the call once its body is there, which may name the operation."""
        return lambda body: self._refusal(head, body.read())

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:  # noqa: ARG002
        """Return the refusal of a call whose body could not be read."""
        return self._refusal(head, b"")

    def _refusal(self, head: RequestHead, body: bytes) -> Response:
        service = str(scope_service(head))
        protocol = _protocol(service, head)
        try:
            operation = protocol.read(head, body).operation.name
        except (ServiceRefusedError, ValueError):
            operation = (head.header("x-amz-target") or f"{head.method} {head.path}").rpartition(".")[2]
        refusal = self._unanswered.refuse(service, operation, "the service is not known here")
        return protocol.write_error(refusal.code, str(refusal), refusal.status)


def _protocol(service: str, head: RequestHead) -> WireProtocol:
    """Return the protocol of a service; of one that is signed under another name, a service's that looks like it."""
    try:
        if _NAME.fullmatch(service):
            return protocol_of(service)
    except ServiceRefusedError:
        pass
    if head.header("x-amz-target") is not None:
        return protocol_of("kms")
    is_form = (head.header("content-type") or "").startswith("application/x-www-form-urlencoded")
    return protocol_of("iam" if is_form else "kafka")
