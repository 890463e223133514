"""All operations of the API, and the call of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.operations import (
    applications,
    enhanced_snapshots,
    legacy_snapshots,
    lifecycle,
    presigned_urls,
    snapshot_transfers,
    tags,
    updates,
)
from cdk_penstock.local.service.operations.operation_call import Call
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.msf import Msf
    from cdk_penstock.model.lifecycle.version_settings import Document


OPERATIONS: Final[Mapping[str, Callable[[Call], Document]]] = {
    **applications.OPERATIONS,
    **enhanced_snapshots.OPERATIONS,
    **legacy_snapshots.OPERATIONS,
    **lifecycle.OPERATIONS,
    **presigned_urls.OPERATIONS,
    **snapshot_transfers.OPERATIONS,
    **tags.OPERATIONS,
    **updates.OPERATIONS,
}
"""The operations that apply to applications of Apache Flink."""
SQL_ONLY_OPERATIONS: Final = frozenset(
    {
        "AddApplicationInput",
        "AddApplicationInputProcessingConfiguration",
        "AddApplicationOutput",
        "AddApplicationReferenceDataSource",
        "DeleteApplicationInputProcessingConfiguration",
        "DeleteApplicationOutput",
        "DeleteApplicationReferenceDataSource",
        "DiscoverInputSchema",
    }
)
"""The operations that MSF refuses for an application of Apache Flink."""


class ServiceOperations:
    """The operations of a service; one call at a time changes its records."""

    def __init__(self, msf: Msf) -> None:
        self._msf = msf

    def call(self, operation: str, parameters: Mapping[str, Any], caller: ApiCaller) -> Mapping[str, Any]:
        """Carry out an operation with valid parameters.

        Raises
        ------
        RefusedCallError
            The service refuses the call; nothing has changed.
        """
        if operation in SQL_ONLY_OPERATIONS:
            raise RefusedCallError(
                RefusalCode.UNSUPPORTED_OPERATION, f"{operation} is supported for SQL applications only"
            )
        call = Call(msf=self._msf, operation=operation, parameters=parameters, caller=caller)
        with self._msf.store.lock:
            return OPERATIONS[operation](call)
