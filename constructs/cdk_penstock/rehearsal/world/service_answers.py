"""The interface of a service of AWS that a call reaches once it is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.rehearsal.world.authority import Actor


class ServiceRefusedError(PenstockError):
    """An error of a service, as its client sees it.

    Parameters
    ----------
    code
        The error code, such as ``NotFoundException``.
    message
        What the service says.
    status
        The HTTP status.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class NotModelledError(ServiceRefusedError):
    """An operation that a service has in AWS, and not here; the result names it."""


@dataclass(frozen=True, kw_only=True)
class CallScope:
    """Account and Region that a call is for."""

    account: str
    region: str


class ServiceAnswers(Protocol):
    """A service behind its protocol."""

    def call(self, operation: str, parameters: Mapping[str, Any], actor: Actor, scope: CallScope) -> Mapping[str, Any]:
        """Carry out an operation, named and shaped as in botocore's description of the service.

        Raises ServiceRefusedError for an error of the service, NotModelledError for an operation that is not here.
        """
