"""The dashboard of Grafana for people on call: what its panels ask CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.model.metrics import METRIC_TABLE, MetricsLevel, names_in_cloudwatch, workload_counter
from cdk_penstock.model.runtimes import FlinkRuntime
from cdk_penstock.observability import CloudWatchDataSource
from cdk_penstock.observability.operations_dashboard import operations_dashboard
from cdk_penstock.observability.panels import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCE = CloudWatchDataSource(uid="penstock-cloudwatch")
COUNTERS = {"Dead letters": [workload_counter(name, "Dead letters.") for name in ("deadLettersLate", "deadLettersOld")]}
RUNTIMES = [FlinkRuntime.of("FLINK-1_20"), FlinkRuntime.of("FLINK-2_2")]


def panels(runtime: FlinkRuntime = RUNTIMES[0], **props: Any) -> list[dict[str, Any]]:
    dashboard = operations_dashboard(
        "operations",
        title="Operations",
        application_name="fleet.prod",
        runtime=runtime,
        data_source=SOURCE,
        counters=COUNTERS,
        **props,
    )
    return list(dashboard.content["panels"])


def queries(shown: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in shown:
        yield from panel.get("targets", [])


def asked(shown: Sequence[dict[str, Any]]) -> set[str]:
    return {query["metricName"] for query in queries(shown) if "metricName" in query}


@pytest.mark.parametrize("level", MetricsLevel)
@pytest.mark.parametrize("runtime", RUNTIMES, ids=str)
def test_every_metric_is_sent_on_the_runtime_at_the_metrics_level(runtime: FlinkRuntime, level: MetricsLevel) -> None:
    sent = {
        (metric.namespace, name)
        for metric in METRIC_TABLE
        if metric.is_sent_at(level)
        for name in metric.names_on(runtime)
    }
    counters = {(metric.namespace, metric.name) for metrics in COUNTERS.values() for metric in metrics}
    for query in queries(panels(runtime, metrics_level=level)):
        if "metricName" in query:
            assert (query["namespace"], query["metricName"]) in sent | counters
            assert query["dimensions"]["Application"] == ["fleet.prod"]


def test_it_shows_every_section_and_tasks_only_where_the_metrics_level_has_them() -> None:
    rows = ["Now", "Health", "Throughput and lag", "Checkpoints", "Resources", "Errors"]
    assert [each["title"] for each in panels() if each["type"] == "row"] == rows
    with_tasks = panels(metrics_level=MetricsLevel.TASK)
    assert [each["title"] for each in with_tasks if each["type"] == "row"] == [*rows, "Tasks"]
    by_task = [query for query in queries(with_tasks) if "Task" in query.get("dimensions", {})]
    assert {query["metricName"] for query in by_task} == asked(with_tasks) - asked(panels())
    assert all(query["dimensions"]["Task"] == ["*"] and "Dim.Task" in query["label"] for query in by_task)


def test_the_jobs_own_counters_are_among_the_errors() -> None:
    assert {"deadLettersLate", "deadLettersOld"} <= asked(panels())
    names = {name for _, name in names_in_cloudwatch()}
    assert asked(panels()) - names == {"deadLettersLate", "deadLettersOld"}


def test_a_metric_with_several_names_is_their_sum() -> None:
    (downtime,) = [each for each in panels(RUNTIMES[1]) if each["title"] == "Downtime"]
    *parts, total = downtime["targets"]
    assert [part["metricName"] for part in parts] == ["restartingTime", "cancellingTime", "failingTime"]
    assert all(part["hide"] for part in parts)
    assert total["expression"] == " + ".join(part["id"] for part in parts)
    assert not total.get("hide")


def test_a_figure_is_never_older_than_fifteen_minutes_and_red_only_where_0_is_good() -> None:
    figures = [each for each in panels() if each["type"] == "stat"]
    assert len(figures) == 6
    assert {each["timeFrom"] for each in figures} == {"15m"}
    red = {each["title"] for each in figures if len(each["fieldConfig"]["defaults"]["thresholds"]["steps"]) > 1}
    assert red == {"Downtime", "Failed checkpoints since the last start"}


def test_every_panel_says_what_it_shows_and_what_no_data_means_with_the_page_of_aws() -> None:
    for panel in panels(metrics_level=MetricsLevel.TASK):
        if panel["type"] != "row":
            assert " No data: " in panel["description"]
            assert "https://docs.aws.amazon.com/" in panel["description"]


def test_ids_of_queries_are_unique_and_lines_of_another_unit_have_their_axis() -> None:
    for panel in panels(RUNTIMES[1], metrics_level=MetricsLevel.TASK):
        ids = [query["id"] for query in panel.get("targets", [])]
        assert len(set(ids)) == len(ids)
        assert ids == [query["refId"] for query in panel.get("targets", [])]
    lag = next(
        each for each in panels() if each["title"] == "Behind the newest record" and each["type"] == "timeseries"
    )
    (override,) = lag["fieldConfig"]["overrides"]
    (kinesis,) = [query for query in lag["targets"] if query["metricName"] == "millisBehindLatest"]
    assert override["matcher"] == {"id": "byFrameRefID", "options": kinesis["refId"]}
    assert {each["id"]: each["value"] for each in override["properties"]} == {
        "unit": "ms",
        "custom.axisPlacement": "right",
        "custom.axisLabel": "ms",
    }
    assert lag["fieldConfig"]["defaults"]["unit"] == "short"


def test_panels_do_not_overlap_and_have_unique_ids() -> None:
    shown = panels(metrics_level=MetricsLevel.TASK)
    assert [each["id"] for each in shown] == list(range(1, len(shown) + 1))
    cells = [
        (x, y)
        for each in (panel["gridPos"] for panel in shown)
        for x in range(each["x"], each["x"] + each["w"])
        for y in range(each["y"], each["y"] + each["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_more_figures_and_rows_are_added() -> None:
    more = [number("Age", "vector(1)", "Seconds.")]
    shown = panels(numbers=more, rows={"Of the team": [number("Orders", "vector(2)", "Orders.")]})
    titles = [each["title"] for each in shown]
    assert titles.index("Age") < titles.index("Health")
    assert titles[-2:] == ["Of the team", "Orders"]
