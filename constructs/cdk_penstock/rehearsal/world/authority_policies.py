"""The decisions that MSF asks for, from the policies of the world: each is recorded as a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.model.policies.operations import Verdict, service_requests
from cdk_penstock.rehearsal.timeline import MadeBy
from cdk_penstock.rehearsal.world.msf.passed_role import ExecutionRole
from cdk_penstock.rehearsal.world.service_answers import CallScope

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.local.service.policy_source import ResolvedKey
    from cdk_penstock.model.lifecycle.code_location import CodeLocation
    from cdk_penstock.model.policies.evaluator import Caller, Decision, Request
    from cdk_penstock.model.policies.operations import KeyPath
    from cdk_penstock.rehearsal.world.authority import Authority
    from cdk_penstock.rehearsal.world.kms.stored_keys import StoredKeys
    from cdk_penstock.rehearsal.world.sessions_of_play import SessionsOfPlay


class AuthorityPolicies:
    """The policy source of the world's MSF.

    Parameters
    ----------
    authority
        Decides, and records.
    sessions
        Knows the part of each caller.
    keys
        The keys.
    needs_both_policies
        True if MSF's calls of KMS for its caller need the caller's policies as well as the key's.
    """

    def __init__(
        self, authority: Authority, sessions: SessionsOfPlay, keys: StoredKeys, *, needs_both_policies: bool
    ) -> None:
        self._authority = authority
        self._sessions = sessions
        self._keys = keys
        self._needs_both_policies = needs_both_policies

    def decide(self, request: Request) -> Decision:
        """Decide on a call of the service's API, or of MSF itself."""
        actor = self._sessions.actor_of(request.caller)
        decision = self._authority.ask(actor, request.action, request.resource, request.context)
        if request.action == "sts:AssumeRole" and decision.allowed:
            self._sessions.remember_assumed(actor, request.resource, str(request.context.get("sts:RoleSessionName")))
        return decision

    def caller_can_use_key(self, caller: Caller, path: KeyPath, key_arn: str) -> Verdict:
        """Decide on a caller's use of a key through MSF, call by call."""
        actor = self._sessions.actor(caller.arn, made_by=MadeBy.MSF_FOR_CALLER)
        return self._verdict(
            path.requests(caller, key_arn),
            lambda each: self._authority.ask(
                actor,
                each.action,
                each.resource,
                {"aws:RequestedRegion": path.region, **each.context},
                both_policies=self._needs_both_policies,
            ),
        )

    def service_can_use_key(self, application_arn: str, key_arn: str) -> Verdict:
        """Decide on the use of a key by MSF's two principals, call by call."""
        account = application_arn.split(":")[4]
        return self._verdict(service_requests(application_arn, account, key_arn), self.decide)

    @staticmethod
    def _verdict(requests: tuple[Request, ...], decide: Callable[[Request], Decision]) -> Verdict:
        return Verdict(calls=tuple((each, decide(each)) for each in requests))

    def role_can_read_code(self, role_arn: str, application_arn: str, location: CodeLocation) -> bool:
        """Return True if MSF can assume an application's execution role, and read the code with it."""
        return ExecutionRole(self._authority, role_arn, application_arn).can_read(location)

    def resolve_key(self, key_id: str, *, account: str, region: str) -> ResolvedKey | None:
        """Return the key of a name, None if the account has none in the Region."""
        return self._keys.resolve(key_id, CallScope(account=account, region=region))
