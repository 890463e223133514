"""MSF's API, in version 1.1 of AWS's JSON protocol."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final

from starlette.responses import Response

from cdk_penstock.local.service.endpoint import internal_failure
from cdk_penstock.local.service.identity import UNSIGNED_PAYLOAD
from cdk_penstock.local.service.shapes import ServiceShapes, json_document
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.calls import ApiOperations
    from cdk_penstock.local.service.identity import Authenticated, Identity
    from cdk_penstock.local.service.request_head import RequestHead


SERVICE: Final = "kinesisanalytics"
"""The name of the service in signatures, and before its IAM actions."""
TARGET: Final = "x-amz-target"
_JSON: Final = "application/x-amz-json-1.1"


def authenticate_body(identity: Identity, head: RequestHead, body: bytes, *, service: str) -> Authenticated:
    """Return the caller of a request whose signature covers its body.

    Raises
    ------
    RefusedCallError
        The signature is wrong, or there is none.
    """
    body_hash = hashlib.sha256(body).hexdigest()
    announced = head.header("x-amz-content-sha256") or body_hash
    if announced not in {body_hash, UNSIGNED_PAYLOAD}:
        raise RefusedCallError(
            RefusalCode.INVALID_SIGNATURE, "the header x-amz-content-sha256 is not the hash of the body"
        )
    return identity.authenticate(head, payload_hash=announced, service=service)


class Api:
    """Answers the calls of MSF's API.

    Parameters
    ----------
    operations
        Carries out valid calls.
    identity
        Verifies their signatures.
    """

    # A ZipFileContent may have 50 MiB, and a third more in base64.
    most_bytes = 80 << 20

    def __init__(self, operations: ApiOperations, identity: Identity) -> None:
        self._operations: Final = operations
        self._identity: Final = identity
        self._shapes: Final = ServiceShapes("kinesisanalyticsv2")

    def accept(self, head: RequestHead, request_id: str) -> Callable[[IO[bytes]], Response]:  # noqa: ARG002
        """Return what carries out the operation that a request names.

        Raises
        ------
        RefusedCallError
            There is no such operation.
        """
        target = head.header(TARGET) or ""
        prefix, _, operation = target.rpartition(".")
        expected = self._shapes.target_prefix
        if head.method != "POST" or prefix != expected or operation not in self._shapes:
            raise RefusedCallError(
                RefusalCode.UNKNOWN_OPERATION,
                f"expected POST with X-Amz-Target: {expected}.OPERATION, got {head.method} with {target!a}",
            )
        return lambda body: self._answer(operation, head, body.read())

    def refused(self, error: Exception | None, head: RequestHead, request_id: str) -> Response:  # noqa: ARG002
        """Return the answer of a call that failed."""
        code, status, message = "InternalFailure", HTTPStatus.INTERNAL_SERVER_ERROR, internal_failure(request_id)
        if isinstance(error, RefusedCallError):
            code, status, message = error.code, HTTPStatus.BAD_REQUEST, str(error)
        # Some clients read the one, some the other.
        content = json.dumps({"__type": code, "message": message, "Message": message})
        return Response(content, status_code=status, media_type=_JSON)

    def _answer(self, operation: str, head: RequestHead, body: bytes) -> Response:
        caller = authenticate_body(self._identity, head, body, service=SERVICE).caller
        parameters = self._shapes.read(operation, json_document(body))
        answer = self._shapes.write(operation, self._operations.call(operation, parameters, caller))
        return Response(json.dumps(answer, allow_nan=False, separators=(",", ":")), media_type=_JSON)
