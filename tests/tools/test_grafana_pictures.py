"""Pictures of Grafana's dashboards: they show what is deployed, and every panel has values from its own queries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from stacks.vehicle_metrics.alerting import RULES
from tools.dashboard_pictures import FINGERPRINT, fingerprint
from tools.grafana_pictures import THEMES, Picture, vehicle_dashboards, with_gaps, written
from tools.grafana_samples import Answers, Line, cloudwatch_lines, recorded, without_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REDRAW = "draw the pictures again: python -m tools.grafana_pictures docs/pictures"


@pytest.mark.parametrize("name", ["connected-vehicles", "vehicle-operations"])
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_pictures_of_the_documentation_show_the_dashboards_as_they_are(
    name: str, theme: object, pytestconfig: pytest.Config
) -> None:
    path: Path = pytestconfig.rootpath / "docs" / "pictures" / f"grafana-{name}-{theme.name}.png"  # type: ignore[attr-defined]
    assert Image.open(path).info[FINGERPRINT] == fingerprint(vehicle_dashboards()[name]), REDRAW
    assert path.stat().st_size < 150_000


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    with Answers(tmp_path_factory.mktemp("samples")) as started:
        yield started


@pytest.mark.pipeline
@pytest.mark.parametrize("name", ["connected-vehicles", "vehicle-operations"])
def test_every_panel_is_drawn_with_its_title_and_with_values(name: str, answers: Answers) -> None:
    content = vehicle_dashboards()[name]
    figure = Picture(content, THEMES[1], answers).draw()
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    for panel in content["panels"]:
        assert {panel["title"], f"▾ {panel['title']}"} & texts, panel["title"]
    assert "No data" not in texts


@pytest.mark.pipeline
def test_the_failure_is_a_gap_and_the_silent_region_a_smaller_sum(answers: Answers) -> None:
    panels = {each["title"]: each for each in vehicle_dashboards()["connected-vehicles"]["panels"]}
    (line,) = answers.lines(panels["Vehicles in motion over time"], 180)
    assert any(math.isnan(value) for value in with_gaps(line)[1])
    regions = {each.name: each for each in answers.lines(panels["Vehicles in motion over time by region"], 15)}
    assert len(regions["Africa"].values) < len(regions["EU"].values)


def test_a_metric_of_cloudwatch_without_values_is_an_error() -> None:
    target = {"metricName": "newMetric", "dimensions": {"Application": ["vehicles"]}, "label": "new", "refId": "m0"}
    with pytest.raises(LookupError, match="metric newMetric has no values"):
        list(cloudwatch_lines([target], target))


def test_a_recorded_series_is_replaced_by_its_rules_expression() -> None:
    assert set(recorded()) >= {"model:warnings_per_vehicle:ratio1h"}
    query = without_rules('max(model:warnings_per_vehicle:ratio1h{model=~"$model"})')
    assert "ratio1h" not in query
    assert query.startswith("max((sum by (model)")
    assert "ratio1h" in RULES["recording"].read_text()


def test_a_line_is_broken_where_a_sample_is_missing() -> None:
    line = Line(name="a", query="A", seconds=np.array([0.0, 5, 10, 30, 35]), values=np.arange(5.0))
    times, values = with_gaps(line)
    assert times == [0, 5, 10, 15, 30, 35]
    assert math.isnan(values[3])


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (8_312, "short", 0, "8.3 K"),
        (0.0341, "short", 3, "0.034"),
        (0, "short", 0, "0"),
        (2_700_000, "ms", 0, "45 mins"),
        (0, "ms", 0, "0 ms"),
        (6, "s", 0, "6 s"),
        (42e6, "bytes", None, "40.1 MiB"),
        (0.012, "percentunit", 1, "1.2%"),
        (55.1, "percent", None, "55.1%"),
    ],
)
def test_a_value_is_written_in_its_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert written(value, unit, decimals) == text
