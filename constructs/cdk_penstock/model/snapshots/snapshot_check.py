"""The call of a snapshot schedule for one application, and the metrics that it reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cdk_penstock.model.snapshots.retention import SnapshotRetention  # noqa: TC001 - read at run time

AGE_METRIC: Final = "SnapshotAge"
COUNT_METRIC: Final = "SnapshotCount"
FAILURES_METRIC: Final = "SnapshotFailures"
APPLICATION_DIMENSION: Final = "Application"


@dataclass(frozen=True, kw_only=True)
class SnapshotCheck:
    """One look at an application's snapshots, as EventBridge Scheduler passes it to the function.

    Parameters
    ----------
    application_name
        The application.
    operator_role_arn
        The role that takes and deletes its snapshots.
    every_seconds
        The age of the newest READY snapshot at which another one is taken.
    retention
        The snapshots that are kept.
    dry_run
        True if snapshots that no rule keeps are only named in the log, and not deleted.
    """

    application_name: str
    operator_role_arn: str
    every_seconds: int
    retention: SnapshotRetention
    dry_run: bool = False

    @property
    def every(self) -> timedelta:
        """The age of the newest READY snapshot at which another one is taken."""
        return timedelta(seconds=self.every_seconds)
