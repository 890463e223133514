"""The functions of metric math.

Source: AmazonCloudWatch, using-metric-math ("Functions supported for metric math", "Using IF expressions").
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError
from cdk_penstock.model.alarm_evaluation.math_values import MathValue, Scalar, Series, SeriesArray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Periods:
    """Consecutive periods of the same length, by the time at which each begins."""

    begins_seconds: tuple[int, ...]
    seconds: int


def _of_each_value(change: Callable[[float], float | None]) -> Callable[[MathValue, Periods], MathValue]:
    def change_series(series: Series) -> Series:
        return Series(tuple(None if value is None else change(value) for value in series.values))

    return lambda value, _: value.each(change_series)


def _logarithm(of: Callable[[float], float]) -> Callable[[float], float | None]:
    return lambda value: of(value) if value > 0 else None


def _of_neighbours(
    change: Callable[[float, float, int], float],
) -> Callable[[MathValue, Periods], MathValue]:
    """Return a function of a value, the one before it, and the seconds between them; missing ones are passed over."""

    def of_periods(value: MathValue, periods: Periods) -> MathValue:
        def change_series(series: Series) -> Series:
            changed: list[float | None] = []
            before: tuple[float, int] | None = None
            for current, at in zip(series.values, periods.begins_seconds, strict=True):
                changed.append(
                    None if current is None or before is None else change(current, before[0], at - before[1])
                )
                before = before if current is None else (current, at)
            return Series(tuple(changed))

        return value.each(change_series)

    return of_periods


def _running_sum(value: MathValue, _: Periods) -> MathValue:
    def change_series(series: Series) -> Series:
        sums = accumulate(each or 0.0 for each in series.values)
        return Series(tuple(None if each is None else total for each, total in zip(series.values, sums, strict=True)))

    return value.each(change_series)


def _reduced(
    of_values: Callable[[Sequence[float]], float], *, missing_is_zero: bool = False
) -> Callable[[MathValue, Periods], MathValue]:
    """Return a function that makes one number of a series, and one series of an array."""

    def reduce_column(column: Sequence[float | None]) -> float | None:
        present = [each for each in column if each is not None]
        if missing_is_zero and present:
            present += [0.0] * (len(column) - len(present))
        return of_values(present) if present else None

    def reduce(value: MathValue, _: Periods) -> MathValue:
        match value:
            case Series():
                present = value.present()
                return Scalar(of_values(present) if present else None)
            case SeriesArray():
                return Series(tuple(reduce_column(column) for column in value.columns()))
        raise AlarmEvaluationError(f"expected a time series or an array of them, got the number {value.value}")

    return reduce


def _of_time(part: Callable[[datetime], float]) -> Callable[[MathValue, Periods], MathValue]:
    def of_periods(value: MathValue, periods: Periods) -> MathValue:
        times = Series(tuple(float(part(datetime.fromtimestamp(each, UTC))) for each in periods.begins_seconds))
        return value.each(lambda _: times)

    return of_periods


def _time_series(value: MathValue, periods: Periods) -> MathValue:
    if not isinstance(value, Scalar):
        raise AlarmEvaluationError("TIME_SERIES takes a number, got time series")
    return Series((value.value,) * len(periods.begins_seconds))


def _end_of_array(index: int) -> Callable[[MathValue, Periods], MathValue]:
    def end(value: MathValue, _: Periods) -> MathValue:
        if not isinstance(value, SeriesArray) or not value.members:
            raise AlarmEvaluationError("FIRST and LAST take an array of time series")
        return value.members[index]

    return end


def _metric_count(value: MathValue, _: Periods) -> MathValue:
    if not isinstance(value, SeriesArray):
        raise AlarmEvaluationError("METRIC_COUNT takes an array of time series")
    return Scalar(float(len(value.members)))


FUNCTIONS: Final[Mapping[str, Callable[[MathValue, Periods], MathValue]]] = {
    "ABS": _of_each_value(abs),
    "AVG": _reduced(statistics.fmean, missing_is_zero=True),
    "CEIL": _of_each_value(lambda value: float(math.ceil(value))),
    "DATAPOINT_COUNT": _reduced(lambda values: float(len(values))),
    "DATE": _of_time(lambda time: time.day),
    "DAY": _of_time(lambda time: time.isoweekday()),
    "DIFF": _of_neighbours(lambda value, before, _: value - before),
    "DIFF_TIME": _of_neighbours(lambda _value, _before, seconds: float(seconds)),
    "EPOCH": _of_time(lambda time: time.timestamp()),
    "FIRST": _end_of_array(0),
    "FLOOR": _of_each_value(lambda value: float(math.floor(value))),
    "HOUR": _of_time(lambda time: time.hour),
    "LAST": _end_of_array(-1),
    "LOG": _of_each_value(_logarithm(math.log)),
    "LOG10": _of_each_value(_logarithm(math.log10)),
    "MAX": _reduced(max),
    "METRIC_COUNT": _metric_count,
    "MIN": _reduced(min),
    "MINUTE": _of_time(lambda time: time.minute),
    "MONTH": _of_time(lambda time: time.month),
    "RATE": _of_neighbours(lambda value, before, seconds: (value - before) / seconds),
    "RUNNING_SUM": _running_sum,
    "STDDEV": _reduced(statistics.pstdev),
    "SUM": _reduced(math.fsum),
    "TIME_SERIES": _time_series,
    "YEAR": _of_time(lambda time: time.year),
}
REFUSED_FUNCTIONS: Final[Mapping[str, str]] = {
    "ANOMALY_DETECTION_BAND": "the model behind the band is CloudWatch's; compare with a number instead",
    "INSIGHT_RULE_METRIC": "it reads a rule of Contributor Insights, which a history of samples does not have",
    "SEARCH": "CloudWatch takes no alarm on a search, because it returns several time series; name each metric",
    "SERVICE_QUOTA": "a quota belongs to an account; compare with a number instead",
}


def filled(value: MathValue, filler: MathValue | str) -> MathValue:
    """Return time series whose missing values come from a number, from another series, or from the neighbours.

    What REPEAT and LINEAR cannot know stays missing: before the first value, and with LINEAR also after the last one.
    """
    match filler:
        case "REPEAT":
            return value.each(_repeated)
        case "LINEAR":
            return value.each(_interpolated)
        case Scalar(number):
            return value.each(lambda series: Series(tuple(number if each is None else each for each in series.values)))
        case Series():
            return value.each(
                lambda series: Series(
                    tuple(
                        other if each is None else each
                        for each, other in zip(series.values, filler.values, strict=True)
                    )
                )
            )
    raise AlarmEvaluationError("FILL takes a number, a time series, REPEAT or LINEAR, got an array of time series")


def _repeated(series: Series) -> Series:
    return Series(tuple(accumulate(series.values, lambda before, each: before if each is None else each)))


def _interpolated(series: Series) -> Series:
    values = list(series.values)
    known = [index for index, each in enumerate(values) if each is not None]
    for left, right in pairwise(known):
        begin, end = series.values[left], series.values[right]
        if begin is not None and end is not None:
            for index in range(left + 1, right):
                values[index] = begin + (end - begin) * (index - left) / (right - left)
    return Series(tuple(values))


def chosen(condition: MathValue, first: MathValue, second: MathValue | None, periods: Periods) -> MathValue:
    """Return the first value where a condition is not 0, else the second one; IF of metric math.

    Where the condition holds and the first value is missing, CloudWatch has 0. Where it does not hold, what the second
    value does not have is missing. Where the condition is missing, so is the result.
    """
    count = len(periods.begins_seconds)
    conditions, firsts, seconds = (_spread(each, count) for each in (condition, first, second))
    whole = isinstance(condition, Scalar)
    return Series(
        tuple(
            None if holds is None else (_or_zero(yes, whole=whole) if holds else no)
            for holds, yes, no in zip(conditions, firsts, seconds, strict=True)
        )
    )


def _or_zero(value: float | None, *, whole: bool) -> float | None:
    # A condition that is a number chooses a whole series, with its gaps.
    return value if value is not None or whole else 0.0


def _spread(value: MathValue | None, count: int) -> tuple[float | None, ...]:
    match value:
        case None:
            return (None,) * count
        case Scalar(number):
            return (number,) * count
        case Series(values):
            return values
    raise AlarmEvaluationError("IF takes numbers and time series, got an array of time series")
