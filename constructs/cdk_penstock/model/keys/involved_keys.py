"""The customer managed keys that an operation of MSF uses, and that its caller needs permission on.

Source: managed-flink key-management-flink, "permissions for all CMKs involved in that operation".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_penstock.model.keys.goals import Disable, Enable, RotateOnDemand, RotateToNewKey
from cdk_penstock.model.keys.key_assignment import AWS_OWNED

if TYPE_CHECKING:
    from cdk_penstock.model.keys.goals import Goal
    from cdk_penstock.model.keys.key_assignment import KeyAssignment
    from cdk_penstock.model.keys.observed_application import ObservedApplication


class LifecycleOperation(StrEnum):
    """The operations whose caller must be an operator on the keys; MSF's own names."""

    START = "StartApplication"
    STOP = "StopApplication"
    UPDATE = "UpdateApplication"
    SNAPSHOT = "CreateApplicationSnapshot"
    ROLLBACK = "RollbackApplication"


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """The state that decides on the keys of an operation.

    Parameters
    ----------
    configured
        What the application is configured with.
    effective
        What the running job uses since it was last started; None while nothing runs. A key that is configured on a
        stopped application takes effect with its next start.
    new
        For an update: what it changes the configuration to; None if it leaves the key alone.
    restored_snapshot
        What the snapshot to start, update or roll back from is encrypted with; None if there is none.
    previous_version
        For a rollback: the configuration of the version that it goes back to; None if it is the same.
    """

    configured: KeyAssignment = AWS_OWNED
    effective: KeyAssignment | None = None
    new: KeyAssignment | None = None
    restored_snapshot: KeyAssignment | None = None
    previous_version: KeyAssignment | None = None


def operations_of(observed: ObservedApplication, goal: Goal) -> tuple[tuple[LifecycleOperation, KeyUse], ...]:
    """Return the operations on an application that a key goal takes, with their keys; none if it changes nothing."""
    use = KeyUse(configured=observed.configured, effective=observed.effective)
    match goal:
        case Enable() | RotateToNewKey() | Disable() if observed.configured != goal.target:
            return ((LifecycleOperation.UPDATE, replace(use, new=goal.target)),)
        case RotateOnDemand():
            return ((LifecycleOperation.STOP, use), (LifecycleOperation.START, use))
        case _:
            return ()


def keys_involved(operation: LifecycleOperation, state: KeyUse) -> frozenset[str]:
    """Return the ARNs of every customer managed key that the caller of the operation needs permission on.

    Start: the configured key and that of the snapshot it restores. Stop and snapshot: the effective one. Update: the
    old and the new one, and that of the snapshot it restores. Rollback: the present one, that of the version it goes
    back to, and that of its snapshot. The AWS-owned key is never among them.
    """
    used = {
        LifecycleOperation.START: (state.configured, state.restored_snapshot),
        LifecycleOperation.STOP: (state.effective,),
        LifecycleOperation.UPDATE: (state.configured, state.effective, state.new, state.restored_snapshot),
        LifecycleOperation.SNAPSHOT: (state.effective,),
        LifecycleOperation.ROLLBACK: (
            state.configured,
            state.effective,
            state.previous_version,
            state.restored_snapshot,
        ),
    }[operation]
    return frozenset[str]().union(*(encryption.keys for encryption in used if encryption is not None))
