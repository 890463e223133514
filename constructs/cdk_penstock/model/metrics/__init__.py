"""Every metric of CloudWatch that penstock uses: its name, its levels and how it is to be read."""

from cdk_penstock.model.metrics.metric_definition import MetricDefinition, MetricKind, MissingData
from cdk_penstock.model.metrics.metric_table import METRIC_TABLE, names_in_cloudwatch
from cdk_penstock.model.metrics.metrics_level import MetricsLevel
from cdk_penstock.model.metrics.msf_metrics import MSF_METRICS, msf_metric
from cdk_penstock.model.metrics.workload_counters import workload_counter

__all__ = [
    "METRIC_TABLE",
    "MSF_METRICS",
    "MetricDefinition",
    "MetricKind",
    "MetricsLevel",
    "MissingData",
    "msf_metric",
    "names_in_cloudwatch",
    "workload_counter",
]
