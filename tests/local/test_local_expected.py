"""The demonstration's own computation against the oracle of the job's tests, which shares no code with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.expected import expected_samples, valid_event
from tests.flink_app.events import FORMS
from tests.flink_app.oracle import expect

MODELS = {"a": "van", "b": "truck"}
# Never late: the oracle sees events in order, one after the other.
PATIENT_MS = 10**12

events = st.fixed_dictionaries(
    {
        "eventType": st.sampled_from(["IC_RPM", "ELECTRIC_RPM", "WARNINGS", "OTHER"]),
        "vehicleId": st.sampled_from(["a", "b", "c", ""]),
        "region": st.sampled_from(["US", "Brazil"]),
        "timestamp": st.integers(1_700_000_000_000, 1_700_000_020_000)
        | st.sampled_from([-1, 1.5, 1_700_000_000, 999_999_999_999, 10**12]),
        "measurement": st.integers(-1, 5) | st.just(200_000) | st.none(),
    }
)
lines = st.lists(events.map(lambda event: json.dumps(event).encode()) | st.just(b"{") | st.just(b"NaN"), max_size=40)


@given(lines)
def test_two_independent_computations_agree(records: list[bytes]) -> None:
    oracle = expect(records, MODELS, out_of_orderness_ms=PATIENT_MS).samples
    found = expected_samples(records, MODELS, window_seconds=5)
    assert {(s.metric, s.model, s.region, s.timestamp_ms): s.value for s in found} == oracle


@pytest.mark.parametrize(("text", "reason"), FORMS.items())
def test_every_form_of_an_event_counts_or_is_put_aside(text: bytes, reason: str | None) -> None:
    assert (valid_event(text) is None) == (reason is not None)
