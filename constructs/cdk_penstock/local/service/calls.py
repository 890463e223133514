"""A call of the service's API, after its protocol and before its operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class ApiCaller:
    """The caller, as its signature proves: account, Region, and the ARN of the principal."""

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
