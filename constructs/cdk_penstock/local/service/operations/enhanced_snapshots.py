"""Snapshots of the account: create, describe, list and delete them, and the operations on them.

Sources: snapshots-manage and snapshots-monitor-operations of the developer guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.describing_snapshots import (
    enhanced_detail,
    enhanced_info,
    snapshot_operation_detail,
    snapshot_operation_info,
)
from cdk_penstock.local.service.operations.operation_call import DEFAULT_LIMIT, page, position_of
from cdk_penstock.local.service.operations.tags import parsed_tags
from cdk_penstock.local.service.snapshot_reader import SnapshotFilter
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshot_operations import (
    KEPT_FOR,
    SnapshotChange,
    SnapshotOperationName,
    begin_snapshot_operation,
)
from cdk_penstock.model.lifecycle.snapshots import check_deletable, create_enhanced_snapshot
from cdk_penstock.model.lifecycle.statuses import OperationStatus, SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.version_settings import Document


_FILTERS: Final[Mapping[str, SnapshotFilter]] = {
    "SourceApplicationName": SnapshotFilter.APPLICATION,
    "SnapshotInitiator": SnapshotFilter.AUTOMATIC,
    "SnapshotInitiatorOperation": SnapshotFilter.ORIGIN,
    "SnapshotStatus": SnapshotFilter.STATUS,
}


def present_snapshot(call: Call) -> SnapshotRecord:
    """Return the enhanced snapshot that the call names; its caller must be allowed to call the operation on it.

    Raises
    ------
    RefusedCallError
        The caller is not allowed, or there is no such snapshot.
    """
    arn = _authorized_arn(call)
    snapshot = call.msf.store.enhanced_snapshot(arn)
    if snapshot is None:
        raise _not_found(arn)
    return snapshot


def _authorized_arn(call: Call) -> str:
    arn = call.snapshot_arn
    call.msf.authorization.check_action(call.caller, call.operation, arn)
    return arn


def _not_found(what: str) -> RefusedCallError:
    return RefusedCallError(RefusalCode.RESOURCE_NOT_FOUND, f"Snapshot {what} not found")


def accepted(call: Call, status: SnapshotStatus, operation_id: str) -> Document:
    """Return the answer to a call that begins to make or delete a snapshot."""
    return {
        "SnapshotArn": call.snapshot_arn,
        "SnapshotStatus": status.value,
        "SnapshotOperationId": operation_id,
        "SnapshotOperationStatus": OperationStatus.IN_PROGRESS.value,
    }


def _create_snapshot(call: Call) -> Document:
    given = call.parameters
    begun = create_enhanced_snapshot(
        call.situation(),
        given["SnapshotName"],
        description=given.get("SnapshotDescription", ""),
        tags=parsed_tags(given.get("Tags", [])),
    )
    call.msf.begin(call.caller, begun)
    return accepted(call, SnapshotStatus.CREATING, begun.operation_id)


def _describe_snapshot(call: Call) -> Document:
    return {"SnapshotInfoDetails": enhanced_detail(call.snapshot_arn, present_snapshot(call))}


def _list_snapshots(call: Call) -> Document:
    call.msf.authorization.check_action(call.caller, call.operation, "*")
    name = _only_filter(call, *_FILTERS)
    value: object = call.parameters.get(name)
    only = None if not name else (_FILTERS[name], value == "SYSTEM" if name == "SnapshotInitiator" else value)
    limit = call.parameters.get("Limit", DEFAULT_LIMIT)
    rows = call.msf.store.enhanced_snapshots(
        call.scope, only=only, before=position_of(call.parameters), limit=limit + 1
    )
    return page("SnapshotInfoList", rows, limit, lambda each: enhanced_info(f"{call.scope}:snapshot/{each.name}", each))


def _only_filter(call: Call, *names: str) -> str:
    """Return the filter that the call gives, an empty text for none; raise RefusedCallError for more than one."""
    given = [name for name in names if name in call.parameters]
    if len(given) > 1:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT, f"{call.operation} takes one filter at a time, got {' and '.join(given)}"
        )
    return given[0] if given else ""


def _delete_snapshot(call: Call) -> Document:
    snapshot = present_snapshot(call)
    check_deletable(snapshot, call.parameters["SnapshotCreationTimestamp"], None)
    operation = begin_snapshot_operation(snapshot, SnapshotOperationName.DELETE, call.msf.moment())
    deleting = replace(snapshot, status=SnapshotStatus.DELETING)
    call.msf.begin_on_snapshots(SnapshotChange(scope=call.scope, snapshots=(deleting,), operations=(operation,)))
    return accepted(call, SnapshotStatus.DELETING, operation.operation_id)


def _kept_since(call: Call) -> datetime:
    return call.msf.options.clock() - KEPT_FOR


def _describe_operation(call: Call) -> Document:
    arn, operation_id = _authorized_arn(call), call.parameters["SnapshotOperationId"]
    operation = call.msf.store.snapshot_operation(arn, operation_id, since=_kept_since(call))
    if operation is None:
        raise RefusedCallError(RefusalCode.RESOURCE_NOT_FOUND, f"Operation {operation_id} of snapshot {arn} not found")
    return {"SnapshotOperationInfoDetails": snapshot_operation_detail(arn, operation)}


def _list_operations(call: Call) -> Document:
    arn, given, store = _authorized_arn(call), call.parameters, call.msf.store
    _only_filter(call, "SnapshotOperation", "SnapshotOperationStatus")
    since, limit = _kept_since(call), given.get("Limit", DEFAULT_LIMIT)
    # The operations on a deleted snapshot can still be listed.
    if store.enhanced_snapshot(arn) is None and not store.snapshot_operations(arn, since=since, limit=1):
        raise _not_found(arn)
    rows = store.snapshot_operations(
        arn,
        since=since,
        before=position_of(given),
        limit=limit + 1,
        name=given.get("SnapshotOperation", ""),
        status=given.get("SnapshotOperationStatus", ""),
    )
    return page("SnapshotOperationInfoList", rows, limit, snapshot_operation_info)


OPERATIONS: Final = {
    "CreateSnapshot": _create_snapshot,
    "DeleteSnapshot": _delete_snapshot,
    "DescribeSnapshot": _describe_snapshot,
    "DescribeSnapshotOperation": _describe_operation,
    "ListSnapshotOperations": _list_operations,
    "ListSnapshots": _list_snapshots,
}
"""The operations of this module, by their names in the API."""
