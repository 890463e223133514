from __future__ import annotations

import gzip
import io
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.local.errors import InputFileError
from cdk_penstock.local.event_files import latest_event_ms, read_lines, require_file
from cdk_penstock.local.event_lines import LineFormat, first_event_shift, minutes_shift_ms, parse_line, shift_line
from cdk_penstock.local.event_replay import ReplayOptions, due_seconds, replay

MINUTE_MS = 60_000
FIELDS = LineFormat(key_field="sensor")
times_ms = st.integers(min_value=0, max_value=4_102_444_800_000)
speeds = st.floats(min_value=0.01, max_value=100_000, allow_nan=False)


def line(sensor: str = "S1", timestamp_ms: int = 1_700_000_000_000, **more: object) -> bytes:
    event = {"sensor": sensor, "region": "US", "timestamp": timestamp_ms, "measurement": 1}
    return json.dumps(event | more).encode()


class Clock:
    """A clock that only sleeping and sending move."""

    def __init__(self, cost_seconds: float = 0.0) -> None:
        self.now = 1_000.0
        self.cost_seconds = cost_seconds
        self.sent: list[tuple[float, bytes | None, bytes]] = []
        self.flushed = False

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self, key: bytes | None, value: bytes) -> None:
        self.sent.append((self.now, key, value))
        self.now += self.cost_seconds

    def flush(self) -> None:
        self.flushed = True


class Listener:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def stage(self, title: str) -> None:
        self.texts.append(title)

    def update(self, text: str) -> None:
        self.texts.append(text)


@given(anchor_ms=times_ms, now_ms=times_ms)
def test_shift_is_whole_minutes_and_never_leads_into_the_future(anchor_ms: int, now_ms: int) -> None:
    shift_ms = minutes_shift_ms(anchor_ms, now_ms)
    assert shift_ms % MINUTE_MS == 0
    assert 0 <= now_ms - (anchor_ms + shift_ms) < MINUTE_MS


@given(time_ms=times_ms, anchor_ms=times_ms, now_ms=times_ms, window_s=st.sampled_from([1, 2, 5, 10, 15, 30, 60]))
def test_shift_keeps_every_event_at_its_place_in_its_window(
    time_ms: int, anchor_ms: int, now_ms: int, window_s: int
) -> None:
    shifted = time_ms + minutes_shift_ms(anchor_ms, now_ms)
    assert shifted % (window_s * 1000) == time_ms % (window_s * 1000)


@given(
    sensor=st.text(min_size=1, max_size=20),
    timestamp_ms=times_ms,
    shift_ms=st.integers(min_value=-(10**12), max_value=10**12),
)
def test_shifting_a_line_moves_its_time_and_nothing_else(sensor: str, timestamp_ms: int, shift_ms: int) -> None:
    original = line(sensor, timestamp_ms, extra={"a": [1, None]})
    shifted = json.loads(shift_line(original, shift_ms, FIELDS))
    assert shifted == json.loads(original) | {"timestamp": timestamp_ms + shift_ms}


def test_a_line_that_is_not_shifted_keeps_its_bytes() -> None:
    odd = b'{ "sensor" : "S1",  "timestamp":5 }'
    assert shift_line(odd, 0, FIELDS) is odd


@given(first_ms=times_ms, gaps_ms=st.lists(st.integers(min_value=0, max_value=10**7), max_size=30), speed_up=speeds)
def test_timetable_is_ordered_and_scaled(first_ms: int, gaps_ms: list[int], speed_up: float) -> None:
    times = list(itertools.accumulate(gaps_ms, initial=first_ms))
    due = [due_seconds(time_ms, first_ms=first_ms, speed_up=speed_up) for time_ms in times]
    assert due == sorted(due)
    assert due[0] == 0.0
    assert due[-1] * speed_up == pytest.approx((times[-1] - first_ms) / 1000)


@given(time_ms=times_ms, first_ms=times_ms)
def test_without_a_speed_everything_is_due_at_once(time_ms: int, first_ms: int) -> None:
    assert due_seconds(time_ms, first_ms=first_ms, speed_up=0) == 0.0


@pytest.mark.parametrize(
    "malformed",
    [
        b"", b"no json", b"[1]", b"17", b"{}", b'{"sensor":"S1"}', b'{"sensor":7,"timestamp":1}',
        b'{"sensor":"S1","timestamp":"1"}', b'{"sensor":"S1","timestamp":1%s}' % (b"0" * 400),
        b'{"sensor":"S1","timestamp":9223372036854775808}', b'{"sensor":"S1","timestamp":true}',
        b'{"sensor":"S1","timestamp":1.5}', b"\xff\xfe", b"[" * 100_000,
    ],
)  # fmt: skip
def test_malformed_lines_are_recognized(malformed: bytes) -> None:
    assert parse_line(malformed, FIELDS) is None


def test_key_and_time_may_have_any_names_and_the_key_may_be_left_out() -> None:
    event = b'{"trip":"T1","at":60000}'
    other = LineFormat(key_field="trip", time_field="at")
    clock = Clock()
    replay([event], clock, ReplayOptions(fields=other, shift_ms=60_000), clock=clock, sleep=clock.sleep)
    replay([event], clock, ReplayOptions(fields=LineFormat(time_field="at")), clock=clock, sleep=clock.sleep)
    assert [(key, json.loads(value)["at"]) for _, key, value in clock.sent] == [(b"T1", 120_000), (None, 60_000)]
    assert parse_line(event, FIELDS) is None


