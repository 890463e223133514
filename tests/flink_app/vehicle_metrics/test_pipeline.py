"""The SQL of the job on a cluster, against the oracle."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from events import FORMS, MODELS, record, streams
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from vehicle_metrics_scenario.oracle import Event, expect, read, samples

if TYPE_CHECKING:
    from pipeline import Found, Pipeline

MAX_AHEAD_MS = 600_000

few_jobs = settings(
    deadline=None,
    max_examples=20,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def now_and_allowed_lead() -> int:
    return int(time.time() * 1000) + MAX_AHEAD_MS


def check(found: Found, records: list[bytes]) -> None:
    expected = expect(records, MODELS, latest_timestamp_ms=now_and_allowed_lead())
    assert dict(found.samples) == expected.samples
    assert len(found.samples) == len(expected.samples), "a sample was written twice"
    assert Counter(found.dead_letters) == Counter(expected.dead_letters)


def test_windows_are_counted_by_model_and_region(pipeline: Pipeline) -> None:
    records = [
        record("IC_RPM", "V1", value=0),
        record("ELECTRIC_RPM", "V1", value=700, at_ms=10),
        record("IC_RPM", "V2", value=800, at_ms=4_999),
        record("IC_RPM", "V3", "Brazil", value=0, at_ms=20),
        record("IC_RPM", "V9", value=1, at_ms=30),
        record("WARNINGS", "V1", value=4, at_ms=40),
        record("WARNINGS", "V1", value=9, at_ms=39),
        record("WARNINGS", "V2", value=2, at_ms=5_000),
        record("WARNINGS", "V2", value=3, at_ms=5_000),
    ]
    found = pipeline.run([records], MODELS)
    end = 1_700_000_005_000
    assert found.samples == [
        (("vehicles_in_motion", "sedan", "US", end), 2.0),
        (("vehicles_in_motion", "unknown", "US", end), 1.0),
        (("vehicles_in_motion", "van", "Brazil", end), 0.0),
        (("warnings", "sedan", "US", end), 4.0),
        (("warnings", "sedan", "US", end + 5_000), 3.0),
    ]
    assert found.dead_letters == []


def test_every_form_of_an_event_is_counted_or_a_dead_letter_with_its_reason(pipeline: Pipeline) -> None:
    found = pipeline.run([list(FORMS)], MODELS)
    assert found.samples == [(("vehicles_in_motion", "sedan", "US", 1_700_000_005_000), 1.0)]
    assert Counter(found.dead_letters) == Counter(
        (reason, text.decode()) for text, reason in FORMS.items() if reason is not None
    )


def test_one_millisecond_decides_whether_an_event_is_late(pipeline: Pipeline) -> None:
    records = [
        record(at_ms=9_998),
        record(vehicle="V2", at_ms=4_999),
        record(at_ms=9_999),
        record("WARNINGS", at_ms=4_999),
    ]
    found = pipeline.run([records], MODELS)
    assert found.dead_letters == [("late", records[3].decode())]
    check(found, records)


@few_jobs
@given(records=streams(disorder_ms=9_000))
def test_random_streams_with_late_and_broken_records(pipeline: Pipeline, records: list[bytes]) -> None:
    check(pipeline.run([records], MODELS), records)


@few_jobs
@given(parts=st.lists(streams(disorder_ms=30_000, size=60), min_size=2, max_size=4))
def test_no_record_is_lost_whatever_the_readers_do(pipeline: Pipeline, parts: list[list[bytes]]) -> None:
    """Two readers run at their own pace, so what is late is open; but each record is in a window or a dead letter."""
    found = pipeline.run(parts, MODELS, parallelism=2)
    records = [one for part in parts for one in part]
    late = Counter(payload.encode() for reason, payload in found.dead_letters if reason == "late")
    on_time: list[Event] = []
    broken: list[tuple[str, str]] = []
    for one in records:
        event = read(one, now_and_allowed_lead())
        if isinstance(event, str):
            broken.append((event, one.decode(errors="replace")))
        elif late[one]:
            late[one] -= 1
        else:
            on_time.append(event)
    assert not +late, "a late record was kept that never came"
    assert Counter(letter for letter in found.dead_letters if letter[0] != "late") == Counter(broken)
    assert dict(found.samples) == samples(on_time, MODELS)
    assert len({point for point, _ in found.samples}) == len(found.samples), "a sample was written twice"


def test_an_empty_topic_yields_nothing(pipeline: Pipeline) -> None:
    found = pipeline.run([[]], MODELS, parallelism=2)
    assert found.samples == []
    assert found.dead_letters == []
