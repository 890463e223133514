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
from tools.alarm_faults import FAULTS
from tools.alarm_histories import DEAD_LETTER_REASONS, HEALTHY, HISTORIES, STEPS, History, without_application
from tools.vehicle_alarms import without_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_penstock.model.alarm_evaluation.alarm_timeline import Alarm

Templates = dict[str, dict[str, Any]]
PROD = "VehicleMetricsOperations"


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
    resources = next(
        body["Resources"] for body in changed.values() if any("AlarmsDowntime" in each for each in body["Resources"])
    )
    name = next(each for each in resources if each.startswith("VehicleMetricsOperationsAlarmsDowntime"))
    composite = next(each for each in resources if each.startswith("VehicleMetricsOperationsAlarmsPage"))
    alarm = resources.pop(name)
    rule = resources[composite]["Properties"]["AlarmRule"]
    if change == "removed":
        resources[composite]["Properties"]["AlarmRule"] = without(rule, name)
    elif change == "renamed":
        resources["Renamed"] = alarm
        resources[composite]["Properties"]["AlarmRule"] = json.loads(json.dumps(rule).replace(name, "Renamed"))
    elif change == "other threshold":
        resources[name] = {**alarm, "Properties": {**alarm["Properties"], "Threshold": 100_000}}
    elif change == "other runbook":
        resources[name] = {**alarm, "Properties": {**alarm["Properties"], "AlarmDescription": "see docs/other.md"}}
    elif change == "without action":
        resources[name] = alarm
        del resources[composite]["Properties"]["AlarmActions"]
    # Which is that of the templates as they are, by the test above.
    assert page(changed) != PAGE.read_text(encoding="utf-8")


def without(rule: dict[str, Any], alarm: str) -> dict[str, Any]:
    """Return the rule of a composite alarm, a joined text, without an alarm."""
    parts = rule["Fn::Join"][1]
    index = next(number for number, part in enumerate(parts) if alarm in str(part))
    # Before the alarm stands '") OR ALARM("' or 'ALARM("'; what follows it begins with '") OR ALARM("'.
    return {"Fn::Join": ["", parts[:index] + parts[index + 2 :]]}


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
    of_the_job = {"numSamplesDropped", "numWriteRequestsOut", "numWriteRequestsRetries"}
    of_the_job |= {f"deadLetters{reason}" for reason in DEAD_LETTER_REASONS}
    assert HEALTHY.keys() - known == of_the_job


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.title)
def test_a_history_has_a_value_for_each_step(history: History) -> None:
    assert all(len(values) == STEPS for values in history.changed.values())
    assert history.changed.keys() <= HEALTHY.keys()


def test_the_alarms_of_the_generator_behave_as_those_of_the_job(alarms: Mapping[str, Alarm]) -> None:
    single = {name: alarm for name, alarm in alarms.items() if isinstance(alarm, MetricAlarm)}
    left_out = [alarm for name, alarm in single.items() if name.startswith(OF_THE_GENERATOR)]
    shown = [alarm for name, alarm in single.items() if not name.startswith(OF_THE_GENERATOR)]
    assert left_out
    assert all(any(_behaviour(each) == _behaviour(other) for other in shown) for each in left_out)


def test_the_alarms_that_live_faults_raise_are_those_of_prod(alarms: Mapping[str, Alarm]) -> None:
    by_name = {without_hash(name): alarm for name, alarm in alarms.items()}
    for name in {each for fault in FAULTS for each in fault.alarms}:
        here, in_prod = by_name[name], by_name[f"{PROD}{name}"]
        if isinstance(here, MetricAlarm) and isinstance(in_prod, MetricAlarm):
            assert _behaviour(here) == _behaviour(in_prod)
            assert here.expressions == in_prod.expressions
        else:
            assert here.has_actions
            assert in_prod.has_actions


def _behaviour(alarm: MetricAlarm) -> object:
    names = sorted((without_application(each.metric.name), each.statistic) for each in alarm.metrics.values())
    # The KPUs of each application have their own limit.
    threshold = None if names == [("KPUs", "Maximum")] else alarm.threshold
    return (
        names, threshold, alarm.comparison, alarm.period_seconds, alarm.evaluation_periods, alarm.datapoints_to_alarm,
        alarm.treatment, alarm.has_actions,
    )  # fmt: skip
