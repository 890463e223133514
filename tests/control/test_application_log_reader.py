"""The log of an application, of a CloudWatch Logs whose pages are small and whose lines come late."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cdk_penstock.control.application_log_reader import ApplicationLogReader
from cdk_penstock.control.errors import BusyError, ControlError, MissingPermissionError
from cdk_penstock.model.log_lines import LogLine, LogStream, Severity, filter_pattern
from tests.control.fake_aws import World, error
from tests.control.fake_logs import GROUP, PYTHON, STREAM, msf_line
from tests.control.fake_session import FakeAws

if TYPE_CHECKING:
    from collections.abc import Iterator

THE_STREAM = LogStream(group=GROUP, stream=STREAM)
THROTTLED = error("ThrottlingException", "Rate exceeded")


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


def reader(aws: FakeAws) -> ApplicationLogReader:
    return ApplicationLogReader(aws.client("logs"), clock=aws.world.clock)


def read(aws: FakeAws, *streams: LogStream, minutes: float = 60, pattern: str = "") -> list[str]:
    since = aws.world.time - timedelta(minutes=minutes)
    return messages(reader(aws).read(streams or [THE_STREAM], since=since, pattern=pattern))


def messages(lines: Iterator[LogLine] | list[LogLine]) -> list[str]:
    return [each.message for each in lines]


def follow(aws: FakeAws, *, minutes: float = 60) -> Iterator[LogLine]:
    return reader(aws).follow([THE_STREAM], since=aws.world.time - timedelta(minutes=minutes))


def when_asked(world: World, number: int, act: Any) -> None:
    """Do something before a call of FilterLogEvents, counted from one on."""
    asked = 0

    def count(operation: str, _request: dict[str, Any]) -> None:
        nonlocal asked
        asked += operation == "FilterLogEvents"
        if asked == number:
            act()

    world.on_call = count


def test_all_pages_of_the_time_are_read(aws: FakeAws) -> None:
    aws.logs.put(msf_line("too old"), ago=3_700)
    for number in range(7):
        aws.logs.put(msf_line(f"line {number}"), ago=100 - number)
    assert read(aws) == [f"line {number}" for number in range(7)]
    assert aws.world.named("FilterLogEvents")[0]["logStreamNames"] == [STREAM]


def test_lines_of_several_groups_are_sorted_by_their_times(aws: FakeAws) -> None:
    for number in range(6):
        aws.logs.put(msf_line(f"line {number}"), group=f"g{number % 2}", stream="s", ago=100 - number)
    streams = [LogStream(group="g0", stream="s"), LogStream(group="g1", stream="s")]
    assert read(aws, *streams) == [f"line {number}" for number in range(6)]


def test_reading_ends_although_new_lines_come(aws: FakeAws) -> None:
    aws.logs.put(msf_line("first"))
    aws.world.on_call = lambda *_: aws.logs.put(msf_line("another"), ago=-5)
    assert read(aws) == ["first"]


def test_errors_of_python_are_found_among_lines_of_a_level(aws: FakeAws) -> None:
    aws.logs.put(msf_line("all well"), ago=9)
    aws.logs.put(msf_line("not good", "WARN"), ago=8)
    for number, text in enumerate(("hello", "Traceback (most recent call last):", "  File", "BadSettings: x")):
        aws.logs.put(msf_line(text, logger=PYTHON), ago=7 - number)
    since = aws.world.time - timedelta(hours=1)
    lines = list(reader(aws).read([THE_STREAM], since=since, pattern=filter_pattern(Severity.ERROR)))
    assert [(each.message, each.severity.name) for each in lines] == [
        ("hello", "INFO"),
        ("Traceback (most recent call last):", "ERROR"),
        ("  File", "ERROR"),
        ("BadSettings: x", "ERROR"),
    ]


def test_a_followed_line_is_given_once_also_if_it_comes_late(aws: FakeAws) -> None:
    aws.logs.put(msf_line("first"), ago=20)
    aws.logs.put(msf_line("second"), ago=5)
    aws.logs.put(msf_line("late"), ago=10, visible_in=30)
    when_asked(aws.world, 20, lambda: aws.logs.put(msf_line("third")))
    assert messages(list(islice(follow(aws), 4))) == ["first", "second", "late", "third"]


def test_following_forgets_the_lines_that_it_does_not_ask_for_any_more(aws: FakeAws) -> None:
    aws.logs.put(msf_line("first"))
    when_asked(aws.world, 5, lambda: aws.logs.put(msf_line("second"), ago=-300))
    lines = follow(aws)
    assert messages(list(islice(lines, 2))) == ["first", "second"]
    when_asked(aws.world, 5, lambda: aws.logs.put(msf_line("third"), ago=-400))
    assert messages(list(islice(lines, 1))) == ["third"]
    begin = aws.world.named("FilterLogEvents")[-1]["startTime"] / 1000
    assert begin > aws.world.time.timestamp() - 300


def test_throttling_is_waited_for(aws: FakeAws) -> None:
    for number in range(5):
        aws.logs.put(msf_line(f"line {number}"), ago=100 - number)
    aws.world.fail("FilterLogEvents", THROTTLED, THROTTLED, THROTTLED)
    begin = aws.world.time
    assert read(aws) == [f"line {number}" for number in range(5)]
    assert (aws.world.time - begin).total_seconds() > 10


def test_throttling_without_end_is_an_error_of_reading_and_none_of_following(aws: FakeAws) -> None:
    aws.logs.put(msf_line("line"))
    aws.world.fail("FilterLogEvents", *[THROTTLED] * 50)
    with pytest.raises(BusyError, match=f"cannot read the log group {GROUP}"):
        read(aws)
    assert messages(list(islice(follow(aws), 1))) == ["line"]


def test_a_lost_connection_ends_reading_and_is_waited_for_when_following(aws: FakeAws) -> None:
    aws.logs.put(msf_line("line"))
    lost: Any = EndpointConnectionError(endpoint_url="https://logs")
    aws.world.fail("FilterLogEvents", lost)
    with pytest.raises(EndpointConnectionError):
        read(aws)
    aws.world.fail("FilterLogEvents", lost, lost)
    assert messages(list(islice(follow(aws), 1))) == ["line"]


def test_a_group_that_is_gone_is_named_with_the_fix(aws: FakeAws) -> None:
    with pytest.raises(ControlError, match=rf"log group {GROUP}, but the group or its stream does not\s+exist"):
        read(aws)


def test_a_missing_permission_is_named_at_once(aws: FakeAws) -> None:
    aws.logs.put(msf_line("line"))
    message = f"User: x is not authorized to perform: logs:FilterLogEvents on resource: {GROUP}"
    aws.world.fail("FilterLogEvents", error("AccessDeniedException", message))
    begin = aws.world.time
    with pytest.raises(MissingPermissionError, match=r"\(logs:FilterLogEvents\): grant it to whoever runs this"):
        read(aws)
    assert (aws.world.time - begin).total_seconds() < 5


def test_the_last_lines_are_read_from_the_end(aws: FakeAws) -> None:
    for number in range(9):
        aws.logs.put(msf_line(f"line {number}"), ago=100 - number)
    assert messages(reader(aws).last_lines(THE_STREAM, 3)) == ["line 6", "line 7", "line 8"]
    assert messages(reader(aws).last_lines(THE_STREAM, 50)) == [f"line {number}" for number in range(9)]
