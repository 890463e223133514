"""The rules of the vehicle job's workspace, played by Prometheus's own test runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.observability.rule_files import read_alert_manager, read_rules
from stacks.vehicle_metrics.alerting import RULES, alert_manager
from vehicle_metrics import contract

CASES = Path(__file__).with_name("rules") / "alert_cases.yaml"
TOPIC = "arn:aws-cn:sns:cn-north-1:111122223333:flink-alarms"


def rules() -> list[dict[str, Any]]:
    groups = [group for path in RULES.values() for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = find_prometheus().program.with_name("promtool")
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (*RULES.values(), CASES):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_the_workspace_takes_all_rule_files() -> None:
    assert set(RULES) == {"recording", "alerts"}
    assert all(read_rules(path) for path in RULES.values())


def test_rules_read_nothing_but_what_the_job_writes_and_other_rules_record() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    written = {contract.VEHICLES_IN_MOTION, contract.WARNINGS}
    labels = {contract.MODEL, contract.REGION}
    words = {"sum", "by", "count", "on", "and", "unless", "offset", "group_left", "unknown", "__name__"}
    functions = {"last_over_time", "sum_over_time", "absent_over_time"}
    for rule in rules():
        names = set(re.findall(r"[a-z_][a-z_:0-9]*[a-z_][a-z_:0-9]*", re.sub(r"\b\d+[smhdw]\b", "", rule["expr"])))
        assert names - words - functions <= recorded | written | labels, rule


def test_every_alert_has_a_severity_a_duration_and_texts() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert [alert["alert"] for alert in alerts] == [
        "NoVehicleSamples",
        "RegionSilent",
        "WarningsRising",
        "UnknownModels",
    ]
    for alert in alerts:
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert set(alert["annotations"]) == {"summary", "description"}
        assert alert["for"]


def test_every_rule_has_a_case() -> None:
    cases = CASES.read_text()
    for rule in rules():
        if "alert" in rule:
            fires = rf"alertname: {rule['alert']}\n +exp_alerts:( \[\{{|\n)"
            assert re.search(fires, cases), f"no case in which {rule['alert']} fires"
            assert f"alertname: {rule['alert']}, exp_alerts: []" in cases
        elif not rule["record"].endswith("share1h"):
            assert rule["record"] in cases


@pytest.mark.pipeline
def test_promtool_takes_the_rules_and_plays_their_cases(folder: Path) -> None:
    checked = promtool(folder, "check", "rules", *(path.name for path in RULES.values()))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    played = promtool(folder, "test", "rules", CASES.name)
    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("right", "wrong"),
    [("for: 5m", "for: 0m"), ("> 0.05", "> 0.5"), ("      unless", "      and"), ("/ (model:warn", "* (model:warn")],
)
def test_the_cases_notice_a_rule_that_changes(folder: Path, right: str, wrong: str) -> None:
    alerts = folder / "alerts.yaml"
    # Without the case of a week, which takes long, except where it is the one that notices.
    if "model:warn" not in right:
        cases = yaml.safe_load(CASES.read_text())
        cases["tests"] = [case for case in cases["tests"] if "a quiet week" not in case["name"]]
        (folder / CASES.name).write_text(yaml.safe_dump(cases))
    text = alerts.read_text()
    assert right in text
    alerts.write_text(text.replace(right, wrong))
    assert promtool(folder, "test", "rules", CASES.name).returncode != 0


def test_the_alert_manager_notifies_the_environments_topic_in_its_region() -> None:
    text = alert_manager(TOPIC, "cn-north-1")
    assert read_alert_manager(text) == text
    manager = yaml.safe_load(yaml.safe_load(text)["alertmanager_config"])
    (receiver,) = manager["receivers"]
    assert receiver["sns_configs"] == [{"topic_arn": TOPIC, "sigv4": {"region": "cn-north-1"}}]
    assert manager["route"]["routes"][0]["matchers"] == ['severity="page"']
