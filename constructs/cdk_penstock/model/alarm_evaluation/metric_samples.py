"""The samples of metrics over time, and CloudWatch's statistics of them.

Source: AmazonCloudWatch, Statistics-definitions.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmEvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "Average": lambda values: math.fsum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": math.fsum,
}


@dataclass(frozen=True)
class Metric:
    """A metric by which CloudWatch tells it from others: namespace, name and all dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, order=True)
class Sample:
    """A value at a time, in seconds since the epoch."""

    at_seconds: float
    value: float


class MetricHistory:
    """The samples of each metric. A metric without samples has no data, as in CloudWatch."""

    def __init__(self, samples: Mapping[Metric, Iterable[Sample]]) -> None:
        self._times: dict[Metric, list[float]] = {}
        self._values: dict[Metric, list[float]] = {}
        for metric, each in samples.items():
            ordered = sorted(each)
            self._times[metric] = [sample.at_seconds for sample in ordered]
            self._values[metric] = [sample.value for sample in ordered]

    def statistic(self, metric: Metric, statistic: str, *, begin_seconds: float, end_seconds: float) -> float | None:
        """Return a statistic of the samples from a time on and before another one, or None without samples."""
        times = self._times.get(metric, [])
        begin, end = bisect_left(times, begin_seconds), bisect_left(times, end_seconds)
        return reduction(statistic)(self._values[metric][begin:end]) if end > begin else None


def reduction(statistic: str) -> Callable[[Sequence[float]], float]:
    """Return the function behind a statistic's name.

    Raises
    ------
        AlarmEvaluationError: if the statistic is not one of the five basic ones, nor a percentile.
    """
    if (basic := _STATISTICS.get(statistic)) is not None:
        return basic
    if (found := _PERCENTILE.fullmatch(statistic)) is None:
        raise AlarmEvaluationError(
            f"statistic {statistic!r} cannot be evaluated here: use one of {', '.join(_STATISTICS)},"
            " or a percentile such as p99"
        )
    share = float(found[1]) / 100

    def percentile(values: Sequence[float]) -> float:
        """Interpolate between the two nearest ranks."""
        ordered = sorted(values)
        rank = share * (len(ordered) - 1)
        low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
        return low + (high - low) * (rank - math.floor(rank))

    return percentile
