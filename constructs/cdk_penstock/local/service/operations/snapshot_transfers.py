"""ImportSnapshot and ExportSnapshot: savepoints in S3 become snapshots of the account, and the reverse.

Source: snapshots-import-export of the developer guide. Both work for applications of either mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.local.service.operations.enhanced_snapshots import accepted, present_snapshot
from cdk_penstock.local.service.operations.tags import parsed_tags
from cdk_penstock.model.keys.key_assignment import AWS_OWNED, KeyAssignment, KeyType, is_key_arn
from cdk_penstock.model.lifecycle.code_location import check_bucket_arn
from cdk_penstock.model.lifecycle.records import SnapshotRecord
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.snapshot_operations import (
    SnapshotChange,
    SnapshotOperationName,
    Transfer,
    begin_snapshot_operation,
)
from cdk_penstock.model.lifecycle.snapshots import check_enhanced_name
from cdk_penstock.model.lifecycle.statuses import OperationStatus, SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.local.service.operations.operation_call import Call
    from cdk_penstock.model.lifecycle.version_settings import Document


_PREFIX_LENGTH: Final = 200


def _import_snapshot(call: Call) -> Document:
    given, msf, arn = call.parameters, call.msf, call.snapshot_arn
    source = given["ImportSourceConfiguration"]
    msf.authorization.check_action(call.caller, call.operation, arn)
    _check_s3(call)
    check_enhanced_name(given["SnapshotName"], msf.store.enhanced_snapshot(arn))
    tags = parsed_tags(given.get("Tags", []))
    transfer = _transfer(
        source["SourceS3PrefixLocation"],
        source_encryption=_key(call, source.get("SourceEncryptionConfiguration")),
        destination_encryption=_key(call, given.get("DestinationEncryptionConfiguration")),
    )
    msf.authorization.check_pass_role(call.caller, source["ImportRoleArn"])
    keys = transfer.source_encryption.keys | transfer.destination_encryption.keys
    msf.authorization.check_key_use(call.caller, keys, arn)
    moment = msf.moment()
    snapshot = SnapshotRecord(
        uid=moment.new_id(),
        application_uid="",
        application_name="",
        name=given["SnapshotName"],
        created_at=moment.now,
        version_id=0,
        runtime="",
        encryption=transfer.destination_encryption,
        is_enhanced=True,
        description=given.get("SnapshotDescription", ""),
        tags=tags,
        imported_from=f"{transfer.bucket_arn}/{transfer.key_prefix}",
    )
    operation = begin_snapshot_operation(snapshot, SnapshotOperationName.IMPORT, moment, transfer)
    msf.begin_on_snapshots(SnapshotChange(scope=call.scope, snapshots=(snapshot,), operations=(operation,)))
    return accepted(call, snapshot.status, operation.operation_id)


def _export_snapshot(call: Call) -> Document:
    msf, destination = call.msf, call.parameters["ExportDestinationConfiguration"]
    snapshot = present_snapshot(call)
    _check_s3(call)
    _check_exportable(call, snapshot)
    transfer = _transfer(
        destination["DestinationS3PrefixLocation"],
        destination_encryption=_key(call, destination.get("DestinationEncryptionConfiguration")),
    )
    msf.authorization.check_pass_role(call.caller, destination["ExportRoleArn"])
    keys = snapshot.encryption.keys | transfer.destination_encryption.keys
    msf.authorization.check_key_use(call.caller, keys, call.snapshot_arn)
    operation = begin_snapshot_operation(snapshot, SnapshotOperationName.EXPORT, msf.moment(), transfer)
    _check_length(transfer.exported_prefix(operation.operation_id))
    msf.begin_on_snapshots(SnapshotChange(scope=call.scope, operations=(operation,)))
    return {
        "SnapshotOperationId": operation.operation_id,
        "SnapshotOperationStatus": OperationStatus.IN_PROGRESS.value,
    }


def _check_exportable(call: Call, snapshot: SnapshotRecord) -> None:
    if snapshot.status is not SnapshotStatus.READY:
        raise RefusedCallError(
            RefusalCode.RESOURCE_IN_USE,
            f"Snapshot {snapshot.name} is {snapshot.status}, and must be READY to be exported",
        )
    if call.msf.store.is_exported(snapshot):
        raise RefusedCallError(
            RefusalCode.LIMIT_EXCEEDED, f"An export of snapshot {snapshot.name} is in progress: one at a time"
        )


def _check_s3(call: Call) -> None:
    if call.msf.snapshot_files is None:
        raise RefusedCallError(
            RefusalCode.UNSUPPORTED_OPERATION,
            f"{call.operation} needs the objects of S3, which this service does not have",
        )


def _check_length(prefix: str) -> None:
    """Raise RefusedCallError for an exported prefix that DescribeSnapshotOperation could not show."""
    if len(prefix) > _PREFIX_LENGTH:
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"KeyPrefix with the operation's id after it must have at most {_PREFIX_LENGTH} characters, it has"
            f" {len(prefix)}: choose a shorter KeyPrefix",
        )


def _transfer(
    place: Mapping[str, Any], *, source_encryption: KeyAssignment = AWS_OWNED, destination_encryption: KeyAssignment
) -> Transfer:
    check_bucket_arn(place["BucketARN"])
    return Transfer(
        bucket_arn=place["BucketARN"],
        key_prefix=place["KeyPrefix"],
        source_encryption=source_encryption,
        destination_encryption=destination_encryption,
    )


def _key(call: Call, given: Mapping[str, Any] | None) -> KeyAssignment:
    """Return a key that exists; unlike elsewhere, its id must be an ARN."""
    if given is None or (given["KeyType"] == KeyType.AWS_OWNED_KEY and "KeyId" not in given):
        return AWS_OWNED
    key_id: str = given.get("KeyId", "")
    if given["KeyType"] != KeyType.CUSTOMER_MANAGED_KEY or not is_key_arn(key_id):
        raise RefusedCallError(
            RefusalCode.INVALID_ARGUMENT,
            f"CUSTOMER_MANAGED_KEY needs the ARN of a key as KeyId, and only that takes one; got {key_id!r}",
        )
    return KeyAssignment.customer_managed(call.msf.authorization.key_arn(call.caller, key_id))


OPERATIONS: Final = {
    "ExportSnapshot": _export_snapshot,
    "ImportSnapshot": _import_snapshot,
}
"""The operations of this module, by their names in the API."""
