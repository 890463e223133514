"""The two modes of an application's snapshots, and the choice between them.

Legacy snapshots belong to an application and are deleted with it. Enhanced ones belong to the account, and outlive
their application; their names are unique in account and Region. After the upgrade to enhanced snapshots an application
lists and prunes only those: the legacy ones from before stay for a rollback of the upgrade.

Sources: managed-flink how-snapshots, snapshots-how-it-works, snapshots-manage and snapshots-upgrade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cdk_penstock.control.errors import ControlError, code_of
from cdk_penstock.control.pages import entries_of_pages
from cdk_penstock.control.retries import call_with_retry
from cdk_penstock.control.snapshot_control import SnapshotControl
from cdk_penstock.model.keys import KeyAssignment, Snapshot, SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.clients import Response

_BUSY_CODES: Final = ("ResourceInUseException", "ConcurrentModificationException")
_GONE: Final = "ResourceNotFoundException"


def snapshots_of(application: ApplicationControl, detail: ApplicationDetail) -> SnapshotControl:
    """Return the snapshots of an application in the mode that it is in."""
    mode = EnhancedSnapshots if detail.enhanced_snapshots else LegacySnapshots
    return mode(application, detail)


def key_managed_snapshots(application: ApplicationControl, detail: ApplicationDetail) -> SnapshotControl:
    """Return the snapshots whose keys can be managed; raise ControlError for enhanced ones."""
    if detail.enhanced_snapshots:
        raise ControlError(
            f"application {detail.name} uses enhanced snapshots, whose behaviour under a customer managed key is"
            " not documented: penstock does not manage their keys"
        )
    return snapshots_of(application, detail)


class LegacySnapshots(SnapshotControl):
    """Snapshots in the mode APPLICATION_SNAPSHOTS_LEGACY."""

    def list(self) -> tuple[Snapshot, ...]:
        """Return all snapshots of the application, of every version."""
        return tuple(self._snapshot(each) for each in self._application.list_snapshots())

    def find(self, name: str) -> Snapshot | None:
        """Return the application's snapshot of this name, None if there is none."""
        answer = _unless_gone(
            lambda: self._application.client.describe_application_snapshot(
                ApplicationName=self._application.name, SnapshotName=name
            ),
            f"describe snapshot {name} of {self._application.name}",
            self._application,
        )
        return None if answer is None else self._snapshot(answer["SnapshotDetails"])

    def create(self, name: str) -> bool:
        """Ask for a snapshot; False if one of that name exists, or the application's status does not allow it."""
        return self._application.create_snapshot(name)

    def delete(self, snapshot: Snapshot) -> bool:
        """Delete a snapshot, which may be gone already; False while MSF is busy with it or with the application."""
        return self._application.delete_snapshot(snapshot)

    def _snapshot(self, described: Mapping[str, Any]) -> Snapshot:
        return Snapshot(
            name=described["SnapshotName"],
            status=SnapshotStatus(described["SnapshotStatus"]),
            created_at=described["SnapshotCreationTimestamp"],
            application_version_id=described["ApplicationVersionId"],
            runtime_environment=described.get("RuntimeEnvironment", ""),
            encryption=_encryption(described.get("ApplicationEncryptionConfigurationDescription", {}), self._detail),
        )


class EnhancedSnapshots(SnapshotControl):
    """Snapshots in the mode ENHANCED_SNAPSHOTS.

    Those of an earlier application of the same name, and imported ones, are not this application's: their versions are
    others.
    """

    def list(self) -> tuple[Snapshot, ...]:
        """Return all snapshots of the application, of every version."""
        # The list has neither the version nor the key of a snapshot.
        found = [self.find(each["SnapshotName"]) for each in self._summaries()]
        return tuple(each for each in found if each is not None)

    def find(self, name: str) -> Snapshot | None:
        """Return the application's snapshot of this name, None if there is none."""
        answer = _unless_gone(
            lambda: self._application.client.describe_snapshot(SnapshotName=name),
            f"describe snapshot {name} (kinesisanalytics:DescribeSnapshot)",
            self._application,
        )
        return None if answer is None else self._snapshot(answer["SnapshotInfoDetails"])

    def create(self, name: str) -> bool:
        """Ask for a snapshot; False if one of that name exists, or the application's status does not allow it."""
        try:
            self._call(
                lambda: self._application.client.create_snapshot(
                    ApplicationName=self._application.name, SnapshotName=name
                ),
                f"take snapshot {name} of {self._application.name} (kinesisanalytics:CreateSnapshot)",
            )
        except ClientError:
            return False
        return True

    def delete(self, snapshot: Snapshot) -> bool:
        """Delete a snapshot, which may be gone already; False while MSF is busy with it or with the application."""
        try:
            self._call(
                lambda: self._application.client.delete_snapshot(
                    SnapshotName=snapshot.name, SnapshotCreationTimestamp=snapshot.created_at
                ),
                f"delete snapshot {snapshot.name} (kinesisanalytics:DeleteSnapshot)",
                _GONE,
            )
        except ClientError as error:
            return code_of(error) == _GONE
        return True

    def _summaries(self) -> Iterator[dict[str, Any]]:
        return entries_of_pages(
            self._application.client.list_snapshots,
            "SnapshotInfoList",
            action=f"list the snapshots of {self._application.name} (kinesisanalytics:ListSnapshots)",
            clock=self._clock,
            SourceApplicationName=self._application.name,
        )

    def _snapshot(self, described: Mapping[str, Any]) -> Snapshot | None:
        source = described.get("SnapshotSourceDescription", {}).get("SourceApplicationDescription", {})
        if source.get("ApplicationName") != self._application.name:
            return None
        if source.get("ApplicationCreationTimestamp", self._detail.created_at) != self._detail.created_at:
            return None
        return Snapshot(
            name=described["SnapshotName"],
            status=SnapshotStatus(described["SnapshotStatus"]),
            created_at=described["SnapshotCreationTimestamp"],
            application_version_id=source["ApplicationVersionId"],
            runtime_environment=described.get("RuntimeEnvironment", ""),
            encryption=_encryption(described.get("SnapshotEncryptionConfigurationDescription", {}), self._detail),
        )

    def _call(self, call: Callable[[], Response], action: str, *codes: str) -> Response:
        return call_with_retry(call, action=action, clock=self._clock, reraise_codes=(*_BUSY_CODES, *codes))


def _unless_gone(call: Callable[[], Response], action: str, application: ApplicationControl) -> Response | None:
    try:
        return call_with_retry(call, action=action, clock=application.clock, reraise_codes=(_GONE,))
    except ClientError:
        return None


def _encryption(described: Mapping[str, Any], detail: ApplicationDetail) -> KeyAssignment:
    return KeyAssignment.described(described.get("KeyType"), described.get("KeyId"), application_arn=detail.arn)
