"""An application as a plan sees it, at one moment.

All of it is read from MSF again before each step: an interrupted run leaves nothing behind that a later one would have
to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.lifecycle.statuses import ApplicationStatus

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cdk_penstock.model.deployment import Operation
    from cdk_penstock.model.health import Verdict
    from cdk_penstock.model.keys.observed_application import Snapshot
    from cdk_penstock.model.lifecycle.planning.described_settings import DescribedSettings

START: Final = "StartApplication"
STOP: Final = "StopApplication"
AT_REST: Final = frozenset({ApplicationStatus.READY, ApplicationStatus.ROLLED_BACK})
"""Statuses that last, in which no job runs."""


@dataclass(frozen=True, kw_only=True)
class VersionFacts:
    """A version of an application: where it comes from, and its settings."""

    version_id: int
    created_at: datetime
    settings: DescribedSettings
    updated_from: int | None = None
    rolled_back_from: int | None = None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """An application at one moment.

    Parameters
    ----------
    status, in_transit_for
        MSF's status, and for how long it has been on its way to another one; None if it is steady.
    version_id
        The present version.
    versions
        The newest versions, the present one among them.
    operations
        The newest operations.
    snapshots
        All that exist.
    restored_snapshot
        The snapshot that the running job was told by name to restore; None for any other start.
    verdict
        The health of the running job, None until this run has looked.
    refused_rollback, refused_snapshot
        Why MSF refused a rollback, or a snapshot of the running job, in this run; None if it did not.
    """

    status: ApplicationStatus
    version_id: int
    versions: tuple[VersionFacts, ...]
    now: datetime
    in_transit_for: timedelta | None = None
    operations: tuple[Operation, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    restored_snapshot: str | None = None
    verdict: Verdict | None = None
    refused_rollback: str | None = None
    refused_snapshot: str | None = None

    @property
    def is_running(self) -> bool:
        """True if a job runs."""
        return self.status is ApplicationStatus.RUNNING

    @property
    def is_at_rest(self) -> bool:
        """True if no job runs until somebody starts one."""
        return self.status in AT_REST

    @property
    def present(self) -> VersionFacts:
        """The present version."""
        return next(each for each in self.versions if each.version_id == self.version_id)

    def version(self, version_id: int | None) -> VersionFacts | None:
        """Return a version, None if it is not among the newest ones."""
        return next((each for each in self.versions if each.version_id == version_id), None)

    def failed_since(self, moment: datetime) -> Operation | None:
        """Return the newest operation since a moment, if it failed; later ones have taken an earlier one's place."""
        newest = max(
            (each for each in self.operations if each.started_at >= moment and each.is_over),
            key=lambda each: each.started_at,
            default=None,
        )
        return newest if newest is not None and newest.failed else None

    def failed_between(self, begin: datetime, end: datetime) -> bool:
        """Return True if an operation of this time failed, or stopped the job."""
        within = [each for each in self.operations if begin <= each.started_at <= end]
        return any(each.failed or each.name == STOP for each in within)

    def last(self, name: str, *, since: datetime) -> Operation | None:
        """Return the newest operation of a name since a moment, None if there is none."""
        return max(
            (each for each in self.operations if each.name == name and each.started_at >= since),
            key=lambda each: each.started_at,
            default=None,
        )

    def launched_since(self, moment: datetime) -> bool:
        """Return True if a job was launched since a moment."""
        return any(each.started_at >= moment and each.name != STOP for each in self.operations)

    def was_force_stopped(self, since: datetime) -> bool:
        """Return True if the newest operation since a moment is a stop that has taken no snapshot."""
        stopped = self.last(STOP, since=since)
        if stopped is None or any(each.started_at > stopped.started_at for each in self.operations):
            return False
        return not any(each.created_at >= stopped.started_at for each in self.snapshots)
