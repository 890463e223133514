"""CloudWatch dashboards of applications: what their widgets show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.assertions import Template

from cdk_penstock.application import FlinkApplication, FlinkRuntime, MetricsLevel
from cdk_penstock.model.metrics import workload_counter
from cdk_penstock.observability import ApplicationDashboard, EnvironmentDashboard, Graph
from tests.observability.conftest import flatten

if TYPE_CHECKING:
    from collections.abc import Sequence

Widget = dict[str, Any]
COUNTERS = {
    "Dead letters": [workload_counter(each, "Dead letters.") for each in ("deadLettersLate", "deadLettersOther")]
}
APPLICATION_METRICS = {
    "cpuUtilization", "containerCPUUtilization", "heapMemoryUtilization", "containerMemoryUtilization", "KPUs",
    "oldGenerationGCTime", "lastCheckpointDuration", "lastCheckpointSize", "numberOfFailedCheckpoints",
    "numRecordsInPerSecond", "numRecordsOutPerSecond", "records_lag_max",
    "numLateRecordsDropped", "threadsCount", "containerDiskUtilization",
}  # fmt: skip
OF_RUNTIME = {
    "FLINK-1_20": {"fullRestarts", "uptime", "downtime"},
    "FLINK-2_2": {"numRestarts", "runningTime", "restartingTime", "cancellingTime", "failingTime"},
}


def widgets_of(stack: Stack) -> dict[str, list[Widget]]:
    """Return the widgets of each dashboard of a stack by the dashboard's name."""
    found = Template.from_stack(stack).find_resources("AWS::CloudWatch::Dashboard").values()
    bodies = {each["Properties"]["DashboardName"]: flatten(each["Properties"]["DashboardBody"]) for each in found}
    return {name: json.loads(body)["widgets"] for name, body in bodies.items()}


def graphs(widgets: Sequence[Widget]) -> list[Widget]:
    return [each["properties"] for each in widgets if each["type"] == "metric" and "metrics" in each["properties"]]


def names(widgets: Sequence[Widget]) -> set[str]:
    """Return the names of all metrics with no other dimension than the application."""
    lines = [line for graph in graphs(widgets) for line in graph["metrics"]]
    plain = [line for line in lines if isinstance(line[0], str)]
    assert all((line[0], *line[2:4]) == ("AWS/KinesisAnalytics", "Application", "fleet.prod") for line in plain)
    return {line[1] for line in plain}


def searches_of(widgets: Sequence[Widget]) -> list[str]:
    lines = [line[0] for graph in graphs(widgets) for line in graph["metrics"]]
    return [str(each["expression"]) for each in lines if isinstance(each, dict) and "SEARCH" in each["expression"]]


def titles(widgets: Sequence[Widget]) -> list[str]:
    return [each["properties"]["markdown"] for each in widgets if each["type"] == "text"]


def build(runtime: str = "FLINK-1_20", **props: Any) -> list[Widget]:
    stack = new_stack()
    ApplicationDashboard(stack, "Dashboard", application=an_application(stack, runtime), **props)
    return widgets_of(stack)["fleet-prod"]


def new_stack() -> Stack:
    return Stack(App(), "Stack", env=Environment(account="111122223333", region="eu-central-1"))


def an_application(stack: Stack, runtime: str = "FLINK-1_20") -> Any:
    return FlinkApplication.from_application_attributes(
        stack, "Fleet", application_name="fleet.prod", runtime=FlinkRuntime.of(runtime)
    )


