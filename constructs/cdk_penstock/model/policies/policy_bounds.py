"""The least and the most that a policy allows, where some of its conditions cannot be evaluated.

A policy that somebody else wrote has conditions on values that only the request itself would have, such as the caller's
organization. Whatever they are, the policy allows at least what the first document allows and at most what the second
one allows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.policies.conditions import can_evaluate
from cdk_penstock.model.policies.documents import ANYBODY, Effect, PolicyDocument

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_penstock.model.policies.documents import Statement

_EVERYBODY: Final = {ANYBODY: (ANYBODY,)}


def policy_bounds(document: PolicyDocument, known_keys: Collection[str]) -> tuple[PolicyDocument, PolicyDocument]:
    """Return two documents that can be evaluated: one allows less than the policy or the same, the other more.

    Parameters
    ----------
    document
        The policy.
    known_keys
        The condition keys whose value, or absence, is known, in lower case.
    """
    least: list[Statement] = []
    most: list[Statement] = []
    for statement in document.statements:
        if not unknown_conditions(statement, known_keys) and statement.not_principals is None:
            least.append(statement)
            most.append(statement)
        else:
            applied = _as_if_met(statement, known_keys)
            (least if statement.effect is Effect.DENY else most).append(applied)
    return replace(document, statements=tuple(least)), replace(document, statements=tuple(most))


def unknown_conditions(statement: Statement, known_keys: Collection[str]) -> tuple[str, ...]:
    """Return the condition keys of a statement that cannot be evaluated."""
    return tuple(dict.fromkeys(key for _, key in _unknown(statement, known_keys)))


def _unknown(statement: Statement, known_keys: Collection[str]) -> Iterator[tuple[str, str]]:
    for operator, keys in statement.conditions.items():
        for key, values in keys.items():
            if key.lower() not in known_keys or not can_evaluate(operator, values):
                yield operator, key


def _as_if_met(statement: Statement, known_keys: Collection[str]) -> Statement:
    """Return the statement without what cannot be evaluated, so that it applies more often."""
    unknown = set(_unknown(statement, known_keys))
    conditions = {
        operator: {key: values for key, values in keys.items() if (operator, key) not in unknown}
        for operator, keys in statement.conditions.items()
    }
    principals = statement.principals if statement.not_principals is None else _EVERYBODY
    return replace(statement, principals=principals, not_principals=None, conditions=conditions)
