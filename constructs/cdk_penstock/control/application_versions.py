"""The versions of an application: all that MSF keeps, their settings, and what made each. Nothing is changed.

Sources: API_ListApplicationVersions, API_DescribeApplicationVersion, API_ApplicationOperationInfoDetails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.pages import entries_of_pages
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.model.deployment import CHANGES
from cdk_penstock.model.version_history import VersionChange, VersionRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_penstock.control.clients import Clock, FlinkClient

_OPERATIONS_PER_VERSION: Final = 2
"""Operations that are looked at for each version: some fail, and make none."""


class ApplicationVersions:
    """The versions of one application.

    Parameters
    ----------
    client
        ``kinesisanalyticsv2``, with the operator's credentials.
    name
        The application's name.
    clock
        The time.
    """

    def __init__(self, client: FlinkClient, name: str, *, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._clock = clock

    def statuses(self) -> dict[int, str]:
        """Return the status of each version by its number, the newest first."""
        found = entries_of_pages(
            self._client.list_application_versions,
            "ApplicationVersionSummaries",
            action=f"list the versions of {self._name}",
            clock=self._clock,
            ApplicationName=self._name,
        )
        statuses = {each["ApplicationVersionId"]: each["ApplicationStatus"] for each in found}
        return dict(sorted(statuses.items(), reverse=True))

    def describe(self, version_id: int) -> dict[str, Any]:
        """Return the ApplicationDetail of a version; raise ControlError, with those that there are, for another one."""
        try:
            answer = call_with_retry(
                lambda: self._client.describe_application_version(
                    ApplicationName=self._name, ApplicationVersionId=version_id
                ),
                action=f"describe version {version_id} of {self._name}",
                clock=self._clock,
                reraise_codes=("ResourceNotFoundException",),
            )
        except ClientError as error:
            # It may be the application that is not there: then the list says so.
            numbers = list(self.statuses())
            raise ControlError(
                f"application {self._name} has no version {version_id}: expected one of {numbers[-1]} to {numbers[0]},"
                " see penstock app versions"
            ) from error
        detail: dict[str, Any] = answer["ApplicationVersionDetail"]
        return detail

    def history(self, most: int) -> list[VersionRecord]:
        """Return the newest versions, the newest first, with the operation that made each and what it changed."""
        statuses = self.statuses()
        shown = list(statuses)[:most]
        details = {number: self.describe(number) for number in shown}
        changes = self._changes(shown)
        records = []
        for number, detail in details.items():
            origin = _compared_with(detail)
            before = None
            # MSF may keep fewer versions than there were.
            if origin in statuses:
                before = details.get(origin) or self.describe(origin)
            records.append(VersionRecord.of(detail, status=statuses[number], origin=before, change=changes.get(number)))
        return records

    def _changes(self, versions: Sequence[int]) -> dict[int, VersionChange]:
        """Return the operations that made these versions, as far as MSF still lists them."""
        found: dict[int, VersionChange] = {}
        for operation in self._changing_operations()[: _OPERATIONS_PER_VERSION * len(versions)]:
            answer = call_with_retry(
                lambda operation=operation: self._client.describe_application_operation(  # type: ignore[misc]
                    ApplicationName=self._name, OperationId=operation["OperationId"]
                ),
                action=f"describe operation {operation['OperationId']} of {self._name}",
                clock=self._clock,
            )
            detail = answer["ApplicationOperationInfoDetails"]
            version = detail.get("ApplicationVersionChangeDetails", {}).get("ApplicationVersionUpdatedTo")
            if version is not None and version not in found:
                found[version] = VersionChange(
                    operation=operation["Operation"],
                    operation_id=operation["OperationId"],
                    status=operation["OperationStatus"],
                )
        return found

    def _changing_operations(self) -> Sequence[dict[str, Any]]:
        """Return the operations that may have made a version, the newest first."""
        found = entries_of_pages(
            self._client.list_application_operations,
            "ApplicationOperationInfoList",
            action=f"list the operations of {self._name}",
            clock=self._clock,
            ApplicationName=self._name,
        )
        changing = [each for each in found if each["Operation"] in CHANGES or "rollback" in each["Operation"].lower()]
        return sorted(changing, key=lambda each: each["StartTime"], reverse=True)


def _compared_with(detail: dict[str, Any]) -> int:
    """Return the version before a version, 0 for the first: of a rollback, that which ran until then."""
    undone: int = detail.get("ApplicationVersionRolledBackFrom", 0)
    updated: int = detail.get("ApplicationVersionUpdatedFrom", 0)
    return undone or updated
