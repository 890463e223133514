"""Judging what a run left in Prometheus and among the dead letters, whatever its events are."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.local.prometheus.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

_SHOWN: Final = 5


def parse_dead_letter(value: bytes) -> tuple[str, bytes]:
    """Return the reason of a dead letter and the record as it came in."""
    letter = json.loads(value)
    return str(letter["reason"]), str(letter["payload"] or "").encode()


def count_reasons(letters: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """Return how many dead letters there are of each reason, the most frequent first."""
    return dict(Counter(reason for reason, _ in letters).most_common())


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The records that must be in the samples, and what is wrong with all others."""

    counted: Sequence[bytes]
    problems: Sequence[str]


def reconcile(
    lines: Iterable[bytes],
    letters: Sequence[tuple[str, bytes]],
    *,
    is_event: Callable[[bytes], bool],
    excuses: Collection[str],
) -> Reconciliation:
    """Find every record that was sent in the samples or among the dead letters, which are reasons and records.

    ``is_event`` tells an event from a record that the job refuses as malformed; ``excuses`` are the reasons for which a
    correct event may be a dead letter, such as that it is late. A dead letter may come more than once, because a
    restarted job writes again what followed its last checkpoint.
    """
    aside = {payload.decode(errors="replace") for _, payload in letters}
    excused = Counter(payload for reason, payload in letters if reason in excuses)
    counted: list[bytes] = []
    lost: list[bytes] = []
    explained: set[str] = set()
    for line in lines:
        text = line.decode(errors="replace")
        if excused[line] > 0:
            excused[line] -= 1
            explained.add(text)
        elif is_event(line):
            counted.append(line)
        else:
            explained.add(text)
            if text not in aside:
                lost.append(line)
    problems = []
    if lost:
        problems.append(f"{len(lost):,} malformed records are not among the dead letters, first: {lost[0][:200]!r}")
    strange = sorted(aside - explained)
    if strange:
        problems.append(f"{len(strange):,} dead letters are no malformed or late records, first: {strange[0][:200]!r}")
    return Reconciliation(counted=counted, problems=problems)


def differences(expected: Iterable[Sample], found: Iterable[Sample]) -> list[str]:
    """Return how two sets of samples differ, in words; a sample with another value is in both lists."""
    wanted, there = Counter(expected), Counter(found)
    return [
        *_listed("expected samples are missing", sorted((wanted - there).elements())),
        *_listed("samples are not expected", sorted((there - wanted).elements())),
    ]


def check_gaps(samples: Sequence[Sample], *, events: int, window_seconds: int) -> list[str]:
    """Return what is missing from a run whose series all have events all the time; an empty list if nothing is."""
    if not events:
        return ["the generator sent no events"]
    if not samples:
        return [f"{events:,} events led to no sample"]
    return _listed("windows have no sample", missing_windows(samples, window_seconds=window_seconds))


def missing_windows(samples: Sequence[Sample], *, window_seconds: int) -> list[Sample]:
    """Return the samples that are missing between others, with the value 0.

    Every series that occurs must have a sample at the end of every window between the first and the last one; these
    two may be incomplete.
    """
    window_ms = window_seconds * 1000
    ends = {sample.timestamp_ms for sample in samples}
    if not ends:
        return []
    wanted = range(min(ends) + window_ms, max(ends), window_ms)
    series = {(sample.metric, sample.labels) for sample in samples}
    present = {(sample.metric, sample.labels, sample.timestamp_ms) for sample in samples}
    return sorted(
        Sample(metric=metric, labels=labels, timestamp_ms=end, value=0.0)
        for metric, labels in series
        for end in wanted
        if (metric, labels, end) not in present
    )


def _listed(what: str, samples: Sequence[Sample]) -> list[str]:
    return [f"{len(samples):,} {what}, first: {'; '.join(map(str, samples[:_SHOWN]))}"] if samples else []
