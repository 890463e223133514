"""Physical names, of which an account has each only once in a Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Token

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from constructs import Construct, IConstruct

__all__ = ("PhysicalNameError", "claim_name")

_CLAIMS: Final[WeakKeyDictionary[IConstruct, dict[tuple[str, str, str], str]]] = WeakKeyDictionary()


class PhysicalNameError(PenstockError):
    """A name that something else in the same account and Region has already."""


def claim_name(construct: Construct, kind: str, name: str) -> None:
    """Raise PhysicalNameError where another construct of the app has the name in the same place.

    Call it when the construct is complete, so that one that was refused does not keep its name. Stacks without an
    account and Region may go to different ones: names are compared within each of them.
    """
    if Token.is_unresolved(name):
        return
    stack = Stack.of(construct)
    place = f"{stack.account}/{stack.region}"
    if Token.is_unresolved(place):
        place = stack.node.path
    path = construct.node.path
    taken = _CLAIMS.setdefault(construct.node.root, {}).setdefault((place, kind, name), path)
    if taken != path:
        message = (
            f"{kind} name {name!r} of {path} is taken by {taken} in the same account and Region, and creating the"
            " second one would fail: give each a name of its own"
        )
        raise PhysicalNameError(message)
