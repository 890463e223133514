"""The operations that MSF accepts in each status of an application, and its refusal in the others.

Sources: https://docs.aws.amazon.com/managed-flink/latest/apiv2/Welcome.html, the pages of StopApplication,
RollbackApplication and CreateApplicationPresignedUrl, and the maintenance and autoscaling pages of the developer guide.
Rows that none of them states follow the rule of all others, ResourceInUseException.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus

if TYPE_CHECKING:
    from collections.abc import Mapping


_S = ApplicationStatus
_ALL: Final = frozenset(ApplicationStatus)
_STEADY: Final = frozenset({_S.READY, _S.RUNNING})


class StatusBound(StrEnum):
    """An operation that depends on the status of its application, by MSF's name of it."""

    START = "StartApplication"
    STOP = "StopApplication"
    FORCE_STOP = "StopApplication with Force"
    UPDATE = "UpdateApplication"
    ADD_LOGGING = "AddApplicationCloudWatchLoggingOption"
    DELETE_LOGGING = "DeleteApplicationCloudWatchLoggingOption"
    ADD_VPC = "AddApplicationVpcConfiguration"
    DELETE_VPC = "DeleteApplicationVpcConfiguration"
    ROLLBACK = "RollbackApplication"
    SNAPSHOT = "CreateApplicationSnapshot"
    ENHANCED_SNAPSHOT = "CreateSnapshot"
    DELETE_SNAPSHOT = "DeleteApplicationSnapshot"
    PRESIGNED_URL = "CreateApplicationPresignedUrl"
    MAINTENANCE_WINDOW = "UpdateApplicationMaintenanceConfiguration"
    DELETE = "DeleteApplication"
    TAG = "TagResource"


@dataclass(frozen=True, kw_only=True)
class _Row:
    legal: frozenset[ApplicationStatus]
    source: str


_ROWS: Final[Mapping[StatusBound, _Row]] = {
    StatusBound.START: _Row(legal=frozenset({_S.READY}), source="API_StartApplication"),
    StatusBound.STOP: _Row(legal=frozenset({_S.RUNNING}), source="API_StopApplication"),
    StatusBound.FORCE_STOP: _Row(
        legal=frozenset({_S.STARTING, _S.UPDATING, _S.STOPPING, _S.AUTOSCALING, _S.RUNNING}),
        source="API_StopApplication: Force",
    ),
    **{
        each: _Row(legal=_STEADY, source="API_UpdateApplication; a public list of ResourceInUseException")
        for each in (
            StatusBound.UPDATE,
            StatusBound.ADD_LOGGING,
            StatusBound.DELETE_LOGGING,
            StatusBound.ADD_VPC,
            StatusBound.DELETE_VPC,
        )
    },
    StatusBound.ROLLBACK: _Row(
        legal=frozenset({_S.RUNNING, _S.UPDATING, _S.AUTOSCALING}), source="API_RollbackApplication"
    ),
    StatusBound.SNAPSHOT: _Row(legal=frozenset({_S.RUNNING}), source="how-snapshots"),
    StatusBound.ENHANCED_SNAPSHOT: _Row(legal=frozenset({_S.RUNNING}), source="how-snapshots"),
    StatusBound.DELETE_SNAPSHOT: _Row(legal=_ALL - {_S.DELETING}, source="inferred"),
    StatusBound.PRESIGNED_URL: _Row(legal=frozenset({_S.RUNNING}), source="API_CreateApplicationPresignedUrl"),
    StatusBound.MAINTENANCE_WINDOW: _Row(legal=_STEADY, source="maintenance"),
    # Terraform deletes running applications, and its acceptance tests pass.
    StatusBound.DELETE: _Row(legal=_STEADY, source="API_DeleteApplication"),
    StatusBound.TAG: _Row(legal=_ALL - {_S.DELETING}, source="inferred"),
}
LEGAL_STATUSES: Final = {bound: row.legal for bound, row in _ROWS.items()}
"""The statuses in which each operation is accepted."""


def check_status(bound: StatusBound, name: str, status: ApplicationStatus) -> None:
    """Raise RefusedCallError unless the operation is accepted in this status of the application of this name."""
    if status in LEGAL_STATUSES[bound]:
        return
    if bound is StatusBound.FORCE_STOP:
        raise RefusedCallError(
            RefusalCode.INVALID_REQUEST, f"You can't force stop an application in '{status}' status."
        )
    legal = ", ".join(sorted(LEGAL_STATUSES[bound]))
    raise RefusedCallError(
        RefusalCode.RESOURCE_IN_USE,
        f"{bound} cannot be performed: application {name} is in {status} status, and must be in one of these: {legal}.",
    )
