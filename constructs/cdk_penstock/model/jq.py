"""Queries of jq 1.6 as Firehose takes them: checked as far as possible without jq, and combined safely.

Sources: jq 1.6 manual, "Basic filters" and "Types and Values"; firehose, dynamic-partitioning-partitioning-keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\[^(])*"')
_HYPHEN: Final = re.compile(r"\.([A-Za-z_]\w*(?:-[A-Za-z_]\w*)+)(?![\w(])")
_ENDS_OPEN: Final = re.compile(r"^\s*(?:[|,*%]|/)|(?:[|,+*/%-]|==|\b(?:and|or))\s*$")


def check_query(key: str, query: str) -> str:
    """Return the query, or raise PenstockError if a text or a bracket is not closed, or if it gives several values."""
    problem = next(_problems(query), None)
    if problem is not None:
        raise PenstockError(f"the query of partition key {key!r} {problem}, got {query!r}")
    return query


def object_of_queries(queries: Mapping[str, str]) -> str:
    """Return one query whose result has a field for each query; in parentheses, because jq takes only a term there."""
    return "{" + ",".join(f"{key}:({query})" for key, query in queries.items()) + "}"


def _problems(query: str) -> Iterator[str]:
    # A text may hold anything. If it has a value in it, "\\(...)", it stays, and its brackets are checked too.
    code = _TEXT.sub('""', query)
    if not code.strip():
        yield "is empty: use a field such as .region"
    if "#" in code:
        yield "has a '#', after which jq reads nothing: leave comments out"
    if code.count('"') % 2:
        yield "has a text without its closing '\"'"
    yield from _brackets(code)
    if found := _HYPHEN.search(code):
        yield f"subtracts, since a name ends at '-': write .\"{found[1]}\" for a field of that name"
    if _ENDS_OPEN.search(code):
        yield "lacks a part at its beginning or end"
    # A field may have the name of a keyword: `.if`, `{end: 1}`.
    opening, closing = (len(re.findall(rf"(?<![.$\w]){word}\b(?!\s*:)", code)) for word in ("if", "end"))
    if opening != closing:
        yield "has an 'if' without its 'end', or the reverse"


def _brackets(code: str) -> Iterator[str]:
    opened: list[str] = []
    for character in code:
        if character in "([{":
            opened.append(character)
        elif character in _PAIRS and (not opened or opened.pop() != _PAIRS[character]):
            yield f"closes a {character!r} that nothing opens"
            return
        elif character == "," and not opened:
            yield "gives several values: a partition key has one"
    if opened:
        yield f"does not close its {opened[-1]!r}"
