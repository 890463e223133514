"""Physical names of resources: chosen, checked, and unique within their account and Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, Names, Stack, Token

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct, IConstruct

_CLAIMS: Final[WeakKeyDictionary[IConstruct, dict[tuple[str, str, str], str]]] = WeakKeyDictionary()


def choose_name(
    construct: Construct,
    name: str | None,
    argument: str,
    check: Callable[[str], str],
    *,
    max_length: int,
    effect: str,
    lowercase: bool = False,
) -> str:
    """Return the given name, or one made from the construct's path, with a warning; checked unless it is a token.

    Parameters
    ----------
    argument
        The construct's argument for the name, such as ``stream_name``.
    check
        Returns a name, or raises an error for one that AWS would refuse.
    max_length
        Most characters of a name.
    effect
        What moving or renaming the construct does, for the warning.
    lowercase
        True if a name has no capital letters.
    """
    if name is None:
        name = Names.unique_resource_name(construct, max_length=max_length, separator="-")
        name = name.lower() if lowercase else name
        warn_of_generated_name(construct, argument, effect=effect, name=name)
    return check_unless_token(name, check)


def warn_of_generated_name(construct: Construct, argument: str, *, effect: str, name: str | None = None) -> None:
    """Warn that the name of a resource is made from the construct's path; it may be known only at deployment."""
    words = argument.split("_")
    shown = "" if name is None else f" {name!r}"
    Annotations.of(construct).add_warning_v2(
        f"penstock:generated{''.join(word.capitalize() for word in words)}",
        f"{' '.join(words)}{shown} is made from the construct's path: moving or renaming a construct {effect};"
        f" pass {argument}",
    )


def check_unless_token(name: str, check: Callable[[str], str]) -> str:
    """Return the name, checked unless it is known only at deployment."""
    return name if Token.is_unresolved(name) else check(name)


def claim_name(construct: Construct, kind: str, name: str) -> None:
    """Raise PenstockError if another construct of the app has the name in the same account and Region.

    Call it when the construct is complete, so that a construct that raised an error takes no name. Stacks without
    account and Region may be deployed to different ones, so each is compared only with itself.
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
        raise PenstockError(
            f"{kind} name {name!r} of {path} is taken by {taken} in the same account and Region, and creating the"
            " second one would fail: give them different names"
        )
