"""A service that is killed at any of its effects: what was written stays, jobs and memory are gone."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cdk_penstock.local.service.simulated_driver import SimulatedDriver, SimulatedJob
from cdk_penstock.local.service.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from cdk_penstock.model.lifecycle.observed_job import Launch


class KilledError(BaseException):
    """The process of the service is killed: nothing in it may catch that."""


class Killer:
    """Kills at the effect after so many others; None lets the service live."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.kills = 0

    def point(self) -> None:
        """Pass an effect, or be killed by it."""
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            self.kills += 1
            raise KilledError
        self.left -= 1


class KillableStore(Store):
    """Records that are killed before, in and after each transaction."""

    def __init__(self, file: Path, killer: Killer) -> None:
        super().__init__(file)
        # Against the loss of a process, nothing needs to reach the disk.
        self._database.execute("pragma synchronous = off")
        self._killer = killer

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._killer.point()
        with super()._transaction() as database:
            yield database
            self._killer.point()
        self._killer.point()


@dataclass
class Ledger:
    """The state that is safe, and each launch with it.

    ``safe`` is what the newest checkpoint has, or the savepoint by which a job ended, by application. ``restored`` has
    what each launch restored, and what was safe then.
    """

    safe: dict[str, int] = field(default_factory=dict)
    restored: list[tuple[int, int]] = field(default_factory=list)


class KillableDriver(SimulatedDriver):
    """Jobs that are killed before, in and after each order."""

    def __init__(self, folder: Path, killer: Killer, *, clock: Callable[[], datetime], ledger: Ledger) -> None:
        super().__init__(folder, clock=clock)
        self._ledger = ledger
        self._is_last = False
        self._killer = killer

    def launch(self, application: str, launch: Launch) -> None:
        """Launch a job, and note what it restored beside what was safe."""
        self._killer.point()
        known = len(self.launches)
        super().launch(application, launch)
        if len(self.launches) > known:
            safe = self._ledger.safe.get(application, 0)
            self._ledger.restored.append((self.jobs[application].records, safe))
        self._killer.point()

    def save(self, application: str, snapshot: str, *, stop: bool) -> None:
        """Save, and note what is safe by that."""
        self._killer.point()
        self._is_last = stop
        super().save(application, snapshot, stop=stop)
        self._killer.point()

    def checkpoint(self, application: str) -> None:
        """Take a checkpoint, and note what is safe by that."""
        self._is_last = True
        super().checkpoint(application)

    def cancel(self, application: str) -> None:
        """End the job."""
        self._killer.point()
        super().cancel(application)
        self._killer.point()

    def _write(self, file: Path, job: SimulatedJob) -> None:
        self._killer.point()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_name(f"{file.name}.unfinished").write_text("{", encoding="utf-8")
        self._killer.point()
        super()._write(file, job)
        if self._is_last:
            self._ledger.safe[job.launch.launch_id.partition("-")[0]] = job.records
        self._killer.point()
