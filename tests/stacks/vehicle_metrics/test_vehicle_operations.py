"""The vehicle job's dashboard for people on call: counters of the job's own code, and PromQL over the real rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aws_cdk import App

from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.model.metrics import names_in_cloudwatch
from cdk_penstock.observability import CloudWatchDataSource, PrometheusDataSource
from stacks.environment import ApplicationSettings
from stacks.penstock_stage import PenstockStage
from stacks.vehicle_metrics.alerting import RULES
from stacks.vehicle_metrics.counters import COUNTERS
from stacks.vehicle_metrics.dashboard import connected_vehicles, vehicle_operations
from tests.conftest import WITH_ASSETS
from tests.stacks.test_app import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
PROMETHEUS = PrometheusDataSource(uid="penstock-metrics", type="prometheus")
CLOUDWATCH = CloudWatchDataSource(uid="penstock-cloudwatch")


@pytest.fixture(scope="module")
def panels() -> list[dict[str, Any]]:
    application = ApplicationSettings(name="vehicles", parallelism=4)
    dashboard = vehicle_operations(application, prometheus=PROMETHEUS, cloudwatch=CLOUDWATCH)
    return [each for each in dashboard.content["panels"] if each["type"] != "row"]


def counters_of_the_job() -> set[str]:
    """Return the names of the counters in the Java sources of the job and its connectors."""
    java = {path.name: path.read_text() for path in (ROOT / "flink_app").glob("**/src/main/java/**/*.java")}
    reasons = re.findall(r'"([a-z ]+)(?:: )?"', java["Reasons.java"]) + re.findall(
        r'LATE = "(.*)"', java["LatenessGuard.java"]
    )
    letters = {"deadLetters" + "".join(word[0].upper() + word[1:] for word in reason.split()) for reason in reasons}
    return letters | set(re.findall(r'counter\(group, "(\w+)"\)', java["SinkCounters.java"]))


def test_the_dashboards_counters_are_those_of_the_jobs_code() -> None:
    shown = {metric.name for metrics in COUNTERS.values() for metric in metrics}
    counted = counters_of_the_job()
    assert shown <= counted
    assert {name for name in counted if name.startswith("deadLetters") or "Dropped" in name} == shown


def test_every_panel_reads_a_metric_that_somebody_sends(panels: list[dict[str, Any]]) -> None:
    sent = {name for _, name in names_in_cloudwatch()} | counters_of_the_job()
    names = {query["metricName"] for panel in panels for query in panel["targets"] if "metricName" in query}
    assert names
    assert names <= sent


def test_each_panel_has_the_data_source_of_its_queries(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        (is_prometheus,) = {"expr" in query for query in panel["targets"]}
        source = PROMETHEUS if is_prometheus else CLOUDWATCH
        assert panel["datasource"] == {"uid": source.uid, "type": source.type}, panel["title"]
    prometheus = [panel["title"] for panel in panels if panel["datasource"]["uid"] == PROMETHEUS.uid]
    assert prometheus == [
        "Age of the newest sample",
        "Alerts now",
        "Age of the newest sample over time",
        "Series over time",
        "Alerts over time",
    ]


def test_an_environment_deploys_both_with_links_to_cloudwatch_and_its_runbooks(tmp_path: Path) -> None:
    code = {"bucket": "code", "object_key": "job.zip", "object_version": "v1", "entry_point": "main.py"}
    settings = environment(
        application={"code": code, "runtime": "FLINK-2_2", "metrics_level": "TASK"},
        account="111122223333",
        region="eu-central-1",
        runbook_base_url="https://example.com/runbooks",
    )
    app = App(outdir=str(tmp_path), post_cli_context=WITH_ASSETS)
    PenstockStage(app, environment=settings)
    app.synth()
    assets = [json.loads(path.read_text()) for path in tmp_path.rglob("asset.*.json")]
    deployed = {each["title"]: each for each in assets if "panels" in each}
    assert set(deployed) == {"Connected vehicles", "Operations of the vehicle job"}
    for dashboard in deployed.values():
        assert {link["title"]: link.get("url") for link in dashboard["links"]} == {
            "Dashboards": None,
            "CloudWatch": "https://console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/clicks",
            "Runbooks": "https://example.com/runbooks",
        }
    operations = json.dumps(deployed["Operations of the vehicle job"])
    assert "numRestarts" in operations
    assert "fullRestarts" not in operations
    assert "busyTimeMsPerSecond" in operations


def played(title: str, minute: str, *samples: tuple[str, float], panels: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a case for promtool: the samples of a panel's query at a time."""
    (panel,) = [each for each in panels if each["title"] == title]
    query = panel["targets"][0]["expr"].replace("$model", ".*").replace("$region", ".*")
    expected = [{"labels": labels, "value": value} for labels, value in samples]
    return {"expr": query, "eval_time": minute, "exp_samples": expected}


def cases(panels: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a fleet of one model in two regions that stops after 90 minutes, and what the panels show then."""
    workload = [each for each in connected_vehicles(PROMETHEUS).content["panels"] if each["type"] != "row"]
    return {
        "rule_files": [path.name for path in RULES.values()],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": 'vehicles_in_motion{model="sedan", region="US"}', "values": "20x90 _x60"},
                    {"series": 'vehicles_in_motion{model="sedan", region="EU"}', "values": "30x90 _x60"},
                    {"series": 'warnings{model="sedan", region="US"}', "values": "5x90 _x60"},
                ],
                "promql_expr_test": [
                    played("Age of the newest sample", "90m", ("{}", 0), panels=panels),
                    played("Age of the newest sample over time", "92m", ("{}", 120), panels=panels),
                    played("Age of the newest sample over time", "100m", panels=panels),
                    played("Age of the newest sample", "120m", ("{}", 1800), panels=panels),
                    played("Series over time", "90m", ("{}", 3), panels=panels),
                    played("Series over time", "95m", panels=panels),
                    played("Alerts now", "90m", ("{}", 0), panels=panels),
                    played("Alerts now", "101m", ("{}", 1), panels=panels),
                    played("Alerts over time", "90m", panels=panels),
                    played("Alerts over time", "101m", ('{alertname="NoVehicleSamples"}', 1), panels=panels),
                    played(
                        "Warnings per vehicle in the last hour by model",
                        "90m",
                        ('model:warnings_per_vehicle:ratio1h{model="sedan"}', 0.1),
                        panels=workload,
                    ),
                    played("Warnings per vehicle now", "90m", ("{}", 0.1), panels=workload),
                ],
            }
        ],
    }


def promtool(folder: Path, tests: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    for path in RULES.values():
        shutil.copy(path, folder)
    (folder / "panels.yaml").write_text(yaml.safe_dump(tests))
    program = find_prometheus().program.with_name("promtool")
    return subprocess.run(
        [program, "test", "rules", "panels.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.pipeline
def test_promtool_plays_the_panels_with_the_rules_of_the_workspace(
    tmp_path: Path, panels: list[dict[str, Any]]
) -> None:
    answer = promtool(tmp_path, cases(panels))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.pipeline
def test_promtool_notices_a_panel_whose_rule_is_gone(tmp_path: Path, panels: list[dict[str, Any]]) -> None:
    tests = cases(panels)
    tests["rule_files"] = ["alerts.yaml"]
    answer = promtool(tmp_path, tests)
    assert answer.returncode != 0
    assert "ratio1h" in answer.stdout + answer.stderr
