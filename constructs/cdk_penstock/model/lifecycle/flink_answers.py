"""The meaning of what Flink says of a job: its state for MSF, and the first lines of a failure."""

from __future__ import annotations

import textwrap

from cdk_penstock.model.lifecycle.observed_job import JobState

ERROR_LENGTH = 512
"""Characters of an error message; MSF cuts those of operations at the same length."""

_ENDED = {
    "FINISHED": JobState.FINISHED,
    "FAILED": JobState.FAILED,
    "CANCELLING": JobState.CANCELED,
    "CANCELED": JobState.CANCELED,
    "SUSPENDED": JobState.ABSENT,
}
_FRAME = "at "
_CAUSE = "Caused by: "
_OUTER_EXCEPTIONS_OF_JAVA = ("java.util.concurrent.CompletionException: ", "java.util.concurrent.ExecutionException: ")


def task_managers_needed(parallelism: int, parallelism_per_kpu: int) -> int:
    """Return the number of TaskManagers, one for each KPU."""
    return -(-parallelism // parallelism_per_kpu)


def job_state(flink_state: str, *, all_tasks_run: bool, restarted: bool) -> JobState:
    """Return the state of a job.

    Parameters
    ----------
    flink_state
        Flink's state of the job. It is RUNNING also while tasks are deployed again after a failure.
    all_tasks_run
        True if all tasks run, or have finished.
    restarted
        True if the number of restarts has grown since all tasks ran.
    """
    if flink_state in _ENDED:
        return _ENDED[flink_state]
    if flink_state in {"RESTARTING", "FAILING"} or (restarted and not all_tasks_run):
        return JobState.RESTARTING
    return JobState.RUNNING


def java_error(stack_trace: str) -> str:
    """Return the useful part of a Java stack trace: the innermost cause, where it was thrown, then what it caused.

    Parameters
    ----------
    stack_trace
        As Java prints it.
    """
    causes: list[list[str]] = [[]]
    for line in stack_trace.strip().splitlines():
        text = line.strip()
        if text.startswith(_CAUSE):
            causes.append([text.removeprefix(_CAUSE)])
        elif text and not text.startswith("..."):
            causes[-1].append(text)
    heads = [_head(lines) for lines in reversed(causes)]
    frames = [line for line in causes[-1] if line.startswith(_FRAME)]
    # An outer exception without a message repeats its cause as its message.
    outer = [head for head in heads[1:] if heads[0] not in head]
    return _cut([heads[0], *frames[:1], *dict.fromkeys(outer)])


def _head(lines: list[str]) -> str:
    """Return an exception's class and message, which may have several lines."""
    first_frame = next((index for index, line in enumerate(lines) if line.startswith(_FRAME)), len(lines))
    head = "\n".join(lines[:first_frame])
    for wrapper in _OUTER_EXCEPTIONS_OF_JAVA:
        head = head.removeprefix(wrapper)
    return head


def python_error(traceback: str) -> str:
    """Return the useful part of a Python traceback: the exception, then the last lines of the user's own code.

    Parameters
    ----------
    traceback
        As Python prints it; of several in a chain the last counts.
    """
    lines = textwrap.dedent(traceback).strip().splitlines()
    begin = max((index for index, line in enumerate(lines) if line.startswith("Traceback (most ")), default=-1)
    body = [line.rstrip() for line in lines[begin + 1 :]]
    last_indented = max((index for index, line in enumerate(body) if line.startswith("  ")), default=-1)
    exception = body[last_indented + 1 :] or body
    own = [
        line.strip()
        for line in body[: last_indented + 1]
        if line.startswith('  File "') and "/site-packages/" not in line and '"<frozen ' not in line
    ]
    text = "\n".join(exception)
    # An exception of Java that went through Python has its causes behind it.
    message = java_error(text) if _CAUSE in text else text
    return _cut([message, *reversed(own[-2:])])


def _cut(parts: list[str]) -> str:
    text = "\n".join(part for part in parts if part)
    return text if len(text) <= ERROR_LENGTH else f"{text[: ERROR_LENGTH - 3]}..."
