"""``penstock app start``, ``stop``, ``scale``, ``rollback`` and ``restore``: outcomes, exit codes, confirmations."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cdk_penstock.cli.operate import loss_confirmation
from cdk_penstock.cli.operate.plan_options import PlanOptions
from cdk_penstock.model.errors import PenstockError
from tests.cli.operated import Operated
from tests.control.fake_aws import APPLICATION, KEY_1, error
from tests.control.local_msf import cmk
from tests.control.simulated_flink import Behaviour

if TYPE_CHECKING:
    from pathlib import Path

DONE, FAILED, WRONG_ARGUMENTS, ROLLED_BACK, RESTORED, REFUSED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    return Operated.with_patches(tmp_path, monkeypatch)


@pytest.fixture
def running(stopped: Operated) -> Operated:
    stopped.aws.msf.run()
    stopped.aws.world.calls.clear()
    return stopped


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_confirmation, "is_interactive", lambda: True)


# Start


def test_a_start_is_verified(stopped: Operated) -> None:
    result = stopped.invoke("start")
    assert result.exit_code == DONE
    assert result.stdout.startswith("verified: version 1 runs: all 1 subtasks have run for")
    assert "start the application from its latest snapshot ..." in result.stderr
    assert "verify the job" in result.stderr
    assert stopped.changes == ["StartApplication"]
    assert stopped.invoke("start").exit_code == DONE
    assert stopped.changes == ["StartApplication"]


def test_a_start_that_fails_is_told_with_the_reason_of_msf(stopped: Operated) -> None:
    stopped.flink.behaviours["job-1.zip"] = Behaviour.FAILS_IN_MAIN
    result = stopped.invoke("start")
    assert result.exit_code == FAILED
    assert result.stdout.startswith("failed: it did not start, and is READY")
    assert "no such topic" in result.stdout
    stopped.flink.behaviours.clear()
    assert stopped.invoke("start").exit_code == DONE


@pytest.mark.parametrize(
    ("arguments", "restore", "leaves_out_state"),
    [
        ([], {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}, False),
        (["--restore", "none"], {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}, False),
        (
            ["--restore", "old", "--allow-non-restored-state"],
            {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT", "SnapshotName": "old"},
            True,
        ),
    ],
)
def test_a_start_begins_with_the_state_of_ones_choice(
    running: Operated, arguments: list[str], restore: dict[str, str], leaves_out_state: bool
) -> None:
    running.aws.msf.stop()
    assert running.invoke("start", *arguments).exit_code == DONE
    (request,) = running.aws.world.named("StartApplication")
    assert request["RunConfiguration"] == {
        "ApplicationRestoreConfiguration": restore,
        "FlinkRunConfiguration": {"AllowNonRestoredState": leaves_out_state},
    }


@pytest.mark.parametrize("restore", ["none", "old"])
def test_a_running_application_is_not_called_started_from_a_state_that_it_does_not_have(
    running: Operated, restore: str
) -> None:
    result = running.invoke("start", "--restore", restore)
    assert result.exit_code == REFUSED
    assert "was not started from" in result.stdout
    assert running.changes == []


def test_the_evidence_of_a_healthy_job_is_ones_choice(stopped: Operated) -> None:
    result = stopped.invoke("start", "--stable-seconds", "300")
    assert result.exit_code == DONE
    took = stopped.aws.world.time - stopped.aws.msf.launched_at[-1]
    assert took >= timedelta(seconds=300)


def test_a_short_time_still_waits_for_a_checkpoint(stopped: Operated) -> None:
    assert stopped.invoke("start", "--stable-seconds", "5").exit_code == DONE
    assert stopped.aws.world.time - stopped.aws.msf.launched_at[-1] >= timedelta(seconds=60)


def test_the_time_for_an_operation_is_ones_choice(stopped: Operated) -> None:
    stopped.aws.world.on_call = lambda name, _: (
        stopped.aws.msf.fault(hanging_operations=True) if name == "StartApplication" else None
    )
    begin = stopped.aws.world.time
    result = stopped.invoke("start", "--timeout-minutes", "3")
    assert result.exit_code == FAILED
    assert "STARTING for more than 3 minutes and was left so" in result.stdout
    assert timedelta(minutes=3) <= stopped.aws.world.time - begin < timedelta(minutes=5)


# Dry run, JSON, interruption


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        (["start"], ["verify the job", "verified: "]),
        (["stop"], ["stop the application with a snapshot", "done: "]),
        (["stop", "--force"], ["stop the application with force", "done: "]),
        (
            ["scale", "--parallelism", "4"],
            ["take snapshot penstock-before-v1-", "update the application to parallelism 4", "verify", "verified: "],
        ),
        (["restore", "--snapshot", "old"], ["stop the", "start the application from snapshot old", "verify", "verif"]),
    ],
)
def test_a_dry_run_prints_the_steps_and_changes_nothing(
    running: Operated, command: list[str], steps: list[str]
) -> None:
    result = running.invoke(*command, "--dry-run")
    assert result.exit_code == DONE
    shown = result.stdout.splitlines()
    assert len(shown) == len(steps) + 1
    for number, (line, step) in enumerate(zip(shown, steps, strict=False), start=1):
        assert line.startswith(f"  {number:>3}. {step}")
    assert shown[-1].startswith("nothing was changed")
    fields = running.json(*command, "--dry-run")
    assert (fields["dryRun"], fields["outcome"], fields["taken"]) == (True, None, [])
    assert [f"  {number:>3}. {step}" for number, step in enumerate(fields["plan"], start=1)] == shown[:-1]
    assert running.changes == []
    assert running.evidence == []


def test_a_dry_run_of_what_would_be_refused_has_its_exit_code(running: Operated) -> None:
    result = running.invoke("restore", "--snapshot", "other", "--dry-run")
    assert result.exit_code == REFUSED
    assert "there is no snapshot 'other': expected one of old" in result.stdout
    assert "steps" not in result.stdout


def test_the_first_version_has_none_before_it_and_is_left_as_it_is(running: Operated) -> None:
    for more in ([], ["--dry-run"]):
        result = running.invoke("rollback", *more)
        assert result.exit_code == REFUSED
        assert "there is no version before 1 to go back to; nothing was changed" in result.stdout
    assert running.changes == []


def test_scripts_get_plan_steps_and_outcome_as_json_and_nothing_else(running: Operated) -> None:
    shown = running.json("scale", "--parallelism", "4", "--parallelism-per-kpu", "2")
    assert shown["application"] == APPLICATION
    assert shown["outcome"] == "verified"
    assert shown["text"].startswith("version 2 runs")
    assert [each for each in shown["taken"] if not each.startswith("wait")] == shown["plan"][:-1]
    assert shown["kpus"] == 3
    assert shown["evidence"] == []
    assert shown["notes"][0].startswith("autoscaling is enabled")


def test_an_interrupted_command_says_that_msf_goes_on_and_the_same_command_continues(running: Operated) -> None:
    def interrupt(name: str, _: dict[str, Any]) -> None:
        if name == "CreateApplicationPresignedUrl":
            raise KeyboardInterrupt

    running.aws.world.on_call = interrupt
    command = ["scale", "--parallelism", "4"]
    result = running.invoke(*command)
    assert result.exit_code == INTERRUPTED
    assert "interrupted: MSF goes on with what it has begun. Run the same command again to continue" in result.stderr
    assert result.stdout == ""
    running.aws.world.on_call = None
    assert running.invoke(*command).exit_code == DONE
    assert running.changes == ["CreateApplicationSnapshot", "UpdateApplication"]


# Stop


def test_a_stop_takes_a_snapshot(running: Operated) -> None:
    result = running.invoke("stop")
    assert (result.exit_code, result.stdout) == (DONE, "done: the application is stopped\n")
    assert running.aws.msf.status == "READY"
    assert "Force" not in running.aws.world.named("StopApplication")[0]
    assert running.invoke("stop").exit_code == DONE
    assert running.changes == ["StopApplication"]


def test_a_stop_without_a_possible_snapshot_is_refused(running: Operated) -> None:
    running.aws.msf.fault(looping_job=True)
    result = running.invoke("stop")
    assert result.exit_code == REFUSED
    assert "it cannot be stopped with a snapshot" in result.stdout
    assert running.aws.msf.status == "RUNNING"


def test_a_forced_stop_asks_twice_says_what_is_lost_and_saves_evidence(running: Operated, on_a_terminal: None) -> None:
    result = running.invoke("stop", "--force", answers=f"y\n{APPLICATION}\n")
    assert result.exit_code == DONE
    assert "it loses what the job has done since its newest READY snapshot old, 30 d ago" in result.stderr
    assert running.aws.world.named("StopApplication")[0]["Force"] is True
    (folder,) = running.evidence
    assert f"evidence is in {folder}" in result.stderr
    assert json.loads((running.folder / folder / "manifest.json").read_text())["application"] == APPLICATION


@pytest.mark.parametrize("answers", ["n\n", "\n", "y\nother\n", "y\nVEHICLES\n"])
def test_a_forced_stop_that_is_not_confirmed_changes_nothing(
    running: Operated, on_a_terminal: None, answers: str
) -> None:
    result = running.invoke("stop", "--force", answers=answers)
    assert result.exit_code == REFUSED
    assert "nothing was changed" in result.stderr
    assert running.changes == []


def test_ctrl_c_at_a_question_changes_nothing_and_has_its_exit_code(running: Operated, on_a_terminal: None) -> None:
    for answers in ("", "y\n"):
        result = running.invoke("stop", "--force", answers=answers)
        assert result.exit_code == INTERRUPTED
        assert "interrupted: nothing was changed" in result.stderr
    assert running.changes == []


def test_a_forced_stop_in_a_script_repeats_the_name_of_the_application(running: Operated) -> None:
    result = running.invoke("stop", "--force")
    assert result.exit_code == WRONG_ARGUMENTS
    assert "to accept this in a script, add --yes-lose-state vehicles" in result.stderr
    result = running.invoke("stop", "--force", "--yes-lose-state", "other")
    assert result.exit_code == WRONG_ARGUMENTS
    assert "must repeat the application's name 'vehicles', got 'other'" in result.stderr
    assert running.changes == []
    assert running.invoke("stop", "--force", "--yes-lose-state", APPLICATION).exit_code == DONE


def test_an_application_without_snapshots_would_lose_everything(running: Operated) -> None:
    running.aws.msf.ask(
        "DeleteApplicationSnapshot",
        SnapshotName="old",
        SnapshotCreationTimestamp=running.aws.msf.snapshots[0]["SnapshotCreationTimestamp"],
    )
    assert running.aws.msf.snapshots == []
    assert "it loses the whole state of the job" in running.invoke("stop", "--force").stderr


def test_evidence_that_cannot_be_saved_does_not_delay_the_stop(
    running: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cdk_penstock.cli.operate.plan_session.write_evidence", refuse)
    shown = running.json("stop", "--force", "--yes-lose-state", APPLICATION)
    assert shown["outcome"] == "done"
    assert shown["evidence"] == []
    assert "No space left on device" in shown["notes"][0]


def test_evidence_is_saved_in_the_folder_of_ones_choice(running: Operated, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    shown = running.json(
        "stop", "--force", "--yes-lose-state", APPLICATION, "--evidence-folder", str(tmp_path / "there")
    )
    (folder,) = shown["evidence"]
    assert (tmp_path / "there" / folder / "summary.md").is_file()
    assert running.evidence == []


# Scale


def test_another_parallelism_is_verified(running: Operated) -> None:
    result = running.invoke("scale", "--parallelism", "4")
    assert result.exit_code == DONE
    block = running.configuration["FlinkApplicationConfigurationDescription"]["ParallelismConfigurationDescription"]
    assert (block["Parallelism"], block["ParallelismPerKPU"]) == (4, 1)


def test_attempts_to_reach_aws_are_one_stage_while_it_is_out_of_reach(running: Operated) -> None:
    lost = EndpointConnectionError(endpoint_url="https://kinesisanalytics.eu-central-1.amazonaws.com")
    begin = len(running.aws.world.calls) + 40
    running.aws.world.lose = dict.fromkeys(range(begin, begin + 20), (lost, False))
    result = running.invoke("scale", "--parallelism", "4", "--json")
    assert result.exit_code == DONE
    taken = [each for each in json.loads(result.stdout)["taken"] if each.startswith("AWS does not answer")]
    assert len(taken) == 1
    assert result.stderr.count("✓ AWS does not answer, trying again") == 1


def test_a_parallelism_that_fails_is_rolled_back_once(running: Operated) -> None:
    running.aws.world.on_call = lambda name, _: (
        running.flink.behaviours.__setitem__("job-1.zip", Behaviour.LOOPS)
        if name == "UpdateApplication"
        else running.flink.behaviours.clear()
        if name == "RollbackApplication"
        else None
    )
    result = running.invoke("scale", "--parallelism", "4")
    assert result.exit_code == ROLLED_BACK
    assert result.stdout.startswith("rolled back: the job failed 2 times and is restarted again and again: java.lang.A")
    assert "version 2 was rolled back; version 3 has the settings of before" in result.stdout
    assert "--again" not in result.stderr
    assert "✓ verify" in result.stderr.splitlines()[-1]
    assert len(running.evidence) == 1
    repeated = running.invoke("scale", "--parallelism", "4")
    assert repeated.exit_code == ROLLED_BACK
    assert "it was undone before, and is not made again: to make it again, add --again" in repeated.stderr
    assert running.changes.count("UpdateApplication") == 1
    running.aws.world.on_call = None
    assert running.invoke("scale", "--parallelism", "4", "--again").exit_code == DONE


def test_a_change_that_fails_in_main_is_put_back(running: Operated) -> None:
    running.aws.world.on_call = lambda name, _: (
        running.flink.behaviours.__setitem__("job-1.zip", Behaviour.FAILS_IN_MAIN)
        if name == "UpdateApplication" and "UpdateApplication" not in running.changes
        else running.flink.behaviours.clear()
        if name == "StartApplication"
        else None
    )
    result = running.invoke("scale", "--parallelism", "4")
    assert result.exit_code == RESTORED
    assert result.stdout.startswith("restored: UpdateApplication failed: ")
    assert "version 2 was undone; version 3 has the settings of before" in result.stdout


def test_a_failing_change_is_left_without_rollback(running: Operated) -> None:
    running.flink.behaviours["job-1.zip"] = Behaviour.LOOPS
    result = running.invoke("scale", "--parallelism", "4", "--no-rollback")
    assert result.exit_code == FAILED
    assert "was not undone" in result.stdout
    assert "RollbackApplication" not in running.changes


@pytest.mark.parametrize("command", [["scale", "--parallelism", "100"], ["scale", "--parallelism", "40000"]])
def test_a_parallelism_beyond_the_quota_is_refused(running: Operated, command: list[str]) -> None:
    with pytest.raises(PenstockError, match=r"needs 100 KPUs, max_kpus is 64|must be at most 32768"):
        running.invoke(*command)
    assert running.changes == []
    assert running.invoke("scale", "--parallelism", "100", "--max-kpus", "250", "--dry-run").exit_code == DONE


def test_a_stopped_application_is_left_stopped_if_asked(stopped: Operated) -> None:
    result = stopped.invoke("scale", "--parallelism", "2", "--leave-stopped")
    assert result.exit_code == DONE
    assert stopped.changes == ["UpdateApplication"]
    assert stopped.invoke("scale", "--parallelism", "3").exit_code == DONE
    assert stopped.changes == ["UpdateApplication", "UpdateApplication", "StartApplication"]


def test_a_disabled_key_refuses_the_change(running: Operated) -> None:
    running.aws.msf.policies.managed_keys = {KEY_1}
    running.aws.msf.change_key(cmk(KEY_1))
    running.aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    result = running.invoke("scale", "--parallelism", "4")
    assert result.exit_code == REFUSED
    assert f"key {KEY_1} must be Enabled, it is Disabled" in result.stdout
    assert "UpdateApplication" not in running.changes


def test_a_key_that_the_caller_may_not_see_is_noted_once_and_stops_nothing(running: Operated) -> None:
    running.aws.msf.policies.managed_keys = {KEY_1}
    running.aws.msf.change_key(cmk(KEY_1))

    def deny(name: str, _: dict[str, Any]) -> None:
        if name == "DescribeKey":
            raise error("AccessDeniedException", "no policy allows it")

    running.aws.world.on_call = deny
    shown = running.json("scale", "--parallelism", "4")
    assert shown["outcome"] == "verified"
    assert len([each for each in shown["notes"] if "the state of key" in each]) == 1


# Rollback, restore


def test_a_rollback_that_was_asked_for_is_a_success(running: Operated) -> None:
    running.aws.msf.change_code("bad.zip")
    result = running.invoke("rollback", "--reason", "it counts wrong")
    assert result.exit_code == DONE
    assert result.stdout.startswith("rolled back: it counts wrong; version 2 was rolled back")
    assert "roll version 2 back: it counts wrong" in result.stderr
    assert running.code == "job-1.zip"
    assert len(running.evidence) == 1
    assert running.invoke("rollback").exit_code == DONE
    assert running.changes == ["RollbackApplication"]


def test_a_stopped_application_is_put_back_with_force_only(running: Operated) -> None:
    running.aws.msf.change_code("bad.zip")
    running.aws.msf.stop()
    running.aws.world.calls.clear()
    assert running.invoke("rollback").exit_code == REFUSED
    result = running.invoke("rollback", "--force", "--yes-lose-state", APPLICATION)
    assert result.exit_code == DONE
    assert result.stdout.startswith("restored: ")
    assert running.code == "job-1.zip"


def test_a_snapshot_is_restored_once_and_again_if_asked(running: Operated) -> None:
    command = ["restore", "--snapshot", "old"]
    assert running.invoke(*command).exit_code == DONE
    repeated = running.invoke(*command)
    assert repeated.exit_code == DONE
    assert "it was started from old already: to restore that once more, add --again" in repeated.stderr
    assert running.changes == ["StopApplication", "StartApplication"]
    assert running.invoke(*command, "--again", "--allow-non-restored-state").exit_code == DONE
    restored = running.aws.world.named("StartApplication")[-1]["RunConfiguration"]
    assert restored["FlinkRunConfiguration"] == {"AllowNonRestoredState": True}
    assert running.changes == ["StopApplication", "StartApplication"] * 2


def test_a_snapshot_that_is_older_than_the_source_keeps_records_is_refused(running: Operated) -> None:
    result = running.invoke("restore", "--snapshot", "old", "--source-retention", "7d")
    assert result.exit_code == REFUSED
    assert "720 hours old, the source keeps records for 168 hours" in result.stdout
    result = running.invoke("restore", "--snapshot", "old", "--source-retention", "90m")
    assert "720 hours old, the source keeps records for 90 minutes" in result.stdout
    assert running.changes == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scale"], "expected --parallelism or --parallelism-per-kpu, got neither"),
        (["scale", "--parallelism", "0"], "Invalid value for '--parallelism'"),
        (["scale", "--parallelism-per-kpu", "9"], "Invalid value for '--parallelism-per-kpu'"),
        (["restore"], "Missing option '--snapshot'"),
        (["restore", "--snapshot", "a b"], "expected the name of a snapshot"),
        (["restore", "--snapshot", "old", "--source-retention", "7"], "expected a time span such as 30s, 15m, 2h"),
        (["start", "--restore", ""], "expected the name of a snapshot"),
        (["start", "--stable-seconds", "0"], "Invalid value for '--stable-seconds'"),
        (["stop", "--evidence-folder", "nowhere"], "expected a folder that exists, got 'nowhere'"),
    ],
)
def test_wrong_arguments_are_told_with_what_was_expected(running: Operated, arguments: list[str], message: str) -> None:
    result = running.invoke(*arguments)
    assert result.exit_code == WRONG_ARGUMENTS
    assert message in " ".join(result.stderr.split())
    assert running.changes == []


@pytest.mark.parametrize("interval_seconds", [None, 60.0, 3600.0])
def test_a_longer_time_for_operations_is_also_one_for_the_job(interval_seconds: float | None) -> None:
    usual, longer = (PlanOptions(timeout_minutes=each).rules_for(interval_seconds) for each in (None, 60))
    assert (usual.initializing_seconds, longer.initializing_seconds) == (900, 3600)
    assert longer.checkpoint_seconds - longer.initializing_seconds == (
        usual.checkpoint_seconds - usual.initializing_seconds
    )
    assert longer.stable_seconds == usual.stable_seconds
    assert PlanOptions(timeout_minutes=60).transit == timedelta(minutes=60)


def test_scaling_without_snapshots_needs_the_loss_accepted(running: Operated) -> None:
    running.aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)
    running.aws.world.calls.clear()
    assert running.invoke("scale", "--parallelism", "4").exit_code == REFUSED
    assert running.invoke("scale", "--parallelism", "4", "--allow-state-loss").exit_code == WRONG_ARGUMENTS
    assert running.changes == []
    accepted = ["--allow-state-loss", "--yes-lose-state", APPLICATION]
    assert running.invoke("scale", "--parallelism", "4", *accepted).exit_code == DONE
