"""Dependencies between the resources of a template, each with the part of the template that causes it."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SUBSTITUTION: Final = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")
_TEXT_AND_VARIABLES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """Order of two resources: the later one is created and updated after the earlier one.

    Parameters
    ----------
    later, earlier
        Logical ids.
    because
        ``DependsOn``, or the place of the reference in the later resource.
    """

    later: str
    earlier: str
    because: str


def arrows_of(resources: Mapping[str, Any]) -> tuple[Arrow, ...]:
    """Return every arrow between the resources of one template; of two reasons for one, a reference comes first."""
    found: dict[tuple[str, str], Arrow] = {}
    for later, resource in resources.items():
        if not isinstance(resource, dict):
            continue
        for earlier, place in [*_references(resource.get("Properties"), "Properties"), *_depends_on(resource)]:
            if earlier in resources and earlier != later:
                found.setdefault((later, earlier), Arrow(later=later, earlier=earlier, because=place))
    return tuple(found.values())


def path_between(arrows: Sequence[Arrow], later: str, earlier: str) -> tuple[Arrow, ...] | None:
    """Return the shortest chain of arrows from one resource to an earlier one, None if nothing orders them."""
    outgoing: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        outgoing.setdefault(arrow.later, []).append(arrow)
    queue: deque[tuple[Arrow, ...]] = deque((arrow,) for arrow in outgoing.get(later, ()))
    seen: set[str] = set()
    while queue:
        path = queue.popleft()
        reached = path[-1].earlier
        if reached == earlier:
            return path
        if reached not in seen:
            seen.add(reached)
            queue.extend((*path, arrow) for arrow in outgoing.get(reached, ()))
    return None


def _depends_on(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    named = resource.get("DependsOn")
    for name in named if isinstance(named, list) else [named]:
        if isinstance(name, str):
            yield name, "DependsOn"


def _references(value: object, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case {"Ref": str(name), **rest} if not rest:
            yield name, place
        case {"Fn::GetAtt": str(name), **rest} if not rest:
            yield name.partition(".")[0], place
        case {"Fn::GetAtt": [str(name), *_], **rest} if not rest:
            yield name, place
        case {"Fn::Sub": text, **rest} if not rest:
            yield from _substitutions(text, place)
        case dict():
            for key, each in value.items():
                yield from _references(each, f"{place}.{key}")
        case list():
            for number, each in enumerate(value):
                yield from _references(each, f"{place}[{number}]")


def _substitutions(text: object, place: str) -> Iterator[tuple[str, str]]:
    template, variables = text if isinstance(text, list) and len(text) == _TEXT_AND_VARIABLES else (text, {})
    yield from _references(variables, place)
    for name in _SUBSTITUTION.findall(str(template)):
        if not isinstance(variables, dict) or name not in variables:
            yield name, place
