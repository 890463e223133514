"""The decision whether a scheduled snapshot is due, its name, and the age of the newest good one."""

from __future__ import annotations

import hashlib
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.snapshots.retention import SCHEDULED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cdk_penstock.model.keys import Snapshot

_NAME_MAX: Final = 100
"""Of an enhanced snapshot (managed-flink, snapshots-how-it-works); a legacy one may have 256 characters."""
_DIGEST: Final = 8

CHECK_INTERVAL: Final = timedelta(hours=1)
"""The time between two looks at an application by its schedule."""


def newest_ready(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    """Return the newest READY snapshot, None if there is none."""
    ready = (each for each in snapshots if each.status is SnapshotStatus.READY)
    return max(ready, key=lambda each: (each.created_at, each.name), default=None)


def age_seconds(snapshots: Iterable[Snapshot], *, now: datetime, since: datetime) -> float:
    """Return the age of the newest READY snapshot; without one, the time since ``since``, never below 0."""
    newest = newest_ready(snapshots)
    return max(0.0, (now - (since if newest is None else newest.created_at)).total_seconds())


def is_due(snapshots: Iterable[Snapshot], *, every: timedelta, now: datetime) -> bool:
    """Return True if a scheduled snapshot has to be taken.

    It is due when the newest READY one is nearly ``every`` old: half a check interval is allowed for, so that a check
    that comes a little early does not leave the snapshot to the next one. While another one is being created, it is
    not due.
    """
    present = list(snapshots)
    if any(each.status is SnapshotStatus.CREATING for each in present):
        return False
    newest = newest_ready(present)
    return newest is None or now - newest.created_at >= every - CHECK_INTERVAL / 2


def scheduled_name(application_name: str, now: datetime) -> str:
    """Return the name of an application's scheduled snapshot of this minute.

    Two checks that overlap ask for the same snapshot. The name holds the application's, because names of enhanced
    snapshots are unique in account and Region.
    """
    return snapshot_name(SCHEDULED_PREFIX, application_name, now)


def snapshot_name(prefix: str, application_name: str, now: datetime) -> str:
    """Return a snapshot's name: a prefix, the minute in UTC, and the application, shortened to what MSF takes."""
    name = f"{prefix}{now.astimezone(UTC):%Y%m%dT%H%MZ}-{application_name}"
    if len(name) <= _NAME_MAX:
        return name
    digest = hashlib.sha256(application_name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: _NAME_MAX - _DIGEST - 1]}-{digest}"
