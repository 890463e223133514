"""Enhanced snapshots and the operations on them, as the API describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.service.describing import encryption, without_empty
from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperationName, origin_of
from cdk_penstock.model.lifecycle.statuses import OperationStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.records import SnapshotRecord
    from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperation, Transfer
    from cdk_penstock.model.lifecycle.version_settings import Document


def enhanced_info(arn: str, snapshot: SnapshotRecord) -> Document:
    """Return the SnapshotInfo of an enhanced snapshot."""
    return without_empty(
        {
            "SnapshotName": snapshot.name,
            "SnapshotArn": arn,
            "SnapshotStatus": snapshot.status.value,
            "SnapshotCreationTimestamp": snapshot.created_at,
            "SnapshotInitiator": "SYSTEM" if snapshot.is_automatic else "USER",
            "SnapshotInitiatorOperation": origin_of(snapshot).value,
            "SourceApplicationName": snapshot.application_name,
            "SnapshotFormat": "CANONICAL",
        }
    )


def enhanced_detail(arn: str, snapshot: SnapshotRecord) -> Document:
    """Return the SnapshotInfoDetails of an enhanced snapshot."""
    info = enhanced_info(arn, snapshot)
    info.pop("SourceApplicationName", None)
    return info | without_empty(
        {
            "SnapshotDescription": snapshot.description,
            "RuntimeEnvironment": snapshot.runtime,
            "SnapshotSizeInBytes": snapshot.size_bytes,
            "SnapshotEncryptionConfigurationDescription": encryption(snapshot.encryption),
            "SnapshotSourceDescription": _source(snapshot),
        }
    )


def _source(snapshot: SnapshotRecord) -> Document:
    if snapshot.imported_from:
        bucket_arn, _, prefix = snapshot.imported_from.partition("/")
        return {"S3PrefixLocation": {"BucketARN": bucket_arn, "KeyPrefix": prefix}}
    return {
        "SourceApplicationDescription": {
            "ApplicationName": snapshot.application_name,
            "ApplicationCreationTimestamp": snapshot.application_created_at,
            "ApplicationVersionId": snapshot.version_id,
        }
    }


def snapshot_operation_info(operation: SnapshotOperation) -> Document:
    """Return a SnapshotOperationInfo."""
    return without_empty(
        {
            "SnapshotOperationId": operation.operation_id,
            "SnapshotOperation": operation.name.value,
            "SnapshotOperationStatus": operation.status.value,
            "StartTime": operation.started_at,
            "EndTime": operation.ended_at,
        }
    )


def snapshot_operation_detail(arn: str, operation: SnapshotOperation) -> Document:
    """Return a SnapshotOperationInfoDetails."""
    detail = snapshot_operation_info(operation) | {"SnapshotArn": arn}
    if operation.name is SnapshotOperationName.SYSTEM_CREATE:
        detail["ApplicationOperationDescription"] = without_empty(
            {
                "ApplicationOperationId": operation.application_operation_id,
                "ApplicationName": operation.application_name,
            }
        )
    if operation.transfer is not None:
        detail |= _transfer(operation, operation.transfer)
    if operation.status is OperationStatus.FAILED:
        error = {"ErrorCode": operation.error_code, "ErrorString": operation.error}
        detail["SnapshotOperationFailureDetails"] = {"ErrorInfo": without_empty(error)}
    return detail


def _transfer(operation: SnapshotOperation, transfer: Transfer) -> Document:
    place = {"BucketARN": transfer.bucket_arn, "KeyPrefix": transfer.key_prefix}
    described: Document = {"DestinationEncryptionConfigurationDescription": encryption(transfer.destination_encryption)}
    if operation.name is SnapshotOperationName.IMPORT:
        return described | {
            "SourceEncryptionConfigurationDescription": encryption(transfer.source_encryption),
            "SnapshotSourceLocationDescription": {"LocationType": "S3", "S3PrefixLocation": place},
        }
    if operation.status is OperationStatus.SUCCESSFUL:
        place["ExportedPrefix"] = transfer.exported_prefix(operation.operation_id)
    if operation.ended_at is not None:
        described["SnapshotDestinationLocationDescription"] = {"LocationType": "S3", "S3PrefixLocation": place}
    return described
