"""The snapshot from which an earlier version can be started again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.statuses import SnapshotStatus
from cdk_penstock.model.runtimes import FlinkRuntime

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cdk_penstock.model.keys.observed_application import Snapshot
    from cdk_penstock.model.lifecycle.planning.observation import Observation, VersionFacts

_MINUTES_SHOWN: Final = 120


@dataclass(frozen=True, kw_only=True)
class RestoreRules:
    """The snapshots that may be restored.

    Parameters
    ----------
    source_retention
        How long the job's source keeps records: a job that is restored from an older snapshot loses those in between,
        or does not start. None: not known, so that any age is allowed.
    """

    source_retention: timedelta | None = None

    def problem(self, snapshot: Snapshot, *, runtime: str, now: datetime) -> str | None:
        """Return why a snapshot cannot be restored on a runtime, None if it can.

        Flink reads savepoints of the same and of earlier releases (Flink, Upgrading Applications and Flink Versions).
        """
        if snapshot.status is not SnapshotStatus.READY:
            return f"snapshot {snapshot.name} is {snapshot.status}, expected was READY"
        if snapshot.runtime_environment:
            taken, target = FlinkRuntime.of(snapshot.runtime_environment), FlinkRuntime.of(runtime)
            if taken.release > target.release:
                return (
                    f"snapshot {snapshot.name} was taken on {taken.identifier}, which {target.identifier} cannot read"
                )
        age = now - snapshot.created_at
        if self.source_retention is not None and age > self.source_retention:
            return (
                f"snapshot {snapshot.name} is {_span(age)} old, the source keeps records for"
                f" {_span(self.source_retention)}: records in between would be lost"
            )
        return None

    def restore_point(self, seen: Observation, version: VersionFacts) -> Snapshot | None:
        """Return the newest snapshot that a version, or one before it, has taken and that can be restored on it."""
        usable = [
            each
            for each in seen.snapshots
            if each.application_version_id <= version.version_id
            and self.problem(each, runtime=version.settings.runtime_environment, now=seen.now) is None
        ]
        return max(usable, key=lambda each: each.created_at, default=None)


def _span(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    return f"{minutes / 60:.0f} hours" if minutes >= _MINUTES_SHOWN else f"{minutes:.0f} minutes"
