"""The thresholds of alarms by severity, each with the reason for its default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PageThresholds:
    """Thresholds of alarms that wake somebody: data is late or lost now.

    Parameters
    ----------
    looping_minutes
        Minutes in a row with a restart. Five, as AWS recommends: maintenance brings one restart, rarely two.
    restarts_a_minute
        Restarts in each of two minutes, for a loop that is faster. Two, so that only four restarts or more page.
    down_minutes
        Minutes in a row in which the job does not process. Five: maintenance takes 10 to 30 seconds, a large state some
        minutes.
    not_running_minutes
        Minutes in a row without a sample. Ten: a deployment, with a snapshot and a start, takes less.
    behind_seconds
        Time that a job is behind its Kinesis stream while it falls behind further. Three minutes: less catches up.
    behind_records
        Records that a job is behind in its worst Kafka partition while it falls behind further. 30,000: three times
        what LagScaling takes for one minute.
    checkpoint_timeout_percent
        Share of the checkpoint time-out that a checkpoint takes. 80: the next growth makes checkpoints fail.
    """

    looping_minutes: int = 5
    restarts_a_minute: int = 2
    down_minutes: int = 5
    not_running_minutes: int = 10
    behind_seconds: int = 180
    behind_records: int = 30_000
    checkpoint_timeout_percent: int = 80


@dataclass(frozen=True, kw_only=True)
class TicketThresholds:
    """Thresholds of alarms for the next working day: nothing is lost yet.

    Parameters
    ----------
    failed_checkpoint_periods
        Periods of ten minutes in a row with a failed checkpoint. Three: one failure is common, and Flink goes on.
    checkpoint_interval_percent
        Share of the checkpoint interval that a checkpoint takes. 50: above it, the job is saved more than it works.
    busy_minutes
        Minutes in a row above the percentages below. 15, as MSF's autoscaling waits, which then has had its chance.
    cpu_percent
        CPU use of the containers. 90: autoscaling acts at 75 and must have failed to help.
    heap_percent
        Heap use. 90, as AWS recommends.
    container_memory_percent
        Memory use of the containers. 85: above it, native memory of RocksDB or Python may end the container.
    back_pressured_ms_per_second
        Time of a second in which a task waits for the next one. 500: half of its capacity is lost.
    standstill_minutes
        Minutes in a row in which records come in and the watermark stays. Ten: idleness is handled within one.
    throttled_percent
        Share of a stream's records whose writing was throttled. 0.4: that share showed a stream with too few shards.
    """

    failed_checkpoint_periods: int = 3
    checkpoint_interval_percent: int = 50
    busy_minutes: int = 15
    cpu_percent: int = 90
    heap_percent: int = 90
    container_memory_percent: int = 85
    back_pressured_ms_per_second: int = 500
    standstill_minutes: int = 10
    throttled_percent: float = 0.4
