"""The interface to the policies that decide on calls, and the implementation that allows everything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys.key_assignment import KeyArn
from cdk_penstock.model.policies.evaluator import Decision, Outcome
from cdk_penstock.model.policies.operations import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.lifecycle.code_location import CodeLocation
    from cdk_penstock.model.policies.evaluator import Caller, Request
    from cdk_penstock.model.policies.operations import KeyPath


_ALIAS: Final = "alias/"


class KeyState(StrEnum):
    """State of a key, as KMS names it."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"


@dataclass(frozen=True, kw_only=True)
class ResolvedKey:
    """A key that exists: its canonical ARN and its state."""

    arn: str
    state: KeyState = KeyState.ENABLED


class PolicySource(Protocol):
    """The decisions of IAM and KMS that the service asks for.

    A caller has the ARN that its signature proves: a role's session has ``arn:aws:sts::...:assumed-role/NAME/SESSION``.
    """

    def decide(self, request: Request) -> Decision:
        """Decide on a call.

        It is an action of the service's API; ``iam:PassRole``, with ``iam:PassedToService`` in its context, on the role
        that is passed; or ``sts:AssumeRole`` on the role that is assumed, whose trust policy counts as well.
        """

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        """Decide on a caller's use of a key, call by call."""

    def service_can_use_key(self, application_arn: str, key_arn: str) -> Verdict:
        """Decide on the use of a key by the principals of the service itself, call by call."""

    def role_can_read_code(self, role_arn: str, application_arn: str, location: CodeLocation) -> bool:
        """Return True if the service can assume an application's execution role, and read the code with it."""

    def resolve_key(self, key_id: str, *, account: str, region: str) -> ResolvedKey | None:
        """Return the key with this ARN, id, alias or ARN of an alias, None if the account has none in the Region."""


class AllowAll:
    """Everything is allowed, and every key of an account and Region exists.

    Attributes
    ----------
    disabled_keys
        ARNs of keys that are disabled. It may change at any time.
    aliases
        ARNs of keys by the ARN of their alias. It may change at any time; there is no other alias.
    """

    def __init__(self, *, aliases: Mapping[str, str] | None = None) -> None:
        self.disabled_keys: set[str] = set()
        self.aliases: dict[str, str] = dict(aliases or {})

    def decide(self, request: Request) -> Decision:
        """Allow the call."""
        return Decision(outcome=Outcome.ALLOWED, statements=(), reason=f"every call is allowed, also {request.action}")

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        """Allow every call on the key."""
        return Verdict(calls=tuple((each, self.decide(each)) for each in path.requests(caller, key_arn)))

    def service_can_use_key(self, application_arn: str, key_arn: str) -> Verdict:  # noqa: ARG002 - the interface
        """Allow every call on the key: a verdict without calls has no denied one."""
        return Verdict(calls=())

    def role_can_read_code(self, role_arn: str, application_arn: str, location: CodeLocation) -> bool:  # noqa: ARG002 - the interface
        """Allow the role to read."""
        return True

    def resolve_key(self, key_id: str, *, account: str, region: str) -> ResolvedKey | None:
        """Return the key, disabled if ``disabled_keys`` has it."""
        beside = f"arn:aws:kms:{region}:{account}:"
        arn = key_id if key_id.startswith("arn:") else f"{beside}{'' if key_id.startswith(_ALIAS) else 'key/'}{key_id}"
        arn = self.aliases.get(arn, arn)
        try:
            key = KeyArn.parse(arn)
        except PenstockError:
            return None
        if (key.account, key.region) != (account, region):
            return None
        return ResolvedKey(arn=arn, state=KeyState.DISABLED if arn in self.disabled_keys else KeyState.ENABLED)
