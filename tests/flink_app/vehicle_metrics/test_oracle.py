"""The oracle itself, on cases that can be checked by eye."""

from __future__ import annotations

import pytest
from events import FORMS, START_MS, record

from vehicle_metrics_scenario.oracle import Event, expect, read

MODELS = {"V1": "sedan", "V2": "sedan"}
END_MS = START_MS + 5_000


def test_a_vehicle_is_in_motion_if_either_motor_turned_once() -> None:
    records = [
        record(value=0),
        record("ELECTRIC_RPM", value=5),
        record(value=0, at_ms=9),
        record(vehicle="V2", value=0),
    ]
    assert expect(records, MODELS).samples == {("vehicles_in_motion", "sedan", "US", END_MS): 1.0}


def test_the_latest_report_of_each_vehicle_counts_whatever_the_order_of_arrival() -> None:
    records = [
        record("WARNINGS", value=1, at_ms=4_000),
        record("WARNINGS", value=7, at_ms=3_999),
        record("WARNINGS", vehicle="V2", value=2, at_ms=10),
        record("WARNINGS", vehicle="V2", value=1, at_ms=10),
    ]
    assert expect(records, MODELS).samples == {("warnings", "sedan", "US", END_MS): 3.0}


def test_a_window_without_reports_has_no_sample_and_one_of_standing_motors_has_zero() -> None:
    records = [record(value=0), record("WARNINGS", value=0, at_ms=5_000)]
    assert expect(records, MODELS).samples == {
        ("vehicles_in_motion", "sedan", "US", END_MS): 0.0,
        ("warnings", "sedan", "US", END_MS + 5_000): 0.0,
    }


def test_an_event_is_late_from_the_moment_its_window_closes() -> None:
    on_time, late = record(at_ms=4_999, value=1), record(at_ms=4_998, value=1)
    before, at = record(at_ms=9_998), record(at_ms=9_999)
    assert expect([before, on_time], MODELS).dead_letters == []
    assert expect([before, at, late], MODELS).dead_letters == [("late", late.decode())]


def test_a_vehicle_without_model_is_unknown() -> None:
    assert list(expect([record(vehicle="V9")], MODELS).samples) == [("vehicles_in_motion", "unknown", "US", END_MS)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty record"),
        (b"x", "malformed json"),
        (b"[]", "malformed json"),
        (b'{"timestamp": NaN}', "malformed json"),
        (b'{"eventType": 5}', "wrong type: eventType"),
        (b'{"eventType": "IC_RPM"}', "missing field: vehicleId"),
        (record("SPEED"), "unknown event type"),
        (record(vehicle=""), "out of range: vehicleId"),
        (record(vehicle="x" * 129), "out of range: vehicleId"),
        (record(value=True), "wrong type: measurement"),
        (record(value=1.0), "wrong type: measurement"),
        (record(value=10**30), "out of range: measurement"),
        (record(value=100_001), "out of range: measurement"),
        (record(at_ms=-START_MS), "out of range: timestamp"),
        (record(at_ms=-START_MS + START_MS // 1000), "timestamp too old"),
        (record(at_ms=-START_MS + 999_999_999_999), "timestamp too old"),
    ],
)
def test_a_record_that_is_no_event_has_a_reason(text: bytes, reason: str) -> None:
    assert read(text) == reason


@pytest.mark.parametrize(("text", "reason"), FORMS.items())
def test_every_form_of_an_event_counts_or_has_a_reason(text: bytes, reason: str | None) -> None:
    assert read(text) == (reason or Event("IC_RPM", "V1", "US", START_MS, 900))


def test_an_event_of_the_future_has_a_reason() -> None:
    assert read(record(at_ms=1), START_MS) == "timestamp in the future"
    assert read(record(), START_MS) == Event("IC_RPM", "V1", "US", START_MS, 900)
