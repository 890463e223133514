"""EventBridge's matching of events, as far as penstock's rules use it.

Source: EventBridge, "Creating event patterns": arrays of matchers are alternatives, an array in an event matches if any
of its elements does, ``anything-but`` needs the field to be there and may hold texts with ``*``, ``exists`` looks at
leaves, ``$or`` holds alternatives. A null is a value, not an absence. test_event_patterns.py compares this with
EventBridge's own engine.
"""

from __future__ import annotations

import re
from typing import Any

_ABSENT = object()


def matches(pattern: dict[str, Any], event: Any) -> bool:
    """Return True if an event matches a pattern."""
    if isinstance(event, list):
        return any(matches(pattern, each) for each in event)
    for name, expected in pattern.items():
        if name == "$or":
            if not any(matches(each, event) for each in expected):
                return False
            continue
        found = event.get(name, _ABSENT) if isinstance(event, dict) else _ABSENT
        if isinstance(expected, dict):
            if not matches(expected, found):
                return False
        elif not any(_leaf(matcher, found) for matcher in expected):
            return False
    return True


def _like(wildcard: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, wildcard.split("*"))), text) is not None


def _leaf(matcher: Any, found: Any) -> bool:
    if isinstance(matcher, dict) and "exists" in matcher:
        return bool((found is not _ABSENT) == matcher["exists"])
    if isinstance(matcher, dict):
        (forbidden,) = matcher.values()
        assert list(matcher) == ["anything-but"], f"a matcher that is not modelled: {matcher}"
        if isinstance(forbidden, dict):
            assert list(forbidden) == ["wildcard"], f"a matcher that is not modelled: {matcher}"
            return isinstance(found, str) and not any(_like(each, found) for each in forbidden["wildcard"])
        return found is not _ABSENT and found not in forbidden
    return bool(matcher in found if isinstance(found, list) else matcher == found)
