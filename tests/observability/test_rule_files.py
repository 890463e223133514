"""Rule files and alert manager definitions: what is refused before AMP sees it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from aws_cdk import Fn

from cdk_penstock.local.prometheus.binary import find_prometheus
from cdk_penstock.observability import MetricsWorkspaceError
from cdk_penstock.observability.rule_files import read_alert_manager, read_rules
from tests.model import promql_cases

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
groups:
  - name: fleet
    interval: 1m
    rules:
      - record: vehicles:sum
        expr: sum(vehicles_in_motion)
        labels: {team: fleet, priority: 1}
      - alert: NoVehicles
        expr: |
          sum(vehicles_in_motion) == 0
        for: 5m
        annotations:
          summary: |
            nothing moves:
            \tsince {{ $value }}
  - name: empty
    rules: []
"""
MANAGER = """
alertmanager_config: |
  route:
    receiver: team
    routes:
      - receiver: team
        matchers: [severity="page"]
  receivers:
    - name: team
      sns_configs:
        - topic_arn: arn:aws:sns:eu-central-1:111122223333:alerts
template_files:
  default: "{{ define \\"title\\" }}x{{ end }}"
"""


def rule(text: str) -> str:
    return f"groups:\n  - name: g\n    rules:\n      - {text}\n"


WRONG_RULES = {
    "groups: [": "is not valid YAML: while parsing a flow node",
    "groups:\n- name: a\n rules: []\n": "is not valid YAML",
    "groups: {a: b}\n": "groups must be a list, got dict",
    "groups: a\n": "groups must be a list, got str 'a'",
    "- groups: []\n": "must have 'groups:' at its top level",
    "groups: &a [*a]\n": "is not valid YAML",
    "rules.yaml": "must have 'groups:' at its top level: for a file, pass pathlib.Path('rules.yaml')",
    "groups: []\ngroups: []\n": "has the key 'groups' twice, the second in line 2",
    "groups:\n  - rules: []\n": "group 1 must have 'name', got rules",
    "groups:\n  - name: a\n    rules: up\n": "rules of group 'a' must be a list, got str 'up'",
    "groups:\n  - {name: a, rules: []}\n  - {name: a, rules: []}\n": "group 'a' is there twice",
    "groups:\n  - {name: a, interval: 60, rules: []}\n": "interval of group 'a' must be a duration",
    rule("{expr: up}"): "rule 1 of group 'g' must have either record or alert, got expr",
    rule("{record: a, alert: b, expr: up}"): "got record and alert",
    rule("{record: a}"): "rule 1 of group 'g' must have 'expr', got record",
    rule("{record: a b, expr: up}"): "must record under a metric's name",
    rule("{record: a, expression: up}"): "must have 'expr', got record, expression",
    rule("{record: a, expr: sum(up}"): "rule 1 of group 'g': '(' at line 1, column 4 is never closed",
    rule("{record: a, expr: up, for: 5m}"): "has 'for', which is for alerts only",
    rule("{alert: a, expr: up, for: 5 minutes}"): "for of rule 1 of group 'g' must be a duration",
    rule("{alert: a, expr: up, labels: {a-b: c}}"): "labels of rule 1 of group 'g' must be names",
    rule("{alert: a, expr: up, annotations: {a: [b]}}"): "annotations of rule 1 of group 'g' must be names",
    rule("text"): "rule 1 of group 'g' must be a mapping, got str 'text'",
}
WRONG_MANAGERS = {
    "alertmanager_config:\n  route: {receiver: a}\n": "write 'alertmanager_config: |' and indent what follows",
    "alertmanager_config: |\n  route: [\n": "alertmanager_config of an alert manager definition is not valid YAML",
    "alertmanager_config: |\n  receivers: []\n": "route must be a mapping, got nothing",
    "alertmanager_config: |\n  route: {receiver: a}\n": "receivers must be a list, got nothing",
    "alertmanager_config: |\n  route: {}\n  receivers: [{name: a}]\n": "route must have 'receiver'",
    "alertmanager_config: |\n  route: {receiver: b}\n  receivers: [{name: a}]\n": "has receiver 'b', expected one of a",
    "alertmanager_config: |\n  route: {receiver: a, routes: [{receiver: b}]}\n  receivers: [name: a]\n": "'b'",
    "alertmanager_config: ''\n": "alertmanager_config must be a mapping, got nothing",
    "route: {}\n": "must have 'alertmanager_config: |' at its top level",
}


