"""The one table of metrics."""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.metrics.msf_metrics import MSF_METRICS
from cdk_penstock.model.metrics.penstock_metrics import PENSTOCK_METRICS
from cdk_penstock.model.metrics.source_metrics import SOURCE_METRICS

METRIC_TABLE: Final = (*MSF_METRICS.values(), *SOURCE_METRICS, *PENSTOCK_METRICS)
"""Every metric but the counters of workloads, which their contracts declare."""


def names_in_cloudwatch() -> frozenset[tuple[str, str]]:
    """Return namespace and name of every metric of the table, on any runtime."""
    return frozenset((metric.namespace, name) for metric in METRIC_TABLE for name in metric.all_names)