@pytest.fixture(scope="module")
def alarmed() -> list[Widget]:
    """Return the widgets of an application with an alarm on a metric, one on an expression and a composite one."""
    stack = new_stack()
    application = an_application(stack)
    heap = cloudwatch.Alarm(
        stack, "HeapAlarm", metric=application.metric_heap_memory_utilization(), threshold=90, evaluation_periods=3
    )
    rate = cloudwatch.MathExpression(expression="RATE(m)", using_metrics={"m": application.metric_failed_checkpoints()})
    failing = cloudwatch.Alarm(stack, "FailingCheckpoints", metric=rate, threshold=0.5, evaluation_periods=3)
    elsewhere = cloudwatch.Alarm(
        stack,
        "OtherHeap",
        metric=cloudwatch.Metric(
            namespace="AWS/KinesisAnalytics",
            metric_name="heapMemoryUtilization",
            dimensions_map={"Application": "another"},
        ),
        threshold=55,
        evaluation_periods=3,
    )
    rule = cloudwatch.AlarmRule.any_of(heap, failing)
    incident = cloudwatch.CompositeAlarm(stack, "Incident", alarm_rule=rule)
    dashboard = ApplicationDashboard(
        stack,
        "Dashboard",
        application=application,
        alarms=[heap, failing, elsewhere, incident],
        deployments=[cloudwatch.VerticalAnnotation(date="2026-11-27T14:00:00Z", label="v12")],
    )
    dashboard.add_graphs("Of the team", Graph(title="Orders", unit="orders", metrics=[application.metric("orders")]))
    dashboard.add_row("Notes", cloudwatch.TextWidget(markdown="who is on call"))
    return widgets_of(stack)["fleet-prod"]


@pytest.mark.parametrize("runtime", OF_RUNTIME)
def test_the_metrics_are_those_of_the_runtime(runtime: str) -> None:
    assert names(build(runtime)) == APPLICATION_METRICS | OF_RUNTIME[runtime]


def test_the_lag_of_each_kinesis_stream_is_searched_for() -> None:
    search = (
        """SEARCH('{AWS/KinesisAnalytics,Application,Flow,Id} MetricName="millisBehindLatest" """
        """Application="fleet.prod"', 'Maximum', 60)"""
    )
    assert searches_of(build()) == [search]


@pytest.mark.parametrize("level", MetricsLevel)
def test_tasks_have_graphs_only_where_the_metrics_level_has_them(level: MetricsLevel) -> None:
    widgets = build(metrics_level=level)
    searches = [each for each in searches_of(widgets) if ",Task}" in each]
    assert bool(searches) == ("## Tasks" in titles(widgets)) == (level is not MetricsLevel.APPLICATION)
    assert all(
        "{AWS/KinesisAnalytics,Application,Task}" in each and 'Application="fleet.prod"' in each for each in searches
    )


def test_the_jobs_own_counters_are_among_the_errors() -> None:
    assert names(build(counters=COUNTERS)) - APPLICATION_METRICS - OF_RUNTIME["FLINK-1_20"] == {
        "deadLettersLate",
        "deadLettersOther",
    }


def test_counters_of_one_graph_are_named_without_what_the_title_says() -> None:
    (letters,) = [each for each in graphs(build(counters=COUNTERS)) if each["title"] == "Dead letters"]
    assert [line[-1]["label"] for line in letters["metrics"]] == ["Late", "Other"]


def test_the_uptime_is_in_hours_and_the_records_out_have_their_axis_on_the_right() -> None:
    shown = {graph["title"]: graph for graph in graphs(build("FLINK-2_2"))}
    expressions = [line[0] for line in shown["Uptime: falls to 0 with each update and restart"]["metrics"]]
    assert expressions[0]["expression"] == "(m0) / 3600000"
    sides = {line[1]: line[-1].get("yAxis", "left") for line in shown["Records in and out"]["metrics"]}
    assert sides == {"numRecordsInPerSecond": "left", "numRecordsOutPerSecond": "right"}


def test_every_graph_has_a_title_a_unit_a_minute_or_an_hour_and_a_label_on_every_line() -> None:
    for graph in graphs(build(counters=COUNTERS, metrics_level=MetricsLevel.TASK)):
        assert graph["title"]
        assert graph["yAxis"]["left"]["label"], graph["title"]
        assert graph["yAxis"]["left"]["min"] == 0
        for line in graph["metrics"]:
            assert "label" in line[-1], line


