"""An evaluator of CloudWatch Logs' JSON filter patterns, for what the metric filters use; it refuses the rest.

AWS: FilterAndPatternSyntax, matching-terms-json-log-events. A text is compared with its letters' case; ``*`` stands for
any characters; ``&&`` binds before ``||``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

Condition = Callable[[Any], bool]

_SIGN: Final = re.compile(r"\s*(&&|\|\||[(){}])")
_COMPARISON: Final = re.compile(
    r"\s*\$((?:\.\w+|\[\d+\])+)\s*(?:(=|!=|<=|>=|<|>)\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\"(){}&|%]+))"
    r"|(IS NULL|NOT EXISTS))"
)
_NOTHING: Final = object()


class FilterPatternError(Exception):
    """A pattern that CloudWatch Logs or this subset refuses."""


def matches(pattern: str, message: str) -> bool:
    """Return True if a pattern matches a line; it matches no line that is not JSON."""
    condition, end = _read_or(pattern, _take(pattern, 0, "{"))
    end = _take(pattern, end, "}")
    if pattern[end:].strip():
        raise FilterPatternError(f"expected the end, got {pattern[end:]!r}")
    try:
        return condition(json.loads(message))
    except ValueError:
        return False


def _take(pattern: str, at: int, sign: str) -> int:
    found = _SIGN.match(pattern, at)
    if found is None or found[1] != sign:
        raise FilterPatternError(f"expected {sign!r}, got {pattern[at:]!r}")
    return found.end()


def _next_is(pattern: str, at: int, sign: str) -> bool:
    found = _SIGN.match(pattern, at)
    return found is not None and found[1] == sign


def _read_or(pattern: str, at: int) -> tuple[Condition, int]:
    condition, at = _read_and(pattern, at)
    parts = [condition]
    while _next_is(pattern, at, "||"):
        condition, at = _read_and(pattern, _take(pattern, at, "||"))
        parts.append(condition)
    return (lambda event: any(part(event) for part in parts)), at


def _read_and(pattern: str, at: int) -> tuple[Condition, int]:
    condition, at = _read_single(pattern, at)
    parts = [condition]
    while _next_is(pattern, at, "&&"):
        condition, at = _read_single(pattern, _take(pattern, at, "&&"))
        parts.append(condition)
    return (lambda event: all(part(event) for part in parts)), at


def _read_single(pattern: str, at: int) -> tuple[Condition, int]:
    if _next_is(pattern, at, "("):
        condition, at = _read_or(pattern, _take(pattern, at, "("))
        return condition, _take(pattern, at, ")")
    found = _COMPARISON.match(pattern, at)
    if found is None:
        raise FilterPatternError(f"expected a comparison of this subset, got {pattern[at:]!r}")
    selector, sign, quoted, bare, keyword = found.groups()
    if keyword:
        wanted = _NOTHING if keyword == "NOT EXISTS" else None
        return (lambda event: _select(event, selector) is wanted), found.end()
    text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
    return (lambda event: _compare(_select(event, selector), sign, text)), found.end()


def _select(event: Any, selector: str) -> Any:
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", selector):
        try:
            event = event[name] if name else event[int(index)]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return event


def _compare(value: Any, sign: str, text: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if sign in {"=", "!="} and isinstance(value, str):
        wildcards = ".*".join(re.escape(part) for part in text.split("*"))
        return (re.fullmatch(wildcards, value, re.DOTALL) is not None) == (sign == "=")
    try:
        one, other = float(value), float(text)
    except ValueError:
        return False
    return {"=": one == other, "!=": one != other, "<": one < other, "<=": one <= other, ">": one > other}.get(
        sign, one >= other
    )
