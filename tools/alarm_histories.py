"""Histories of a Flink application, as CloudWatch has its metrics: what happens, minute by minute or hour by hour.

Each names the metrics that differ from those of a healthy application. Counters of Flink begin at 0 with each job.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.alarm_evaluation.metric_samples import Metric, MetricHistory, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Values = Sequence[float | None]

MINUTE_SECONDS: Final = 60
HOUR_SECONDS: Final = 3_600
BEGINS_AT: Final = 10
"""The step in which each history begins to differ from a healthy application."""
STEPS: Final = 90
_STEPS_BEFORE: Final = 60

DEAD_LETTER_REASONS: Final = (
    "EmptyRecord",
    "Late",
    "MalformedJson",
    "MissingField",
    "OutOfRange",
    "TimestampInTheFuture",
    "TimestampTooOld",
    "UnknownEventType",
    "WrongType",
)
HEALTHY: Final[Mapping[str, float | None]] = {
    "ActiveControllerCount": 1.0,
    "AsyncEventsDropped": None,
    "AwsOwnedSnapshots": 0.0,
    "Errors": 0.0,
    "IncomingRecords": 60_000.0,
    "GetRecords.IteratorAgeMilliseconds": 500.0,
    "KPUs": 2.0,
    "KafkaDataLogsDiskUsed": 40.0,
    "LoopRollbackFailures": None,
    "LoopRollbacks": None,
    "MatchedEvents": None,
    "OfflinePartitionsCount": 0.0,
    "OpenPermissionWindows": 0.0,
    "ScalingFailures": None,
    "SnapshotAge": 7_200.0,
    "SnapshotCount": 30.0,
    "SnapshotFailures": None,
    "UnexpectedTransitions": 0.0,
    "WriteProvisionedThroughputExceeded": 0.0,
    "backPressuredTimeMsPerSecond": 0.0,
    "busyTimeMsPerSecond": 300.0,
    "cancellingTime": 0.0,
    "containerCPUUtilization": 30.0,
    "containerDiskUtilization": 20.0,
    "containerMemoryUtilization": 50.0,
    "cpuUtilization": 30.0,
    "currentInputWatermark": 0.0,
    "currentOutputWatermark": 0.0,
    **{f"deadLetters{reason}": None for reason in DEAD_LETTER_REASONS},
    "downtime": 0.0,
    "failingTime": 0.0,
    "fullRestarts": 0.0,
    "heapMemoryUtilization": 50.0,
    "lastCheckpointDuration": 2_000.0,
    "lastCheckpointSize": 1_000_000.0,
    "millisBehindLatest": 0.0,
    "numLateRecordsDropped": 0.0,
    "numRecordsInPerSecond": 1_000.0,
    "numRecordsOutPerSecond": 1_000.0,
    "numRestarts": 0.0,
    "numSamplesDropped": 0.0,
    "numWriteRequestsOut": 0.0,
    "numWriteRequestsRetries": 0.0,
    "numberOfFailedCheckpoints": 0.0,
    "oldGenerationGCTime": 0.0,
    "records_lag_max": 0.0,
    "restartingTime": 0.0,
    "runningTime": 0.0,
    "uptime": 0.0,
}
"""The value of each metric while all is well; None for a metric that has data only when something happens.

