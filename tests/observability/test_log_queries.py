"""Saved queries and the alarm on transitions, as they are deployed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.model.log_queries import APPLICATION_QUERIES, UNEXPECTED_TRANSITIONS
from cdk_penstock.observability import ApplicationLogQueries, TransitionAlarm

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def template(job_zip: Path) -> Template:
    stack = Stack(App(), "Stack")
    for name in ("clicks", "visits"):
        code = ApplicationCode.from_asset(job_zip)
        application = FlinkApplication(stack, name, code=code, application_name=name)
        ApplicationLogQueries(application, "Queries", application=application)
        TransitionAlarm(application, "Transitions", application=application)
    return Template.from_stack(stack)


def test_each_application_has_all_queries_in_its_folder_over_its_log(template: Template) -> None:
    found = [each["Properties"] for each in template.find_resources("AWS::Logs::QueryDefinition").values()]
    folders = {f"penstock/{name}" for name in ("clicks", "visits")}
    assert {each["Name"] for each in found} == {
        f"{folder}/{each.name}" for folder in folders for each in APPLICATION_QUERIES
    }
    groups = {
        logical_id: each["Properties"]["LogGroupName"]
        for logical_id, each in template.find_resources("AWS::Logs::LogGroup").items()
    }
    for each in found:
        ((group,),) = [each["LogGroupNames"]]
        assert groups[group["Ref"]].rpartition("/")[2] == each["Name"].split("/")[1]


def test_a_query_begins_with_the_question_that_it_answers(template: Template) -> None:
    texts = {
        each["Properties"]["QueryString"] for each in template.find_resources("AWS::Logs::QueryDefinition").values()
    }
    assert texts == {f"# {query.answers}\n{query.text}" for query in APPLICATION_QUERIES}


def test_the_filter_counts_into_a_metric_of_each_application(template: Template) -> None:
    found = [each["Properties"] for each in template.find_resources("AWS::Logs::MetricFilter").values()]
    assert {each["FilterPattern"] for each in found} == {UNEXPECTED_TRANSITIONS}
    (clicks,) = [each for each in found if each["MetricTransformations"][0]["MetricName"].endswith("-clicks")]
    assert clicks["MetricTransformations"][0]["DefaultValue"] == 0


def test_the_alarm_needs_three_of_fifteen_minutes_and_reads_the_metric_of_its_filter(template: Template) -> None:
    alarms = [each["Properties"] for each in template.find_resources("AWS::CloudWatch::Alarm").values()]
    names = set()
    for alarm in alarms:
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Period"]) == (3, 15, 60)
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"].endswith("Runbook: docs/runbooks/unexpected-transitions.md")
        names.add((alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]))
    filters = [each["Properties"] for each in template.find_resources("AWS::Logs::MetricFilter").values()]
    transformations = [each["MetricTransformations"][0] for each in filters]
    assert names == {(each["MetricNamespace"], each["MetricName"], "Sum") for each in transformations}


def test_the_guide_lists_the_queries() -> None:
    guide = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| (.+\?.*) \|$", guide, re.MULTILINE)
    assert listed == [(query.name, query.answers) for query in APPLICATION_QUERIES]
