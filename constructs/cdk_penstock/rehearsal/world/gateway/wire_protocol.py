"""The protocols of AWS's services, by botocore's description of each: requests are read, answers and errors written.

Source: botocore's service models, and the Smithy specification of AWS's protocols.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from starlette.responses import Response

from cdk_penstock.local.service.request_head import unquoted
from cdk_penstock.local.service.xml_elements import document, element, text_element
from cdk_penstock.rehearsal.world.gateway.query_parameters import read_form, read_query
from cdk_penstock.rehearsal.world.gateway.written_answers import json_answer, xml_elements
from cdk_penstock.rehearsal.world.service_answers import ServiceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, ServiceModel

    from cdk_penstock.local.service.request_head import RequestHead

_JSON: Final = "application/x-amz-json-1.1"
_XML: Final = "text/xml"
_PLACE: Final = re.compile(r"\{(\w+)(\+?)\}")
_DENIED_STATUS: Final = 403
_TARGET: Final = "x-amz-target"


@dataclass(frozen=True, kw_only=True)
class ReadCall:
    """A call: its operation, and its parameters by their names in botocore."""

    operation: OperationModel
    parameters: Mapping[str, Any]


class WireProtocol(ABC):
    """A protocol for one service.

    Parameters
    ----------
    model
        botocore's description of the service.
    """

    denied_code = "AccessDeniedException"

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    @abstractmethod
    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        """Return the call that a request makes; raise ServiceRefusedError if there is no such operation."""

    @abstractmethod
    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        """Return the answer of an operation."""

    @abstractmethod
    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""

    def _operation(self, name: str) -> OperationModel:
        if name not in self._model.operation_names:
            raise ServiceRefusedError(
                "UnknownOperationException", f"{self._model.service_name} has no operation {name!a}"
            )
        return self._model.operation_model(name)


class _JsonProtocol(WireProtocol):
    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        operation = self._operation((head.header(_TARGET) or "").rpartition(".")[2])
        return ReadCall(operation=operation, parameters=json.loads(body or b"{}"))

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        return Response(json.dumps(json_answer(answer, operation.output_shape)), media_type=_JSON)

    def write_error(self, code: str, message: str, status: int) -> Response:
        content = json.dumps({"__type": code, "message": message, "Message": message})
        return Response(content, status_code=status, media_type=_JSON)


class _RestJsonProtocol(WireProtocol):
    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        for name in self._model.operation_names:
            operation = self._model.operation_model(name)
            found = _uri(operation).fullmatch(head.path) if operation.http["method"] == head.method else None
            if found:
                return ReadCall(operation=operation, parameters=self._parameters(operation, found, head, body))
        raise ServiceRefusedError(
            "UnknownOperationException", f"{self._model.service_name} has no operation {head.method} {head.path}"
        )

    @staticmethod
    def _parameters(operation: OperationModel, found: re.Match[str], head: RequestHead, body: bytes) -> dict[str, Any]:
        given: dict[str, Any] = json.loads(body) if body else {}
        places = {name: unquoted(value) for name, value in found.groupdict().items()}
        query = dict(head.query_parameters)
        read: dict[str, Any] = {}
        for name, member in operation.input_shape.members.items() if operation.input_shape else ():
            wire = str(member.serialization.get("name", name))
            location = member.serialization.get("location")
            source: Mapping[str, Any] = places if location == "uri" else query if location == "querystring" else given
            if wire in source:
                read[name] = source[wire]
        return read

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        content = json.dumps(json_answer(answer, operation.output_shape))
        return Response(content, media_type="application/json")

    def write_error(self, code: str, message: str, status: int) -> Response:
        content = json.dumps({"message": message, "Message": message})
        headers = {"x-amzn-ErrorType": code}
        return Response(content, status_code=status, headers=headers, media_type="application/json")


class _QueryProtocol(WireProtocol):
    denied_code = "AccessDenied"
    is_ec2 = False

    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        form = read_form(body or head.query.encode())
        operation = self._operation(form.get("Action", ""))
        shape = operation.input_shape
        parameters = read_query(form, shape, is_ec2=self.is_ec2) if shape else {}
        return ReadCall(operation=operation, parameters=parameters)

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        content = xml_elements(answer, operation.output_shape, is_ec2=self.is_ec2)
        wrapper = (operation.output_shape.serialization or {}).get("resultWrapper") if operation.output_shape else None
        result = element(str(wrapper), content) if wrapper else content
        metadata = element("ResponseMetadata", text_element("RequestId", "rehearsal"))
        return Response(document(element(f"{operation.name}Response", result, metadata)), media_type=_XML)

    def write_error(self, code: str, message: str, status: int) -> Response:
        details = element("Error", *(text_element(*each) for each in (("Code", code), ("Message", message))))
        root = element("ErrorResponse", details, text_element("RequestId", "rehearsal"))
        return Response(document(root), status_code=status, media_type=_XML)


class _Ec2Protocol(_QueryProtocol):
    denied_code = "UnauthorizedOperation"
    is_ec2 = True

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        content = xml_elements(answer, operation.output_shape, is_ec2=True)
        return Response(document(element(f"{operation.name}Response", content)), media_type=_XML)

    def write_error(self, code: str, message: str, status: int) -> Response:
        details = element("Error", *(text_element(*each) for each in (("Code", code), ("Message", message))))
        root = element("Response", element("Errors", details), text_element("RequestID", "rehearsal"))
        return Response(document(root), status_code=status, media_type=_XML)


_PROTOCOLS: Final[Mapping[str, type[WireProtocol]]] = {
    "json": _JsonProtocol,
    "rest-json": _RestJsonProtocol,
    "query": _QueryProtocol,
    "ec2": _Ec2Protocol,
}


@cache
def _uri(operation: OperationModel) -> re.Pattern[str]:
    path = str(operation.http["requestUri"]).partition("?")[0]
    parts = _PLACE.split(path)
    pattern = "".join(
        re.escape(part) if number % 3 == 0 else f"(?P<{part}>{'.+' if parts[number + 1] else '[^/]+'})"
        for number, part in enumerate(parts)
        if number % 3 != 2  # noqa: PLR2004 - the plus sign of a greedy label
    )
    return re.compile(pattern)


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def protocol_of(service: str) -> WireProtocol:
    """Return the protocol of a service, named as in botocore; raise ServiceRefusedError if it is not read here."""
    model = _model(service)
    for name in model.metadata.get("protocols", [model.metadata["protocol"]]):
        if name in _PROTOCOLS:
            return _PROTOCOLS[name](model)
    raise ServiceRefusedError("UnsupportedProtocol", f"the protocol of {service} is not read here")


def signing_name(service: str) -> str:
    """Return the name under which calls of a service are signed."""
    return str(_model(service).signing_name)
