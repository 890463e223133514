"""The counters of the vehicle job that its dashboard shows (docs/job.md, Metrics)."""

from __future__ import annotations

from typing import Final

from cdk_penstock.model.metrics import workload_counter

_REASONS: Final = (
    "Late",
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
