"""The references in what the CDK renders of a resource."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Fn, Token

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIST_PROPERTIES: Final = "Ids"
"""End of the names of an application's properties that may refer to a list: SubnetIds, SecurityGroupIds."""


def join_references(rendered: object, *, without: str) -> str:
    """Return a token that joins all references in a rendered resource; empty if there are none.

    Parameters
    ----------
    rendered
        Properties, as the CDK resolves them.
    without
        The logical id of a resource whose attributes are left out.
    """
    found = {json.dumps(each, sort_keys=True): each for each in _references(rendered, is_list=False)}
    others = [Token.as_string(each) for text, each in sorted(found.items()) if f'"{without}"' not in text]
    return Fn.join("\n", others) if others else ""


def _references(value: object, *, is_list: bool) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each, is_list=False)
    if not isinstance(value, dict):
        return
    name = next(iter(value)) if len(value) == 1 else ""
    if name == "Ref" or (name.startswith("Fn::") and name != "Fn::If"):
        yield {"Fn::Join": [",", value]} if is_list else value
        return
    for key, each in value.items():
        yield from _references(each, is_list=key.endswith(_LIST_PROPERTIES))
