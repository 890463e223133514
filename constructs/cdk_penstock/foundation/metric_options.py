"""How a metric is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from aws_cdk import Duration

__all__ = ("MetricOptions",)


class MetricOptions(TypedDict, total=False):
    """How a metric is read; each option as in ``aws_cloudwatch.Metric``."""

    statistic: str
    period: Duration
    label: str
    color: str
    dimensions_map: dict[str, str]