def test_widgets_do_not_overlap_and_keep_to_the_page(alarmed: list[Widget]) -> None:
    cells = [
        (x, y)
        for each in alarmed
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} == set(range(24))


def test_the_states_of_all_alarms_are_on_top_with_incidents_first(alarmed: list[Widget]) -> None:
    assert [each["type"] for each in alarmed].index("text") == 2
    states = [(each["properties"]["title"], len(each["properties"]["alarms"])) for each in alarmed[:2]]
    assert states == [("Incidents", 1), ("Alarms", 3)]
    assert [each["y"] for each in alarmed[:2]] == [0, 2]


def test_only_the_lowest_threshold_of_a_metric_is_a_line_and_none_that_is_below() -> None:
    stack = new_stack()
    application = an_application(stack)
    metric = application.metric_last_checkpoint_duration()
    alarms = [
        metric.create_alarm(stack, "Page", threshold=480_000, evaluation_periods=1),
        metric.create_alarm(stack, "Ticket", threshold=30_000, evaluation_periods=1),
        metric.create_alarm(
            stack,
            "NotRunning",
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        ),
    ]
    ApplicationDashboard(stack, "Dashboard", application=application, alarms=alarms)
    (widgets,) = widgets_of(stack).values()
    (duration,) = [each for each in graphs(widgets) if each["title"] == "Duration of the last checkpoint"]
    (line,) = duration["annotations"]["horizontal"]
    assert line["value"] == 30_000


def test_the_threshold_of_an_alarm_on_this_applications_metric_is_a_line(alarmed: list[Widget]) -> None:
    lines = {
        graph["title"]: [line["value"] for line in graph["annotations"].get("horizontal", [])]
        for graph in graphs(alarmed)
    }
    assert {title: values for title, values in lines.items() if values} == {"Memory": [90]}


def test_an_alarm_on_an_expression_has_a_graph(alarmed: list[Widget]) -> None:
    shown = [
        each["properties"]
        for each in alarmed
        if each["type"] == "metric" and "alarms" in each["properties"].get("annotations", {})
    ]
    assert [each["title"] for each in shown] == ["Failing checkpoints"]


def test_deployments_are_lines_in_every_graph(alarmed: list[Widget]) -> None:
    for graph in graphs(alarmed):
        assert graph["annotations"]["vertical"][0]["label"] == "v12"


def test_a_team_adds_graphs_and_rows_at_the_end(alarmed: list[Widget]) -> None:
    assert titles(alarmed)[-3:] == ["## Of the team", "## Notes", "who is on call"]


def test_more_than_a_hundred_alarms_are_in_several_widgets() -> None:
    stack = new_stack()
    arns = [f"arn:aws:cloudwatch:eu-central-1:111122223333:alarm:a{each}" for each in range(101)]
    alarms = [cloudwatch.Alarm.from_alarm_arn(stack, f"A{each}", arn) for each, arn in enumerate(arns)]
    ApplicationDashboard(stack, "Dashboard", application=an_application(stack), alarms=alarms)
    (widgets,) = widgets_of(stack).values()
    assert [len(each["properties"]["alarms"]) for each in widgets if each["type"] == "alarm"] == [100, 1]


def test_an_environment_has_a_row_of_each_application() -> None:
    stack = new_stack()
    applications = [
        an_application(stack),
        FlinkApplication.from_application_attributes(
            stack, "Other", application_name="other", runtime=FlinkRuntime.of("FLINK-2_2")
        ),
    ]
    EnvironmentDashboard(stack, "Dashboard", applications=applications, dashboard_name="prod")
    widgets = widgets_of(stack)["prod"]
    assert titles(widgets) == ["## fleet.prod", "## other"]
    shown = [[line[1] for line in each["metrics"] if isinstance(line[0], str)] for each in graphs(widgets)]
    rest = [["numRecordsInPerSecond", "numRecordsOutPerSecond"], ["records_lag_max"]]
    assert shown == [["fullRestarts"], *rest, ["numRestarts"], *rest]
