"""Checks before the first step to a key goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.goals import Disable, Enable, RotateToNewKey
from cdk_penstock.model.keys.key_assignment import KeyType

if TYPE_CHECKING:
    from cdk_penstock.model.keys.observed_application import KeyFacts, ObservedApplication


def check_switch(observed: ObservedApplication, goal: Enable | RotateToNewKey | Disable) -> None:
    """Refuse a change that MSF would refuse, that would lose state, or that is meant for another application.

    The runtime is not looked at: that it is too old is not refused, its upgrade is a step.
    """
    target = goal.target
    if target.key_arn is not None:
        checked_key(observed, target.key_arn, "use it")
    if observed.configured == target:
        return
    _check_command(observed, goal)
    if observed.is_running:
        check_snapshots_enabled(observed)
    old_key = observed.keys.get(observed.configured.key_arn or "")
    if old_key is not None:
        old_key.check_usable()


def _check_command(observed: ObservedApplication, goal: Enable | RotateToNewKey | Disable) -> None:
    """Refuse to enable over another key, and to rotate away from none: both hint at the wrong application."""
    has_key = observed.configured.key_type is KeyType.CUSTOMER_MANAGED_KEY
    if isinstance(goal, Enable) and has_key:
        raise PenstockError(
            f"the application already uses {observed.configured}: change it with rotate --key {goal.key_arn}"
        )
    if isinstance(goal, RotateToNewKey) and not has_key:
        raise PenstockError(
            f"the application is on the AWS-owned key, which cannot be rotated: use enable with {goal.key_arn}"
        )


def checked_key(observed: ObservedApplication, key_arn: str | None, purpose: str) -> KeyFacts:
    """Return what KMS says of the key, or refuse one that the application cannot be encrypted with."""
    if key_arn is None:
        raise PenstockError(f"the application is on the AWS-owned key, there is nothing to {purpose}: use enable first")
    key = observed.keys.get(key_arn)
    if key is None:
        raise PenstockError(
            f"key {key_arn} could not be described: the caller needs kms:DescribeKey and kms:GetKeyRotationStatus"
        )
    key.check_fit_for(observed.application_arn)
    return key


def check_snapshots_enabled(observed: ObservedApplication) -> None:
    """Refuse to restart an application that would lose its state by it."""
    if not observed.snapshots_enabled:
        raise PenstockError(
            f"snapshots are disabled on {observed.application_arn}: the restart would lose its state; enable them, or"
            " stop the application first"
        )
