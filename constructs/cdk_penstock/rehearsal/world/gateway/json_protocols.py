"""The protocols with JSON, and the reading of paths that they share with REST in XML."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from cdk_penstock.local.service.request_head import unquoted
from cdk_penstock.rehearsal.world.gateway.wire_protocol import ReadCall, WireProtocol, unknown_operation
from cdk_penstock.rehearsal.world.gateway.written_answers import json_answer
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, ServiceModel

    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.model.lifecycle.refusals import RefusalCode

_JSON: Final = "application/x-amz-json-1.1"
_PLACE: Final = re.compile(r"\{(\w+)(\+?)\}")
_TARGET: Final = "x-amz-target"


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceRefusedError("SerializationException", str(error)) from error
    if not isinstance(content, dict):
        raise ServiceRefusedError("SerializationException", "the body is no JSON object")
    return content


class JsonProtocol(WireProtocol):
    """JSON, with the operation in a header."""

    denied_status = HTTPStatus.BAD_REQUEST

    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        """Return the call that a request makes."""
        operation = self._operation((head.header(_TARGET) or "").rpartition(".")[2])
        return ReadCall(operation=operation, parameters=_object(body))

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        """Return the answer of an operation."""
        return Response(json.dumps(json_answer(answer, operation.output_shape)), media_type=_JSON)

    def refusal(self, code: RefusalCode) -> tuple[str, int]:
        """Return code and status of a refusal before the service."""
        return code, HTTPStatus.BAD_REQUEST

    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""
        content = json.dumps({"__type": code, "message": message, "Message": message})
        return Response(content, status_code=status, media_type=_JSON)


class RestProtocol(WireProtocol):
    """A protocol with the operation in method and path."""

    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        """Return the call that a request makes."""
        for operation, pattern in _operations(self._model):
            found = pattern.fullmatch(head.path) if operation.http["method"] == head.method else None
            if found:
                return ReadCall(operation=operation, parameters=self._parameters(operation, found, head, body))
        raise unknown_operation(self._model, f"{head.method} {head.path}")

    def _parameters(
        self, operation: OperationModel, found: re.Match[str], head: RequestHead, body: bytes
    ) -> dict[str, Any]:
        given = self._body(body)
        places = {name: unquoted(value) for name, value in found.groupdict().items()}
        query = dict(head.query_parameters)
        read: dict[str, Any] = {}
        for name, member in operation.input_shape.members.items() if operation.input_shape else ():
            wire = str(member.serialization.get("name", name))
            location = member.serialization.get("location")
            if location == "header":
                value: Any = head.header(wire.lower())
            else:
                source: Mapping[str, Any] = {"uri": places, "querystring": query}.get(str(location), given)
                value = source.get(wire)
            if value is not None:
                read[name] = value
        return read

    @abstractmethod
    def _body(self, body: bytes) -> dict[str, Any]:
        """Return the members that stand in the body."""


class RestJsonProtocol(RestProtocol):
    """JSON, with the operation in method and path."""

    def _body(self, body: bytes) -> dict[str, Any]:
        return _object(body)

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        """Return the answer of an operation."""
        content = json.dumps(json_answer(answer, operation.output_shape))
        return Response(content, media_type="application/json")

    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""
        content = json.dumps({"message": message, "Message": message})
        headers = {"x-amzn-ErrorType": code}
        return Response(content, status_code=status, headers=headers, media_type="application/json")


@cache
def _operations(model: ServiceModel) -> list[tuple[OperationModel, re.Pattern[str]]]:
    """Return the operations with their paths; one with fewer parameters comes first, since it says more."""
    operations = [model.operation_model(name) for name in model.operation_names]
    operations.sort(key=lambda each: str(each.http["requestUri"]).count("{"))
    return [(each, _uri(each)) for each in operations]


def _uri(operation: OperationModel) -> re.Pattern[str]:
    path = str(operation.http["requestUri"]).partition("?")[0]
    parts = _PLACE.split(path)
    pattern = "".join(
        re.escape(part) if number % 3 == 0 else f"(?P<{part}>{'.+' if parts[number + 1] else '[^/]+'})"
        for number, part in enumerate(parts)
        if number % 3 != 2  # noqa: PLR2004 - the plus sign of a greedy label
    )
    return re.compile(pattern)
