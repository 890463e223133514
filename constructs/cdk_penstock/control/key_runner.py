"""Steps of an application to a key goal, each decided on what is observed.

A run may end with an error, a kill or a soak: the next run observes again and continues. Between two runs, the state is
one of these:

- before the update: the application under the old key, perhaps with a permission window open for the new one and
  another snapshot under the old key;
- after the update: under the new key, with the permission window of the old one open and its snapshots kept, so that a
  rollback and a restore of any of them still work;
- after a rotation on demand: under the old material, or stopped between the stop and the start of the restart, from
  which the next run of the same command starts it;
- during the deletion of old snapshots: under the new key, with at least one READY snapshot under it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.control.application_control import Progress
from cdk_penstock.control.errors import ApplicationMissingError, ControlError, KeyUnusableError, MissingPermissionError
from cdk_penstock.control.key_preflight import KeyPreflight
from cdk_penstock.control.key_status import KEY_MISSING, KEY_NOT_VISIBLE, KeyStatus
from cdk_penstock.control.key_viewers import KeyViewers
from cdk_penstock.control.snapshot_modes import key_managed_snapshots
from cdk_penstock.model.deployment import RESTARTS
from cdk_penstock.model.keys import ApplicationStatus, ObservedApplication, Restart, next_action, steps
from cdk_penstock.model.keys.dry_run import MAX_STEPS
from cdk_penstock.model.keys.involved_keys import operations_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.kms_keys import KmsKeys
    from cdk_penstock.control.permission_windows import PermissionWindows
    from cdk_penstock.control.snapshot_control import SnapshotControl
    from cdk_penstock.model.keys import Goal, KeyFacts
    from cdk_penstock.model.policies.documents import PolicyDocument

_STOP: Final = "StopApplication"
_POLL_SECONDS: Final = 10.0


class KeyRunner:
    """One application's keys: what is observed, and the steps to a goal.

    Parameters
    ----------
    application
        The application, as its operator.
    keys
        KMS, as the key administrator.
    permission_windows
        The permission windows of the operator role; None to leave its policies alone, for instance because
        CloudFormation manages them.
    operator_arn
        The role or user that calls MSF, whose permission in the key policies is judged. Default: only that of MSF is.
    keys_of_operator
        KMS as the operator, who sees the state and the policy of a key where the key administrator's part is not the
        caller's. Default: nobody else is asked.
    """

    def __init__(
        self,
        *,
        application: ApplicationControl,
        keys: KmsKeys,
        permission_windows: PermissionWindows | None = None,
        operator_arn: str | None = None,
        keys_of_operator: KmsKeys | None = None,
    ) -> None:
        self._application = application
        self._snapshots: SnapshotControl
        self._keys = keys
        self._permission_windows = permission_windows
        self._operator_arn = operator_arn
        self._viewers = KeyViewers(keys, *([keys_of_operator] if keys_of_operator else []))

    def observe(self, *key_arns: str) -> ObservedApplication:
        """Return the present state, with the configured key and ``key_arns``.

        Raises MissingPermissionError for a key that the caller may not describe: every step needs the key's state.
        """
        observed = self._observe_application()
        arns = dict.fromkeys([*observed.configured.keys, *key_arns])
        return replace(
            observed,
            keys={arn: self._keys.describe(arn) for arn in arns},
            permission_windows=None if self._permission_windows is None else self._permission_windows.open_windows(),
        )

    def status(self) -> KeyStatus:
        """Return the present state, as far as the caller may see it.

        It includes the keys of snapshots and of open permission windows, because restore and rollback depend on them.
        """
        observed = self._observe_application()
        permissions = None if self._permission_windows is None else self._permission_windows.key_permissions()
        encryptions = (observed.configured, *(each.encryption for each in observed.snapshots))
        arns = [arn for encryption in encryptions for arn in encryption.keys]
        arns += permissions.policies if permissions else ()
        keys: dict[str, KeyFacts] = {}
        hidden: dict[str, str] = {}
        policies: dict[str, PolicyDocument] = {}
        for arn in dict.fromkeys(arns):
            try:
                keys[arn] = self._seen(arn)
            except MissingPermissionError:
                hidden[arn] = KEY_NOT_VISIBLE
            except KeyUnusableError:
                hidden[arn] = KEY_MISSING
                continue
            with suppress(MissingPermissionError):
                policies[arn] = self._viewers.policy(arn)
        return KeyStatus(
            observed=replace(observed, keys=keys),
            hidden=hidden,
            policies=policies,
            key_permissions=permissions,
            operator_arn=self._operator_arn,
        )

    def _seen(self, key_arn: str) -> KeyFacts:
        """Return a key, without its rotation where nobody may look at that."""
        try:
            return self._viewers.describe(key_arn)
        except MissingPermissionError:
            return self._viewers.describe_state(key_arn)

    def _observe_application(self) -> ObservedApplication:
        detail = self._application.describe()
        if detail.status is ApplicationStatus.DELETING:
            raise ApplicationMissingError(f"application {detail.name} is being deleted; nothing was changed")
        self._snapshots = key_managed_snapshots(self._application, detail)
        operations = [each for each in self._application.operations() if each.succeeded]
        return ObservedApplication(
            application_arn=detail.arn,
            runtime_environment=detail.runtime_environment,
            status=detail.status,
            version_id=detail.version_id,
            configured=detail.encryption,
            snapshots_enabled=detail.snapshots_enabled,
            snapshots=self._snapshots.list(),
            restarts=tuple(
                Restart(started_at=each.started_at, ended_at=each.ended_at)
                for each in operations
                if each.name in RESTARTS
            ),
            stopped_at=max((each.started_at for each in operations if each.name == _STOP), default=None),
            now=self._application.clock.now(),
        )

    def describe_key(self, key_id: str) -> KeyFacts:
        """Return a key by its id, ARN or alias."""
        return self._keys.describe(key_id)

    def check_keys(self, observed: ObservedApplication, goal: Goal) -> tuple[str, ...]:
        """Check the keys of the operations that the goal needs, and return what could not be found out.

        Raises KeyUnusableError, MissingPermissionError or ControlError, as KeyPreflight does, before anything was
        changed.
        """
        preflight = KeyPreflight(self._viewers, operator_arn=self._operator_arn)
        notes = [
            note
            for operation, use in operations_of(observed, goal)
            for note in preflight.check(operation, use, application_arn=observed.application_arn)
        ]
        return tuple(dict.fromkeys(notes))

    def run(self, goal: Goal, on_step: Callable[[steps.Action], None]) -> steps.Ending:
        """Take every step that is possible now, and return the last one; ``on_step`` is called before each."""
        target = getattr(goal, "key_arn", None)
        key_arns = [target] if target else []
        for _ in range(MAX_STEPS):
            step = next_action(self.observe(*key_arns), goal)
            on_step(step)
            if isinstance(step, steps.Ending):
                return step
            self._take(step)
        raise ControlError(f"{MAX_STEPS} steps were taken without reaching the goal; run this again to go on")

    def _take(self, step: steps.Action) -> None:
        match step:
            case steps.OpenWindow() | steps.CloseWindow():
                self._take_window(step)
            case steps.TakeSnapshot():
                self._snapshots.take(step.name)
            case steps.DeleteSnapshot():
                if not self._snapshots.delete(step.snapshot):
                    # Another operation is in progress: the snapshot is deleted when it is seen again.
                    self._application.clock.sleep(_POLL_SECONDS)
            case steps.AwaitSnapshot():
                self._snapshots.wait(step.snapshot.name)
            case steps.RotateKey():
                self._keys.rotate(step.key_arn)
            case steps.AwaitRotation():
                self._keys.wait_for_rotation(step.key_arn)
            case steps.AwaitSteady():
                self._application.wait_until_steady()
            case _:
                self._take_change(step)

    def _take_window(self, step: steps.OpenWindow | steps.CloseWindow) -> None:
        if self._permission_windows is None:  # pragma: no cover - the planner names no window that was not observed
            return
        if isinstance(step, steps.OpenWindow):
            self._permission_windows.open(step.key_arn)
        else:
            self._permission_windows.close(step.key_arn)

    def _take_change(self, step: steps.Action) -> None:
        """Carry out a step that ends in another status of the application, and check where it ended."""
        begin = self._application.clock.now().replace(microsecond=0)
        wanted: ApplicationStatus | None = ApplicationStatus.RUNNING
        if isinstance(step, steps.UpdateEncryption):
            accepted = self._application.change_encryption(step.target) is Progress.REQUESTED
            wanted = ApplicationStatus.RUNNING if step.restarts else None
        elif isinstance(step, steps.Stop):
            accepted, wanted = self._application.stop(), ApplicationStatus.READY
        elif isinstance(step, steps.Start):
            accepted = self._application.start()
        else:  # pragma: no cover - the other steps end a run
            return
        detail = self._application.wait_until_steady()
        there = not isinstance(step, steps.UpdateEncryption) or detail.encryption == step.target
        if not accepted or (there and wanted in {None, detail.status}):
            return
        failed = [each for each in self._application.operations(since=begin) if each.failed]
        reason = self._application.reason_of(failed[-1]) if failed else "MSF gives no reason, see the application's log"
        raise ControlError(
            f"could not {step}: {reason}; the application is {detail.status} under {detail.encryption}. No permission"
            " window was closed and no snapshot deleted: correct the cause, start the application if it is READY, and"
            " run this again"
        )
