"""The state of an application for whoever is on call, from what MSF describes and lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_penstock.model.job_overview import shown_age

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cdk_penstock.model.deployment import Operation
    from cdk_penstock.model.job_overview import JobOverview
    from cdk_penstock.model.keys import KeyAssignment


@dataclass(frozen=True, kw_only=True)
class SnapshotsOverview:
    """The snapshots of an application; ``newest_name`` and ``newest_at`` are of the newest one that is READY."""

    count: int
    newest_name: str | None
    newest_at: datetime | None

    @classmethod
    def of(cls, summaries: list[dict[str, Any]]) -> SnapshotsOverview:
        """Return the overview of MSF's summaries, of legacy or of enhanced snapshots."""
        ready = [each for each in summaries if each["SnapshotStatus"] == "READY"]
        newest = max(ready, key=lambda each: each["SnapshotCreationTimestamp"], default=None)
        return cls(
            count=len(summaries),
            newest_name=None if newest is None else newest["SnapshotName"],
            newest_at=None if newest is None else newest["SnapshotCreationTimestamp"],
        )


@dataclass(frozen=True, kw_only=True)
class ApplicationOverview:
    """An application at one moment.

    Parameters
    ----------
    at
        The moment.
    described
        The answer of DescribeApplication.
    configured, effective
        The encryption in the configuration, and the one that the job uses; the second is None while no job runs.
    pending_restart
        Why the application has yet to be restarted, or that this is unknown; None if it need not be.
    snapshots
        The snapshots; a text if they cannot be read: why not.
    last_operation, reason
        The newest operation, None if MSF lists none, and why it failed, None if it did not. A text if the operations
        cannot be read: why not.
    job
        The job; a text if it cannot be read: why not; None if nobody has asked for it.
    """

    at: datetime
    described: Mapping[str, Any]
    configured: KeyAssignment
    effective: KeyAssignment | None
    pending_restart: str | None
    snapshots: SnapshotsOverview | str
    last_operation: Operation | str | None
    reason: str | None
    job: JobOverview | str | None = None

    @property
    def status(self) -> str:
        """The status."""
        return str(self.described["ApplicationStatus"])

    @property
    def _parallelism(self) -> Mapping[str, Any]:
        flink = self.described.get("ApplicationConfigurationDescription", {}).get(
            "FlinkApplicationConfigurationDescription", {}
        )
        found: Mapping[str, Any] = flink.get("ParallelismConfigurationDescription", {})
        return found

    def fields(self) -> dict[str, Any]:
        """Return the overview for scripts."""
        parallelism, snapshots, operation = self._parallelism, self.snapshots, self.last_operation
        return {
            "application": self.described["ApplicationARN"],
            "status": self.status,
            "versionId": self.described["ApplicationVersionId"],
            "rolledBackFrom": self.described.get("ApplicationVersionRolledBackFrom"),
            "runtime": self.described["RuntimeEnvironment"],
            "parallelism": {
                "configured": parallelism.get("Parallelism"),
                "current": parallelism.get("CurrentParallelism"),
                "perKpu": parallelism.get("ParallelismPerKPU"),
                "autoScaling": parallelism.get("AutoScalingEnabled"),
            },
            "configuredKey": str(self.configured),
            "effectiveKey": str(self.effective) if self.effective else None,
            "pendingRestart": self.pending_restart,
            "snapshots": {"unknown": snapshots}
            if isinstance(snapshots, str)
            else {
                "count": snapshots.count,
                "newestReady": snapshots.newest_name,
                "newestReadyAt": snapshots.newest_at.isoformat() if snapshots.newest_at else None,
                "newestReadyAgeSeconds": self._age_seconds(snapshots.newest_at),
            },
            "lastOperation": {"unknown": operation}
            if isinstance(operation, str)
            else operation and operation_fields(operation, self.reason),
            "job": {"unknown": self.job} if isinstance(self.job, str) else self.job and self.job.fields(),
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the overview for people, as names and values."""
        rolled_back = self.described.get("ApplicationVersionRolledBackFrom")
        yield "status", self.status
        yield (
            "version",
            f"{self.described['ApplicationVersionId']}" + (f", rolled back from {rolled_back}" if rolled_back else ""),
        )
        yield "runtime", self.described["RuntimeEnvironment"]
        yield "parallelism", self._shown_parallelism()
        yield "configured key", str(self.configured)
        yield "effective key", str(self.effective or "none, the application is not running")
        yield "pending restart", self.pending_restart or "no"
        yield "snapshots", self._shown_snapshots()
        yield "last operation", self._shown_operation()
        if self.reason:
            yield "", self.reason
        if isinstance(self.job, str):
            yield "job", self.job
        elif self.job is not None:
            yield from self.job.lines()

    def _shown_parallelism(self) -> str:
        found = self._parallelism
        auto = "on" if found.get("AutoScalingEnabled") else "off"
        configured, current = found.get("Parallelism", "unknown"), found.get("CurrentParallelism")
        now = f", now {current}" if current is not None and current != configured else ""
        return f"{configured}{now}, {found.get('ParallelismPerKPU', 'unknown')} per KPU, autoscaling {auto}"

    def _shown_snapshots(self) -> str:
        snapshots = self.snapshots
        if isinstance(snapshots, str):
            return f"unknown: {snapshots}"
        if snapshots.newest_at is None:
            return f"{snapshots.count}, none READY"
        age = shown_age(self._age_seconds(snapshots.newest_at) or 0)
        return f"{snapshots.count}, newest READY {snapshots.newest_name}, {age} old"

    def _shown_operation(self) -> str:
        operation = self.last_operation
        if isinstance(operation, str):
            return f"unknown: {operation}"
        return "none" if operation is None else shown_operation(operation)

    def _age_seconds(self, moment: datetime | None) -> float | None:
        return None if moment is None else (self.at - moment).total_seconds()


def operation_fields(operation: Operation, reason: str | None) -> dict[str, Any]:
    """Return an operation for scripts; an operation in progress has no end."""
    return {
        "id": operation.operation_id,
        "operation": operation.name,
        "status": operation.status,
        "startedAt": operation.started_at.isoformat(),
        "endedAt": operation.ended_at.isoformat() if operation.is_over else None,
        "reason": reason,
    }


def shown_operation(operation: Operation) -> str:
    """Return an operation in one line."""
    begin = f"{operation.started_at:%Y-%m-%d %H:%M:%SZ}"
    seconds = (operation.ended_at - operation.started_at).total_seconds()
    took = f", took {shown_age(seconds)}" if operation.is_over else ""
    return f"{operation.name} {operation.status}, began {begin}{took}"
