"""Records as the admin API describes them: a version, a snapshot and an operation are as the status page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from cdk_penstock.model.lifecycle.observed_job import JobObservation
    from cdk_penstock.model.lifecycle.records import Application, ApplicationVersion, Operation, SnapshotRecord
    from cdk_penstock.model.lifecycle.version_settings import Document


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def application_document(application: Application) -> Document:
    """Return an application without its lists. A key is an ARN; null stands for the AWS-owned key."""
    settings, effective = application.settings, application.effective_encryption
    _, _, _, region, account, _ = application.arn.split(":", 5)
    return {
        "arn": application.arn,
        "name": application.name,
        "account": account,
        "region": region,
        "description": application.description,
        "status": application.status.value,
        "version": application.version_id,
        "running_version": application.running_version,
        "runtime": settings.runtime,
        "parallelism": settings.parallelism,
        "current_parallelism": application.current_parallelism,
        "configured_key": settings.encryption.key_arn,
        "effective_key": effective.key_arn if effective else None,
        "has_effective_key": effective is not None,
        "created_at": _time(application.created_at),
        "updated_at": _time(application.updated_at),
    }


def job_document(job: JobObservation, *, has_page: bool) -> Document:
    """Return a job as it is observed; ``has_page`` is True if Flink's page of it can be opened."""
    return {"state": job.state.value, "error": job.error, "restarts": job.restarts, "has_page": has_page}


def version_document(application: Application, version: ApplicationVersion) -> Document:
    """Return a version of an application."""
    return {
        "version": version.version_id,
        "created_at": _time(version.created_at),
        "runtime": version.settings.runtime,
        "parallelism": version.settings.parallelism,
        "configured_key": version.settings.encryption.key_arn,
        "has_run": version.version_id in application.ran,
        "updated_from": version.updated_from,
        "rolled_back_from": version.rolled_back_from,
        "rolled_back_to": version.rolled_back_to,
    }


def snapshot_document(snapshot: SnapshotRecord) -> Document:
    """Return a snapshot."""
    return {
        "name": snapshot.name,
        "status": snapshot.status.value,
        "created_at": _time(snapshot.created_at),
        "version": snapshot.version_id,
        "runtime": snapshot.runtime,
        "key": snapshot.encryption.key_arn,
        "size_bytes": snapshot.size_bytes,
        "is_enhanced": snapshot.is_enhanced,
        "is_automatic": snapshot.is_automatic,
        "application_name": snapshot.application_name,
        "imported_from": snapshot.imported_from,
    }


def operation_document(operation: Operation) -> Document:
    """Return an operation; ``ended_at`` is null while it is in progress."""
    return {
        "id": operation.operation_id,
        "name": operation.name,
        "status": operation.status.value,
        "started_at": _time(operation.started_at),
        "ended_at": _time(operation.ended_at),
        "updated_from": operation.updated_from,
        "updated_to": operation.updated_to,
        "error": operation.error,
        "rollback_operation_id": operation.rollback_operation_id,
    }
