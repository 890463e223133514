"""Expressions of CloudWatch Logs Insights: the part of the language that the saved queries use.

AWS: CWL_QuerySyntax-operations-functions, CWL_QuerySyntax-Filter, CWL_QuerySyntax-Stats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

Row = dict[str, Any]
Expression = Callable[[Sequence[Row]], Any]
"""The value for some rows: one row, or all rows of a group for an aggregation."""

_SPACE: Final = re.compile(r"(?:\s+|#[^\n]*)*")
_NAME: Final = re.compile(r"`[^`]+`|[A-Za-z_@][\w@]*(?:\.\w+)*")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_TEXT: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_REGEX: Final = re.compile(r"/((?:[^/\\\n]|\\.)+)/")
_PERIOD: Final = re.compile(r"(\d+)\s*(ms|s|m|h|d)\b")
_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_COMPARISON: Final = re.compile(r"=~|!=|<=|>=|=|<|>")


class InsightsError(Exception):
    """A query that is no query of Logs Insights, or that uses what this subset lacks."""


@dataclass
class Reader:
    """Reads a query from left to right."""

    text: str
    at: int = 0

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what matches here, or nothing."""
        self.skip()
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def sign(self, *signs: str) -> str:
        found = self.take(re.compile("|".join(map(re.escape, signs))))
        return found[0] if found else ""

    def word(self, *words: str) -> str:
        """Read one of some keywords, in any case of its letters."""
        found = self.take(re.compile(rf"(?:{'|'.join(words)})\b", re.IGNORECASE))
        return found[0].lower() if found else ""

    def name(self) -> str:
        found = self.take(_NAME) or self.fail("a name")
        return found[0].strip("`")

    def number(self) -> int:
        found = self.take(_NUMBER) or self.fail("a number")
        return int(found[0])

    def string(self) -> str | None:
        found = self.take(_TEXT)
        return None if found is None else re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2])

    def regex(self) -> re.Pattern[str] | None:
        found = self.take(_REGEX)
        return None if found is None else re.compile(found[1].replace("(?<", "(?P<").replace("(?P<=", "(?<="))

    def period(self) -> tuple[str, int]:
        found = self.take(_PERIOD) or self.fail("a period such as 5m")
        return found[0], int(found[1]) * _MILLISECONDS[found[2]]

    def fail(self, expected: str) -> Any:
        raise InsightsError(f"expected {expected}, got {self.text[self.at : self.at + 30]!r}")

    def require(self, sign: str) -> None:
        if not self.sign(sign):
            self.fail(repr(sign))


def number_of(value: Any) -> float | None:
    """Return a value as a number, None if it is none."""
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except ValueError:
        return None


def read_expression(reader: Reader) -> Expression:
    """Read an expression; ``not`` binds before ``and``, and ``and`` before ``or``."""
    parts = [_read_and(reader)]
    while reader.word("or"):
        parts.append(_read_and(reader))
    return parts[0] if len(parts) == 1 else lambda rows: any(part(rows) for part in parts)


def _read_and(reader: Reader) -> Expression:
    parts = [_read_not(reader)]
    while reader.word("and"):
        parts.append(_read_not(reader))
    return parts[0] if len(parts) == 1 else lambda rows: all(part(rows) for part in parts)


def _read_not(reader: Reader) -> Expression:
    if reader.word("not"):
        negated = _read_not(reader)
        return lambda rows: not negated(rows)
    return _read_comparison(reader)


def _read_comparison(reader: Reader) -> Expression:
    left = _read_sum(reader)
    if reader.word("not"):
        positive = _read_membership(reader, left) or reader.fail("like or in")
        return lambda rows: not positive(rows)
    if membership := _read_membership(reader, left):
        return membership
    if found := reader.take(_COMPARISON):
        if found[0] == "=~":
            return _match(reader, left)
        right = _read_sum(reader)
        return lambda rows: _compare(left(rows), found[0], right(rows))
    return left


def _read_membership(reader: Reader, left: Expression) -> Expression | None:
    if reader.word("like"):
        return _match(reader, left)
    if not reader.word("in"):
        return None
    reader.require("[")
    values = [_read_sum(reader)]
    while reader.sign(","):
        values.append(_read_sum(reader))
    reader.require("]")
    return lambda rows: any(_compare(left(rows), "=", value(rows)) for value in values)


