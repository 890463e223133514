from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.log_lines import (
    LogLine,
    LogStream,
    PythonErrors,
    Severity,
    filter_pattern,
    log_streams,
    parse_log_line,
)

AT = datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)
PYTHON = "org.apache.flink.client.python.PythonDriver"


def parse(text: str) -> LogLine:
    return parse_log_line(text, at=AT, stream="s")


def msf(message: str, level: str = "INFO", **more: Any) -> LogLine:
    return parse(json.dumps({"message": message, "messageType": level, **more}))


def judged(*messages: str) -> list[bool]:
    """Return of each line of Python's output whether it is an error."""
    errors = PythonErrors()
    return [errors.judge(msf(text, logger=PYTHON)).severity is Severity.ERROR for text in messages]


def test_a_line_of_msf_is_shown_with_its_time_level_logger_and_stack() -> None:
    line = msf(
        "it broke",
        "ERROR",
        logger="org.apache.flink.Task",
        applicationVersionId="7",
        throwableInformation=["java.io.IOException: full\n", "\tat a.B.c(B.java:1)"],
    )
    assert str(line).splitlines() == [
        "2026-01-01T12:30:15.250Z ERROR Task: it broke",
        "    java.io.IOException: full",
        "    \tat a.B.c(B.java:1)",
    ]
    assert (line.severity, line.version_id) == (Severity.ERROR, "7")


@pytest.mark.parametrize("text", ["not JSON", "[1]", "7", '{"messageType": "ERROR"}', "[" * 100_000, ""])
def test_a_line_that_is_not_msf_s_is_shown_as_it_is(text: str) -> None:
    assert (parse(text).message, parse(text).severity) == (text, Severity.INFO)


@given(st.text())
def test_any_text_is_a_line(text: str) -> None:
    assert str(parse(text)).startswith("2026-01-01T12:30:15.250Z ")


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("FATAL", Severity.ERROR),
        ("ERROR", Severity.ERROR),
        ("WARN", Severity.WARN),
        ("info", Severity.INFO),
        ("TRACE", Severity.DEBUG),
        ("", Severity.DEBUG),
    ],
)
def test_each_level_of_log4j_has_its_severity(name: str, severity: Severity) -> None:
    assert Severity.of(name) is severity


def test_a_traceback_is_an_error_and_what_the_job_prints_around_it_is_not() -> None:
    lines = {
        "--------------------------- Python Process Started --------------------------": False,
        "reading 3 tables": False,
        "Traceback (most recent call last):": True,
        '  File "main.py", line 3, in <module>': True,
        "    1 / 0": True,
        "ZeroDivisionError: division by zero": True,
        "": True,
        "During handling of the above exception, another exception occurred:": True,
        " ": True,
        "Traceback (most recent call last): ": True,
        '  File "main.py", line 5, in <module>': True,
        "BadSettings: speed": True,
        "goodbye": False,
        "--------------------------- Python Process Exited ---------------------------": False,
    }
    assert judged(*lines) == list(lines.values())


def test_an_exception_of_java_that_went_through_python_is_an_error_with_its_causes() -> None:
    lines = [
        "py4j.protocol.Py4JJavaError: An error occurred while calling o8.executeSql.",
        ": org.apache.flink.table.api.ValidationException: Unable to create a source",
        "\tat org.apache.flink.table.factories.FactoryUtil.create(FactoryUtil.java:161)",
        "Caused by: org.apache.flink.table.api.ValidationException: Could not find any factory",
        "\t... 30 more",
    ]
    assert judged(*lines) == [True] * 5
    assert judged("\tat a.B.c(B.java:1)", "counted 5") == [True, False]


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        ("python: can't open file '/opt/main.py': [Errno 2] No such file or directory", True),
        ("/usr/bin/python3.11: No module named job", True),
        ("ModuleNotFoundError: No module named 'numpy'", True),
        ("KeyboardInterrupt", True),
        ("python is fun", False),
        ("no Error: here", False),
        ("ErrorCount: 5", False),
        ("    indented output", False),
    ],
)
def test_single_lines_of_python(text: str, is_error: bool) -> None:
    assert judged(text) == [is_error]


def test_each_stream_has_its_own_traceback_and_other_loggers_are_left_alone() -> None:
    errors = PythonErrors()
    fields = {"message": "Traceback (most recent call last):", "messageType": "INFO", "logger": PYTHON}
    first = parse_log_line(json.dumps(fields), at=AT, stream="one")
    assert errors.judge(first).severity is Severity.ERROR
    other = parse_log_line(json.dumps(fields | {"message": "  x"}), at=AT, stream="two")
    assert errors.judge(other).severity is Severity.INFO
    java = parse_log_line(json.dumps(fields | {"logger": "org.apache.flink.Task"}), at=AT, stream="one")
    assert errors.judge(java) is java


def test_a_pattern_selects_levels_and_all_of_python() -> None:
    assert filter_pattern(Severity.DEBUG) == filter_pattern(Severity.INFO) == ""
    assert filter_pattern(Severity.ERROR) == (
        '{ ($.messageType = "ERROR") || ($.messageType = "FATAL") || ($.logger = "*PythonDriver") }'
    )
    assert '($.messageType = "WARN")' in filter_pattern(Severity.WARN)


def test_the_streams_of_an_application_are_read_from_its_logging_options() -> None:
    arn = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/aws/kinesis-analytics/a.b_c:log-stream:s/1"
    described = {"CloudWatchLoggingOptionDescriptions": [{"LogStreamARN": arn}, {"LogStreamARN": "arn:aws:s3:::x"}]}
    assert log_streams(described) == (LogStream(group="/aws/kinesis-analytics/a.b_c", stream="s/1"),)
    assert log_streams({}) == ()


def test_a_text_is_looked_for_in_message_logger_and_stack() -> None:
    line = msf("Could not connect", logger="org.apache.kafka.Client", throwableInformation="java.io.IOException: full")
    assert [line.holds(text) for text in ("could", "KAFKA", "ioexception: FULL", "disk")] == [True, True, True, False]
