from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.model.lifecycle.flink_answers import (
    ERROR_LENGTH,
    java_error,
    job_state,
    python_error,
    task_managers_needed,
)
from cdk_penstock.model.lifecycle.observed_job import JobState

JAVA = """org.apache.flink.runtime.rest.handler.RestHandlerException: Could not execute application.
\tat org.apache.flink.runtime.webmonitor.handlers.JarRunHandler.lambda$1(JarRunHandler.java:114)
Caused by: java.util.concurrent.CompletionException: java.lang.RuntimeException: outer
\tat java.base/java.util.concurrent.CompletableFuture.encodeThrowable(CompletableFuture.java:315)
\t... 1 more
Caused by: java.lang.RuntimeException: outer
\tat Main.run(Main.java:9)
Caused by: java.lang.IllegalStateException: inner
in two lines
\tat Main.main(Main.java:18)
\tat Main.other(Main.java:20)
\t... 12 more
"""
PYTHON = """  Traceback (most recent call last):
    File "/code/main.py", line 3, in <module>
      run()
  KeyError: 'first'

  During handling of the above exception, another exception occurred:

  Traceback (most recent call last):
    File "/code/main.py", line 9, in <module>
      run()
      ^^^^^
    File "/code/dep/job.py", line 7, in run
      t.execute_sql("x")
    File "/venv/lib/python3.11/site-packages/pyflink/table/table_environment.py", line 120, in execute_sql
      return 1
  ValueError: no luck
  in two lines
"""


@pytest.mark.parametrize(
    ("parallelism", "per_kpu", "expected"), [(1, 1, 1), (4, 1, 4), (4, 4, 1), (5, 4, 2), (8, 3, 3)]
)
def test_each_kpu_is_a_task_manager(parallelism: int, per_kpu: int, expected: int) -> None:
    assert task_managers_needed(parallelism, per_kpu) == expected


@given(st.integers(1, 1000), st.integers(1, 8))
def test_the_slots_suffice_and_no_task_manager_is_idle(parallelism: int, per_kpu: int) -> None:
    count = task_managers_needed(parallelism, per_kpu)
    assert (count - 1) * per_kpu < parallelism <= count * per_kpu


@pytest.mark.parametrize(
    ("flink_state", "all_tasks_run", "restarted", "expected"),
    [
        ("RUNNING", True, False, JobState.RUNNING),
        ("RUNNING", False, False, JobState.RUNNING),
        ("INITIALIZING", False, False, JobState.RUNNING),
        ("CREATED", False, False, JobState.RUNNING),
        ("RUNNING", False, True, JobState.RESTARTING),
        ("RUNNING", True, True, JobState.RUNNING),
        ("RESTARTING", False, False, JobState.RESTARTING),
        ("FAILING", False, False, JobState.RESTARTING),
        ("FAILED", False, True, JobState.FAILED),
        ("FINISHED", False, False, JobState.FINISHED),
        ("CANCELLING", False, True, JobState.CANCELED),
        ("CANCELED", False, False, JobState.CANCELED),
        ("SUSPENDED", False, False, JobState.ABSENT),
    ],
)
def test_the_state_of_a_job(flink_state: str, all_tasks_run: bool, restarted: bool, expected: JobState) -> None:
    assert job_state(flink_state, all_tasks_run=all_tasks_run, restarted=restarted) is expected


def test_a_java_error_begins_with_the_innermost_cause() -> None:
    assert java_error(JAVA).splitlines() == [
        "java.lang.IllegalStateException: inner",
        "in two lines",
        "at Main.main(Main.java:18)",
        "java.lang.RuntimeException: outer",
        "org.apache.flink.runtime.rest.handler.RestHandlerException: Could not execute application.",
    ]


def test_a_java_error_without_a_cause_is_kept() -> None:
    assert java_error("one: no jobs\n\tat A.b(A.java:1)\n") == "one: no jobs\nat A.b(A.java:1)"
    assert java_error("only text") == "only text"
    assert java_error("") == ""


def test_a_python_error_begins_with_the_last_exception_and_shows_the_users_own_lines() -> None:
    assert python_error(PYTHON).splitlines() == [
        "ValueError: no luck",
        "in two lines",
        'File "/code/dep/job.py", line 7, in run',
        'File "/code/main.py", line 9, in <module>',
    ]


def test_a_single_traceback_is_read_with_any_margin() -> None:
    single = PYTHON[PYTHON.rindex("  Traceback") :]
    assert python_error(single) == python_error(PYTHON) == python_error(textwrap.dedent(PYTHON))


def test_an_error_of_java_that_went_through_python_begins_with_its_cause() -> None:
    text = PYTHON.replace(
        "ValueError: no luck\n  in two lines", "Py4JJavaError: o1\n  : a.B: outer\n  Caused by: c.D: inner"
    )
    assert python_error(text).splitlines()[0] == "c.D: inner"


@given(st.text())
def test_every_text_gives_an_error_of_limited_length(text: str) -> None:
    assert len(java_error(text)) <= ERROR_LENGTH
    assert len(python_error(text)) <= ERROR_LENGTH
    assert len(java_error(JAVA + text)) <= ERROR_LENGTH
