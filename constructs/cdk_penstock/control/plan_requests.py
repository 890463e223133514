"""The requests that the steps of a plan are, each made once its keys are known to be usable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.control.snapshot_modes import snapshots_of
from cdk_penstock.model.keys import KeyAssignment, KeyUse, LifecycleOperation, SnapshotStatus, keys_involved
from cdk_penstock.model.lifecycle.planning import plan_actions as steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.control.application_requests import ApplicationRequests
    from cdk_penstock.model.keys import Snapshot
    from cdk_penstock.model.lifecycle.planning import Action, Observation, Restore, VersionFacts


class PlanRequests:
    """Makes the requests of steps; the parameters are those of PlanRunner."""

    def __init__(
        self,
        application: ApplicationControl,
        requests: ApplicationRequests,
        *,
        check_keys: Callable[[LifecycleOperation, KeyUse], None],
        save_evidence: Callable[[str], None],
    ) -> None:
        self._application = application
        self._requests = requests
        self._check_keys = check_keys
        self._save_evidence = save_evidence

    def change(self, step: Action, seen: Observation, detail: ApplicationDetail) -> bool:
        """Ask MSF for a step that changes the application; False where the application has changed meanwhile."""
        match step:
            case steps.Update():
                keys = self._checked(LifecycleOperation.UPDATE, _use(detail, _named(seen, step.restore)))
                members = step.change.update_from(seen.present.settings)
                return self._requests.update(detail, members, restore=step.restore, keys=keys)
            case steps.PutBack():
                keys = self._checked(LifecycleOperation.UPDATE, _use(detail))
                members = step.version.settings.update_from(seen.present.settings)
                return self._requests.update(detail, members, restore=None, keys=keys)
            case steps.Start():
                restored = _named(seen, step.restore) or (_newest(seen) if step.restore.is_latest else None)
                keys = self._checked(LifecycleOperation.START, _use(detail, restored))
                return self._requests.start(detail, step.restore, keys=keys)
            case steps.Stop():
                keys = self._checked(LifecycleOperation.STOP, _use(detail))
                return self._requests.stop(force=False, keys=keys)
            case steps.ForceStop():
                self._save_evidence(step.reason)
                return self._requests.stop(force=True, keys=())
            case steps.RollBack():
                self._save_evidence(step.reason)
                before = seen.version(seen.present.updated_from)
                use = _use(detail, _newest(seen, before), previous_version=_encryption_of(before, detail))
                keys = self._checked(LifecycleOperation.ROLLBACK, use)
                return self._requests.roll_back(step.version_id, keys=keys)
        raise AssertionError(step)  # pragma: no cover - there are no other steps

    def snapshot(self, step: steps.TakeSnapshot | steps.AwaitSnapshot, detail: ApplicationDetail) -> None:
        """Take a snapshot, or wait for one, until it is READY."""
        snapshots = snapshots_of(self._application, detail)
        if isinstance(step, steps.TakeSnapshot):
            self._checked(LifecycleOperation.SNAPSHOT, _use(detail))
            snapshots.take(step.name)
        else:
            snapshots.wait(step.name)

    def _checked(self, operation: LifecycleOperation, use: KeyUse) -> frozenset[str]:
        self._check_keys(operation, use)
        return keys_involved(operation, use)


def _use(
    detail: ApplicationDetail, restored: Snapshot | None = None, *, previous_version: KeyAssignment | None = None
) -> KeyUse:
    return KeyUse(
        configured=detail.encryption,
        effective=detail.encryption if detail.is_running else None,
        restored_snapshot=None if restored is None else restored.encryption,
        previous_version=previous_version,
    )


def _named(seen: Observation, restore: Restore | None) -> Snapshot | None:
    name = None if restore is None else restore.snapshot_name
    return next((each for each in seen.snapshots if each.name == name), None)


def _newest(seen: Observation, version: VersionFacts | None = None) -> Snapshot | None:
    """Return the newest snapshot; with a version, the newest that it or one before it has taken."""
    ready = [
        each
        for each in seen.snapshots
        if each.status is SnapshotStatus.READY
        and (version is None or each.application_version_id <= version.version_id)
    ]
    return max(ready, key=lambda each: each.created_at, default=None)


def _encryption_of(version: VersionFacts | None, detail: ApplicationDetail) -> KeyAssignment | None:
    return None if version is None else version.settings.encryption_of(detail.arn)