def test_a_valid_file_is_passed_unchanged() -> None:
    assert read_rules(RULES) == RULES
    assert read_alert_manager(MANAGER) == MANAGER


def test_merge_keys_and_flow_style_are_yaml_too() -> None:
    read_rules("x: &base {expr: up}\ngroups: [{name: a, rules: [{record: b, <<: *base}]}]\n")
    read_rules('{"groups": []}')


@pytest.mark.parametrize(("text", "problem"), WRONG_RULES.items())
def test_wrong_rules_are_refused_with_the_place(text: str, problem: str) -> None:
    with pytest.raises(MetricsWorkspaceError) as error:
        read_rules(text)
    assert problem in str(error.value)


@pytest.mark.parametrize(("text", "problem"), WRONG_MANAGERS.items())
def test_a_wrong_alert_manager_is_refused_with_the_place(text: str, problem: str) -> None:
    with pytest.raises(MetricsWorkspaceError) as error:
        read_alert_manager(text)
    assert problem in str(error.value)


def test_indentation_with_tabs_is_refused_as_what_it_is() -> None:
    with pytest.raises(MetricsWorkspaceError, match="a rule file is indented with tabs.*use spaces"):
        read_rules("groups:\n\t- name: x\n")
    with pytest.raises(MetricsWorkspaceError, match="alertmanager_config of an alert manager definition is indented"):
        read_alert_manager("alertmanager_config: |\n  route:\n  \treceiver: a\n")


@pytest.mark.parametrize("text", ["", " \n", "# nothing but a comment\n"])
def test_a_file_without_rules_is_refused_although_prometheus_accepts_it(text: str) -> None:
    with pytest.raises(MetricsWorkspaceError, match="must have 'groups:' at its top level: check that it is the right"):
        read_rules(text)


def test_aliases_of_aliases_take_no_time() -> None:
    layers = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    read_rules(f"a0: &a0 [x]\n{layers}groups: []\n")


def test_null_is_nothing_and_other_scalars_are_texts() -> None:
    read_rules("groups: ~\n")
    read_rules("groups:\n  - {name: 2026-01-01, interval: 0, rules: null}\n")
    read_rules("groups:\n  - {name: on, rules: [{record: yes, expr: 1, labels: {a: 0o14, b: 1:30}}]}\n")


def test_what_only_the_deployment_knows_is_not_judged() -> None:
    topic = Fn.import_value("topic")
    rules = f"groups: [{topic}"
    manager = MANAGER.replace("arn:aws:sns:eu-central-1:111122223333:alerts", topic)
    assert read_rules(rules) == rules
    assert read_alert_manager(manager) == manager


def test_a_mark_in_front_of_a_file_does_not_reach_amp(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding="utf-8-sig")
    assert read_rules(file) == RULES


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_in_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, encoding=encoding)
    with pytest.raises(MetricsWorkspaceError, match=rf"a rule file \(.*\) is encoded in {encoding.upper()}"):
        read_rules(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetricsWorkspaceError, match=r"\(.*none.yaml\) cannot be read: No such file"):
        read_rules(tmp_path / "none.yaml")


@pytest.mark.pipeline
def test_prometheus_refuses_and_accepts_the_same_files(tmp_path: Path) -> None:
    def takes(text: str) -> bool:
        file = tmp_path / "rules.yaml"
        file.write_text(text, encoding="utf-8")
        promtool = find_prometheus().program.with_name("promtool")
        return subprocess.run([promtool, "check", "rules", file], capture_output=True, check=False).returncode == 0

    def recorded(expression: str) -> str:
        return f"groups:\n- name: g\n  rules:\n  - record: a\n    expr: {json.dumps(expression)}\n"

    assert takes(RULES)
    assert [text for text in WRONG_RULES if takes(text)] == []
    assert [text for text in promql_cases.TAKEN if not takes(recorded(text))] == []
    assert [text for text in promql_cases.REFUSED if takes(recorded(text))] == []
