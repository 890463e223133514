"""Templates under each choice of their conditions, so that no rule has to know ``Fn::If``."""

from __future__ import annotations

import dataclasses
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from cdk_penstock.review.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_IN_EVERY_COMBINATION: Final = 4
_NOTHING: Final = object()


def variants(templates: Templates) -> Iterator[Templates]:
    """Yield the templates under each choice of the conditions that their values depend on, without ``AWS::NoValue``.

    Up to four conditions are taken in every combination. Of more, all are true, all are false, and each one is alone.
    """
    names = sorted({name for template in templates.all for name in _conditions(template.body)})
    for choice in _choices(names):
        chosen = (dataclasses.replace(each, body=_chosen(each.body, choice)) for each in templates.all)
        yield Templates(tuple(chosen))


def _choices(names: list[str]) -> Iterator[Mapping[str, bool]]:
    if len(names) <= _MOST_IN_EVERY_COMBINATION:
        for values in product((True, False), repeat=len(names)):
            yield dict(zip(names, values, strict=True))
        return
    for rest in (True, False):
        yield dict.fromkeys(names, rest)
        for alone in names:
            yield dict.fromkeys(names, rest) | {alone: not rest}


def _conditions(value: object) -> Iterator[str]:
    match value:
        case {"Fn::If": [str(name), yes, no], **rest} if not rest:
            yield name
            yield from _conditions([yes, no])
        case dict():
            for each in value.values():
                yield from _conditions(each)
        case list():
            for each in value:
                yield from _conditions(each)


def _chosen(value: Any, choice: Mapping[str, bool]) -> Any:
    match value:
        case {"Fn::If": [str(name), yes, no], **rest} if not rest:
            return _chosen(yes if choice[name] else no, choice)
        case {"Ref": "AWS::NoValue", **rest} if not rest:
            return _NOTHING
        case dict():
            chosen = {key: _chosen(each, choice) for key, each in value.items()}
            return {key: each for key, each in chosen.items() if each is not _NOTHING}
        case list():
            return [each for each in (_chosen(each, choice) for each in value) if each is not _NOTHING]
        case _:
            return value
