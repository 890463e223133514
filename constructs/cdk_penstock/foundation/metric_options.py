"""Metrics in CloudWatch of what a construct creates or imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

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
