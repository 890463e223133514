"""The metrics that a job itself registers and MSF forwards to CloudWatch.

Source: managed-flink, "Use custom metrics": what a job registers below the metric group ``kinesisAnalytics`` is in the
namespace of MSF, with the dimension Application.
"""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.metrics.metric_definition import MetricDefinition, MetricKind, MissingData
from cdk_penstock.model.names import METRICS_NAMESPACE

CUSTOM_METRICS_PAGE: Final = "https://docs.aws.amazon.com/managed-flink/latest/java/monitoring-metrics-custom.html"


def workload_counter(name: str, meaning: str) -> MetricDefinition:
    """Return the definition of a counter of a job, as its contract declares it.

    A counter may appear only with the first record that it counts, so that a period without a sample means that
    nothing happened.
    """
    return MetricDefinition(
        name=name,
        meaning=meaning,
        namespace=METRICS_NAMESPACE,
        unit="Count",
        kind=MetricKind.CUMULATIVE_COUNTER,
        statistic="Maximum",
        missing=MissingData.NO_EVENT,
        page=CUSTOM_METRICS_PAGE,
    )
