"""The page of the alarms' behaviour is what templates and histories give, and every alarm fires in one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from app import build_app
from cdk_penstock.model.alarm_evaluation.alarm_state import AlarmState
from cdk_penstock.model.alarm_evaluation.metric_alarm import MetricAlarm
from cdk_penstock.model.alarm_evaluation.template_alarms import alarms_of
from cdk_penstock.model.metrics import names_in_cloudwatch
from tools.alarm_behaviour import OF_THE_GENERATOR, PAGE, examples, page, templates_of, timelines
from tools.alarm_histories import HEALTHY, HISTORIES, STEPS, History, without_application

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm

Templates = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def templates(cdk_context: dict[str, Any], job_zip: Path) -> Templates:
    context = {**cdk_context, "package": str(job_zip), "env": "prod"}
    stage = build_app(App(context=context)).synth().get_nested_assembly("assembly-Prod")
    return {
        **{name: dict(body) for name, body in templates_of(Path(stage.directory)).items()},
        **{name: dict(body) for name, body in examples().items()},
    }


@pytest.fixture(scope="module")
def alarms(templates: Templates) -> Mapping[str, Alarm]:
    return {name: alarm for body in templates.values() for name, alarm in alarms_of(body).items()}


def test_the_page_is_that_of_the_templates(templates: Templates) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(templates), "run tools/alarm_behaviour.py"


@pytest.mark.parametrize("change", ["removed", "renamed", "other threshold", "without action", "other runbook"])
def test_a_change_of_an_alarm_changes_the_page(templates: Templates, change: str) -> None:
    changed: Templates = json.loads(json.dumps(templates))
    stack = next(name for name, body in changed.items() if any("DowntimeAlarm" in each for each in body["Resources"]))
    resources = changed[stack]["Resources"]
    name = next(each for each in resources if "VehicleMetricsOperationsDowntimeAlarm" in each)
    alarm = resources.pop(name)
    if change == "renamed":
        resources["Renamed"] = alarm
    elif change == "other threshold":
        resources[name] = {**alarm, "Properties": {**alarm["Properties"], "Threshold": 100_000}}
    elif change == "other runbook":
        resources[name] = {**alarm, "Properties": {**alarm["Properties"], "AlarmDescription": "see docs/other.md"}}
    elif change == "without action":
        had = bool(alarm["Properties"].get("AlarmActions"))
        actions = [] if had else ["arn:aws:sns:eu-west-1:111122223333:topic"]
        resources[name] = {**alarm, "Properties": {**alarm["Properties"], "AlarmActions": actions}}
    assert page({stack: changed[stack]}) != page({stack: templates[stack]})


def test_every_alarm_fires_in_a_history_and_none_in_a_healthy_one(alarms: Mapping[str, Alarm]) -> None:
    assert alarms
    fired: set[str] = set()
    for history in HISTORIES:
        found = timelines(history, alarms)
        firing = {name for name, timeline in found.items() if timeline.times(AlarmState.ALARM)}
        assert not firing or history.changed or history.of_flink_stops
        fired |= firing
    assert set(alarms) == fired


def test_the_histories_know_each_metric_that_an_alarm_watches(alarms: Mapping[str, Alarm]) -> None:
    watched = {
        without_application(each.metric.name)
        for alarm in alarms.values()
        if isinstance(alarm, MetricAlarm)
        for each in alarm.metrics.values()
    }
    assert watched <= HEALTHY.keys()


def test_the_histories_name_metrics_of_the_table_only() -> None:
    known = {name for _, name in names_in_cloudwatch()}
    # Beside them, counters of the bundled job.
    of_the_job = {"deadLettersLate", "numSamplesDropped", "numWriteRequestsOut", "numWriteRequestsRetries"}
    # And one that a filter of an application's log makes.
    assert HEALTHY.keys() - known == of_the_job | {"UnexpectedTransitions"}


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.title)
def test_a_history_has_a_value_for_each_step(history: History) -> None:
    assert all(len(values) == STEPS for values in history.changed.values())
    assert history.changed.keys() <= HEALTHY.keys()


def test_the_alarms_of_the_generator_behave_as_those_of_the_job(alarms: Mapping[str, Alarm]) -> None:
    left_out = [alarm for name, alarm in alarms.items() if name.startswith(OF_THE_GENERATOR)]
    shown = [
        alarm
        for name, alarm in alarms.items()
        if isinstance(alarm, MetricAlarm) and not name.startswith(OF_THE_GENERATOR)
    ]
    assert left_out
    assert all(any(_behaviour(each) == _behaviour(other) for other in shown) for each in left_out)


def _behaviour(alarm: Alarm) -> object:
    assert isinstance(alarm, MetricAlarm)
    names = sorted((without_application(each.metric.name), each.statistic) for each in alarm.metrics.values())
    # The KPUs of each application have their own limit.
    threshold = None if names == [("KPUs", "Maximum")] else alarm.threshold
    return (
        names, threshold, alarm.comparison, alarm.period_seconds, alarm.evaluation_periods, alarm.datapoints_to_alarm,
        alarm.treatment, alarm.has_actions,
    )  # fmt: skip
