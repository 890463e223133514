"""Records as the API describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.model.lifecycle.statuses import OperationStatus

if TYPE_CHECKING:
    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.lifecycle.records import Application, ApplicationVersion, Operation, SnapshotRecord
    from cdk_penstock.model.lifecycle.transit import RunConfiguration
    from cdk_penstock.model.lifecycle.version_settings import Document, Settings


_WINDOW_HOURS = 8


def without_empty(document: Document) -> Document:
    """Return the document without the members that have nothing to tell."""
    return {name: value for name, value in document.items() if value not in (None, "", [])}


def encryption(assignment: KeyAssignment) -> Document:
    """Return an ApplicationEncryptionConfigurationDescription, or another block of its form."""
    return without_empty({"KeyType": assignment.key_type.value, "KeyId": assignment.key_arn})


def _run_configuration(run: RunConfiguration) -> Document:
    restore = {
        "ApplicationRestoreType": run.restore_type,
        "SnapshotName": run.snapshot_name,
        "SnapshotArn": run.snapshot_arn,
    }
    return {
        "ApplicationRestoreConfigurationDescription": without_empty(restore),
        "FlinkRunConfigurationDescription": {"AllowNonRestoredState": run.allow_non_restored_state},
    }


def _configuration(settings: Settings, current_parallelism: int, plan: str) -> Document:
    flink = dict(settings.flink)
    flink["ParallelismConfigurationDescription"] = flink["ParallelismConfigurationDescription"] | {
        "CurrentParallelism": current_parallelism
    }
    if plan:
        flink["JobPlanDescription"] = plan
    return settings.configuration | {"FlinkApplicationConfigurationDescription": flink}


def _base(application: Application, settings: Settings) -> Document:
    return {
        "ApplicationARN": application.arn,
        "ApplicationName": application.name,
        "ApplicationDescription": application.description,
        "ApplicationMode": application.mode,
        "RuntimeEnvironment": settings.runtime,
        "ServiceExecutionRole": settings.role_arn,
        "CreateTimestamp": application.created_at,
        "CloudWatchLoggingOptionDescriptions": list(settings.logging_options),
        "ApplicationMaintenanceConfigurationDescription": maintenance_window(application),
    }


def application_detail(application: Application, *, plan: str = "") -> Document:
    """Return an ApplicationDetail; ``plan`` is Flink's plan of the running job."""
    settings = application.settings
    configuration = _configuration(settings, application.current_parallelism or settings.parallelism, plan)
    if application.run_configuration is not None:
        configuration["RunConfigurationDescription"] = _run_configuration(application.run_configuration)
    return without_empty(
        _base(application, settings)
        | {
            "ApplicationStatus": application.status.value,
            "ApplicationVersionId": application.version_id,
            "LastUpdateTimestamp": application.updated_at,
            "ApplicationConfigurationDescription": configuration,
            "ApplicationVersionUpdatedFrom": application.updated_from,
            "ApplicationVersionRolledBackFrom": application.rolled_back_from,
            "ApplicationVersionRolledBackTo": application.rolled_back_to,
            "ApplicationVersionCreateTimestamp": application.version_created_at,
            "ConditionalToken": application.token,
        }
    )


def version_detail(application: Application, version: ApplicationVersion) -> Document:
    """Return the ApplicationDetail of a version, as it was."""
    settings = version.settings
    is_present = version.version_id == application.version_id
    return without_empty(
        _base(application, settings)
        | {
            "ApplicationStatus": (application.status if is_present else version.status).value,
            "ApplicationVersionId": version.version_id,
            "LastUpdateTimestamp": version.created_at,
            "ApplicationConfigurationDescription": _configuration(settings, settings.parallelism, ""),
            "ApplicationVersionUpdatedFrom": version.updated_from,
            "ApplicationVersionRolledBackFrom": version.rolled_back_from,
            "ApplicationVersionRolledBackTo": version.rolled_back_to,
            "ApplicationVersionCreateTimestamp": version.created_at,
        }
    )


def maintenance_window(application: Application) -> Document:
    """Return an ApplicationMaintenanceConfigurationDescription: eight hours from the start on."""
    hours, minutes = application.maintenance_start.split(":")
    return {
        "ApplicationMaintenanceWindowStartTime": application.maintenance_start,
        "ApplicationMaintenanceWindowEndTime": f"{(int(hours) + _WINDOW_HOURS) % 24:02}:{minutes}",
    }


def application_summary(application: Application) -> Document:
    """Return an ApplicationSummary."""
    return {
        "ApplicationName": application.name,
        "ApplicationARN": application.arn,
        "ApplicationStatus": application.status.value,
        "ApplicationVersionId": application.version_id,
        "RuntimeEnvironment": application.settings.runtime,
        "ApplicationMode": application.mode,
    }


def operation_info(operation: Operation) -> Document:
    """Return an ApplicationOperationInfo; MSF requires an EndTime, so an operation in progress has one, too."""
    return {
        "Operation": operation.name,
        "OperationId": operation.operation_id,
        "StartTime": operation.started_at,
        "EndTime": operation.ended_at or operation.started_at,
        "OperationStatus": operation.status.value,
    }


def operation_detail(operation: Operation) -> Document:
    """Return an ApplicationOperationInfoDetails."""
    detail: dict[str, Any] = operation_info(operation)
    del detail["OperationId"]
    if operation.updated_to is not None and operation.updated_from is not None:
        detail["ApplicationVersionChangeDetails"] = {
            "ApplicationVersionUpdatedFrom": operation.updated_from,
            "ApplicationVersionUpdatedTo": operation.updated_to,
        }
    if operation.status is OperationStatus.FAILED:
        failure: Document = {"ErrorInfo": {"ErrorString": operation.error or "unknown"}}
        if operation.rollback_operation_id:
            failure["RollbackOperationId"] = operation.rollback_operation_id
        detail["OperationFailureDetails"] = failure
    return detail


def snapshot_detail(snapshot: SnapshotRecord) -> Document:
    """Return the SnapshotDetails of a legacy snapshot."""
    return {
        "SnapshotName": snapshot.name,
        "SnapshotStatus": snapshot.status.value,
        "ApplicationVersionId": snapshot.version_id,
        "SnapshotCreationTimestamp": snapshot.created_at,
        "RuntimeEnvironment": snapshot.runtime,
        "ApplicationEncryptionConfigurationDescription": encryption(snapshot.encryption),
    }
