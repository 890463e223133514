"""The dashboard of the vehicle job: its structure, and its queries against what the job writes."""

from __future__ import annotations

import functools
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.local.prometheus.server import Prometheus
from cdk_penstock.local.rest import JsonClient
from cdk_penstock.observability import Dashboard, PrometheusDataSource
from stacks.vehicle_metrics.dashboard import cloudwatch_url, connected_vehicles
from tests.observability.remote_write import write_samples
from tools.grafana_samples import recorded, without_rules
from vehicle_metrics import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SOURCE = PrometheusDataSource(uid="penstock-metrics", type="grafana-amazonprometheus-datasource")
FUNCTIONS = {"sum", "by", "count", "last_over_time", "or", "max", "max_over_time", "timestamp", "label_replace", "time"}
WORDS = {"metric", "unknown", "__name__"}
SELECTORS = {
    'model=~"$model", region=~"$region"',
    'model="unknown", model=~"$model", region=~"$region"',
    '__name__=~"vehicles_in_motion|warnings", model=~"$model", region=~"$region"',
}
OF_A_RULE = 'model=~"$model"'
RECORDED = recorded()


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    return json.loads(connected_vehicles(SOURCE).marked("mark"))


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels without the rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]


def written_columns() -> tuple[set[str], set[str]]:
    """Return the metrics and the labels of the job's Prometheus table, from its own statements."""
    path = ROOT / "flink_app" / "vehicle_metrics" / "vehicle_metrics" / "statements.py"
    table = re.search(r"CREATE TEMPORARY TABLE metrics \((.*?)\) \{with_clause", path.read_text(), re.DOTALL)
    assert table is not None
    columns = re.findall(r"`?(\w+)`? (DOUBLE|STRING)", table[1])
    return {name for name, kind in columns if kind == "DOUBLE"}, {name for name, kind in columns if kind == "STRING"}


def test_metrics_and_labels_are_those_that_the_job_writes() -> None:
    metrics, labels = written_columns()
    assert {contract.VEHICLES_IN_MOTION, contract.WARNINGS} == metrics
    assert {contract.MODEL, contract.REGION} == labels


def test_queries_use_nothing_but_what_the_job_writes_and_rules_record_and_the_variables(
    dashboard: dict[str, Any],
) -> None:
    metrics, labels = written_columns()
    for query in queries(dashboard):
        recorded = {name for name in RECORDED if name in query}
        plain = functools.reduce(lambda text, name: text.replace(name, ""), recorded, query)
        words = set(re.findall(r"(?<!\d)[a-z_]{2,}", plain)) - FUNCTIONS - WORDS
        assert words <= metrics | labels, query
        for selector in re.findall(r"\{([^}]*)\}", query):
            assert selector in ({OF_A_RULE} if recorded else SELECTORS), query
        # No metric is read without a selector.
        bare = re.sub(r"\{[^}]*\}", "{}", re.sub(r'"[^"]*"', "", plain))
        assert not [word for word in metrics if re.search(rf"\b{word}\b(?!\{{)", bare)], query


