"""KMS as several roles, of whom each may look at other keys, or at other parts of a key. Nothing is changed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from cdk_penstock.control.errors import MissingPermissionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cdk_penstock.control.kms_keys import KmsKeys
    from cdk_penstock.model.keys import KeyFacts
    from cdk_penstock.model.policies.documents import PolicyDocument

T = TypeVar("T")


class KeyViewers:
    """Keys as the first of several roles sees them.

    Parameters
    ----------
    first, others
        KMS as each role: as a rule the caller, who may be the key administrator, and then the operator.
    """

    def __init__(self, first: KmsKeys, *others: KmsKeys) -> None:
        self._viewers = (first, *others)

    def describe(self, key_id: str) -> KeyFacts:
        """Return a key with its rotation; raise the first role's MissingPermissionError if none may look."""
        return _first(each.describe for each in self._viewers)(key_id)

    def describe_state(self, key_id: str) -> KeyFacts:
        """Return a key without its rotation; raise the first role's MissingPermissionError if none may look."""
        return _first(each.describe_state for each in self._viewers)(key_id)

    def policy(self, key_arn: str) -> PolicyDocument:
        """Return a key's policy; raise the first role's MissingPermissionError if none may look."""
        return _first(each.policy for each in self._viewers)(key_arn)


def _first(looks: Iterable[Callable[[str], T]]) -> Callable[[str], T]:
    first, *others = looks

    def look(key: str) -> T:
        try:
            return first(key)
        except MissingPermissionError:
            for other in others:
                with suppress(MissingPermissionError):
                    return other(key)
            raise

    return look
