"""The decision which snapshots of an application are deleted now, and by which rule each other one is kept.

The decision depends on the listed snapshots, the policy and the day alone. After some of its deletions, the same
decision on what is left is to delete the rest: two runs that overlap delete together what one run deletes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.snapshots.retention import NEAR_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from cdk_penstock.model.keys import Snapshot
    from cdk_penstock.model.snapshots.retention import SnapshotRetention

_IN_PROGRESS: Final = frozenset({SnapshotStatus.CREATING, SnapshotStatus.DELETING})


class KeepRule(StrEnum):
    """A reason to keep a snapshot."""

    NEWEST_READY = "newest READY snapshot"
    NEWEST = "one of the newest"
    DAILY = "newest of its day"
    ROLLBACK_TARGET = "rollback target of its version"
    PINNED = "pinned by its name"
    IN_PROGRESS = "being created or deleted"
    NOTHING_IS_DELETED = "nothing is deleted at present"


@dataclass(frozen=True, kw_only=True)
class KeptSnapshot:
    """A snapshot that is kept, with every rule that keeps it."""

    snapshot: Snapshot
    rules: tuple[KeepRule, ...]


@dataclass(frozen=True, kw_only=True)
class PruningPlan:
    """The snapshots to delete and those to keep.

    Parameters
    ----------
    kept
        From the newest on.
    deletions
        From the oldest on.
    blocked
        Why nothing is deleted although rules keep fewer snapshots than there are; empty if nothing is in the way.
    """

    kept: tuple[KeptSnapshot, ...]
    deletions: tuple[Snapshot, ...]
    blocked: str = ""

    @property
    def near_limit(self) -> bool:
        """True if so many snapshots are kept that MSF may soon refuse to take one on request."""
        return len(self.kept) >= NEAR_LIMIT


def plan_pruning(snapshots: Iterable[Snapshot], retention: SnapshotRetention, *, now: datetime) -> PruningPlan:
    """Return which of an application's snapshots to delete now.

    Nothing is deleted unless the newest snapshot is READY: one that is being created may fail, and after one that
    FAILED the older ones are all there is. Snapshots that are being created or deleted are left alone.

    Parameters
    ----------
    snapshots
        All snapshots of the application, of every version.
    retention
        The policy.
    now
        The present time, with a time zone: its day in UTC is today.
    """
    ordered = sorted(snapshots, key=lambda each: (each.created_at, each.name), reverse=True)
    keeping = dict(_rules(ordered, retention, now))
    rules = {each: tuple(rule for rule, kept in keeping.items() if each in kept) for each in ordered}
    unneeded = tuple(each for each in reversed(ordered) if not rules[each])
    blocked = _obstacle(ordered) if unneeded else ""
    if blocked:
        rules |= dict.fromkeys(unneeded, (KeepRule.NOTHING_IS_DELETED,))
    return PruningPlan(
        kept=tuple(KeptSnapshot(snapshot=each, rules=rules[each]) for each in ordered if rules[each]),
        deletions=() if blocked else unneeded,
        blocked=blocked,
    )


def _rules(
    ordered: Sequence[Snapshot], retention: SnapshotRetention, now: datetime
) -> Iterator[tuple[KeepRule, frozenset[Snapshot]]]:
    """Yield each rule with the snapshots that it keeps."""
    ready = [each for each in ordered if each.status is SnapshotStatus.READY]
    # The newest of a group comes last, and takes the place of the others.
    by_day = {_day(each.created_at): each for each in reversed(ready)}
    by_version = {each.application_version_id: each for each in reversed(ready)}
    first_day = _day(now) - timedelta(days=retention.daily_for_days)
    last_versions = sorted(by_version, reverse=True)[: retention.rollback_versions]
    yield KeepRule.NEWEST_READY, frozenset(ready[:1])
    yield KeepRule.NEWEST, frozenset(ready[: retention.newest])
    yield KeepRule.DAILY, frozenset(each for day, each in by_day.items() if day > first_day)
    yield KeepRule.ROLLBACK_TARGET, frozenset(by_version[each] for each in last_versions)
    prefix = retention.pinned_prefix
    yield KeepRule.PINNED, frozenset(each for each in ordered if prefix and each.name.startswith(prefix))
    yield KeepRule.IN_PROGRESS, frozenset(each for each in ordered if each.status in _IN_PROGRESS)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _obstacle(ordered: Sequence[Snapshot]) -> str:
    """Return why nothing may be deleted, an empty text if the newest snapshot is READY."""
    present = [each for each in ordered if each.status is not SnapshotStatus.DELETING]
    # Legacy snapshots have a time of creation in whole seconds, so several can be the newest.
    newest = [each for each in present if each.created_at == present[0].created_at]
    for each in newest:
        if each.status is SnapshotStatus.CREATING:
            return f"the newest snapshot {each.name} is being created, and may fail: prune when it is READY"
        if each.status is not SnapshotStatus.READY:
            return (
                f"the newest snapshot {each.name} is {each.status}: take one that is READY first, because until then"
                " the older ones are all there is"
            )
    return ""
