"""The use that calls made of each statement, and the outcome that they would have had without it.

The play is the same up to a call, so a statement without which the call has another outcome cannot be taken out of the
templates: the play would go another way from there.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.model.policies.documents import Effect, PolicyDocument
from cdk_penstock.model.policies.evaluator import NamedPolicy, Outcome, applying_statements, statement_name
from cdk_penstock.rehearsal.world.authority import decide_on

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from cdk_penstock.model.policies.evaluator import Decision
    from cdk_penstock.rehearsal.timeline import DecidedCall


@dataclass(kw_only=True)
class StatementUse:
    """The calls that used a statement.

    Parameters
    ----------
    calls
        Their numbers: allowed calls of a statement that allows, refused ones of a statement that denies.
    needed_by
        The numbers of those with another outcome without it.
    instead
        For the others: the statements that decide without it.
    """

    calls: list[int] = field(default_factory=list)
    needed_by: list[int] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)


def uses_of(calls: Iterable[DecidedCall]) -> dict[str, StatementUse]:
    """Return the use of each statement by its name in decisions; statements without a use are left out."""
    uses: dict[str, StatementUse] = {}
    known: dict[Hashable, dict[str, Decision]] = {}
    for call in calls:
        if call.problem:
            continue
        key = _same_decision(call)
        if key not in known:
            known[key] = dict(_decisions_without(call))
        for name, decision in known[key].items():
            use = uses.setdefault(name, StatementUse())
            use.calls.append(call.number)
            if decision.allowed != call.decision.allowed:
                use.needed_by.append(call.number)
            else:
                use.instead += [each for each in decision.statements if each not in use.instead]
    return uses


def _decisions_without(call: DecidedCall) -> Iterator[tuple[str, Decision]]:
    """Yield each statement that the call used, and the decision without it."""
    effect = {Outcome.ALLOWED: Effect.ALLOW, Outcome.EXPLICIT_DENY: Effect.DENY}.get(call.decision.outcome)
    if effect is None:
        return
    effects = _effects(call)
    for name in applying_statements(
        call.request, identity_policies=call.identity_policies, resource_policy=call.resource_policy
    ):
        if effects[name] is effect:
            yield name, decided_without(call, name)


def decided_without(call: DecidedCall, statement: str) -> Decision:
    """Return the decision on a call without a statement, which is named as in decisions."""
    return decide_on(
        call.request,
        identity_policies=[_without(each, statement) for each in call.identity_policies],
        resource_policy=_without(call.resource_policy, statement) if call.resource_policy else None,
        both_policies=call.both_policies,
    )


def _policies(call: DecidedCall) -> Sequence[NamedPolicy]:
    return (*call.identity_policies, *([call.resource_policy] if call.resource_policy else []))


def _effects(call: DecidedCall) -> Mapping[str, Effect]:
    return {
        statement_name(policy, each): each.effect for policy in _policies(call) for each in policy.document.statements
    }


def _without(policy: NamedPolicy, statement: str) -> NamedPolicy:
    kept = tuple(each for each in policy.document.statements if statement_name(policy, each) != statement)
    if len(kept) == len(policy.document.statements):
        return policy
    return dataclasses.replace(policy, document=PolicyDocument(statements=kept, id=policy.document.id))


def _same_decision(call: DecidedCall) -> Hashable:
    """Return a value that is equal for calls whose decisions are equal; the timeline keeps each policy alive."""
    request = call.request
    context = tuple(
        sorted((key, value if isinstance(value, str) else tuple(value)) for key, value in request.context.items())
    )
    policies = tuple(map(id, _policies(call)))
    return request.caller, request.action, request.resource, context, policies, call.both_policies
