"""Obvious mistakes in a PromQL expression; Prometheus itself checks the rest of the grammar."""

from __future__ import annotations

import re
from typing import Final

from cdk_penstock.model.errors import PenstockError

_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_QUOTES: Final = "\"'`"
# Prometheus, "Time durations": units from long to short, each at most once.
_DURATION: Final = re.compile(
    r"(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?|0",
)
# Prometheus 3 takes a number of seconds as well, in every form that a number has.
_SECONDS: Final = re.compile(r"0x[\da-f_]+|[\d_]*\.?[\d_]+(?:e[\d_]+)?", re.IGNORECASE)
# An experimental feature of Prometheus 3 calculates durations, such as [5m * 2] or [step()].
_CALCULATED: Final = re.compile(r"[-+*/%^()]")


class PromqlError(PenstockError):
    """An expression that is not PromQL."""


def is_duration(text: str) -> bool:
    """Return True for a duration of Prometheus, such as ``5m`` or ``1h30m``."""
    return bool(_DURATION.fullmatch(text))


def check_promql(expression: str) -> None:
    """Raise PromqlError for an empty expression, unbalanced brackets or quotes, and a range without a duration.

    Prometheus may refuse more, and refuses all that is refused here.
    """
    open_brackets: list[tuple[str, int]] = []
    code = _blank_texts(expression)
    if not code.strip():
        raise PromqlError(f"expected a PromQL expression, got {expression.strip()!r}")
    for position, character in enumerate(code):
        if character in _CLOSERS:
            open_brackets.append((character, position))
        elif character in _CLOSERS.values():
            if not open_brackets or _CLOSERS[open_brackets[-1][0]] != character:
                raise PromqlError(
                    f"{character!r} at {_place(expression, position)} closes nothing in {_shown(expression)}"
                )
            opened, start = open_brackets.pop()
            if opened == "[":
                _check_range(expression, start + 1, position)
    if open_brackets:
        opened, start = open_brackets[-1]
        raise PromqlError(f"{opened!r} at {_place(expression, start)} is never closed in {_shown(expression)}")


def _blank_texts(expression: str) -> str:
    """Return the expression with its strings and comments replaced, character by character, so that positions stay."""
    code: list[str] = []
    position = 0
    while position < len(expression):
        character = expression[position]
        end = position + 1
        if character == "#":
            newline = expression.find("\n", position)
            end = len(expression) if newline < 0 else newline
            code.append(" " * (end - position))
        elif character in _QUOTES:
            end = _end_of_string(expression, position)
            code.append("s" * (end - position))
        else:
            code.append(character)
        position = end
    return "".join(code)


def _end_of_string(expression: str, start: int) -> int:
    quote = expression[start]
    position = start + 1
    while position < len(expression) and expression[position] != quote:
        if expression[position] == "\n" and quote != "`":
            break
        position += 2 if expression[position] == "\\" and quote != "`" else 1
    if position >= len(expression) or expression[position] != quote:
        raise PromqlError(f"the text at {_place(expression, start)} is never closed in {_shown(expression)}")
    return position + 1


def _check_range(expression: str, start: int, end: int) -> None:
    """Refuse ``[5 minutes]``; a subquery ``[1h:5m]`` may leave out its step."""
    inner = expression[start:end]
    if _CALCULATED.search(inner):
        return
    duration, colon, step = (part.strip() for part in inner.partition(":"))
    for text in (duration, step) if colon and step else (duration,):
        if not is_duration(text) and not _SECONDS.fullmatch(text):
            raise PromqlError(f"expected a duration like [5m] or [1h:5m], got [{inner}] in {_shown(expression)}")


def _place(expression: str, position: int) -> str:
    line = expression.count("\n", 0, position) + 1
    column = position - expression.rfind("\n", 0, position)
    return f"line {line}, column {column}"


def _shown(expression: str) -> str:
    most = 200
    return repr(expression if len(expression) <= most else f"{expression[:most]}...")
