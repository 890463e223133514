"""Judging what a run left in Prometheus and among the dead letters."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

from cdk_penstock.local.errors import PackageError
from cdk_penstock.local.expected import compare, expected_samples, missing_windows, read_model_lines, valid_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cdk_penstock.local.prometheus.samples import Sample

__all__ = ("check_fleet", "check_samples", "count_reasons", "packaged_models", "parse_dead_letter")

PACKAGED_MODELS_NAME = "vehicle-models.csv.gz"
# What a correct event may be put aside for: it came after its window had closed, or before its time.
EXCUSES = frozenset({"late", "timestamp in the future"})
SHOWN = 5


def packaged_models(jar: Path | None) -> dict[str, str]:
    """Return the models that are packaged with the job, in its jar.

    Raises
    ------
    PackageError
        There is no such jar, or it holds no models.
    """
    try:
        if jar is None:
            raise FileNotFoundError
        with zipfile.ZipFile(jar) as archive:
            text = gzip.decompress(archive.read(PACKAGED_MODELS_NAME)).decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        msg = f"the package's jar holds no {PACKAGED_MODELS_NAME}; give the vehicles' models as a CSV file"
        raise PackageError(msg) from error
    return read_model_lines(io.StringIO(text), name=PACKAGED_MODELS_NAME)


def parse_dead_letter(value: bytes) -> tuple[str, bytes]:
    """Return the reason of a dead letter and the record as it came in."""
    letter = json.loads(value)
    return str(letter["reason"]), str(letter["payload"] or "").encode()


def count_reasons(letters: Iterable[tuple[str, bytes]]) -> dict[str, int]:
    """Return how many dead letters there are of each reason, the most frequent first."""
    return dict(Counter(reason for reason, _ in letters).most_common())


def check_samples(
    lines: Iterable[bytes],
    letters: Sequence[tuple[str, bytes]],
    samples: Sequence[Sample],
    models: Mapping[str, str],
    *,
    window_seconds: int,
) -> list[str]:
    """Return how a run differs from what its events must lead to; an empty list if it does not.

    Every record that was sent must be found again: in the samples, or among the dead letters with a reason. A dead
    letter may come more than once, because a restarted job writes again what followed its last checkpoint.

    Parameters
    ----------
    lines
        The records that were sent.
    letters
        The dead letters: reasons and records.
    samples
        What Prometheus holds.
    models
        The model of each vehicle.
    window_seconds
        The length of the windows.
    """
    aside = {payload.decode(errors="replace") for _, payload in letters}
    excused = Counter(payload for reason, payload in letters if reason in EXCUSES)
    counted: list[bytes] = []
    lost: list[bytes] = []
    explained: set[str] = set()
    for line in lines:
        text = line.decode(errors="replace")
        if excused[line] > 0:
            excused[line] -= 1
            explained.add(text)
        elif valid_event(line) is not None:
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
    found = compare(expected_samples(counted, models, window_seconds=window_seconds), samples)
    problems += _differences("expected samples are missing", found.missing)
    problems += _differences("samples are not expected", found.unexpected)
    return problems


def check_fleet(samples: Sequence[Sample], *, events: int, window_seconds: int) -> list[str]:
    """Return what is missing from the run of a fleet that reports all the time; an empty list if nothing is.

    Parameters
    ----------
    samples
        What Prometheus holds.
    events
        How many events the fleet sent.
    window_seconds
        The length of the windows.
    """
    if not events:
        return ["the fleet sent no events"]
    if not samples:
        return [f"{events:,} events led to no sample"]
    return _differences("windows have no sample", missing_windows(samples, window_seconds=window_seconds))


def _differences(what: str, samples: Sequence[Sample]) -> list[str]:
    if not samples:
        return []
    shown = "; ".join(
        f"{sample.metric}{{model={sample.model},region={sample.region}}} at {sample.timestamp_ms} = {sample.value:g}"
        for sample in samples[:SHOWN]
    )
    return [f"{len(samples):,} {what}, first: {shown}"]
