"""The service: records, driver and rules together; calls begin something, the reconciler carries it on."""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cdk_penstock.local.service.authorization import Authorization
from cdk_penstock.local.service.faults import Faults
from cdk_penstock.local.service.savepoints import remove_savepoint
from cdk_penstock.local.service.snapshot_work import carry_on_snapshots
from cdk_penstock.model.lifecycle.advancing import advance
from cdk_penstock.model.lifecycle.changes import Moment
from cdk_penstock.model.lifecycle.refusals import RefusalCode, RefusedCallError
from cdk_penstock.model.lifecycle.situation import Situation
from cdk_penstock.model.lifecycle.snapshot_operations import with_snapshot_operations
from cdk_penstock.model.lifecycle.statuses import STEADY_STATUSES, ApplicationStatus
from cdk_penstock.model.lifecycle.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.calls import ApiCaller
    from cdk_penstock.local.service.code_store import CodeStore
    from cdk_penstock.local.service.driver import JobDriver
    from cdk_penstock.local.service.policy_source import PolicySource
    from cdk_penstock.local.service.snapshot_files import SnapshotFiles
    from cdk_penstock.local.service.store import Store
    from cdk_penstock.model.lifecycle.changes import Begun, Change
    from cdk_penstock.model.lifecycle.records import Application
    from cdk_penstock.model.lifecycle.snapshot_operations import SnapshotChange


_LOG = logging.getLogger(__name__)
# A forced stop is the way out of an operation that hangs.
_HANGING = (
    frozenset(ApplicationStatus) - STEADY_STATUSES - {ApplicationStatus.FORCE_STOPPING, ApplicationStatus.DELETING}
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class MsfOptions:
    """Options of the service.

    Parameters
    ----------
    switches
        The answers to what is not known of MSF.
    transition_seconds
        How long a status such as STARTING lasts at least.
    base_url
        Returns the address under which the service is reached, for presigned URLs.
    clock
        Returns the time.
    """

    switches: Switches = field(default_factory=Switches)
    transition_seconds: float = 0.0
    base_url: Callable[[], str] = lambda: "http://127.0.0.1"
    clock: Callable[[], datetime] = _now


class Msf:
    """The service without its protocol.

    Parameters
    ----------
    store
        Its records.
    driver
        What runs the jobs.
    code
        Its copies of code.
    policies
        Who decides on permissions.
    options
        Options of the service.
    snapshot_files
        Copies snapshots from and to S3; without it, ImportSnapshot and ExportSnapshot are refused.
    """

    def __init__(
        self,
        *,
        store: Store,
        driver: JobDriver,
        code: CodeStore,
        policies: PolicySource,
        options: MsfOptions | None = None,
        snapshot_files: SnapshotFiles | None = None,
    ) -> None:
        self.store = store
        self.driver = driver
        self.code = code
        self.authorization = Authorization(policies)
        self.options = options or MsfOptions()
        self.snapshot_files = snapshot_files
        self.faults: dict[str, Faults] = {}
        self.begun = threading.Event()

    def has_flink_pages(self, application_uid: str) -> bool:
        """Return True while there are pages of an application's job, of Flink or simulated."""
        driver = self.driver
        return (driver.dashboard(application_uid) or driver.simulated_page(application_uid, "")) is not None

    def faults_of(self, application: Application) -> Faults:
        """Return the faults that were requested for an application."""
        return self.faults.get(application.uid, Faults())

    def moment(self, application: Application | None = None) -> Moment:
        """Return the present moment, for the given application."""
        seconds = self.faults_of(application).transition_seconds if application else None
        return Moment(
            now=self.options.clock(),
            new_id=lambda: secrets.token_hex(16),
            switches=self.options.switches,
            transition_seconds=self.options.transition_seconds if seconds is None else seconds,
            unusable_keys=self.authorization.unusable(self._keys(application)) if application else frozenset(),
        )

    def _keys(self, application: Application) -> frozenset[str]:
        keys = application.settings.encryption.keys
        if application.effective_encryption is not None:
            keys |= application.effective_encryption.keys
        if application.transit is not None and self.store.has_snapshot(application.transit.restore):
            keys |= self.store.snapshot(application.transit.restore).encryption.keys
        return keys

    def situation(self, arn: str) -> Situation:
        """Return an application with what is known of its job; raise RefusedCallError if there is none."""
        return self._situation(self.store.application(arn))

    def _situation(self, application: Application) -> Situation:
        snapshots = tuple(each.uid for each in self.store.unsettled_snapshots(application))
        job = self.faults_of(application).seen_through(self.driver.observe(application.uid), snapshots)
        return Situation(application=application, job=job, records=self.store, moment=self.moment(application))

    def begin(self, caller: ApiCaller, begun: Begun) -> None:
        """Carry out what a call begins, once its caller and MSF itself may use every key that it involves.

        Raises
        ------
        RefusedCallError
            A key is not enabled, or a permission is missing.
        """
        self.authorization.check_system_snapshot(caller, begun.change)
        self.authorization.check_keys(caller, begun)
        self.commit(begun.change)
        self.begun.set()

    def commit(self, change: Change) -> None:
        """Write a change, then give its orders: after an interruption between the two, they are given again.

        Files go before the records that name them, or nothing would remember to remove them.
        """
        uid = change.application.uid
        change = with_snapshot_operations(change, self.store, self.moment())
        removed = list(change.removed_snapshots)
        if change.is_deleted:
            self.driver.release(uid)
            removed += [snapshot for _, snapshot in self.store.legacy_snapshots(change.application)]
            self.store.write_note("deleted", change.application.arn, self.options.clock().timestamp())
        for snapshot in removed:
            # A running job that has no checkpoint yet would start from it again.
            if change.is_deleted or not self.store.is_running_from(snapshot.location):
                remove_savepoint(snapshot)
        self.store.write(change)
        for order in change.orders:
            order.give(self.driver, uid)
        if change.is_deleted:
            self.faults.pop(uid, None)

    def begin_on_snapshots(self, change: SnapshotChange) -> None:
        """Write what a call begins on snapshots of the account."""
        self.store.write_snapshots(change)
        self.begun.set()

    def throttle(self, application: Application) -> None:
        """Raise RefusedCallError if a fault says that the next call is throttled."""
        faults = self.faults_of(application)
        if faults.throttled_calls > 0:
            self.faults[application.uid] = replace(faults, throttled_calls=faults.throttled_calls - 1)
            raise RefusedCallError(RefusalCode.THROTTLING, "Rate exceeded")

    def reconcile(self) -> bool:
        """Carry on with everything that has something to do; return True if anything changed."""
        changed = carry_on_snapshots(self)
        for active in self.store.active_applications():
            changed |= self.carry_on(active.arn)
        return changed

    def carry_on(self, arn: str) -> bool:
        """Carry on with one application, which may be gone meanwhile; return True if anything changed."""
        with self.store.lock:
            if not self.store.has_application(arn):
                return False
            situation = self.situation(arn)
            application = situation.application
            if application.status in _HANGING and self.faults_of(application).hanging_operations:
                return False
            change = advance(situation)
            if change is not None:
                self.commit(change)
            return change is not None
