"""The protocols whose answers are XML."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from cdk_penstock.local.service.sts import QUERY_ERRORS
from cdk_penstock.local.service.xml_elements import document, element, text_element
from cdk_penstock.model.lifecycle.refusals import RefusalCode
from cdk_penstock.rehearsal.world.gateway.json_protocols import RestProtocol
from cdk_penstock.rehearsal.world.gateway.query_parameters import read_form, read_query
from cdk_penstock.rehearsal.world.gateway.wire_protocol import ReadCall, WireProtocol
from cdk_penstock.rehearsal.world.gateway.written_answers import xml_elements
from cdk_penstock.rehearsal.world.service_answers import NotModelledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel

    from cdk_penstock.local.service.request_head import RequestHead

_XML: Final = "text/xml"


def _error_response(code: str, message: str, status: int) -> Response:
    details = element("Error", *(text_element(*each) for each in (("Code", code), ("Message", message))))
    root = element("ErrorResponse", details, text_element("RequestId", "rehearsal"))
    return Response(document(root), status_code=status, media_type=_XML)


class QueryProtocol(WireProtocol):
    """A form, with the operation as the field Action; answers in XML."""

    denied_code = "AccessDenied"
    is_ec2 = False

    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        """Return the call that a request makes."""
        form = read_form(body or head.query.encode())
        operation = self._operation(form.get("Action", ""))
        shape = operation.input_shape
        parameters = read_query(form, shape, is_ec2=self.is_ec2) if shape else {}
        return ReadCall(operation=operation, parameters=parameters)

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        """Return the answer of an operation."""
        content = xml_elements(answer, operation.output_shape, is_ec2=self.is_ec2)
        wrapper = (operation.output_shape.serialization or {}).get("resultWrapper") if operation.output_shape else None
        result = element(str(wrapper), content) if wrapper else content
        metadata = element("ResponseMetadata", text_element("RequestId", "rehearsal"))
        return Response(document(element(f"{operation.name}Response", result, metadata)), media_type=_XML)

    def refusal(self, code: RefusalCode) -> tuple[str, int]:
        """Return code and status of a refusal before the service."""
        return QUERY_ERRORS.get(code, (code, HTTPStatus.BAD_REQUEST))

    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""
        return _error_response(code, message, status)


class Ec2Protocol(QueryProtocol):
    """The query protocol as EC2 has it."""

    denied_code = "UnauthorizedOperation"
    is_ec2 = True

    def refusal(self, code: RefusalCode) -> tuple[str, int]:
        """Return code and status of a refusal before the service."""
        if code is RefusalCode.EXPIRED_TOKEN:
            return "RequestExpired", HTTPStatus.BAD_REQUEST
        return "AuthFailure", HTTPStatus.UNAUTHORIZED

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        """Return the answer of an operation."""
        content = xml_elements(answer, operation.output_shape, is_ec2=True)
        return Response(document(element(f"{operation.name}Response", content)), media_type=_XML)

    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""
        details = element("Error", *(text_element(*each) for each in (("Code", code), ("Message", message))))
        root = element("Response", element("Errors", details), text_element("RequestID", "rehearsal"))
        return Response(document(root), status_code=status, media_type=_XML)


class RestXmlProtocol(RestProtocol):
    """XML, with the operation in method and path: calls are refused, so neither bodies nor answers are needed."""

    denied_code = "AccessDenied"

    def _body(self, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:  # noqa: ARG002
        """Raise NotModelledError: no service with this protocol is modelled."""
        raise NotModelledError("NotModelledByTheRehearsal", f"the answer of {operation.name} in XML is not modelled")

    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""
        return _error_response(code, message, status)
