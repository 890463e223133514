"""The table of metrics: every metric that the code names is in it, and each entry can be read."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import cdk_penstock
from cdk_penstock.model.metrics import (
    METRIC_TABLE,
    MSF_METRICS,
    MetricKind,
    MetricsLevel,
    msf_metric,
    names_in_cloudwatch,
)
from cdk_penstock.model.metrics.penstock_metrics import METRICS_OF_LOGS
from cdk_penstock.model.runtimes import FlinkRuntime

LIBRARY = Path(cdk_penstock.__file__).parent
STACKS = LIBRARY.parents[1] / "stacks"
OTHER_SERVICES = {
    "sinks": "Firehose, OpenSearch and S3, which the table leaves to their constructs",
    "metrics_workspace_base.py": "Managed Prometheus",
}
GONE_FROM_2_2 = {"fullRestarts", "uptime", "downtime"}


def _sources() -> list[Path]:
    files = [*LIBRARY.rglob("*.py"), *STACKS.rglob("*.py")]
    return [path for path in files if not OTHER_SERVICES.keys() & set(path.parts)]


def _named_metrics(path: Path) -> list[str]:
    """Return the metrics that a file names in calls of ``metric`` and ``MetricMethod``, and as ``metric_name``."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        values = [keyword.value for keyword in node.keywords if keyword.arg == "metric_name"]
        if called in {"metric", "MetricMethod", "msf_metric", "_metric"}:
            values += node.args[:1]
        names += [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return names


def test_every_metric_that_the_code_names_is_in_the_table() -> None:
    known = {name for _, name in names_in_cloudwatch()}
    named = {path: set(_named_metrics(path)) for path in _sources()}
    assert {path.name: names - known for path, names in named.items() if names - known} == {}
    assert sum(map(len, named.values())) > 20, "the search finds the metrics"


def test_no_metric_is_twice_in_the_table() -> None:
    names = Counter((metric.namespace, name) for metric in METRIC_TABLE for name in metric.all_names)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("runtime", FlinkRuntime.known(), ids=lambda runtime: runtime.identifier)
def test_a_runtime_gets_only_the_names_that_it_emits(runtime: FlinkRuntime) -> None:
    names = {name for metric in MSF_METRICS.values() for name in metric.names_on(runtime)}
    is_new = runtime.release >= (2, 2)
    assert bool(names & GONE_FROM_2_2) is not is_new
    assert ("numRestarts" in names) is is_new
    assert ("failingTime" in names) is is_new


def test_back_pressure_is_sent_below_the_level_application_only() -> None:
    metric = msf_metric("backPressuredTimeMsPerSecond")
    assert not metric.is_sent_at(MetricsLevel.APPLICATION)
    assert metric.is_sent_at(MetricsLevel.TASK)


def test_every_entry_can_be_read() -> None:
    for metric in METRIC_TABLE:
        assert metric.meaning.endswith("."), metric.name
        assert metric.page.startswith("https://docs.aws.amazon.com/"), metric.name
        # A metric filter has either dimensions from an event or a default value.
        assert metric.dimensions or metric.namespace == METRICS_OF_LOGS, metric.name
        assert (metric.statistic == "Sum") is (metric.kind is MetricKind.COUNT), metric.name
