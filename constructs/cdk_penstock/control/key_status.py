"""The keys of an application as far as the caller may see them, and the problems among them.

A key's policy lets only its administrators and operators look at the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.keys.leftovers import leftovers
from cdk_penstock.model.policies.key_policy_findings import JudgedKey
from cdk_penstock.model.policies.key_policy_problems import KeyPolicyFinding, KeyPolicyProblem
from cdk_penstock.model.policies.lost_principals import lost_principals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_penstock.control.permission_windows import KeyPermissions
    from cdk_penstock.model.keys import ObservedApplication
    from cdk_penstock.model.policies.documents import PolicyDocument

KEY_NOT_VISIBLE: Final = (
    "not visible to the caller: a key administrator sees it (kms:DescribeKey, kms:GetKeyRotationStatus,"
    " kms:ListKeyRotations)"
)
ROTATION_NOT_VISIBLE: Final = (
    "its rotation is not visible to the caller: a key administrator sees it (kms:GetKeyRotationStatus,"
    " kms:ListKeyRotations)"
)
KEY_MISSING: Final = "not there: it was deleted, or is in another account or Region"


@dataclass(frozen=True, kw_only=True)
class KeyStatus:
    """An application and its keys, as far as the caller may see them.

    Parameters
    ----------
    observed
        The application, with the keys that could be described.
    hidden
        Why a key could not be described, by its ARN.
    policies
        The policies of the keys that could be read, by ARN.
    key_permissions
        The keys that the operator role is allowed; None if its policies were not looked at.
    operator_arn
        The role or user that calls MSF; None if it is not known.
    """

    observed: ObservedApplication
    hidden: Mapping[str, str]
    policies: Mapping[str, PolicyDocument]
    key_permissions: KeyPermissions | None
    operator_arn: str | None = None

    def pending_restart(self) -> str | None:
        """Return why the application has yet to be (re)started, or that it is unknown; None if it need not be."""
        known = self.observed.pending_restart()
        key_arn = self.observed.configured.key_arn
        if known is None and key_arn is not None and not self.is_rotation_known(key_arn):
            return f"unknown: whether the material of {key_arn} was rotated cannot be seen"
        return known

    def is_rotation_known(self, key_arn: str) -> bool:
        """Return True if the rotation of a key could be looked at."""
        key = self.observed.keys.get(key_arn)
        return key is not None and key.is_rotation_known

    def lost(self, key_arn: str) -> tuple[str, ...] | None:
        """Return the principals of a key's policy that no longer exist, None if the policy could not be read."""
        policy = self.policies.get(key_arn)
        return None if policy is None else lost_principals(policy)

    def findings(self, key_arn: str) -> tuple[KeyPolicyFinding, ...] | None:
        """Return the problems of a key's policy, None if the policy could not be read."""
        policy = self.policies.get(key_arn)
        if policy is None:
            return None
        permissions = self.key_permissions
        judged = JudgedKey(key_arn=key_arn, application_arn=self.observed.application_arn, policy=policy)
        return judged.findings(
            (self.operator_arn,) if self.operator_arn else (),
            identity_policies=None if permissions is None or permissions.unread else permissions.documents,
        )

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong, or not at its end, each with its fix; what the caller may not see is not among it."""
        windows = {} if self.key_permissions is None else self.key_permissions.policies
        return (*self._problems_of_configured_key(), *leftovers(self.observed, windows))

    def _problems_of_configured_key(self) -> Iterator[str]:
        key_arn = self.observed.configured.key_arn
        if key_arn is None:
            return
        key = self.observed.keys.get(key_arn)
        if key is not None and key.state != "Enabled":
            yield f"key {key_arn} must be Enabled, it is {key.state}: docs/runbooks/key.md#key-disabled"
        if self.hidden.get(key_arn) == KEY_MISSING:
            yield f"key {key_arn} is {KEY_MISSING}: docs/runbooks/key.md#key-scheduled-for-deletion"
        for problem in key.problems() if key is not None else ():
            yield f"key {key_arn} should not be used: {problem}"
        for finding in self.findings(key_arn) or ():
            if finding.problem is not KeyPolicyProblem.UNKNOWN:
                yield f"the policy of key {key_arn}: {finding}"
        restart = self.observed.pending_restart()
        if restart is not None and self.observed.is_running:
            yield f"the application must be restarted, with a snapshot: {restart}"
