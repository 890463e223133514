"""A service that is killed at any moment and started again: all goes on, and no state is lost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.lifecycle.refusals import RefusedCallError
from cdk_penstock.model.lifecycle.statuses import ApplicationStatus
from cdk_penstock.model.lifecycle.system_actions import maintain, scale
from tests.local.service.in_process import Clock, InProcess
from tests.local.service.killing import KillableDriver, KillableStore, KilledError, Killer, Ledger
from tests.local.service.msf_account import properties
from tests.model.lifecycle.laws import Laws
from tests.model.lifecycle.test_laws_of_applications import Applications

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = ("process", "checkpoint", "update", "stop", "start", "snapshot", "maintain", "scale up", "scale down")


class Served:
    """A service with one application, which is started again whenever it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.killer = Killer()
        self.ledger = Ledger()
        self.laws = Laws()
        self.processed = 0
        self.local = self.serve()

    def serve(self) -> InProcess:
        """Return a new service on the same folder: no jobs, no memory."""
        driver = KillableDriver(self.folder / "savepoints", self.killer, clock=self.clock, ledger=self.ledger)
        store = KillableStore(self.folder / "records.db", self.killer)
        return InProcess(self.folder, clock=self.clock, store=store, driver=driver)

    def carry_out(self, act: Callable[[], object]) -> None:
        """Act; if that kills the service, start it again."""
        try:
            act()
        except KilledError:
            self.local.service.store.close()
            self.local = self.serve()
        self.laws.check(self.local.service)

    def settle(self) -> None:
        """Let everything come to its end, through all kills."""
        for _ in range(50):
            self.carry_out(self.local.service.reconcile)
            self.clock.advance(4)

    def take(self, step: str) -> None:
        """Take a step; what the status does not allow is refused."""
        local = self.local
        ((application),) = local.service.store.all_applications()
        at = local.service.situation(application.arn)
        acts: dict[str, Callable[[], object]] = {
            "process": self.process,
            "checkpoint": lambda: local.driver.checkpoint(application.uid) if self.is_running else None,
            "update": lambda: local.update(**properties(a=str(self.processed))),
            "stop": lambda: local.msf.stop_application(ApplicationName="app"),
            "start": lambda: local.msf.start_application(ApplicationName="app"),
            "snapshot": lambda: local.msf.create_application_snapshot(
                ApplicationName="app", SnapshotName=f"s{self.clock.now.timestamp():.0f}"
            ),
            "maintain": lambda: local.service.commit(maintain(at)),
            "scale up": lambda: local.service.commit(scale(at, up=True)),
            "scale down": lambda: local.service.commit(scale(at, up=False)),
        }
        try:
            self.carry_out(acts[step])
        except RefusedCallError:
            self.laws.check(self.local.service)

    @property
    def is_running(self) -> bool:
        """True if the service knows that the job was accepted: before that, no checkpoint of it counts."""
        return self.local.describe()["ApplicationStatus"] == ApplicationStatus.RUNNING

    def process(self) -> None:
        """Let the job count."""
        if self.is_running:
            self.local.driver.process(self.local.uid(), 1)
            self.processed += 1


@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.booleans()), min_size=3, max_size=12),
    kills=st.lists(st.integers(0, 25), max_size=4),
)
def test_each_launch_restores_exactly_what_is_safe(steps: list[tuple[str, bool]], kills: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder))
        served.local.create(start=True)
        for step, settles in [("process", False), ("checkpoint", False), ("process", False), *steps]:
            if kills and served.killer.left is None:
                served.killer.left = kills.pop()
            served.take(step)
            if settles:
                served.settle()
            # Whether it was killed or not, each job starts from what was safe at that moment.
            assert all(restored == safe for restored, safe in served.ledger.restored)
        was_killed = served.killer.kills > 0
        served.killer.left = None
        served.settle()
        assert all(restored == safe for restored, safe in served.ledger.restored)
        (application,) = served.local.service.store.all_applications()
        job = served.local.service.driver.observe(application.uid)
        if application.status is ApplicationStatus.RUNNING:
            assert (job.state, job.launch_id) == (JobState.RUNNING, application.launch_id)
            assert served.local.job().records <= served.processed
            assert was_killed or served.local.job().records == served.processed
        else:
            assert application.status is ApplicationStatus.READY
            newest = served.local.service.store.newest_snapshot(application)
            assert newest is not None
            served.local.msf.start_application(ApplicationName="app")
            served.settle()
            assert served.local.job().records == served.ledger.safe[application.uid]
            assert was_killed or served.local.job().records == served.processed
        served.local.service.store.close()


class KilledApplications(Applications):
    """Random calls, jobs, keys and faults, and a service that is killed at any of its effects."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.killer = Killer()

    def serve(self) -> InProcess:
        """Return a new service on the same folder."""
        driver = KillableDriver(self.folder / "savepoints", self.killer, clock=self.clock, ledger=Ledger())
        store = KillableStore(self.folder / "records.db", self.killer)
        return InProcess(
            self.folder, switches=self.switches, policies=self.policies, clock=self.clock, store=store, driver=driver
        )

    def carry_out(self, act: Callable[[], object]) -> bool:
        """Act; if that kills the service, start it again."""
        try:
            act()
        except KilledError:
            self.local.service.store.close()
            self.local = self.serve()
            return False
        return True

    @rule(effects=st.integers(0, 12))
    def kill_soon(self, effects: int) -> None:
        self.killer.left = effects

    def teardown(self) -> None:
        """Kill it no more."""
        self.killer.left = None
        super().teardown()


TestKilledApplications = KilledApplications.TestCase
TestKilledApplications.settings = settings(max_examples=settings().max_examples, stateful_step_count=30, deadline=None)
