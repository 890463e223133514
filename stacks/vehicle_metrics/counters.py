"""The counters of the vehicle job in its dashboard, and its alarms on them (docs/job.md, Metrics)."""

from __future__ import annotations

from typing import Final, NamedTuple

from cdk_penstock.model.metrics import workload_counter

_LATE: Final = "Late"
_REASONS: Final = (
    _LATE,
    "MalformedJson",
    "MissingField",
    "WrongType",
    "OutOfRange",
    "UnknownEventType",
    "TimestampInTheFuture",
    "TimestampTooOld",
    "EmptyRecord",
)

COUNTERS: Final = {
    "Dead letters since the last start, by reason": [
        workload_counter(f"deadLetters{reason}", "Records that the job could not use.") for reason in _REASONS
    ],
    "Samples dropped since the last start": [
        workload_counter("numSamplesDropped", "Samples that the job dropped, for any reason."),
        workload_counter("numSamplesNonRetryableDropped", "Samples that Prometheus refused."),
        workload_counter("numSamplesRetryLimitDropped", "Samples that were given up after the last attempt."),
    ],
}
"""Titles of graphs, and their counters."""


class CounterAlarm(NamedTuple):
    """An alarm on counters that grow."""

    construct_id: str
    kind: str
    counters: tuple[str, ...]
    text: str


COUNTER_ALARMS: Final = (
    CounterAlarm(
        "DeadLetters",
        "dead-letters",
        tuple(f"deadLetters{reason}" for reason in _REASONS if reason != _LATE),
        "the job wrote records that it could not use to the dead letters",
    ),
    CounterAlarm(
        "LateDeadLetters",
        "late-records",
        (f"deadLetters{_LATE}",),
        "the job wrote records that came too late to the dead letters",
    ),
    CounterAlarm("SamplesDropped", "samples-dropped", ("numSamplesDropped",), "the sink dropped samples"),
)
"""The alarms; numSamplesDropped is the sum of all reasons."""
