"""The one place that decides on calls: every call of the play comes here, and is recorded with its decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import PolicyDocument, Statement
from cdk_penstock.model.policies.evaluator import Caller, Decision, NamedPolicy, Outcome, Request, decide
from cdk_penstock.rehearsal.rehearsal_errors import DeniedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_penstock.model.policies.documents import Values
    from cdk_penstock.rehearsal.timeline import MadeBy, Timeline
    from cdk_penstock.rehearsal.world.iam_roles import Iam

_EVERYBODY_OF_THE_ACCOUNT: Final = "the account itself"


def decide_on(
    request: Request,
    *,
    identity_policies: Sequence[NamedPolicy],
    resource_policy: NamedPolicy | None,
    both_policies: bool = False,
) -> Decision:
    """Return the decision on a call; with ``both_policies`` the identity's must allow it as well as the resource's.

    Raises PenstockError for a policy that cannot be judged.
    """
    decision = decide(request, identity_policies=identity_policies, resource_policy=resource_policy)
    if not both_policies or not decision.allowed or not request.caller.arn:
        return decision
    alone = decide(request, identity_policies=identity_policies, resource_policy=_delegating(request.caller))
    if not alone.allowed:
        reason = f"{' and '.join(decision.statements)} would allow it, but no identity policy of the caller does"
        return Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason=reason)
    own = tuple(each for each in alone.statements if not each.startswith(_EVERYBODY_OF_THE_ACCOUNT))
    statements = tuple(dict.fromkeys((*decision.statements, *own)))
    return Decision(outcome=Outcome.ALLOWED, statements=statements, reason=f"allowed by {' and '.join(statements)}")


def _delegating(caller: Caller) -> NamedPolicy:
    everybody = {"AWS": (f"arn:aws:iam::{caller.account}:root",)}
    statement = Statement(sid="delegates", principals=everybody, actions=("*",), resources=("*",))
    return NamedPolicy(name=_EVERYBODY_OF_THE_ACCOUNT, document=PolicyDocument(statements=(statement,)))


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The caller of a call, and its part in the play.

    Parameters
    ----------
    made_by
        The part.
    arn
        The ARN of a role, a role's session or a user; empty for a service.
    service
        The service principal; empty for everybody else.
    is_probe
        True for an attacker, whose calls are made to be refused.
    is_optional
        True for CloudFormation's calls that it may need.
    """

    made_by: MadeBy
    arn: str = ""
    service: str = ""
    is_probe: bool = False
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A call and the decision on it, before it is recorded."""

    request: Request
    decision: Decision
    session: str
    identity_policies: tuple[NamedPolicy, ...]
    resource_policy: NamedPolicy | None
    both_policies: bool
    problem: str


class Authority:
    """Decides by the policies of the world, and records each decision.

    Parameters
    ----------
    iam
        The roles.
    timeline
        Where decisions are recorded.

    Attributes
    ----------
    resource_policies
        Policies by the ARN of the resource that has them: of keys, functions, buckets. A role's is its trust policy.
    """

    def __init__(self, iam: Iam, timeline: Timeline) -> None:
        self._iam = iam
        self._timeline = timeline
        self.resource_policies: dict[str, NamedPolicy] = {}

    def ask(
        self,
        actor: Actor,
        action: str,
        resource: str,
        context: Mapping[str, str | Values] | None = None,
        *,
        both_policies: bool = False,
    ) -> Decision:
        """Return the decision on a call, which is recorded."""
        return self.ask_for_any(actor, action, (resource,), context, both_policies=both_policies)

    def ask_for_any(
        self,
        actor: Actor,
        action: str,
        resources: Sequence[str],
        context: Mapping[str, str | Values] | None = None,
        *,
        both_policies: bool = False,
    ) -> Decision:
        """Return the decision on a call for one of several resources, the first for which it is allowed.

        Only the call on that resource is recorded, or on the first one if it is allowed for none.
        """
        asked = (self._judge(actor, action, each, context, both_policies=both_policies) for each in resources)
        first = next(asked)
        judged = first if first.decision.allowed else next((each for each in asked if each.decision.allowed), first)
        self._record(actor, judged)
        return judged.decision

    def _judge(
        self,
        actor: Actor,
        action: str,
        resource: str,
        context: Mapping[str, str | Values] | None,
        *,
        both_policies: bool,
    ) -> _Judged:
        role = self._iam.find(actor.arn) if actor.arn else None
        caller = (
            Caller.service_principal(actor.service) if actor.service else Caller.role(role.arn if role else actor.arn)
        )
        request = Request(caller=caller, action=action, resource=resource, context=dict(context or {}))
        identity = self._iam.policies_of(role) if role else ()
        on_resource = self._policy_on(resource)
        problem = ""
        try:
            decision = decide_on(
                request, identity_policies=identity, resource_policy=on_resource, both_policies=both_policies
            )
        except PenstockError as error:
            problem = str(error)
            decision = Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason=f"cannot be judged: {error}")
        if role is not None and not decision.allowed and (unknown := self._iam.unknown_policies_of(role)):
            decision = replace(
                decision, reason=f"{decision.reason}; the text of {', '.join(unknown)} is not known here"
            )
        return _Judged(
            request=request,
            decision=decision,
            session=actor.arn if role and actor.arn != role.arn else "",
            identity_policies=identity,
            resource_policy=on_resource,
            both_policies=both_policies,
            problem=problem,
        )

    def _record(self, actor: Actor, judged: _Judged) -> None:
        self._timeline.record_call(
            actor.made_by,
            judged.request,
            judged.decision,
            session=judged.session,
            identity_policies=judged.identity_policies,
            resource_policy=judged.resource_policy,
            both_policies=judged.both_policies,
            is_probe=actor.is_probe,
            is_optional=actor.is_optional,
            problem=judged.problem,
        )

    def require(
        self,
        actor: Actor,
        action: str,
        resource: str,
        context: Mapping[str, str | Values] | None = None,
        *,
        both_policies: bool = False,
    ) -> None:
        """Raise DeniedError unless the call is allowed."""
        decision = self.ask(actor, action, resource, context, both_policies=both_policies)
        if not decision.allowed:
            who = actor.arn or actor.service
            raise DeniedError(
                f"User: {who} is not authorized to perform: {action} on resource: {resource} ({decision.reason})"
            )

    def _policy_on(self, resource: str) -> NamedPolicy | None:
        if ":iam:" in resource and ":role/" in resource:
            role = self._iam.find(resource)
            return role.trust if role else None
        if ":s3:::" in resource:
            # The policy of a bucket decides on its objects.
            resource = resource.partition("/")[0]
        return self.resource_policies.get(resource)