def _match(reader: Reader, left: Expression) -> Expression:
    pattern = reader.regex()
    if pattern is None:
        text = reader.string()
        pattern = re.compile(re.escape(text)) if text is not None else reader.fail("/a regex/ or 'a text'")
    return lambda rows: (value := left(rows)) is not None and pattern.search(str(value)) is not None


def _compare(left: Any, sign: str, right: Any) -> bool:
    if left is None or right is None:
        return False
    pair: tuple[Any, Any] = (number_of(left), number_of(right))
    if None in pair:
        pair = (str(left), str(right))
    one, other = pair
    return bool(
        {"=": one == other, "!=": one != other, "<": one < other, "<=": one <= other, ">": one > other}.get(
            sign, one >= other
        )
    )


def _read_sum(reader: Reader) -> Expression:
    value = _read_product(reader)
    while sign := reader.sign("+", "-"):
        value = _calculate(value, sign, _read_product(reader))
    return value


def _read_product(reader: Reader) -> Expression:
    value = _read_single(reader)
    while sign := reader.sign("*", "/", "%"):
        value = _calculate(value, sign, _read_single(reader))
    return value


def _calculate(left: Expression, sign: str, right: Expression) -> Expression:
    def value(rows: Sequence[Row]) -> float | None:
        one, other = number_of(left(rows)), number_of(right(rows))
        if one is None or other is None or (sign in "/%" and not other):
            return None
        return {"+": one + other, "-": one - other, "*": one * other}.get(sign) if sign in "+-*" else (
            one / other if sign == "/" else one % other
        )  # fmt: skip

    return value


def _read_single(reader: Reader) -> Expression:
    if reader.sign("("):
        inner = read_expression(reader)
        reader.require(")")
        return inner
    if (text := reader.string()) is not None:
        return lambda _: text
    if found := reader.take(_NUMBER):
        return lambda _: float(found[0])
    name = reader.name()
    if reader.sign("("):
        return _read_call(reader, name.lower())
    return lambda rows: rows[0].get(name)


def _read_call(reader: Reader, name: str) -> Expression:
    if name == "bin":
        _, width_ms = reader.period()
        reader.require(")")
        return lambda rows: rows[0]["@timestamp"] // width_ms * width_ms
    if name == "count" and reader.sign("*"):
        reader.require(")")
        return len
    function = FUNCTIONS.get(name) or reader.fail(f"a function of this subset before {name!r}")
    arguments = [read_expression(reader)]
    while reader.sign(","):
        arguments.append(read_expression(reader))
    reader.require(")")
    return function(arguments)


def _aggregate(calculate: Callable[[list[Any]], Any]) -> Callable[[list[Expression]], Expression]:
    def made(arguments: list[Expression]) -> Expression:
        (argument,) = arguments
        return lambda rows: calculate([value for row in rows if (value := argument([row])) is not None])

    return made


def _at(choose: Callable[..., Row]) -> Callable[[list[Expression]], Expression]:
    def made(arguments: list[Expression]) -> Expression:
        (argument,) = arguments

        def value(rows: Sequence[Row]) -> Any:
            there = [row for row in rows if argument([row]) is not None]
            return argument([choose(there, key=lambda row: row["@timestamp"])]) if there else None

        return value

    return made


def _numbers(values: list[Any]) -> list[float]:
    return [number for value in values if (number := number_of(value)) is not None]


FUNCTIONS: Final[dict[str, Callable[[list[Expression]], Expression]]] = {
    "ispresent": lambda arguments: lambda rows: arguments[0](rows) is not None,
    "coalesce": lambda arguments: (
        lambda rows: next((value for argument in arguments if (value := argument(rows)) is not None), None)
    ),
    "tomillis": lambda arguments: arguments[0],
    "count": _aggregate(len),
    "count_distinct": _aggregate(lambda values: len(set(values))),
    "sum": _aggregate(lambda values: sum(_numbers(values))),
    "avg": _aggregate(lambda values: sum(found) / len(found) if (found := _numbers(values)) else None),
    "min": _aggregate(lambda values: min(_numbers(values), default=None)),
    "max": _aggregate(lambda values: max(_numbers(values), default=None)),
    "earliest": _at(min),
    "latest": _at(max),
}
"""The functions of this subset, by their names in small letters."""
