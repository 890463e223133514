"""Records for tests: one event as JSON, and random streams of them."""

from __future__ import annotations

import json

from hypothesis import strategies as st

START_MS = 1_700_000_000_000
MODELS = {"V1": "sedan", "V2": "sedan", "V3": "van", "Lkw \u00fc": "truck"}

_VEHICLES = [*MODELS, "V5", "V6"]
_BROKEN = [
    b"",
    b"rubbish",
    b"{}",
    b"\xff\xfe",
    b'{"eventType":"SPEED","vehicleId":"V1","region":"US","timestamp":1700000000000,"measurement":1}',
    b'{"eventType":"IC_RPM","vehicleId":"V1","region":"US","timestamp":1700000000000}',
    b'{"eventType":"IC_RPM","vehicleId":"V1","region":"US","timestamp":1700000000000,"measurement":-1}',
    b'{"eventType":"IC_RPM","vehicleId":"V1","region":"US","timestamp":32503680000000,"measurement":1}',
    b'{"eventType":"IC_RPM","vehicleId":"V1","region":"US","timestamp":1700000000,"measurement":1}',
]

_USUAL = b'{"eventType":"IC_RPM","vehicleId":"V1","region":"US","timestamp":1700000000000,"measurement":900}'

# Forms in which people send an event, and what becomes of each: a reason, or none for an event that counts.
FORMS: dict[bytes, str | None] = {
    _USUAL: None,
    b"\xef\xbb\xbf" + _USUAL: None,
    _USUAL.replace(b'"vehicleId"', b'"meta":{"a":[1,{"b":2}]},"vehicleId"'): None,
    _USUAL.replace(b"1700000000000", b'"2026-06-25T09:15:00Z"'): "wrong type: timestamp",
    _USUAL.replace(b"1700000000000", b'"2026-06-25T09:15:00+02:00"'): "wrong type: timestamp",
    _USUAL.replace(b"1700000000000", b'"1700000000000"'): "wrong type: timestamp",
    _USUAL.replace(b"1700000000000", b"1.7e12"): "wrong type: timestamp",
    _USUAL.replace(b"900", b"900.0"): "wrong type: measurement",
    _USUAL.replace(b"1700000000000", b"1700000000"): "timestamp too old",
    _USUAL.replace(b"1700000000000", b"999999999999"): "timestamp too old",
    _USUAL.replace(b"1700000000000", b"1700000000000000"): "out of range: timestamp",
    _USUAL.replace(b"1700000000000", b"0"): "out of range: timestamp",
    _USUAL.replace(b"900", b"NaN"): "malformed json",
    b"[" + _USUAL + b"]": "malformed json",
    _USUAL + _USUAL: "malformed json",
    b'{"payload":{"after":' + _USUAL + b"}}": "missing field: eventType",
}


def record(
    event_type: str = "IC_RPM", vehicle: str = "V1", region: str = "US", at_ms: int = 0, value: object = 900
) -> bytes:
    """Return an event that happens ``at_ms`` after the start of all tests."""
    event = {
        "eventType": event_type,
        "vehicleId": vehicle,
        "region": region,
        "timestamp": START_MS + at_ms,
        "measurement": value,
    }
    return json.dumps(event, ensure_ascii=False).encode()


def streams(*, disorder_ms: int, size: int = 120) -> st.SearchStrategy[list[bytes]]:
    """Streams that mostly advance: out of order, with repeated and broken records, and with long silences."""
    event = st.builds(
        record,
        event_type=st.sampled_from(["IC_RPM", "ELECTRIC_RPM", "WARNINGS"]),
        vehicle=st.sampled_from(_VEHICLES),
        region=st.sampled_from(["US", "Brazil", "S\u00e3o Paulo"]),
        at_ms=st.integers(-disorder_ms, disorder_ms),
        value=st.sampled_from([0, 0, 1, 2, 900]),
    )
    step = st.sampled_from([0, 0, 100, 700, 2_300, 4_999, 5_000, 21_000])
    item = st.tuples(step, st.one_of(event, event, event, event, event, st.sampled_from(_BROKEN)), st.integers(1, 2))
    return st.lists(item, min_size=1, max_size=size).map(_advance)


def _advance(items: list[tuple[int, bytes, int]]) -> list[bytes]:
    now_ms, stream = 0, []
    for step_ms, template, copies in items:
        now_ms += step_ms
        moved = template
        if template not in _BROKEN:
            event = json.loads(template)
            event["timestamp"] += now_ms
            moved = json.dumps(event, ensure_ascii=False).encode()
        stream += [moved] * copies
    return stream
