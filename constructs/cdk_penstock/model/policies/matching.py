"""Comparison of actions, ARNs and texts with the patterns of a policy, as IAM does it.

Sources: IAM, "JSON policy elements": Action, Resource, and String and ARN condition operators.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SEGMENTS: Final = 6


def text_matches(pattern: str, text: str) -> bool:
    """Return True if a text matches; ``*`` stands for any text and ``?`` for one character, and case counts."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=65536)  # a review asks for the same pairs for every role and key
def action_matches(pattern: str, action: str) -> bool:
    """Return True if an action matches; case does not count."""
    return text_matches(pattern.lower(), action.lower())


def arn_matches(pattern: str, arn: str) -> bool:
    """Return True if an ARN matches, each of its six segments by itself.

    Wildcards reach beyond colons only in the last segment of the pattern, so that ``*`` stands for every ARN.
    """
    patterns = pattern.split(":", _SEGMENTS - 1)
    segments = arn.split(":", len(patterns) - 1)
    if len(patterns) != len(segments):
        return False
    return all(text_matches(each, segment) for each, segment in zip(patterns, segments, strict=True))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)
