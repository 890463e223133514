"""The shared parts of the ``penstock snapshot`` commands: the application, its snapshots and the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_penstock.cli.aws_session import aws_access, open_sessions
from cdk_penstock.control.application_control import ApplicationControl
from cdk_penstock.control.errors import ControlError
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.key_viewers import KeyViewers
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.control.snapshot_modes import snapshots_of
from cdk_penstock.model.keys import KeyUse, LifecycleOperation, SnapshotStatus
from cdk_penstock.model.snapshots import plan_pruning, snapshot_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.snapshot_control import SnapshotControl
    from cdk_penstock.model.keys import Snapshot
    from cdk_penstock.model.snapshots import PruningPlan, SnapshotRetention

_PREFIX: Final = "penstock-manual-"
"""The beginning of the names of snapshots that the command takes."""


def connect(application: str, region: str | None, profile: str | None, operator_role: str | None) -> SnapshotSession:
    """Return the snapshots of an application, which are called as the operator role if there is one."""
    caller, operator = open_sessions(application, region, profile, operator_role)
    control = ApplicationControl(operator.client("kinesisanalyticsv2"), application, clock=aws_access.clock)
    detail = control.describe()
    sessions = (caller,) if operator_role is None else (caller, operator)
    keys = KeyViewers(*(KmsKeys(each.client("kms"), clock=aws_access.clock) for each in sessions))
    return SnapshotSession(detail, snapshots_of(control, detail), KeyPreflight(keys, operator_arn=operator_role))


class SnapshotSession:
    """One application and its snapshots, at the time of one command."""

    def __init__(self, detail: ApplicationDetail, snapshots: SnapshotControl, preflight: KeyPreflight) -> None:
        self._detail = detail
        self._snapshots = snapshots
        self._preflight = preflight
        self.application_arn = detail.arn
        self.now: datetime = aws_access.clock.now()

    def name_to_take(self) -> str:
        """Return the name of a new snapshot, or of the one that an interrupted command has begun."""
        begun = [
            each.name
            for each in self._snapshots.list()
            if each.status is SnapshotStatus.CREATING and each.name.startswith(_PREFIX)
        ]
        return begun[0] if begun else snapshot_name(_PREFIX, self._detail.name, self.now)

    def check_key(self) -> tuple[str, ...]:
        """Check the key of a snapshot, and return what could not be found out; raise ControlError as KeyPreflight."""
        use = KeyUse(configured=self._detail.encryption, effective=self._detail.encryption)
        return self._preflight.check(LifecycleOperation.SNAPSHOT, use, application_arn=self.application_arn)

    def take(self, name: str, *, on_wait: Callable[[Snapshot], None]) -> Snapshot:
        """Return a snapshot when it is READY; raise ControlError if none can be taken."""
        if not self._detail.is_running:
            raise ControlError(
                f"application {self._detail.name} is {self._detail.status}: a snapshot can only be taken while it is"
                " RUNNING; one that was stopped without force has the snapshot of its stop (penstock snapshot list)"
            )
        snapshot = self._snapshots.take(name, on_wait=on_wait)
        if snapshot is None:
            raise ControlError(
                f"snapshot {name} of {self._detail.name} was not taken: the application changes its status, or another"
                " application has an enhanced snapshot of that name: try again, or pass another --name"
            )
        return snapshot

    def plan(self, retention: SnapshotRetention) -> PruningPlan:
        """Return which snapshots are kept and deleted now."""
        return plan_pruning(self._snapshots.list(), retention, now=self.now)

    def prune(self, plan: PruningPlan, *, on_delete: Callable[[Snapshot], None]) -> tuple[Snapshot, ...]:
        """Delete what the plan says, and return what could not be deleted now."""
        return self._snapshots.prune(plan, on_delete=on_delete)
