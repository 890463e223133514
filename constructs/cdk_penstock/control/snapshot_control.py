"""An application's snapshots, with the key that each is under.

End states. A snapshot that was asked for appears by itself, also if its caller is killed, and is listed as CREATING,
READY or FAILED; taking one never stops the job. A deleted one is gone for good. Nothing else is changed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.keys import KeyAssignment, Snapshot, SnapshotStatus

if TYPE_CHECKING:
    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail

_TIMEOUT_SECONDS: Final = 15 * 60.0
_POLL_SECONDS: Final = 10.0


class SnapshotControl:
    """The snapshots of one application, in the mode APPLICATION_SNAPSHOTS_LEGACY."""

    def __init__(self, application: ApplicationControl) -> None:
        self._application = application
        self._clock = application.clock

    def of(self, detail: ApplicationDetail) -> tuple[Snapshot, ...]:
        """Return all snapshots; raise ControlError for enhanced ones, whose keys nobody has documented."""
        if detail.enhanced_snapshots:
            raise ControlError(
                f"application {detail.name} uses enhanced snapshots, whose behaviour under a customer managed key is"
                " not documented: penstock does not manage their keys"
            )
        return tuple(self._snapshot(each, detail.arn) for each in self._application.list_snapshots())

    def take(self, name: str) -> None:
        """Ask for a snapshot and wait until it is READY; one of that name that exists already is waited for."""
        # Where MSF refuses, it exists already, or the application is on its way to another status.
        if self._application.create_snapshot(name):
            self.wait(name)

    def wait(self, name: str) -> None:
        """Wait until a snapshot is neither created nor deleted any more; raise ControlError if it FAILED."""
        end = self._clock.now() + timedelta(seconds=_TIMEOUT_SECONDS)
        while True:
            status = next(
                (each["SnapshotStatus"] for each in self._application.list_snapshots() if each["SnapshotName"] == name),
                None,
            )
            if status in {None, SnapshotStatus.READY}:
                return
            if status == SnapshotStatus.FAILED:
                raise ControlError(
                    f"snapshot {name} FAILED; the application goes on and nothing else was changed: see its log, then"
                    " run this again, which takes another one"
                )
            if self._clock.now() >= end:
                raise ControlError(f"snapshot {name} is still {status} after {_TIMEOUT_SECONDS:.0f} s and was left so")
            self._clock.sleep(_POLL_SECONDS)

    def delete(self, snapshot: Snapshot) -> None:
        """Delete a snapshot; one that is gone already is fine."""
        if not self._application.delete_snapshot(snapshot):
            # Another operation is in progress: the snapshot is deleted when it is seen again.
            self._clock.sleep(_POLL_SECONDS)

    @staticmethod
    def _snapshot(summary: dict[str, Any], application_arn: str) -> Snapshot:
        encryption = summary.get("ApplicationEncryptionConfigurationDescription", {})
        return Snapshot(
            name=summary["SnapshotName"],
            status=SnapshotStatus(summary["SnapshotStatus"]),
            created_at=summary["SnapshotCreationTimestamp"],
            application_version_id=summary["ApplicationVersionId"],
            runtime_environment=summary.get("RuntimeEnvironment", ""),
            encryption=KeyAssignment.described(
                encryption.get("KeyType"), encryption.get("KeyId"), application_arn=application_arn
            ),
        )
