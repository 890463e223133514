"""Metrics in CloudWatch of what a construct creates or imports."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Duration
    from constructs import Construct


class MetricOptions(TypedDict, total=False):
    """Options of a metric, each as in ``aws_cloudwatch.Metric``."""

    statistic: str
    period: Duration
    label: str
    color: str
    dimensions_map: dict[str, str]


class _HasMetrics(Protocol):
    def metric(self, name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric: ...


class _Method(Protocol):
    def __call__(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric: ...


class MetricMethod:
    """A method for one metric: its name in CloudWatch, the statistic by default, and its description with the unit.

    ``metric_threads = MetricMethod("threadsCount", "Maximum", "Live threads.")`` in a class with a method ``metric`` is
    the same as the ``def`` of a method, which it becomes.
    """

    def __init__(self, name: str, statistic: str, description: str) -> None:
        def method(self: _HasMetrics, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
            return self.metric(name, **with_defaults(options, statistic=statistic))

        method.__doc__ = description
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        """Put a function in place of this object, as ``help`` and the check of arguments expect it."""
        self._method.__name__, self._method.__qualname__ = name, f"{owner.__qualname__}.{name}"
        setattr(owner, name, self._method)

    def __get__(self, construct: _HasMetrics, owner: type) -> _Method:
        """Tell type checkers the type of the method."""
        return MethodType(self._method, construct)


def build_metric(
    construct: Construct,
    namespace: str,
    name: str,
    *,
    dimensions: Mapping[str, str],
    options: MetricOptions,
    region: str | None = None,
) -> cloudwatch.Metric:
    """Return a metric with the dimensions and those of the options; by default its average over five minutes."""
    options = options | MetricOptions(dimensions_map={**dimensions, **options.get("dimensions_map", {})})
    return cloudwatch.Metric(namespace=namespace, metric_name=name, region=region, **options).attach_to(construct)


def with_defaults(
    options: MetricOptions, *, statistic: str, dimensions: Mapping[str, str] | None = None
) -> MetricOptions:
    """Return the options with a statistic unless they have one, and with further dimensions."""
    defaults = MetricOptions(statistic=statistic) | options
    if dimensions is not None:
        defaults["dimensions_map"] = {**dimensions, **options.get("dimensions_map", {})}
    return defaults
