"""The saved queries find in the logs of real jobs what they are for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cdk_penstock.model.log_queries import APPLICATION_QUERIES
from tests.model.log_queries.insights import run_query
from tests.model.log_queries.recordings import recorded

ROOT = Path(__file__).resolve().parents[3]
CLIENT = ROOT / "flink_app/connectors/java/src/main/java/io/penstock/flink/prometheus/RemoteWriteClient.java"
QUERIES = {query.name: query.text for query in APPLICATION_QUERIES}
LOOP, RAISES, EXPIRES = recorded("restart-loop"), recorded("main-raises"), recorded("checkpoints-expire")


def messages(events: tuple[dict[str, Any], ...], pattern: str) -> list[str]:
    """Return the messages that match a pattern."""
    found = [str(json.loads(event["message"])["message"]) for event in events]
    return [each for each in found if re.search(pattern, each)]


def test_subtask_transitions_have_their_times_and_each_comes_once() -> None:
    found = run_query(QUERIES["subtask-transitions"], LOOP)
    assert len(found) == min(1000, len(messages(LOOP, r"^.* \(1/1\) \(\S+\) switched from [A-Z]+ to [A-Z]+")))
    assert {tuple(row) for row in found} == {("@timestamp", "task", "subtask", "before", "after")}
    failures = [row for row in found if (row["before"], row["after"]) == ("RUNNING", "FAILED")]
    assert {(row["task"], row["subtask"]) for row in failures} == {("Calc[3]", "1/1")}
    times = [row["@timestamp"] for row in found]
    assert times == sorted(times, reverse=True)


def test_exceptions_are_counted_by_operator_and_cause() -> None:
    (found,) = run_query(QUERIES["exceptions-by-operator"], LOOP)
    assert (found["operator"], found["cause"]) == ("Calc[3]", "java.lang.ArithmeticException: / by zero")
    assert found["exceptions"] == len(messages(LOOP, "FAILED with failure cause"))
    assert found["exceptions"] > 1
    assert found["first"] < found["last"]


def test_an_exception_of_main_is_one_of_the_python_driver() -> None:
    (found,) = run_query(QUERIES["exceptions-by-operator"], RAISES)
    assert found["operator"].endswith(".PythonDriver")
    assert (found["cause"], found["exceptions"]) == ("ValueError: no luck in main", 1)


def test_each_restart_comes_with_the_subtask_that_failed_and_its_cause() -> None:
    found = run_query(QUERIES["restarts"], LOOP)
    restarts = [row for row in found if "to RESTARTING" in row["message"]]
    failures = [row for row in found if "to FAILED" in row["message"]]
    assert len(restarts) == len(failures) == len(messages(LOOP, "RUNNING to RESTARTING"))
    assert {row["cause"] for row in failures} == {"java.lang.ArithmeticException: / by zero"}
    assert {row["applicationVersionId"] for row in found} == {"1"}


def test_expired_checkpoints_have_their_number_and_their_cause() -> None:
    found = run_query(QUERIES["failed-checkpoints"], EXPIRES)
    assert len(found) == len(messages(EXPIRES, "expired before completing"))
    assert all(row["checkpoint"].isdigit() and row["in_sequence"].isdigit() for row in found)
    assert {row["cause"].partition(": ")[2] for row in found} == {"Checkpoint expired before completing."}


def test_checkpoints_that_a_restart_prevents_are_not_failed_ones() -> None:
    assert messages(LOOP, "^Failed to trigger checkpoint for job")
    assert not run_query(QUERIES["failed-checkpoints"], RAISES)


def test_a_slow_start_is_the_time_from_creation_until_the_subtask_runs() -> None:
    found = run_query(QUERIES["slow-starts"], LOOP)
    seconds = [row["seconds"] for row in found]
    assert seconds == sorted(seconds, reverse=True)
    assert 0 < seconds[0] < 60
    assert {row["task"] for row in found} >= {"Source: numbers[1]", "Calc[3]"}


def test_dropped_samples_are_added_up_by_their_reason() -> None:
    formats = re.findall(r'LOG\.warn\("(Dropped [^"]+)"', CLIENT.read_text(encoding="utf-8"))
    assert len(formats) == 2
    lines = [each.replace("{}", number, 1).replace("{}", "x") for each in formats for number in ("7", "5")]
    log = [{"timestamp": 0, "message": json.dumps({"message": line})} for line in [*lines, "Dropped by"]]
    found = run_query(QUERIES["dropped-samples"], log)
    assert [(row["dropped"], row["requests"]) for row in found] == [(12, 2), (12, 2)]


@pytest.mark.parametrize(
    ("message", "is_found"),
    [
        ("User: a is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:1:key/1", True),
        ("software.amazon.awssdk.services.kms.model.DisabledException: the key is disabled", True),
        ("User: a is not authorized to perform: s3:DeleteObject on resource: b", False),
        ("kms", False),
    ],
)
def test_a_denial_of_a_key_is_found_and_another_denial_is_not(*, message: str, is_found: bool) -> None:
    log = [{"timestamp": 0, "message": json.dumps({"message": message})}]
    assert bool(run_query(QUERIES["key-denials"], log)) == is_found


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_finds_anything_where_nothing_happened(name: str) -> None:
    started = tuple(event for event in RAISES if "Python Process" in event["message"])
    assert started
    assert not run_query(QUERIES[name], started)


@pytest.mark.parametrize("query", APPLICATION_QUERIES, ids=lambda query: query.name)
def test_a_query_is_within_the_limits_of_aws_and_says_what_it_answers(query: Any) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", query.name)
    assert "?" in query.answers
    assert len(query.text) <= 10_000
    assert re.search(r"\| limit \d+$", query.text), "a query without a limit reads up to 10 000 results"
