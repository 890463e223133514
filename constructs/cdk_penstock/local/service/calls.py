"""A call of the service's API, after its protocol and before its operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("ApiCaller", "ApiOperations")


@dataclass(frozen=True, kw_only=True)
class ApiCaller:
    """The caller: its account and Region, and the ARN of the principal, as its signature proves."""

    account: str
    region: str
    principal_arn: str


class ApiOperations(Protocol):
    """The operations of the service, by their names in its API."""

    def call(self, operation: str, parameters: Mapping[str, Any], caller: ApiCaller) -> Mapping[str, Any]:
        """Carry out an operation with valid parameters.

        Timestamps are aware datetimes, in parameters and in the result.

        Raises
        ------
        RefusedCallError
            The service refuses the call; nothing has changed.
        """
