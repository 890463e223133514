"""The steps of a plan, each with a sentence for people and the state that it leads to if all goes well.

A step that changes something is one call, so a kill falls before or after it, and the next observation tells which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.model.deployment import Operation
from cdk_penstock.model.health import Health, Verdict
from cdk_penstock.model.keys.observed_application import Snapshot
from cdk_penstock.model.lifecycle.planning.observation import START, STOP
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus, SnapshotStatus

if TYPE_CHECKING:
    from cdk_penstock.model.lifecycle.planning.change import Change
    from cdk_penstock.model.lifecycle.planning.observation import Observation, VersionFacts
    from cdk_penstock.model.lifecycle.planning.outcome import Outcome
    from cdk_penstock.model.lifecycle.planning.restore import Restore

_TICK: Final = timedelta(seconds=1)
_EXPECTED: Final = Verdict(health=Health.HEALTHY, reason="every subtask runs and a checkpoint was completed")


class Action(ABC):
    """One step."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the step as an instruction."""

    @abstractmethod
    def expected_after(self, seen: Observation) -> Observation:
        """Return the state that the step leads to if all goes well."""


def _after_operation(seen: Observation, name: str, status: ApplicationStatus) -> Observation:
    now = seen.now + _TICK
    done = Operation(operation_id=f"{name}-{now}", name=name, status="SUCCESSFUL", started_at=seen.now, ended_at=now)
    return replace(seen, now=now, status=status, in_transit_for=None, operations=(*seen.operations, done), verdict=None)


@dataclass(frozen=True, kw_only=True)
class AwaitSteady(Action):
    """The application is on its way to another status."""

    status: ApplicationStatus

    def __str__(self) -> str:
        return f"wait until the application, now {self.status}, is steady"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it stopped or running, as its status says."""
        stopping = {ApplicationStatus.STOPPING, ApplicationStatus.FORCE_STOPPING}
        status = ApplicationStatus.READY if self.status in stopping else ApplicationStatus.RUNNING
        return replace(seen, status=status, in_transit_for=None)


@dataclass(frozen=True, kw_only=True)
class TakeSnapshot(Action):
    """A snapshot of the running application."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"take snapshot {self.name}, {self.reason}"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it with the snapshot."""
        taken = Snapshot(
            name=self.name,
            status=SnapshotStatus.READY,
            created_at=seen.now,
            application_version_id=seen.version_id,
            runtime_environment=seen.present.settings.runtime_environment,
        )
        return replace(seen, now=seen.now + _TICK, snapshots=(*seen.snapshots, taken))


@dataclass(frozen=True, kw_only=True)
class AwaitSnapshot(Action):
    """A snapshot is being taken."""

    name: str

    def __str__(self) -> str:
        return f"wait until snapshot {self.name} is READY"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it with the snapshot READY."""
        snapshots = tuple(
            replace(each, status=SnapshotStatus.READY) if each.name == self.name else each for each in seen.snapshots
        )
        return replace(seen, snapshots=snapshots)


@dataclass(frozen=True, kw_only=True)
class Update(Action):
    """The change is made; a running application restarts through a snapshot."""

    change: Change
    restore: Restore | None
    restarts: bool

    def __str__(self) -> str:
        how = f"it restarts from {self.restore or 'the snapshot that MSF takes now'}"
        return f"update the application to {self.change} ({how if self.restarts else 'used from its next start'})"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it with a version more."""
        return _with_version(seen, seen.present, change=self.change)


@dataclass(frozen=True, kw_only=True)
class PutBack(Action):
    """The stopped application gets the settings of an earlier version, but for those that stay as they are."""

    version: VersionFacts
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        kept = f"; its {' and '.join(self.left_out)} differ and stay as they are" if self.left_out else ""
        return f"update the stopped application to the settings of version {self.version.version_id}{kept}"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it with a version more, that has the settings of the earlier one."""
        return _with_version(seen, self.version)


@dataclass(frozen=True, kw_only=True)
class Start(Action):
    """The application starts."""

    restore: Restore

    def __str__(self) -> str:
        return f"start the application from {self.restore}"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it running."""
        running = _after_operation(seen, START, ApplicationStatus.RUNNING)
        return replace(running, restored_snapshot=self.restore.snapshot_name)


@dataclass(frozen=True, kw_only=True)
class Stop(Action):
    """The application stops with a snapshot."""

    def __str__(self) -> str:
        return "stop the application with a snapshot"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it stopped."""
        return _after_operation(seen, STOP, ApplicationStatus.READY)


@dataclass(frozen=True, kw_only=True)
class ForceStop(Action):
    """The application stops without a snapshot; MSF refuses to roll it back afterwards."""

    reason: str

    def __str__(self) -> str:
        return f"stop the application with force, which loses what is newer than its last snapshot: {self.reason}"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it stopped."""
        return _after_operation(seen, STOP, ApplicationStatus.READY)


@dataclass(frozen=True, kw_only=True)
class RollBack(Action):
    """MSF brings the version before back, with its own copy of the code and the snapshot of that time."""

    version_id: int
    reason: str

    def __str__(self) -> str:
        return f"roll version {self.version_id} back: {self.reason}"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it running with the settings before."""
        before = seen.version(seen.present.updated_from) or seen.present
        back = _with_version(seen, before)
        present = replace(back.present, rolled_back_from=self.version_id)
        others = tuple(each for each in back.versions if each.version_id != present.version_id)
        return replace(back, status=ApplicationStatus.RUNNING, versions=(*others, present))


@dataclass(frozen=True, kw_only=True)
class Verify(Action):
    """The job is looked at until it has given the evidence, or has failed."""

    def __str__(self) -> str:
        return "verify the job: every subtask runs, nothing fails, and a checkpoint is completed"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it with a healthy job."""
        return replace(seen, verdict=_EXPECTED)


@dataclass(frozen=True, kw_only=True)
class Ended(Action):
    """The plan ends."""

    outcome: Outcome
    text: str

    def __str__(self) -> str:
        return f"{self.outcome.value}: {self.text}"

    def expected_after(self, seen: Observation) -> Observation:
        """Return it as it is."""
        return seen


def _with_version(seen: Observation, like: VersionFacts, *, change: Change | None = None) -> Observation:
    new_id = max(each.version_id for each in seen.versions) + 1
    settings = like.settings if change is None else change.applied_to(like.settings)
    new = replace(
        like,
        version_id=new_id,
        created_at=seen.now,
        settings=settings,
        updated_from=seen.version_id,
        rolled_back_from=None,
    )
    return replace(seen, now=seen.now + _TICK, version_id=new_id, versions=(*seen.versions, new), verdict=None)
