"""Pictures of the dashboards: every widget of the real ones is drawn, with a value for each of its metrics."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.assertions import Template
from PIL import Image

from cdk_penstock.application import FlinkApplication, FlinkRuntime, MetricsLevel
from cdk_penstock.observability import ApplicationDashboard
from stacks.vehicle_metrics.counters import COUNTERS
from tools.dashboard_pictures import (
    FINGERPRINT,
    SAMPLES,
    dashboards,
    draw,
    fingerprint,
    lines_of,
    png_of,
    states_of,
)

if TYPE_CHECKING:
    from pathlib import Path

ROOT_PICTURES = "docs/pictures"


@pytest.fixture(scope="module", params=["FLINK-1_20", "FLINK-2_2"])
def template(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return a template with the dashboard of the vehicle job at the metrics level of tasks."""
    stack = Stack(App(), "Stack")
    application = FlinkApplication.from_application_name(
        stack, "Application", "vehicles", runtime=FlinkRuntime.of(request.param)
    )
    rate = cloudwatch.MathExpression(expression="RATE(m)", using_metrics={"m": application.metric_failed_checkpoints()})
    alarms = [
        cloudwatch.Alarm(stack, "Rate", metric=rate, threshold=0.5, evaluation_periods=1),
        cloudwatch.Alarm(stack, "Kpus", metric=application.metric_kpus(), threshold=9, evaluation_periods=1),
    ]
    dashboard = ApplicationDashboard(
        stack, "Dashboard", application=application, alarms=alarms, metrics_level=MetricsLevel.TASK, counters=COUNTERS
    )
    dashboard.add_row("Log", cloudwatch.LogQueryWidget(title="Calls", log_group_names=["a"], query_lines=["fields b"]))
    return dict(Template.from_stack(stack).to_json())


def test_every_widget_is_drawn_in_its_place_with_its_title(template: dict[str, Any]) -> None:
    widgets = dashboards(template)["vehicles"]
    figure = draw(widgets, template)
    drawn = {text.get_text() for axes in figure.axes for text in axes.texts}
    for widget in widgets:
        properties = widget["properties"]
        assert properties.get("title", properties.get("markdown", "").lstrip("# ")) in drawn
    graphs = [each for each in widgets if each["type"] == "metric"]
    # A graph has a panel, and the axes with its lines in it.
    on_the_right = [each for each in graphs if lines_of(each).right]
    assert len(figure.axes) == len(widgets) + len(graphs) + len(on_the_right)
    assert all(axes.lines for axes in figure.axes[1:] if axes.get_xlim() == (0, 180))


def test_every_metric_of_a_graph_is_a_line_with_its_label(template: dict[str, Any]) -> None:
    for widget in dashboards(template)["vehicles"]:
        shown = [each[-1] for each in widget["properties"].get("metrics", []) if each[-1].get("visible", True)]
        plain = {each["label"] for each in shown if "SEARCH" not in each.get("expression", "")}
        lines = lines_of(widget)
        assert plain <= {*lines.left, *lines.right}
        assert bool(lines.left or lines.right) == bool(shown)
        # The fleet's stream is Kafka's, and a search finds no metric of Kinesis.
        assert "events" not in lines.right
        on_the_right = {each["label"] for each in shown if each.get("yAxis") == "right" and each["label"] in plain}
        assert set(lines.right) == on_the_right


def test_an_expression_is_computed(template: dict[str, Any]) -> None:
    (uptime,) = [each for each in dashboards(template)["vehicles"] if "Uptime" in each["properties"].get("title", "")]
    hours = lines_of(uptime).left["uptime"]
    assert np.array_equal(hours, SAMPLES["uptime"]() / 3_600_000)


def test_the_fingerprint_is_that_of_the_dashboard_whatever_its_resources_are_called() -> None:
    first, second = ([{"alarm": f"<HeapAlarm{digest}.Arn>", "width": 6}] for digest in ("0A1B2C3D", "99887766"))
    assert fingerprint(first) == fingerprint(second)
    assert fingerprint(first) != fingerprint([{"alarm": "<HeapAlarm0A1B2C3D.Arn>", "width": 8}])


def test_states_of_alarms_are_evaluated_over_the_values() -> None:
    stack = Stack(App(), "Stack")
    application = FlinkApplication.from_application_name(stack, "Application", "vehicles")
    for name, threshold in (("Low", 60), ("High", 90)):
        application.metric_heap_memory_utilization().create_alarm(
            stack, name, threshold=threshold, evaluation_periods=60, datapoints_to_alarm=1
        )
    application.metric("unknown").create_alarm(stack, "Unknown", threshold=1, evaluation_periods=1)
    states = states_of(Template.from_stack(stack).to_json())
    assert {name[:3]: state.value for name, state in states.items()} == {
        "Low": "ALARM",
        "Hig": "OK",
        "Unk": "INSUFFICIENT_DATA",
    }


def test_a_metric_without_values_is_an_error() -> None:
    widget = {"properties": {"metrics": [["AWS/KinesisAnalytics", "newMetric", "Application", "a", {"label": "new"}]]}}
    with pytest.raises(LookupError, match="metric newMetric has no values: add some to SAMPLES"):
        lines_of(widget)


def test_an_alarm_that_the_template_does_not_have_is_an_error(template: dict[str, Any]) -> None:
    widgets = dashboards(template)["vehicles"]
    with pytest.raises(LookupError, match="which the template does not have"):
        draw(widgets, {"Resources": {}})


def test_the_pictures_of_the_documentation_are_small(pytestconfig: pytest.Config) -> None:
    folder: Path = pytestconfig.rootpath / ROOT_PICTURES
    sizes = {path.name: path.stat().st_size for path in folder.glob("dashboard-*.png")}
    assert {"dashboard-vehicle-metrics-prod.png", "dashboard-penstock-prod.png"} <= set(sizes)
    assert max(sizes.values()) < 150_000


def test_a_picture_is_a_png(template: dict[str, Any]) -> None:
    widgets = dashboards(template)["vehicles"]
    picture = Image.open(io.BytesIO(png_of(draw(widgets, template), widgets)))
    assert picture.format == "PNG"
    assert picture.info[FINGERPRINT] == fingerprint(widgets)
