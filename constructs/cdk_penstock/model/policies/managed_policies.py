"""Division of statements into managed policies within IAM's limits.

Source: IAM, "IAM and AWS STS quotas": a managed policy has at most 6,144 characters, white space not counted; ten can
be attached to a role.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.documents import PolicyDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_penstock.model.policies.documents import Statement

MANAGED_POLICY_MAX_CHARACTERS: Final = 6_144
ROLE_MAX_MANAGED_POLICIES: Final = 10


def managed_policies(statements: Iterable[Statement]) -> tuple[PolicyDocument, ...]:
    """Return documents that together allow what the statements do, as few as their order permits.

    A statement that is too long for a document is split by its actions.

    Raises PenstockError for more documents than a role can have, and for an action that is too long with its
    resources.
    """
    documents: list[PolicyDocument] = []
    for statement in (part for given in statements for part in _parts(given)):
        if documents:
            longer = dataclasses.replace(documents[-1], statements=(*documents[-1].statements, statement))
            if _characters(longer) <= MANAGED_POLICY_MAX_CHARACTERS:
                documents[-1] = longer
                continue
        documents.append(PolicyDocument(statements=(statement,)))
    if len(documents) > ROLE_MAX_MANAGED_POLICIES:
        raise PenstockError(
            f"a role takes at most {ROLE_MAX_MANAGED_POLICIES} managed policies, got {len(documents)}: take fewer"
            " stacks at once, and bootstrap each group under another qualifier"
        )
    return tuple(documents)


def _parts(statement: Statement) -> Iterator[Statement]:
    if _characters(PolicyDocument(statements=(statement,))) <= MANAGED_POLICY_MAX_CHARACTERS:
        yield statement
        return
    if len(statement.actions) < 2:  # noqa: PLR2004 (one action cannot be split)
        raise PenstockError(
            f"{' '.join(statement.actions)} has {len(statement.resources)} resources, which are too long for a managed"
            " policy: name the resources alike, or take fewer stacks at once"
        )
    middle = len(statement.actions) // 2
    for actions in (statement.actions[:middle], statement.actions[middle:]):
        yield from _parts(dataclasses.replace(statement, actions=actions))


def _characters(document: PolicyDocument) -> int:
    """Count as IAM does, without white space between the texts; these texts have no spaces inside."""
    return len(json.dumps(document.to_json(), separators=(",", ":")))