def test_it_shows_now_by_model_by_region_over_time_and_counts(dashboard: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert titles[:12] == [
        "Now",
        "Vehicles in motion now",
        "Warnings now",
        "Warnings per vehicle now",
        "Age of the newest sample",
        "Models",
        "Regions",
        "Series",
        "Vehicles of no known model now",
        "All over time",
        "Vehicles in motion over time",
        "Warnings over time",
    ]
    assert [each["title"] for each in dashboard["panels"] if each["type"] == "row"][2:] == ["By model", "By region"]
    for metric in ("Vehicles in motion", "Warnings"):
        for label in ("model", "region"):
            assert {f"{metric} now by {label}", f"{metric} over time by {label}"} <= set(titles)
    assert {panel["type"] for panel in panels(dashboard)} == {"stat", "timeseries", "bargauge"}


def test_what_is_now_is_one_value_and_what_is_over_time_a_range(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        (target,) = panel["targets"]
        over_time = "over time" in panel["title"]
        assert (target["instant"], target["range"]) == (not over_time, over_time), panel["title"]


def test_every_panel_says_what_it_shows_and_a_name_keeps_its_color(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["description"], panel["title"]
        if panel["type"] != "stat":
            assert panel["fieldConfig"]["defaults"]["color"] == {"mode": "palette-classic-by-name"}
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["calcs"] == ["last", "max"]
            assert panel["options"]["tooltip"]["sort"] == "desc"


def test_ids_are_unique_panels_do_not_overlap_and_all_have_the_data_source(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < 24 for x, _ in cells)
    reference = {"uid": SOURCE.uid, "type": SOURCE.type}
    items = [*panels(dashboard), *dashboard["templating"]["list"]]
    assert all(item["datasource"] == reference for item in items)


def test_variables_take_several_values_or_all(dashboard: dict[str, Any]) -> None:
    variables = dashboard["templating"]["list"]
    assert [variable["name"] for variable in variables] == ["model", "region"]
    for variable in variables:
        assert (variable["type"], variable["multi"], variable["includeAll"], variable["allValue"]) == (
            "query",
            True,
            True,
            ".*",
        )
        assert variable["query"] == f'label_values({{__name__=~"vehicles_in_motion|warnings"}}, {variable["name"]})'


def test_the_same_input_makes_the_same_bytes() -> None:
    assert connected_vehicles(SOURCE).marked("m") == connected_vehicles(SOURCE).marked("m")
    assert connected_vehicles(SOURCE).name == "connected-vehicles"


def test_it_is_a_dashboard_that_users_copy_rather_than_edit(dashboard: dict[str, Any]) -> None:
    assert dashboard["editable"] is False
    assert dashboard["tags"] == ["connected-vehicles", "penstock", "mark"]
    assert Dashboard.from_json("copy", json.dumps(dashboard)).content["title"] == "Connected vehicles"


def test_it_links_to_cloudwatch_and_other_dashboards_and_draws_deployments() -> None:
    url = cloudwatch_url("vehicles.prod", region="eu-central-1")
    assert (
        url == "https://console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/vehicles-prod"
    )
    assert "region" not in cloudwatch_url("vehicles", region=None)
    content = connected_vehicles(SOURCE, links={"CloudWatch": url}).content
    assert [(each["title"], each.get("url"), each["tags"]) for each in content["links"]] == [
        ("Dashboards", None, ["penstock"]),
        ("CloudWatch", url, []),
    ]
    (deployments,) = content["annotations"]["list"]
    assert deployments["target"] == {"type": "tags", "tags": ["deployment"], "limit": 100, "matchAny": False}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with Prometheus(tmp_path_factory.mktemp("prometheus")) as server:
        yield server


@pytest.mark.pipeline
def test_a_real_prometheus_answers_every_query_with_the_right_figures(
    prometheus: Prometheus, dashboard: dict[str, Any]
) -> None:
    now = time.time()
    recent, stale, older = (int(now * 1000) - age_ms for age_ms in (5_000, 120_000, 1_800_000))
    write_samples(
        prometheus.remote_write_url,
        [
            ("vehicles_in_motion", {"model": "sedan", "region": "US"}, recent - 5_000, 9.0),
            ("vehicles_in_motion", {"model": "sedan", "region": "US"}, recent, 3.0),
            ("vehicles_in_motion", {"model": "sedan", "region": "EU (west)"}, recent, 4.0),
            ("vehicles_in_motion", {"model": "truck", "region": "US"}, recent, 0.0),
            ("vehicles_in_motion", {"model": "gone", "region": "AF"}, stale, 100.0),
            ("vehicles_in_motion", {"model": "old", "region": "AF"}, older, 100.0),
            ("warnings", {"model": "van", "region": "US"}, recent, 7.0),
            ("warnings", {"model": "sedan", "region": "US"}, recent, 1.0),
        ],
    )
    client = JsonClient(prometheus.url, timeout_seconds=10.0)

    def ask(title: str, model: str = ".*", region: str = ".*") -> dict[str, float]:
        (panel,) = [each for each in dashboard["panels"] if each["title"] == title]
        query = without_rules(panel["targets"][0]["expr"]).replace("$model", model).replace("$region", region)
        answer = client.get("/api/v1/query", {"query": query, "time": str(now)})
        assert answer["status"] == "success"
        return {"".join(one["metric"].values()): float(one["value"][1]) for one in answer["data"]["result"]}

    assert ask("Vehicles in motion now") == {"": 7.0}
    assert ask("Warnings now") == {"": 8.0}
    assert ask("Models") == {"": 3.0}
    assert ask("Regions") == {"": 2.0}
    assert ask("Vehicles in motion now by model") == {"sedan": 7.0, "truck": 0.0}
    assert ask("Vehicles in motion over time by region") == {"US": 3.0, "EU (west)": 4.0}
    assert ask("Warnings now by region") == {"US": 8.0}
    # As Grafana writes several values, and escapes each.
    assert ask("Vehicles in motion now", model="(sedan|van)", region="(US|EU \\\\(west\\\\))") == {"": 7.0}
    assert ask("Vehicles in motion now", region="EU \\\\(west\\\\)") == {"": 4.0}
    assert ask("Models", model="van") == {"": 1.0}
    assert ask("Warnings per vehicle now") == {"": pytest.approx(8 / 7)}
    assert ask("Warnings per vehicle now by region") == {"US": pytest.approx(8 / 3)}
    assert ask("Warnings per vehicle now", model="truck") == {}
    assert ask("Vehicles of no known model now") == {"": 0.0}
    assert ask("Vehicles of no known model now", model="gone") == {}
    assert ask("Series") == {"": 5.0}
    assert ask("Age of the newest sample") == {"": pytest.approx(5, abs=0.01)}
    assert ask("Age of the newest sample", model="gone") == {"": pytest.approx(120, abs=0.01)}
    assert ask("Age of the newest sample", model="old") == {"": pytest.approx(1_800, abs=0.01)}
    for panel in panels(dashboard):
        assert ask(panel["title"]), panel["title"]
    for label, values in (("model", {"sedan", "truck", "van", "gone", "old"}), ("region", {"US", "EU (west)", "AF"})):
        match = {"match[]": '{__name__=~"vehicles_in_motion|warnings"}'}
        assert set(client.get(f"/api/v1/label/{label}/values", match)["data"]) == values
