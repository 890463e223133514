"""Snapshots of an application, which go with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.service.describing import snapshot_detail
from cdk_penstock.local.service.operations.operation_call import DEFAULT_LIMIT, page, position_of
from cdk_penstock.model.lifecycle.changes import Change
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshots import check_deletable, create_snapshot
from cdk_penstock.model.lifecycle.statuses import SnapshotStatus

if TYPE_CHECKING:
    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.records import Application, SnapshotRecord
    from cdk_penstock.model.lifecycle.version_settings import Document


def _create_snapshot(call: Call) -> Document:
    at = call.situation()
    call.msf.begin(call.caller, create_snapshot(at, call.parameters["SnapshotName"]))
    return {}


def _found(call: Call, application: Application) -> SnapshotRecord:
    name = call.parameters["SnapshotName"]
    snapshot = call.msf.store.legacy_snapshot(application, name)
    if snapshot is None:
        raise RefusedCallError(
            RefusalCode.RESOURCE_NOT_FOUND, f"Snapshot {name} of application {application.name} not found"
        )
    return snapshot


def _describe_snapshot(call: Call) -> Document:
    return {"SnapshotDetails": snapshot_detail(_found(call, call.situation().application))}


def _list_snapshots(call: Call) -> Document:
    application = call.situation().application
    limit = call.parameters.get("Limit", DEFAULT_LIMIT)
    rows = call.msf.store.legacy_snapshots(application, after=position_of(call.parameters) or 0, limit=limit + 1)
    return page("SnapshotSummaries", rows, limit, snapshot_detail)


def _delete_snapshot(call: Call) -> Document:
    application = call.situation().application
    snapshot = _found(call, application)
    check_deletable(snapshot, call.parameters["SnapshotCreationTimestamp"], application)
    call.msf.commit(Change(application=application, snapshots=(replace(snapshot, status=SnapshotStatus.DELETING),)))
    return {}


OPERATIONS: Final = {
    "CreateApplicationSnapshot": _create_snapshot,
    "DeleteApplicationSnapshot": _delete_snapshot,
    "DescribeApplicationSnapshot": _describe_snapshot,
    "ListApplicationSnapshots": _list_snapshots,
}
"""The operations of this module, by their names in the API."""
