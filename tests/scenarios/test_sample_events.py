"""The sample events are what docs/local.md says, and what `penstock demo` and `replay` take."""

from __future__ import annotations

import json
from pathlib import Path

from cdk_penstock.local.event_files import read_lines
from vehicle_metrics_scenario.checks import expected_samples
from vehicle_metrics_scenario.models import read_models
from vehicle_metrics_scenario.oracle import Event, read
from vehicle_metrics_scenario.sample_events import COUNT, EVENTS, MODELS, VEHICLES, make_models

ROOT = Path(__file__).resolve().parents[2]
LINES = list(read_lines(EVENTS))


def test_the_guide_says_how_many_events_of_how_many_vehicles_there_are() -> None:
    events = [event for line in LINES if isinstance(event := read(line), Event)]
    assert len(events) == len(LINES) == COUNT
    assert len({event.vehicle_id for event in events}) == VEHICLES
    guide = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
    assert f"has {COUNT:,} events of {VEHICLES} vehicles in half a minute" in guide


def test_the_events_are_in_the_order_of_their_times_and_last_half_a_minute() -> None:
    times = [json.loads(line)["timestamp"] for line in LINES]
    assert times == sorted(times)
    assert 25_000 < times[-1] - times[0] < 35_000


def test_all_but_four_vehicles_have_a_model() -> None:
    assert MODELS.read_text(encoding="utf-8") == make_models()
    models = read_models(MODELS)
    assert len(models) == VEHICLES - 4
    samples = expected_samples(LINES, models, window_seconds=5)
    assert {sample.label("model") for sample in samples} == {*models.values(), "unknown"}
