"""The values of metric math: a number, a time series, an array of time series.

Source: AmazonCloudWatch, using-metric-math ("Data type abbreviations", "Basic arithmetic functions").
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Scalar:
    """A number; None for that of a series without data."""

    value: float | None

    def each(self, change: Callable[[Series], Series]) -> MathValue:  # noqa: ARG002 - as in the others
        """Refuse a number where a time series is needed."""
        raise AlarmEvaluationError(f"expected a time series or an array of them, got the number {self.value}")


@dataclass(frozen=True)
class Series:
    """The values of consecutive periods, the oldest first; None where data is missing."""

    values: tuple[float | None, ...]

    def each(self, change: Callable[[Series], Series]) -> MathValue:
        """Return the series after a change."""
        return change(self)

    def present(self) -> list[float]:
        """Return the values that are there."""
        return [value for value in self.values if value is not None]


@dataclass(frozen=True)
class SeriesArray:
    """An array of time series."""

    members: tuple[Series, ...]

    def each(self, change: Callable[[Series], Series]) -> MathValue:
        """Return the array, each member after a change."""
        return SeriesArray(tuple(change(member) for member in self.members))

    def columns(self) -> list[list[float | None]]:
        """Return the values of all members for each period."""
        return [list(column) for column in zip_longest(*(member.values for member in self.members))]


MathValue: TypeAlias = Scalar | Series | SeriesArray


def combine(left: MathValue, right: MathValue, operation: Callable[[float, float], float | None]) -> MathValue:
    """Apply an operation of two numbers to values, period by period.

    Of two series, a value that only one has counts as 0 in the other. A result that is None is dropped.
    """
    if isinstance(left, SeriesArray) and isinstance(right, SeriesArray):
        raise AlarmEvaluationError(
            "an operator takes one array of time series, got two: reduce one with SUM, AVG, MIN or MAX"
        )
    if isinstance(left, SeriesArray):
        return left.each(lambda member: _of_series(member, right, operation))
    if isinstance(right, SeriesArray):
        return right.each(lambda member: _of_series(member, left, lambda a, b: operation(b, a)))
    if isinstance(left, Series):
        return _of_series(left, right, operation)
    if isinstance(right, Series):
        return _of_series(right, left, lambda a, b: operation(b, a))
    return Scalar(None if left.value is None or right.value is None else operation(left.value, right.value))


def _of_series(series: Series, other: MathValue, operation: Callable[[float, float], float | None]) -> Series:
    if isinstance(other, Series):
        pairs = zip(series.values, other.values, strict=True)
        return Series(tuple(None if a is None and b is None else operation(a or 0.0, b or 0.0) for a, b in pairs))
    number = other.value if isinstance(other, Scalar) else None
    return Series(tuple(None if a is None or number is None else operation(a, number) for a in series.values))
