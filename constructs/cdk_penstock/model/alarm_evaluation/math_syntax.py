"""The grammar of metric math expressions.

Source: AmazonCloudWatch, using-metric-math ("Metric math syntax and functions").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Text:
    """A text in quotation marks: the argument of METRICS."""

    value: str


@dataclass(frozen=True)
class Reference:
    """The Id of a metric or of another expression."""

    identifier: str


@dataclass(frozen=True)
class Array:
    """An array: expressions in brackets."""

    members: tuple[Expression, ...]


@dataclass(frozen=True)
class Operation:
    """Two expressions with an operator between them."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Call:
    """A function with its arguments; a keyword such as REPEAT has none."""

    function: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Number | Text | Reference | Array | Operation | Call

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<word>[A-Za-z]\w*)|(?P<text>"[^"]*"|'[^']*')"""
    r"""|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))"""
)
_SAME: Final = {"&&": "AND", "||": "OR"}
_LEVELS: Final = (("OR",), ("AND",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/"), ("^",))
"""The operators, those that bind least first."""


def parse_expression(text: str) -> Expression:
    """Return the parts of an expression.

    Raises
    ------
        AlarmEvaluationError: with the position, if the text is no metric math.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0

    def _split(self) -> Sequence[tuple[str, str, int]]:
        tokens, position = [], 0
        while self._text[position:].strip():
            found = _TOKEN.match(self._text, position)
            if found is None:
                at = position + len(self._text[position:]) - len(self._text[position:].lstrip())
                raise AlarmEvaluationError(
                    f"{self._text!r} has {self._text[at]!r} at character {at + 1}, which metric math does not know"
                )
            kind = found.lastgroup or ""
            value = found[kind]
            tokens.append((kind, _SAME.get(value, value), found.start(kind)))
            position = found.end()
        return tokens

    def whole(self) -> Expression:
        expression = self._level(0)
        if self._next < len(self._tokens):
            raise self._unexpected("the end")
        return expression

    def _level(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        expression = self._level(level + 1)
        while self._sees(*_LEVELS[level]):
            expression = Operation(self._take(), expression, self._level(level + 1))
        return expression

    def _unary(self) -> Expression:
        if self._sees("-"):
            self._take()
            return Operation("-", Number(0.0), self._unary())
        return self._term()

    def _term(self) -> Expression:
        kind, value, _ = self._peek()
        if kind == "number":
            return Number(float(self._take()))
        if kind == "text":
            return Text(self._take()[1:-1])
        if kind == "word" and value not in _SAME.values():
            return self._word()
        if value == "(":
            self._take()
            expression = self._level(0)
            self._expect(")")
            return expression
        if value == "[":
            return Array(self._list("[", "]"))
        raise self._unexpected("a number, an Id, a function or a parenthesis")

    def _word(self) -> Expression:
        word = self._take()
        if self._sees("("):
            return Call(word, self._list("(", ")"))
        # An Id begins with a lowercase letter, a keyword such as REPEAT does not.
        return Reference(word) if word[0].islower() else Call(word, ())

    def _list(self, opening: str, closing: str) -> tuple[Expression, ...]:
        self._expect(opening)
        members: list[Expression] = []
        while not self._sees(closing):
            if members:
                self._expect(",")
            members.append(self._level(0))
        self._expect(closing)
        return tuple(members)

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "", len(self._text))

    def _sees(self, *values: str) -> bool:
        kind, value, _ = self._peek()
        return value in values and kind in ("sign", "word")

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _expect(self, value: str) -> None:
        if not self._sees(value):
            raise self._unexpected(repr(value))
        self._take()

    def _unexpected(self, expected: str) -> AlarmEvaluationError:
        kind, value, at = self._peek()
        got = "the end" if kind == "end" else repr(value)
        return AlarmEvaluationError(f"expected {expected} at character {at + 1} of {self._text!r}, got {got}")
