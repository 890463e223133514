"""An application's snapshots, with the version and the key that each is under, in whichever mode the application is.

End states. A snapshot that was asked for appears by itself, also if its caller is killed, and is listed as CREATING,
READY or FAILED; taking one never stops the job. A deleted one is gone for good. Nothing else is changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_penstock.control.errors import ControlError
from cdk_penstock.model.keys import SnapshotStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cdk_penstock.control.application_control import ApplicationControl
    from cdk_penstock.control.application_detail import ApplicationDetail
    from cdk_penstock.model.keys import Snapshot
    from cdk_penstock.model.snapshots import PruningPlan

_TIMEOUT_SECONDS: Final = 15 * 60.0
_POLL_SECONDS: Final = 10.0


def _ignore(_snapshot: Snapshot) -> None:
    """Report nothing."""


class SnapshotControl(ABC):
    """The snapshots of one application; a subclass knows the calls of one mode.

    Parameters
    ----------
    application
        The application, as its operator.
    detail
        What DescribeApplication returned.
    """

    def __init__(self, application: ApplicationControl, detail: ApplicationDetail) -> None:
        self._application = application
        self._detail = detail
        self._clock = application.clock

    @abstractmethod
    def list(self) -> tuple[Snapshot, ...]:
        """Return all snapshots of the application, of every version."""

    @abstractmethod
    def find(self, name: str) -> Snapshot | None:
        """Return the application's snapshot of this name, None if there is none."""

    @abstractmethod
    def create(self, name: str) -> bool:
        """Ask for a snapshot; False if one of that name exists, or the application's status does not allow it."""

    @abstractmethod
    def delete(self, snapshot: Snapshot) -> bool:
        """Delete a snapshot, which may be gone already; False while MSF is busy with it or with the application."""

    def take(
        self,
        name: str,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        on_wait: Callable[[Snapshot], None] = _ignore,
    ) -> Snapshot | None:
        """Ask for a snapshot, and return it when it is READY; one of that name that exists already is waited for.

        Returns None if the application is in a status in which none can be taken: describe it, and decide again.
        Raises ControlError if the snapshot FAILED, or is not READY in time.
        """
        self.create(name)
        return self.wait(name, timeout_seconds=timeout_seconds, on_wait=on_wait)

    def wait(
        self,
        name: str,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        on_wait: Callable[[Snapshot], None] = _ignore,
    ) -> Snapshot | None:
        """Return a snapshot when it is READY, None when it does not exist; raise ControlError if it FAILED."""
        snapshot = self.wait_while_creating(name, timeout_seconds=timeout_seconds, on_wait=on_wait)
        if snapshot is None or snapshot.status is SnapshotStatus.READY:
            return snapshot
        if snapshot.status is SnapshotStatus.FAILED:
            raise ControlError(
                f"snapshot {name} FAILED; the application goes on and nothing else was changed: see its log, then run"
                " this again, which takes another one"
            )
        raise ControlError(
            f"snapshot {name} is still {snapshot.status} after {timeout_seconds:.0f} s and was left so: run this again"
            " later"
        )

    def wait_while_creating(
        self, name: str, *, timeout_seconds: float, on_wait: Callable[[Snapshot], None] = _ignore
    ) -> Snapshot | None:
        """Return a snapshot when it is neither created nor deleted any more, or as it is when the time is over."""
        end = self._clock.now() + timedelta(seconds=timeout_seconds)
        while True:
            snapshot = self.find(name)
            in_progress = snapshot is not None and snapshot.status in {SnapshotStatus.CREATING, SnapshotStatus.DELETING}
            if snapshot is None or not in_progress or self._clock.now() >= end:
                return snapshot
            on_wait(snapshot)
            self._clock.sleep(_POLL_SECONDS)

    def prune(
        self,
        plan: PruningPlan,
        *,
        until: datetime | None = None,
        on_delete: Callable[[Snapshot], None] = _ignore,
    ) -> tuple[Snapshot, ...]:
        """Delete what the plan says, and return what was not deleted: MSF was busy with it, or the time was over.

        Parameters
        ----------
        plan
            Made from a list of these snapshots.
        until
            The moment after which no further deletion begins; None for no end.
        on_delete
            Called after each deletion.
        """
        left = []
        for snapshot in plan.deletions:
            if (until is not None and self._clock.now() >= until) or not self.delete(snapshot):
                left.append(snapshot)
            else:
                on_delete(snapshot)
        return tuple(left)
