from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.model.job_overview import JobOverview, shown_age
from tests.control.fake_flink import FakeFlink

if TYPE_CHECKING:
    from typing import Any

AT = datetime(2026, 11, 27, 10, 12, 30, tzinfo=UTC)


def overview(job: str, **instead: Any) -> JobOverview:
    flink = FakeFlink(job)
    path = f"/jobs/{flink.job_id}"
    answers = {
        "details": flink.answers[path],
        "exceptions": flink.answers[f"{path}/exceptions"],
        "checkpoints": flink.answers[f"{path}/checkpoints"],
        "metrics": flink.answers[f"{path}/metrics"],
    }
    return JobOverview.parse(AT, **(answers | instead))


def test_a_healthy_job_has_all_its_subtasks_and_a_checkpoint() -> None:
    healthy = overview("healthy")
    assert healthy.fields() | {"jobId": "", "lastCheckpoint": None} == {
        "jobId": "",
        "name": "insert-into_default_catalog.default_database.sink",
        "state": "RUNNING",
        "allSubtasksRun": True,
        "vertices": [
            {"name": "Source: source[1]", "parallelism": 2, "subtasks": {"RUNNING": 2}},
            {"name": "GroupAggregate[3] -> sink[4]: Writer", "parallelism": 2, "subtasks": {"RUNNING": 2}},
        ],
        "restarts": 0,
        "lastCheckpoint": None,
        "failedCheckpoints": 1,
        "lastFailure": None,
    }
    checkpoint = healthy.fields()["lastCheckpoint"]
    assert (checkpoint["id"], checkpoint["durationMs"], checkpoint["sizeBytes"]) == (7, 85, 53123)
    lines = dict(healthy.lines())
    assert lines["job"] == "job RUNNING, 4 of 4 subtasks run"
    assert lines["last checkpoint"].startswith("7, ")
    assert lines["last checkpoint"].endswith("ago, 0.1 MiB in 0.1 s; 1 failed")


def test_a_looping_job_tells_its_restarts_and_its_last_failure() -> None:
    looping = overview("looping")
    assert looping.restarts == 12
    assert not looping.sample.runs
    lines = list(looping.lines())
    assert ("vertex", "GroupAggregate[3] -> Calc[4] -> sink[5]: Writer: 1 CANCELED, 1 FAILED of 2") in lines
    assert ("job", "job RESTARTING, 0 of 4 subtasks run, 3 CANCELED, 1 FAILED") in lines
    assert ("last checkpoint", "none completed, 1 failed") in lines
    name, failure = lines[-1]
    assert name == "last failure"
    assert "java.lang.ArithmeticException: / by zero | at StreamExecCalc$6.processElement" in failure
    assert looping.fields()["lastFailure"]["reason"].startswith("java.lang.ArithmeticException")


def test_a_job_without_checkpoints_and_metrics_is_told_as_well() -> None:
    lines = dict(overview("healthy", checkpoints={}, metrics=[]).lines())
    assert (lines["restarts"], lines["last checkpoint"]) == ("unknown", "none completed, 0 failed")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min"), (7_200, "2 h"), (86_400 * 9.6, "10 d")],
)
def test_an_age_is_shown_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert shown_age(seconds) == shown