A metric whose name ends with that of its application is here without it.
"""


_GROWTH_A_SECOND: Final[Mapping[str, float]] = {
    "currentInputWatermark": 1_000.0,
    "currentOutputWatermark": 1_000.0,
    "numWriteRequestsOut": 1.0,
    "runningTime": 1_000.0,
    "uptime": 1_000.0,
}
"""The metrics that go on with the time while all is well."""
_UPTIME: Final = {"runningTime", "uptime"}
"""The metrics with a sample each minute, also in a history by the hour: an alarm counts the minutes without one."""


def without_application(name: str) -> str:
    """Return the name of a metric without that of an application at its end."""
    return name.partition("-")[0]


@dataclass(frozen=True)
class History:
    """A history of an application: its title, and the metrics that differ."""

    title: str
    changed: Mapping[str, Values]
    step_seconds: int = MINUTE_SECONDS
    of_flink_stops: tuple[int, int] | None = None
    """The steps in which the application has no metrics at all, or None."""

    def samples(self, metrics: Iterable[Metric]) -> MetricHistory:
        """Return the samples of these metrics, by their names; what precedes the history is healthy."""
        return MetricHistory({metric: list(self._of(metric)) for metric in metrics})

    def _of(self, metric: Metric) -> Iterable[Sample]:
        name = without_application(metric.name)
        if name in _UPTIME and self.step_seconds > MINUTE_SECONDS:
            for at_seconds in range(-_STEPS_BEFORE * self.step_seconds, STEPS * self.step_seconds, MINUTE_SECONDS):
                yield Sample(at_seconds, HEALTHY[name] or 0.0)
            return
        each_step = _GROWTH_A_SECOND.get(name, 0.0) * self.step_seconds
        healthy = [
            None if (value := HEALTHY[name]) is None else value + each_step * index
            for index in range(_STEPS_BEFORE + STEPS)
        ]
        values = (*healthy[:_STEPS_BEFORE], *self.changed.get(name, healthy[_STEPS_BEFORE:]))
        for index, value in enumerate(values):
            step = index - _STEPS_BEFORE
            stops = self.of_flink_stops if metric.namespace == "AWS/KinesisAnalytics" else None
            if value is not None and (stops is None or not stops[0] <= step < stops[1]):
                yield Sample(step * self.step_seconds, value)


def at(begin: int, values: Sequence[float | None], *, before: float | None = 0.0, after: float | None = 0.0) -> Values:
    """Return one value a step: some from a step on, with a value before them and another one after them."""
    return [*[before] * begin, *values, *[after] * (STEPS - begin - len(values))]


def _counter(growth: Mapping[int, float]) -> Values:
    return list(accumulate(growth.get(step, 0.0) for step in range(STEPS)))


def _restarts(steps: Iterable[int], *, down_ms: float) -> dict[str, Values]:
    down = set(steps)
    restarts = _counter(dict.fromkeys(down, 1.0))
    downtime = [down_ms if step in down else 0.0 for step in range(STEPS)]
    # From Flink 2.2 on, MSF has other names.
    return {
        "fullRestarts": restarts,
        "numRestarts": restarts,
        "downtime": downtime,
        "restartingTime": downtime,
        # The log tells of each subtask that fails, in the minute in which it does.
        "UnexpectedTransitions": [4.0 if step in down else 0.0 for step in range(STEPS)],
    }


def _grows(begin: int, count: int, *, each: float) -> Values:
    """Return a counter that grows by a number in each of some steps."""
    return _counter(dict.fromkeys(range(begin, begin + count), each))


def _stands(name: str, begin: int, count: int) -> Values:
    """Return a metric that goes on with the time, but for some steps."""
    each_step = _GROWTH_A_SECOND[name] * MINUTE_SECONDS
    return [each_step * (_STEPS_BEFORE + (begin if begin <= step < begin + count else step)) for step in range(STEPS)]


def _in_vain(begin: int, count: int) -> dict[str, Values]:
    """Return a sink whose requests do not succeed for some minutes: after each eight, the job fails and restarts.

    As measured with an endpoint that refuses connections: one attempt every five seconds, no other counter moves, and
    the source is read on. The checkpoint that waits for the sink fails with the job.
    """
    fails = range(begin + 8, begin + count, 9)
    written: list[float] = []
    repeated: list[float] = []
    for step in range(STEPS):
        since = (step - begin) % 9
        written.append(
            float(60 * (_STEPS_BEFORE + min(step, begin))) if step < begin + 9 else 60.0 * max(0, step - begin - count)
        )
        repeated.append(12.0 * since if begin <= step < begin + count else 0.0)
    restarts = _counter(dict.fromkeys(fails, 1.0))
    return {
        "numWriteRequestsOut": written,
        "numWriteRequestsRetries": repeated,
        "fullRestarts": restarts,
        "numRestarts": restarts,
        "numberOfFailedCheckpoints": restarts,
        "UnexpectedTransitions": [4.0 if step in fails else 0.0 for step in range(STEPS)],
    }


_LOOP = range(BEGINS_AT, BEGINS_AT + 30)

HISTORIES: Final = (
    History("Healthy", {}),
    History("One restart", _restarts([BEGINS_AT], down_ms=20_000)),
    History(
        "One restart that takes three minutes",
        _restarts([BEGINS_AT], down_ms=0)
        | {
            "downtime": at(BEGINS_AT, [30_000, 90_000, 150_000]),
        },
    ),
    History("Two restarts, four minutes apart", _restarts([BEGINS_AT, BEGINS_AT + 4], down_ms=20_000)),
    History(
        "A restart loop of thirty minutes, several restarts a minute",
        # As recorded from Flink 1.20: a job that is up again at once has no downtime, and finishes no checkpoint.
        {
            "restartingTime": at(BEGINS_AT, [505.0] * 30),
            "UnexpectedTransitions": at(BEGINS_AT, [20.0] * 30),
            **{
                name: _grows(BEGINS_AT, 30, each=5)
                for name in ("fullRestarts", "numRestarts", "numberOfFailedCheckpoints")
            },
        },
    ),
    History("A restart loop of thirty minutes, a restart every two minutes", _restarts(_LOOP[::2], down_ms=20_000)),
    History(
        "A restart loop of forty minutes, a restart every four minutes",
        _restarts(range(BEGINS_AT, BEGINS_AT + 40, 4), down_ms=20_000),
    ),
    History(
        "A deployment: stopped for three minutes, new counters",
        _restarts([2], down_ms=20_000)
        | {
            "fullRestarts": [*[3.0] * BEGINS_AT, *[0.0] * (STEPS - BEGINS_AT)],
        },
        of_flink_stops=(BEGINS_AT, BEGINS_AT + 3),
    ),
    History("A deployment that takes twelve minutes", {}, of_flink_stops=(BEGINS_AT, BEGINS_AT + 12)),
    History(
        "A deployment whose job loops for thirty minutes",
        _restarts(range(BEGINS_AT + 3, BEGINS_AT + 33), down_ms=20_000),
        of_flink_stops=(BEGINS_AT, BEGINS_AT + 3),
    ),
    History(
        "Maintenance: restarted by MSF, two minutes without metrics",
        _restarts([BEGINS_AT + 2], down_ms=90_000),
        of_flink_stops=(BEGINS_AT, BEGINS_AT + 2),
    ),
    History("Metrics missing for fifteen minutes", {}, of_flink_stops=(BEGINS_AT, BEGINS_AT + 15)),
    History(
        "Every second minute without metrics, during a restart loop",
        {
            name: [None if step % 2 and step in _LOOP else value for step, value in enumerate(values)]
            for name, values in _restarts(_LOOP, down_ms=20_000).items()
        },
    ),
    History("Stopped on purpose, for good", {}, of_flink_stops=(BEGINS_AT, STEPS)),
    History(
        "Down for thirty minutes: the job does not come back",
        {
            "downtime": at(BEGINS_AT, [60_000.0 * minute for minute in range(1, 31)]),
            "fullRestarts": at(BEGINS_AT, [1.0] * 80),
        },
    ),
    History("A counter that begins again with the job", {"fullRestarts": [*[7.0] * BEGINS_AT, *[0.0] * 80]}),
    History(
        "Lag that grows for thirty minutes and recovers",
        {
            "millisBehindLatest": at(BEGINS_AT, [20_000.0 * minute for minute in range(30)]),
            "records_lag_max": at(BEGINS_AT, [5_000.0 * minute for minute in range(30)]),
        },
    ),
    History(
        "Lag that grows and does not recover: an overload",
        {
            "millisBehindLatest": at(BEGINS_AT, [20_000.0 * minute for minute in range(80)]),
            "records_lag_max": at(BEGINS_AT, [5_000.0 * minute for minute in range(80)]),
        },
    ),
    History(
        "Lag that grows for thirty minutes and stays as it is",
        {
            "millisBehindLatest": at(BEGINS_AT, [20_000.0 * min(minute, 30) for minute in range(80)]),
            "records_lag_max": at(BEGINS_AT, [5_000.0 * min(minute, 30) for minute in range(80)]),
        },
    ),
    History(
        "A source that stalls for thirty minutes: no records, no lag that is known",
        {
            "numRecordsInPerSecond": at(BEGINS_AT, [0.0] * 30, before=1_000, after=1_000),
            "numRecordsOutPerSecond": at(BEGINS_AT, [0.0] * 30, before=1_000, after=1_000),
            "millisBehindLatest": at(BEGINS_AT, [None] * 30),
            "records_lag_max": at(BEGINS_AT, [None] * 30),
            **{
                name: _stands(name, BEGINS_AT, 30)
                for name in ("currentInputWatermark", "currentOutputWatermark", "numWriteRequestsOut")
            },
        },
    ),
    History(
        "One silent partition of several for thirty minutes, never counted as idle",
        # As measured with two subtasks of the source: the one that reads the others goes on.
        {name: _stands(name, BEGINS_AT, 30) for name in ("currentInputWatermark", "numWriteRequestsOut")},
    ),
    History("Prometheus does not answer for thirty minutes", _in_vain(BEGINS_AT, 30)),
    History(
        "Prometheus refuses samples for thirty minutes, or they are discarded after the last attempt",
        {"numSamplesDropped": _grows(BEGINS_AT, 30, each=500)},
    ),
    History(
        "Records go to the dead letters for thirty minutes: late ones, and ones that are no JSON",
        {
            name: [*[None] * BEGINS_AT, *_grows(0, 30, each=20)[: STEPS - BEGINS_AT]]
            for name in ("deadLettersLate", "deadLettersMalformedJson")
        },
    ),
    History(
        "A stream throttles one record of a hundred for thirty minutes",
        {"WriteProvisionedThroughputExceeded": at(BEGINS_AT, [600.0] * 30)},
    ),
    History("Checkpoints fail for forty minutes", {"numberOfFailedCheckpoints": _grows(BEGINS_AT, 40, each=1)}),
    History(
        "Checkpoints take fifty minutes: their time-out comes near",
        {"lastCheckpointDuration": at(BEGINS_AT, [3_000_000.0] * 60, before=2_000, after=2_000)},
    ),
    History(
        "A checkpoint takes five minutes, for an hour",
        {"lastCheckpointDuration": at(BEGINS_AT, [300_000.0] * 60, before=2_000, after=2_000)},
    ),
    History(
        "A full heap for an hour",
        {
            "heapMemoryUtilization": at(BEGINS_AT, [97.0] * 60, before=50, after=50),
            "containerMemoryUtilization": at(BEGINS_AT, [97.0] * 60, before=50, after=50),
            "oldGenerationGCTime": _grows(BEGINS_AT, 60, each=40_000),
        },
    ),
    History(
        "All processors are busy for an hour, and operators wait for others",
        {
            "cpuUtilization": at(BEGINS_AT, [97.0] * 60, before=30, after=30),
            "containerCPUUtilization": at(BEGINS_AT, [97.0] * 60, before=30, after=30),
            "backPressuredTimeMsPerSecond": at(BEGINS_AT, [900.0] * 60),
        },
    ),
    History("Records come too late for thirty minutes", {"numLateRecordsDropped": _grows(BEGINS_AT, 30, each=100)}),
    History(
        "KPUs grow to twenty for three hours", {"KPUs": at(BEGINS_AT, [20.0] * 3, before=2, after=2)}, HOUR_SECONDS
    ),
    History(
        "Somebody changes the key or the operator role",
        {"MatchedEvents": at(BEGINS_AT, [1.0], before=None, after=None)},
    ),
    History(
        "A disk of a broker fills up for an hour",
        {"KafkaDataLogsDiskUsed": at(BEGINS_AT, [90.0] * 60, before=40, after=40)},
    ),
    History(
        "No snapshot for a day",
        {"SnapshotAge": at(BEGINS_AT, [3_600.0 * hour for hour in range(3, 27)], before=7_200, after=7_200)},
        HOUR_SECONDS,
    ),
    History(
        "The age of snapshots is not measured for ten hours",
        {"SnapshotAge": at(BEGINS_AT, [None] * 10, before=7_200, after=7_200)},
        HOUR_SECONDS,
    ),
    History(
        "Snapshots are never deleted",
        {"SnapshotCount": [min(800.0 + 10 * hour, 990.0) for hour in range(STEPS)]},
        HOUR_SECONDS,
    ),
    History(
        "A permission window and snapshots under the AWS-owned key, for sixty hours",
        {name: at(BEGINS_AT, [1.0] * 60) for name in ("OpenPermissionWindows", "AwsOwnedSnapshots")},
        HOUR_SECONDS,
    ),
    History("The audit of the key fails for six hours", {"Errors": at(BEGINS_AT, [1.0] * 6)}, HOUR_SECONDS),
)
