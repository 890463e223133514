"""The filter for unexpected transitions counts each failure of a real job, and nothing of a job that works or stops."""

from __future__ import annotations

import json
import re

import pytest

from cdk_penstock.model.log_queries import UNEXPECTED_TRANSITIONS
from tests.model.log_queries.filter_patterns import FilterPatternError, matches
from tests.model.log_queries.recordings import recorded

# The event of the page "Using filter patterns to match terms in JSON log events".
EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "latency": 40,
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}],
        "actions": ["GET", "PUT", "DELETE"],
        "coordinates": [[0, 1, 2], [4, 5, 6]],
    }
)


@pytest.mark.parametrize(
    ("pattern", "is_matched"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ('{ $.eventType = "updatetrail" }', False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress = 111.111.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.eventType NOT EXISTS }", False),
        ("{ $.latency < 50 }", True),
        ("{ $.latency >= 50 }", False),
        ("{ $.eventType > 5 }", False),
        ("{ $.missing != 1 }", False),
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        (
            (
                '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch"'
                ' && $.actions[2] = "nonmatch" }'
            ),
            True,
        ),
        (
            (
                '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch")'
                ' && $.actions[2] = "nonmatch" }'
            ),
            False,
        ),
    ],
)
def test_a_documented_pattern_matches_as_documented(*, pattern: str, is_matched: bool) -> None:
    assert matches(pattern, EVENT) == is_matched


def test_a_line_that_is_not_json_is_not_matched() -> None:
    assert not matches('{ $.eventType = "UpdateTrail" }', "eventType UpdateTrail")


@pytest.mark.parametrize("pattern", ["ERROR", "{ $.a = %x% }", "{ $.a = 1", "{ $.a = 1 } b", "{ a = 1 }", "{ }"])
def test_what_the_subset_lacks_is_refused(pattern: str) -> None:
    with pytest.raises(FilterPatternError, match="expected"):
        matches(pattern, EVENT)


def test_each_failure_and_each_restart_of_the_loop_counts_once() -> None:
    lines = [str(event["message"]) for event in recorded("restart-loop")]
    counted = [str(json.loads(line)["message"]) for line in lines if matches(UNEXPECTED_TRANSITIONS, line)]
    failures = [each for each in counted if "RUNNING to FAILED on" in each]
    restarts = [each for each in counted if "RUNNING to RESTARTING" in each]
    assert len(failures) == len(restarts) > 1
    assert len(counted) == len(failures) + len(restarts)


def test_a_job_without_a_failure_counts_nothing() -> None:
    lines = [str(event["message"]) for event in recorded("checkpoints-expire")]
    assert any("switched from INITIALIZING to RUNNING" in line for line in lines)
    assert not any(matches(UNEXPECTED_TRANSITIONS, line) for line in lines)


def test_a_cancellation_counts_nothing() -> None:
    lines = [str(event["message"]) for event in recorded("restart-loop")]
    canceled = [line for line in lines if re.search(r"switched from (RUNNING to CANCELING|CANCELING to)", line)]
    assert canceled
    assert not any(matches(UNEXPECTED_TRANSITIONS, line) for line in canceled)


def test_the_pattern_fits_into_a_metric_filter_without_a_regular_expression() -> None:
    assert len(UNEXPECTED_TRANSITIONS) <= 1024
    assert "%" not in UNEXPECTED_TRANSITIONS
