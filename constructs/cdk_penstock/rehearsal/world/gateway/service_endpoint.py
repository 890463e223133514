"""A service behind the gateway: signature, operation, permission, answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

from cdk_penstock.local.service.api import authenticate_body
from cdk_penstock.local.service.endpoint import internal_failure
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError
from cdk_penstock.rehearsal.world.gateway.action_table import needed_permissions
from cdk_penstock.rehearsal.world.gateway.service_protocols import protocol_of, signing_name
from cdk_penstock.rehearsal.world.service_answers import CallScope, NotModelledError, ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.identity import Identity
    from cdk_penstock.local.service.object_errors import ObjectStoreError
    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.rehearsal.world.gateway.unanswered_calls import UnansweredCalls
    from cdk_penstock.rehearsal.world.gateway.wire_protocol import ReadCall, WireProtocol
    from cdk_penstock.rehearsal.world.service_answers import ServiceAnswers
    from cdk_penstock.rehearsal.world.world import World


class ServiceEndpoint:
    """Answers the calls of one service.

    Parameters
    ----------
    service
        The service's name in botocore.
    world
        The world.
    identity
        Verifies signatures.
    answers
        The service; None if every call that is allowed is one that is not modelled.
    unanswered
        Where such calls are remembered.
    """

    most_bytes = 16 << 20

    def __init__(
        self,
        service: str,
        world: World,
        identity: Identity,
        answers: ServiceAnswers | None,
        unanswered: UnansweredCalls,
    ) -> None:
        self._service = service
        self._world = world
        self._identity = identity
        self._answers = answers
        self._unanswered = unanswered
        self._protocol: WireProtocol = protocol_of(service)

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:  # noqa: ARG002
        """Return what answers the request once its body is there."""
        return lambda body: self._answer(head, body.read())

    def refused(
        self,
        error: RefusedCallError | ObjectStoreError | None,
        head: RequestHead,  # noqa: ARG002
        request_id: str,
    ) -> Response:
        """Return the answer of a call that failed before it reached the service."""
        if isinstance(error, RefusedCallError):
            code, status = self._protocol.refusal(error.code)
            return self._protocol.write_error(code, str(error), status)
        message = internal_failure(request_id)
        return self._protocol.write_error("InternalFailure", message, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _answer(self, head: RequestHead, body: bytes) -> Response:
        caller = authenticate_body(self._identity, head, body, service=signing_name(self._service)).caller
        try:
            # A handler may call from several threads, and what a service reads must be what it then changes.
            with self._world.lock:
                call = self._read(head, body)
                return self._protocol.write(call.operation, self._carry_out(call, caller))
        except DeniedError as error:
            return self._protocol.write_error(self._protocol.denied_code, str(error), self._protocol.denied_status)
        except ServiceRefusedError as error:
            return self._protocol.write_error(error.code, str(error), error.status)

    def _read(self, head: RequestHead, body: bytes) -> ReadCall:
        try:
            return self._protocol.read(head, body)
        except NotModelledError as error:
            operation = (head.header("x-amz-target") or f"{head.method} {head.path}").rpartition(".")[2]
            raise self._unanswered.refuse(self._service, operation, str(error)) from error

    def _carry_out(self, call: ReadCall, caller: ApiCaller) -> Mapping[str, Any]:
        scope = CallScope(account=caller.account, region=caller.region)
        actor = self._world.sessions.actor(caller.principal_arn)
        name = call.operation.name
        needed = needed_permissions(self._world, self._service, name, call.parameters, scope)
        if not needed:
            raise self._unanswered.refuse(self._service, name, "it is not in the table of actions")
        for each in needed:
            self._world.authority.require(actor, each.action, each.resource, each.context)
        if self._answers is None:
            raise self._unanswered.refuse(self._service, name, "the service is not modelled")
        try:
            return self._answers.call(name, call.parameters, actor, scope)
        except NotModelledError as error:
            raise self._unanswered.refuse(self._service, name, str(error)) from error
