"""The comparison of a run with the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_penstock.local.demo.checks import differences, reconcile
from cdk_penstock.local.prometheus.samples import Sample
from vehicle_metrics.contract import MODEL, REGION
from vehicle_metrics_scenario.oracle import Event, read, samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ("check_samples", "expected_samples", "is_event")

# What a correct event may be put aside for: it came after its window had closed, or before its time.
EXCUSES = frozenset({"late", "timestamp in the future"})


def is_event(line: bytes) -> bool:
    """Tell an event from a record that the job puts aside as malformed."""
    return isinstance(read(line), Event)


def expected_samples(lines: Iterable[bytes], models: Mapping[str, str], *, window_seconds: int) -> list[Sample]:
    """Return the samples that a set of events leads to if none of them is late, sorted.

    Parameters
    ----------
    lines
        Records in any order; a record that is no event is passed over.
    models
        The model of each vehicle.
    window_seconds
        The length of the windows; a sample's time is its window's end.
    """
    events = (event for line in lines if isinstance(event := read(line), Event))
    return sorted(
        Sample.of(metric, {MODEL: model, REGION: region}, timestamp_ms=end_ms, value=value)
        for (metric, model, region, end_ms), value in samples(events, models, window_ms=window_seconds * 1000).items()
    )


def check_samples(
    lines: Iterable[bytes],
    letters: Sequence[tuple[str, bytes]],
    found: Sequence[Sample],
    models: Mapping[str, str],
    *,
    window_seconds: int,
) -> list[str]:
    """Return how a run differs from what its events must lead to; an empty list if it does not.

    Parameters
    ----------
    lines
        The records that were sent.
    letters
        The dead letters: reasons and records.
    found
        What Prometheus holds.
    models
        The model of each vehicle.
    window_seconds
        The length of the windows.
    """
    records = reconcile(lines, letters, is_event=is_event, excuses=EXCUSES)
    expected = expected_samples(records.counted, models, window_seconds=window_seconds)
    return [*records.problems, *differences(expected, found)]
