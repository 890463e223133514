"""The interface of a protocol of AWS's services: requests are read, answers and errors are written.

Source: botocore's service models, and the Smithy specification of AWS's protocols.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cdk_penstock.rehearsal.world.service_answers import NotModelledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, ServiceModel
    from starlette.responses import Response

    from cdk_penstock.local.service.request_head import RequestHead
    from cdk_penstock.model.lifecycle.refusals import RefusalCode


def unknown_operation(model: ServiceModel, name: str) -> NotModelledError:
    """Return the error for an operation that a service does not have, or has in a newer boto3."""
    return NotModelledError("UnknownOperationException", f"{model.service_name} has no operation {name}")


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
    denied_status = HTTPStatus.FORBIDDEN

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    @abstractmethod
    def read(self, head: RequestHead, body: bytes) -> ReadCall:
        """Return the call that a request makes; raise NotModelledError if there is no such operation."""

    @abstractmethod
    def write(self, operation: OperationModel, answer: Mapping[str, Any]) -> Response:
        """Return the answer of an operation."""

    @abstractmethod
    def write_error(self, code: str, message: str, status: int) -> Response:
        """Return an error."""

    def refusal(self, code: RefusalCode) -> tuple[str, int]:
        """Return code and status of a refusal before the service: of a signature, a key, a body."""
        return code, HTTPStatus.FORBIDDEN

    def _operation(self, name: str) -> OperationModel:
        if name not in self._model.operation_names:
            raise unknown_operation(self._model, ascii(name))
        return self._model.operation_model(name)