def test_malformed_lines_are_sent_as_they_are_and_counted() -> None:
    clock = Clock()
    summary = replay(
        [b"broken", line("S1"), b"{}"],
        clock,
        ReplayOptions(fields=FIELDS, shift_ms=60_000),
        clock=clock,
        sleep=clock.sleep,
    )
    assert (summary.sent, summary.malformed) == (3, 2)
    assert [(key, value) for _, key, value in clock.sent if key is None] == [(None, b"broken"), (None, b"{}")]
    assert clock.flushed


@given(
    sensors=st.lists(st.sampled_from(["S1", "S2", "S3"]), min_size=1, max_size=40),
    seed=st.randoms(use_true_random=False),
    speed_up=st.sampled_from([0.0, 1.0, 60.0]),
)
def test_each_sensor_keeps_its_order(sensors: list[str], seed: object, speed_up: float) -> None:
    randomness = seed
    lines = [
        line(sensor, 1_700_000_000_000 + randomness.randint(0, 10_000), sequence=number)  # type: ignore[attr-defined]
        for number, sensor in enumerate(sensors)
    ]
    clock = Clock()
    replay(lines, clock, ReplayOptions(fields=FIELDS, speed_up=speed_up), clock=clock, sleep=clock.sleep)
    assert [value for _, _, value in clock.sent] == lines
    for moment, key, value in clock.sent:
        assert key == json.loads(value)["sensor"].encode()
        assert moment >= 1_000.0


def test_events_leave_at_their_times() -> None:
    clock = Clock()
    begin_ms = 1_700_000_000_000
    lines = [line(timestamp_ms=begin_ms + offset) for offset in (0, 10_000, 5_000, 60_000)]
    summary = replay(lines, clock, ReplayOptions(fields=FIELDS, speed_up=10), clock=clock, sleep=clock.sleep)
    assert [round(moment - 1_000.0, 6) for moment, _, _ in clock.sent] == [0.0, 1.0, 1.0, 6.0]
    assert summary.max_lag_seconds == pytest.approx(0.0, abs=1e-9)
    assert (summary.first_event_ms, summary.last_event_ms) == (begin_ms, begin_ms + 60_000)


def test_a_slow_target_shows_as_lag() -> None:
    clock, listener = Clock(cost_seconds=2.0), Listener()
    lines = [line(timestamp_ms=1_700_000_000_000 + second * 1000) for second in range(4)]
    summary = replay(
        lines, clock, ReplayOptions(fields=FIELDS, speed_up=1), progress=listener, clock=clock, sleep=clock.sleep
    )
    assert summary.max_lag_seconds == pytest.approx(3.0)
    assert summary.records_per_second == pytest.approx(0.5)
    assert any("behind" in text for text in listener.texts)


def test_a_replay_of_nothing_has_no_rate() -> None:
    clock = Clock()
    summary = replay([], clock, ReplayOptions(fields=FIELDS), clock=clock, sleep=clock.sleep)
    assert (summary.sent, summary.records_per_second, summary.first_event_ms) == (0, 0.0, None)


def test_the_first_event_of_a_stream_decides_its_shift() -> None:
    lines = [b"broken", line(timestamp_ms=1_000), line(timestamp_ms=2_000)]
    shift_ms, again = first_event_shift(iter(lines), FIELDS, now_ms=600_500)
    assert shift_ms == 540_000
    assert list(again) == lines
    assert first_event_shift([b"broken"], FIELDS, now_ms=5) == (0, [b"broken"])


@pytest.mark.parametrize("compress", [False, True])
def test_plain_and_compressed_files_are_read_whatever_their_name(tmp_path: Path, *, compress: bool) -> None:
    content = b'{"a":1}\r\n\n   \n{"b":2}'
    file = tmp_path / "events"
    file.write_bytes(gzip.compress(content) if compress else content)
    assert list(read_lines(file)) == [b'{"a":1}', b'{"b":2}']


def test_the_latest_event_is_found(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join([line(timestamp_ms=7), line(timestamp_ms=9), b"broken", line(timestamp_ms=8)]))
    assert latest_event_ms(file, FIELDS) == 9
    file.write_bytes(b"broken\n")
    assert latest_event_ms(file, FIELDS) is None


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"one\ntwo\n")
    with file.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        assert list(read_lines(Path("-"))) == [b"one", b"two"]


def test_fails_for_files_without_events(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="the input file .*missing.jsonl does not exist"):
        list(read_lines(tmp_path / "missing.jsonl"))
    with pytest.raises(InputFileError, match="is not a file"):
        list(read_lines(tmp_path))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(InputFileError, match="is empty"):
        require_file(empty, what="the input file")
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + line() + b"\n")
    assert [parse_line(each, FIELDS) is not None for each in read_lines(marked)] == [True]
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        marked.write_text(line().decode() + "\n", encoding=encoding)
        with pytest.raises(InputFileError, match="is not UTF-8: save it as UTF-8, one JSON object a line"):
            list(read_lines(marked))
    blank = tmp_path / "blank.jsonl"
    blank.write_bytes(b"\n \n")
    with pytest.raises(InputFileError, match="holds no events"):
        list(read_lines(blank))


@pytest.mark.parametrize("cut", [12, -4])
def test_fails_for_a_broken_archive(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "events.jsonl.gz"
    file.write_bytes(gzip.compress(line() * 1000)[:cut])
    with pytest.raises(InputFileError, match="cannot be read"):
        list(read_lines(file))
