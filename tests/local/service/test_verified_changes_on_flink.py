"""Changes of a real job with ``penstock app``, verified and undone, through the local MSF: the counts stay exact."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cdk_penstock.cli.app import app as penstock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.service.counting_app import CountingApp

pytestmark = pytest.mark.pipeline

VERIFIED, ROLLED_BACK, RESTORED, REFUSED = 0, 3, 4, 5


@dataclass
class Operator:
    """Whoever changes the application with the command."""

    app: CountingApp
    evidence: Path

    def call(self, command: str, *arguments: str) -> tuple[int, str]:
        """Return the exit code and the output of a command."""
        options = ["--application", self.app.name, "--stable-seconds", "3", "--evidence-folder", str(self.evidence)]
        done = CliRunner().invoke(penstock, ["app", command, *arguments, *options], catch_exceptions=False)
        return done.exit_code, done.output

    def deploy(self, code: str) -> tuple[int, str]:
        return self.call("deploy", f"s3://code/{code}.zip")

    def operations(self, name: str) -> list[float]:
        """Return the times at which operations of a name began, the newest first."""
        found = self.app.client.list_application_operations(ApplicationName=self.app.name, Operation=name)
        return [each["StartTime"].timestamp() for each in found["ApplicationOperationInfoList"]]

    def kill_worker_after_next_update(self) -> threading.Thread:
        updates = len(self.operations("UpdateApplication"))

        def kill() -> None:
            while len(self.operations("UpdateApplication")) == updates:
                time.sleep(0.05)
            while self.app.detail()["ApplicationStatus"] != "RUNNING":
                time.sleep(0.05)
            self.app.kill_task_manager()

        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        return thread


@pytest.fixture
def operator(app: CountingApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    options = app.msf.client_options
    monkeypatch.setenv("AWS_ENDPOINT_URL", options["endpoint_url"])
    monkeypatch.setenv("AWS_REGION", options["region_name"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", options["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", options["aws_secret_access_key"])
    # Enough for minutes on a slow machine.
    app.count = app.bench.count = 40_000
    app.create()
    app.start()
    app.wait_rows(50)
    return Operator(app, tmp_path)


def test_good_changes_are_verified_also_when_a_worker_is_killed_and_one_is_rolled_back(operator: Operator) -> None:
    code, output = operator.deploy("two")
    assert code == VERIFIED, output
    assert "subtasks have run for" in output
    operator.app.wait_rows(1, "two")
    killer = operator.kill_worker_after_next_update()
    code, output = operator.deploy("one")
    killer.join()
    assert code == VERIFIED, output
    for _ in range(2):
        code, output = operator.call("rollback")
        assert code == VERIFIED, output
        assert "was rolled back" in output
    assert len(operator.operations("RollbackApplication")) == 1
    operator.app.count_to_the_end()
    operator.app.bench.assert_complete()


def test_changes_that_fail_lead_back_to_the_version_before_and_nothing_is_lost(operator: Operator) -> None:
    code, output = operator.deploy("raises")
    assert code == RESTORED, output
    assert operator.app.bench.rows("raises") == []
    operator.app.fault(failing_snapshots=True)
    code, output = operator.deploy("two")
    assert code == REFUSED, output
    operator.app.fault()
    assert operator.app.bench.rows("two") == []
    code, output = operator.deploy("loops")
    assert code == ROLLED_BACK, output
    evidence = "".join(file.read_text(encoding="utf-8") for file in operator.evidence.glob("capture-*/**/*exceptions*"))
    assert "/ by zero" in evidence
    # The first number that fails comes soon after the last that was committed, or after the update.
    failed_at = max([*operator.app.bench.times("loops"), operator.operations("UpdateApplication")[0]])
    assert operator.operations("RollbackApplication")[0] - failed_at <= 30.0
    operator.app.count_to_the_end()
    operator.app.bench.assert_complete()
