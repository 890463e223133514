"""Decision that identity policies and a resource's policy come to together, with its reason.

Sources: IAM, "Policy evaluation logic"; KMS, "Default key policy" and "Determining access to AWS KMS keys". Service and
resource control policies, permissions boundaries and session policies, which can only take away, are not part of a
template and not evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.conditions import Context, first_unmet
from cdk_penstock.model.policies.documents import ANYBODY, Effect
from cdk_penstock.model.policies.matching import action_matches, arn_matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_penstock.model.policies.documents import PolicyDocument, Statement, Values

_A_KEY: Final = ":key/"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Principal that calls; made by ``role`` or ``service``."""

    arn: str = ""
    service: str = ""

    @classmethod
    def role(cls, arn: str) -> Self:
        """Return the role, or user, with this ARN."""
        return cls(arn=arn)

    @classmethod
    def service_principal(cls, name: str) -> Self:
        """Return the AWS service that calls for itself."""
        return cls(service=name)

    @property
    def account(self) -> str:
        """The caller's account, empty for a service."""
        return _account_of(self.arn) if self.arn else ""

    def __str__(self) -> str:
        return self.arn or self.service


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of an API.

    Parameters
    ----------
    caller, action, resource
        The caller, its action, and the resource.
    context
        Values by condition key; ``aws:PrincipalArn`` and both keys of the account follow from the caller.
    """

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, str | Values] = field(default_factory=dict)

    def full_context(self) -> Context:
        """Return the context with the values that follow from the caller."""
        account = self.caller.account
        derived = {"aws:PrincipalArn": self.caller.arn, "aws:PrincipalAccount": account, "kms:CallerAccount": account}
        return Context({**(derived if self.caller.arn else {}), **self.context})


@dataclass(frozen=True, kw_only=True)
class NamedPolicy:
    """A policy, and the name under which a reader finds it."""

    name: str
    document: PolicyDocument


class Outcome(StrEnum):
    """Kind of a decision, in IAM's own words."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Decision on a request, with its reason.

    Parameters
    ----------
    outcome
        Kind of the decision.
    statements
        The statements that decided, as ``policy: statement``; none if no statement applied.
    reason
        The same as a sentence.
    """

    outcome: Outcome
    statements: tuple[str, ...]
    reason: str

    @property
    def allowed(self) -> bool:
        """True if the request is allowed."""
        return self.outcome is Outcome.ALLOWED


def decide(
    request: Request, *, identity_policies: Sequence[NamedPolicy], resource_policy: NamedPolicy | None = None
) -> Decision:
    """Return the decision of the policies on the request.

    An explicit deny wins. Within an account a resource's policy that names the caller is enough; from another account
    it takes an identity policy as well. Access to a KMS key always needs the key's policy, and a role its trust policy;
    both may delegate the decision to the account's identity policies by naming the account. A service needs only the
    resource's policy.

    Raises PenstockError for NotPrincipal and for an unknown condition.
    """
    context = request.full_context()
    own = list(_applicable(identity_policies, request, context))
    on_resource = [
        (name, statement, granted)
        for name, statement in _applicable([resource_policy] if resource_policy else [], request, context)
        if (granted := _granted_to(statement, request.caller))
    ]
    denies = [name for name, statement in own if statement.effect is Effect.DENY]
    denies += [name for name, statement, _ in on_resource if statement.effect is Effect.DENY]
    if denies:
        return _decision(Outcome.EXPLICIT_DENY, denies, "denied")
    by_identity = [name for name, statement in own if statement.effect is Effect.ALLOW]
    directly = [name for name, statement, granted in on_resource if granted == "caller" and _allows(statement)]
    handed_on = [name for name, statement, granted in on_resource if granted == "account" and _allows(statement)]
    same_account = bool(request.caller.service) or _account_of(request.resource) in {"", request.caller.account}
    if directly and same_account:
        return _decision(Outcome.ALLOWED, directly, "allowed")
    if by_identity and (directly or handed_on):
        return _decision(Outcome.ALLOWED, [*directly, *handed_on, *by_identity], "allowed")
    if by_identity and same_account and not _needs_resource_policy(request):
        return _decision(Outcome.ALLOWED, by_identity, "allowed")
    return _no(request, context, identity_policies, resource_policy, by_identity=by_identity, handed_on=handed_on)


def applying_statements(
    request: Request, *, identity_policies: Sequence[NamedPolicy], resource_policy: NamedPolicy | None = None
) -> tuple[str, ...]:
    """Return the names of all statements that apply to the request, also of those that did not have to decide.

    Raises PenstockError as decide does.
    """
    context = request.full_context()
    on_resource = _applicable([resource_policy] if resource_policy else [], request, context)
    names = [name for name, _ in _applicable(identity_policies, request, context)]
    names += [name for name, statement in on_resource if _granted_to(statement, request.caller)]
    return tuple(dict.fromkeys(names))


def _needs_resource_policy(request: Request) -> bool:
    """Return True if the policy of the key, or the trust policy of the role, must allow as well.

    An alias has no policy, nor has a key that is only being created: ``kms:CreateKey`` is called on ``*``, and with
    tags ``kms:TagResource`` on ``key/*``.
    """
    action, resource = request.action.lower(), request.resource
    is_of_a_key = _A_KEY in resource and not resource.endswith(f"{_A_KEY}*")
    return action.startswith("sts:assumerole") or (action.startswith("kms:") and is_of_a_key)


def _allows(statement: Statement) -> bool:
    return statement.effect is Effect.ALLOW


def _decision(outcome: Outcome, names: Sequence[str], verb: str) -> Decision:
    unique = tuple(dict.fromkeys(names))
    return Decision(outcome=outcome, statements=unique, reason=f"{verb} by {' and '.join(unique)}")


def _no(
    request: Request,
    context: Context,
    identity_policies: Sequence[NamedPolicy],
    resource_policy: NamedPolicy | None,
    *,
    by_identity: Sequence[str],
    handed_on: Sequence[str],
) -> Decision:
    if handed_on:
        reason = f"{' and '.join(handed_on)} delegates to identity policies, none of which allows it"
    elif by_identity and resource_policy is not None:
        reason = f"{by_identity[0]} would allow it, but {resource_policy.name} does not let the caller in"
    else:
        policies = [*([resource_policy] if resource_policy else []), *identity_policies]
        reason = _nearest(policies, request, context)
    return Decision(outcome=Outcome.IMPLICIT_DENY, statements=(), reason=reason)


def _nearest(policies: Sequence[NamedPolicy], request: Request, context: Context) -> str:
    """Return the condition that stops an otherwise fitting statement from allowing the request."""
    fitting = [
        (statement_name(policy, statement), statement)
        for policy in policies
        for statement in policy.document.statements
        if _allows(statement) and _fits(statement, request) and _concerns(statement, request.caller)
    ]
    # A statement for the whole account says less about this caller than any other.
    fitting.sort(key=lambda each: each[1].principals is not None and _concerns(each[1], request.caller) == "account")
    for name, statement in fitting:
        return f"{name} does not apply: {first_unmet(statement.conditions, context)} is not met"
    return "no statement allows it"


def _concerns(statement: Statement, caller: Caller) -> str:
    return "caller" if statement.principals is None else _granted_to(statement, caller)


def _applicable(policies: Sequence[NamedPolicy], request: Request, context: Context) -> Iterator[tuple[str, Statement]]:
    for policy in policies:
        for statement in policy.document.statements:
            if _fits(statement, request) and first_unmet(statement.conditions, context) is None:
                yield statement_name(policy, statement), statement


def statement_name(policy: NamedPolicy, statement: Statement) -> str:
    """Return the name of a statement in decisions."""
    return f"{policy.name}: {statement.sid or 'a statement without sid'}"


def _fits(statement: Statement, request: Request) -> bool:
    if statement.actions:
        acts = any(action_matches(pattern, request.action) for pattern in statement.actions)
    else:
        excluded = statement.not_actions
        acts = bool(excluded) and not any(action_matches(pattern, request.action) for pattern in excluded)
    return acts and _aims_at(statement, request.resource)


def _aims_at(statement: Statement, resource: str) -> bool:
    if statement.resources:
        return any(arn_matches(pattern, resource) for pattern in statement.resources)
    excluded = statement.not_resources
    if not excluded:
        # A trust policy has no Resource: it speaks of the role that has it.
        return statement.principals is not None
    return not any(arn_matches(pattern, resource) for pattern in excluded)


def _granted_to(statement: Statement, caller: Caller) -> str:
    """Return ``caller`` if a resource's statement names the caller, ``account`` if only its account, or ""."""
    if statement.not_principals is not None or statement.principals is None:
        raise PenstockError(f"{statement} of a resource's policy must have a Principal: NotPrincipal is not evaluated")
    if ANYBODY in statement.principals:
        return "caller"
    if caller.service:
        return "caller" if caller.service in statement.principals.get("Service", ()) else ""
    named = statement.principals.get("AWS", ())
    if "*" in named or caller.arn in named:
        return "caller"
    return "account" if any(_is_account(name, caller.account) for name in named) else ""


def _is_account(name: str, account: str) -> bool:
    return name == account or (name.startswith("arn:") and name.endswith(f":iam::{account}:root"))


def _account_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 (the fifth segment of an ARN)
