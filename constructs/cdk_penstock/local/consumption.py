"""Waiting until a job has read all of a topic."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import JobError, RestError

if TYPE_CHECKING:
    from cdk_penstock.local.broker.topics import TopicAccess
    from cdk_penstock.local.flink.jobs import FlinkJob
    from cdk_penstock.local.progress import Progress


CONSUME_TIMEOUT_SECONDS = 600.0
CONSUME_POLL_SECONDS = 1.0


def wait_consumed(
    topics: TopicAccess,
    job: FlinkJob,
    *,
    topic: str,
    group: str,
    progress: Progress,
    timeout_seconds: float = CONSUME_TIMEOUT_SECONDS,
) -> None:
    """Wait until a job has read all of a topic, and a checkpoint says so; takes a checkpoint every second.

    Parameters
    ----------
    topics
        The topics of the broker.
    job
        The job that reads.
    topic
        The topic that it reads; nothing may write to it any more.
    group
        The consumer group to which the job commits with each checkpoint.
    progress
        Learns how many records are left.
    timeout_seconds
        How long it may take without any advance.

    Raises
    ------
    JobError
        The job ended or does not advance.
    """
    fewest: int | None = None
    advanced = time.monotonic()
    while True:
        remaining = topics.remaining(topic, group=group)
        if remaining == 0:
            return
        if fewest is None or remaining < fewest:
            fewest, advanced = remaining, time.monotonic()
        state = job.state()
        if state in {"FAILED", "CANCELED", "FINISHED"} or time.monotonic() - advanced > timeout_seconds:
            cause = job.root_cause() or "no exception was recorded"
            raise JobError(f"the job is {state} with {remaining:,} records of {topic} unread: {cause[:4000]}")
        progress.update(f"{remaining:,} records to go")
        time.sleep(CONSUME_POLL_SECONDS)
        # Offsets are committed with checkpoints; one that fails, as during a restart, is followed by the next.
        with contextlib.suppress(JobError, RestError):
            job.checkpoint()
