"""The code that an application may still need from S3. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_penstock.control.application_versions import ApplicationVersions
from cdk_penstock.control.snapshot_modes import snapshots_of
from cdk_penstock.model.package_pruning import NeededCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail


def needed_code(
    application: ApplicationControl, detail: ApplicationDetail, *, rollback_versions: int
) -> Iterator[NeededCode]:
    """Yield the code of the present version, of the last versions, and of each version that a snapshot belongs to.

    Raises ControlError for a snapshot of a version that MSF no longer describes: its code is unknown.
    """
    versions = ApplicationVersions(application.client, application.name, clock=application.clock)
    reasons = {detail.version_id: "the present version"}
    for number in list(versions.statuses())[:rollback_versions]:
        reasons.setdefault(number, f"version {number}, one of the last {rollback_versions}")
    for snapshot in snapshots_of(application, detail).list():
        number = snapshot.application_version_id
        reasons.setdefault(number, f"version {number}, which snapshot {snapshot.name} belongs to")
    for number, reason in reasons.items():
        location = _location(versions.describe(number))
        if location is not None:
            yield NeededCode(
                bucket_name=location["BucketARN"].rpartition(":")[2],
                key=location["FileKey"],
                object_version=location.get("ObjectVersion", ""),
                needed_by=f"{application.name}: {reason}",
                is_present=number == detail.version_id,
            )


def _location(described: Mapping[str, Any]) -> Mapping[str, Any] | None:
    configuration = described.get("ApplicationConfigurationDescription", {})
    code = configuration.get("ApplicationCodeConfigurationDescription", {}).get("CodeContentDescription", {})
    location: Mapping[str, Any] | None = code.get("S3ApplicationCodeLocationDescription")
    return location
