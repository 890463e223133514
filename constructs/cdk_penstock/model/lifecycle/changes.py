"""Changes of the state machine: the records that they write, and the orders to the driver that follow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from cdk_penstock.model.lifecycle.records import Application, Operation, SnapshotRecord
from cdk_penstock.model.lifecycle.statuses import OperationStatus, SnapshotStatus
from cdk_penstock.model.lifecycle.switches import Switches
from cdk_penstock.model.lifecycle.transit import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_penstock.model.keys.involved_keys import KeyUse, LifecycleOperation
    from cdk_penstock.model.lifecycle.observed_job import Launch
    from cdk_penstock.model.lifecycle.records import ApplicationVersion
    from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotOperation


class JobOrders(Protocol):
    """The part of a driver that carries out orders; each is repeated until its effect is observed."""

    def launch(self, application: str, launch: Launch) -> None:
        """Begin to launch a job."""

    def save(self, application: str, snapshot: str, *, stop: bool) -> None:
        """Begin to take a savepoint, and with ``stop`` let the job end by it."""

    def cancel(self, application: str) -> None:
        """Begin to end the job without a savepoint."""


class Order(Protocol):
    """An order to the driver."""

    def give(self, driver: JobOrders, application: str) -> None:
        """Give the order, for the application with this uid."""


@dataclass(frozen=True, kw_only=True)
class LaunchOrder:
    """Launch the application's job."""

    launch: Launch

    def give(self, driver: JobOrders, application: str) -> None:
        """Give the order."""
        driver.launch(application, self.launch)


@dataclass(frozen=True, kw_only=True)
class SaveOrder:
    """Take a savepoint for the snapshot with this uid, and with ``stop`` let the job end by it."""

    snapshot: str
    stop: bool

    def give(self, driver: JobOrders, application: str) -> None:
        """Give the order."""
        driver.save(application, self.snapshot, stop=self.stop)


@dataclass(frozen=True, kw_only=True)
class CancelOrder:
    """End the application's job without a savepoint."""

    def give(self, driver: JobOrders, application: str) -> None:
        """Give the order."""
        driver.cancel(application)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The moment of a decision: the time, new ids, and the rules that hold.

    Parameters
    ----------
    now
        The time.
    new_id
        Returns an id that was never used.
    switches
        The answers to open questions.
    transition_seconds
        How long a status such as STARTING lasts at least.
    unusable_keys
        ARNs of keys that are not enabled.
    """

    now: datetime
    new_id: Callable[[], str]
    switches: Switches = field(default_factory=Switches)
    transition_seconds: float = 0.0
    unusable_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Change:
    """Records to write in one transaction, then orders to give; ``is_deleted`` removes the application."""

    application: Application
    versions: tuple[ApplicationVersion, ...] = ()
    operations: tuple[Operation, ...] = ()
    snapshots: tuple[SnapshotRecord, ...] = ()
    removed_snapshots: tuple[SnapshotRecord, ...] = ()
    snapshot_operations: tuple[SnapshotOperation, ...] = ()
    orders: tuple[Order, ...] = ()
    is_deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An operation that may begin: its change, and the keys on which its caller needs permission before."""

    change: Change
    operation_id: str = ""
    key_operation: LifecycleOperation | None = None
    key_use: KeyUse | None = None


class Records(Protocol):
    """Records of an application that the state machine reads beside the application itself."""

    def version(self, application: Application, version_id: int) -> ApplicationVersion:
        """Return a version, which exists."""

    def operation(self, application: Application, operation_id: str) -> Operation:
        """Return an operation, which exists."""

    def snapshot(self, uid: str) -> SnapshotRecord:
        """Return a snapshot, which exists."""

    def has_snapshot(self, uid: str) -> bool:
        """Return True if there is a snapshot with this uid."""

    def legacy_snapshot(self, application: Application, name: str) -> SnapshotRecord | None:
        """Return the application's legacy snapshot of this name, None if there is none."""

    def enhanced_snapshot(self, arn: str) -> SnapshotRecord | None:
        """Return the enhanced snapshot with this ARN, None if there is none."""

    def newest_snapshot(self, application: Application, version_id: int | None = None) -> SnapshotRecord | None:
        """Return the newest READY snapshot taken from the application, or from one of its versions."""

    def unsettled_snapshots(self, application: Application) -> tuple[SnapshotRecord, ...]:
        """Return the snapshots of the application that are being created or deleted."""

    def count_snapshots(self, application: Application) -> int:
        """Return how many legacy snapshots the application has."""


def touch(application: Application, moment: Moment) -> Application:
    """Return the application with a new conditional token."""
    return replace(application, changes=application.changes + 1, updated_at=moment.now)


def begin_operation(application: Application, name: str, moment: Moment, *, updated_to: int | None = None) -> Operation:
    """Return a new operation of the application, in progress; ``updated_to`` is the version that it makes."""
    return Operation(
        application_uid=application.uid,
        operation_id=moment.new_id(),
        name=name,
        started_at=moment.now,
        updated_from=None if updated_to is None else application.version_id,
        updated_to=updated_to,
    )


def end_operation(
    operation: Operation, moment: Moment, status: OperationStatus = OperationStatus.SUCCESSFUL, *, error: str = ""
) -> Operation:
    """Return the operation as it ended; MSF keeps 512 characters of an error."""
    return replace(operation, status=status, ended_at=moment.now, error=error[:512])


def end_transit(application: Application, records: Records, moment: Moment) -> Change:
    """Return the change that abandons the operation in progress, for another that takes its place."""
    transit = application.transit
    if transit is None:
        return Change(application=application)
    operations: tuple[Operation, ...] = ()
    if transit.operation_id:
        present = records.operation(application, transit.operation_id)
        operations = (end_operation(present, moment, OperationStatus.CANCELLED),)
    snapshots: tuple[SnapshotRecord, ...] = ()
    if transit.phase is Phase.SAVE:
        error = "another operation took the place of the one that the snapshot was taken for"
        snapshots = (replace(records.snapshot(transit.snapshot), status=SnapshotStatus.FAILED, error=error),)
    return Change(application=replace(application, transit=None), operations=operations, snapshots=snapshots)
