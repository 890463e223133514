"""Changes of a real job, verified and undone, through the local MSF: the counts stay exact."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.control.application_operation import ApplicationOperation
from cdk_penstock.control.clients import Clock
from cdk_penstock.model.deployment import Revision
from cdk_penstock.model.lifecycle.planning import Change, ChangeTarget, Outcome, RollbackTarget

if TYPE_CHECKING:
    from typing import Any

    from cdk_penstock.model.lifecycle.planning import Ended, Target
    from tests.local.service.counting_app import CountingApp

pytestmark = pytest.mark.pipeline

STABLE_SECONDS = 3.0


def change_to(code: str) -> Change:
    revision = Revision(code_bucket_arn="arn:aws:s3:::code", code_key=f"{code}.zip", runtime_environment="FLINK-1_20")
    return Change(revision=revision)


@dataclass
class Operator:
    """Whoever changes the application, and what they see."""

    app: CountingApp
    calls: list[tuple[str, float]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        events = self.app.client.meta.events
        events.register("before-call.kinesis-analytics-v2.*", self._called)

    def _called(self, model: Any, **_: object) -> None:
        self.calls.append((model.name, time.time()))

    def run(self, target: Target) -> Ended:
        operation = ApplicationOperation(client=self.app.client, name=self.app.name, clock=Clock())
        runner = operation.runner(
            save_evidence=self.evidence.append, report=self.reports.append, stable_seconds=STABLE_SECONDS
        )
        end = runner.run(target)
        assert end is not None
        return end

    def kill_worker_after_next_update(self) -> threading.Thread:
        updates = [name for name, _ in self.calls].count("UpdateApplication")

        def kill() -> None:
            while [name for name, _ in self.calls].count("UpdateApplication") == updates:
                time.sleep(0.05)
            while self.app.detail()["ApplicationStatus"] != "RUNNING":
                time.sleep(0.05)
            self.app.kill_task_manager()

        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        return thread

    def time_of(self, operation: str) -> float:
        return next(at for name, at in self.calls if name == operation)


@pytest.fixture
def operator(app: CountingApp) -> Operator:
    # Enough for minutes on a slow machine.
    app.count = app.bench.count = 40_000
    app.create()
    app.start()
    app.wait_rows(50)
    return Operator(app)


def test_good_changes_are_verified_also_when_a_worker_is_killed_and_one_is_rolled_back(operator: Operator) -> None:
    end = operator.run(ChangeTarget(change=change_to("two")))
    assert end.outcome is Outcome.VERIFIED, end
    assert "subtasks run since" in end.text
    operator.app.wait_rows(1, "two")
    killer = operator.kill_worker_after_next_update()
    assert operator.run(ChangeTarget(change=change_to("one"))).outcome is Outcome.VERIFIED
    killer.join()
    target = RollbackTarget(reason="it counts wrong")
    assert operator.run(target).outcome is Outcome.ROLLED_BACK
    assert operator.run(target).outcome is Outcome.ROLLED_BACK
    assert [name for name, _ in operator.calls].count("RollbackApplication") == 1
    operator.app.count_to_the_end()
    operator.app.bench.assert_complete()


def test_changes_that_fail_lead_back_to_the_version_before_and_nothing_is_lost(operator: Operator) -> None:
    end = operator.run(ChangeTarget(change=change_to("raises")))
    assert end.outcome is Outcome.RESTORED, end
    assert operator.app.bench.rows("raises") == []
    operator.app.fault(failing_snapshots=True)
    end = operator.run(ChangeTarget(change=change_to("two")))
    assert end.outcome is Outcome.REFUSED, end
    operator.app.fault()
    assert operator.app.bench.rows("two") == []
    operator.calls.clear()
    end = operator.run(ChangeTarget(change=change_to("loops")))
    assert end.outcome is Outcome.ROLLED_BACK, end
    (reason,) = operator.evidence
    assert "/ by zero" in reason
    # The first number that fails comes soon after the last that was committed, or after the update.
    failed_at = max([*operator.app.bench.times("loops"), operator.time_of("UpdateApplication")])
    assert operator.time_of("RollbackApplication") - failed_at <= 30.0
    operator.app.count_to_the_end()
    operator.app.bench.assert_complete()
