"""Plans against the local MSF's rules: from start to end, failing at every turn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cdk_penstock.control.errors import ControlError, MissingPermissionError
from cdk_penstock.model.keys import LifecycleOperation, keys_involved
from cdk_penstock.model.lifecycle.planning import (
    Change,
    ChangeTarget,
    Outcome,
    Restore,
    RestoreTarget,
    RollbackTarget,
    RunningTarget,
    SnapshotTarget,
    StoppedTarget,
    VerifiedTarget,
)
from cdk_penstock.model.lifecycle.planning.restore_points import RestoreRules
from tests.control.fake_aws import KEY_1, KEY_2, error
from tests.control.local_msf import cmk
from tests.control.planned import BAD, GOOD, Planned, revision
from tests.control.simulated_flink import Behaviour

CHANGES = (
    "StartApplication",
    "StopApplication",
    "UpdateApplication",
    "RollbackApplication",
    "CreateApplicationSnapshot",
)


@pytest.fixture
def planned() -> Planned:
    return Planned()


@pytest.fixture
def running(planned: Planned) -> Planned:
    """An application that has run well for a month, with one snapshot."""
    planned.aws.msf.run()
    planned.aws.world.calls.clear()
    return planned


# A change


def test_a_good_change_is_made_after_a_snapshot_and_verified(running: Planned) -> None:
    end = running.run(ChangeTarget(change=GOOD))
    assert end.outcome is Outcome.VERIFIED
    assert "all 1 subtasks have run for" in end.text
    assert running.called(*CHANGES) == ["CreateApplicationSnapshot", "UpdateApplication"]
    assert running.code == "good.zip"
    assert running.evidence == []


def test_a_change_that_is_in_force_is_verified_only(running: Planned) -> None:
    running.run(ChangeTarget(change=GOOD))
    running.aws.world.calls.clear()
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED
    assert running.called(*CHANGES) == []


def test_a_job_that_loops_after_running_is_rolled_back_within_thirty_seconds(running: Planned) -> None:
    running.flink.behaviours["bad.zip"] = Behaviour.LOOPS
    at: dict[str, Any] = {}
    running.aws.world.on_call = lambda name, _: at.setdefault(name, running.aws.world.time)
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.ROLLED_BACK
    assert running.called(*CHANGES) == ["CreateApplicationSnapshot", "UpdateApplication", "RollbackApplication"]
    launched = running.aws.msf.launched_at[-2]
    first_failure = launched + timedelta(seconds=3)
    assert at["RollbackApplication"] - first_failure <= timedelta(seconds=30)
    assert running.code == "job-1.zip"
    assert len(running.evidence) == 1
    assert "ArithmeticException: / by zero" in running.evidence[0]


def test_a_change_that_was_rolled_back_is_not_made_again_unless_asked(running: Planned) -> None:
    running.flink.behaviours["bad.zip"] = Behaviour.LOOPS
    first = running.run(ChangeTarget(change=BAD))
    running.aws.world.calls.clear()
    assert running.run(ChangeTarget(change=BAD)).outcome is first.outcome
    assert running.called(*CHANGES) == []
    running.flink.behaviours.clear()
    again = ChangeTarget(change=BAD, again_since=running.aws.world.time)
    assert running.run(again).outcome is Outcome.VERIFIED
    assert running.code == "bad.zip"


def test_a_main_that_raises_leads_back_to_the_version_before_from_its_snapshot(running: Planned) -> None:
    running.flink.behaviours["bad.zip"] = Behaviour.FAILS_IN_MAIN
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.RESTORED
    assert end.text.startswith("UpdateApplication failed: ")
    assert "no such topic; version 2 was undone; version 3 has the settings of before" in end.text
    assert running.called(*CHANGES) == [
        "CreateApplicationSnapshot",
        "UpdateApplication",
        "UpdateApplication",
        "StartApplication",
    ]
    assert running.code == "job-1.zip"
    (start,) = running.aws.world.named("StartApplication")
    restore = start["RunConfiguration"]["ApplicationRestoreConfiguration"]
    assert restore["ApplicationRestoreType"] == "RESTORE_FROM_CUSTOM_SNAPSHOT"


def test_a_main_that_raises_is_rolled_back_by_msf_where_system_rollback_is_enabled(running: Planned) -> None:
    running.aws.msf.enable_rollback()
    running.flink.behaviours["bad.zip"] = Behaviour.FAILS_IN_MAIN
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.ROLLED_BACK
    assert running.called(*CHANGES) == ["CreateApplicationSnapshot", "UpdateApplication"]


def test_nothing_is_changed_where_no_snapshot_can_be_taken(running: Planned) -> None:
    running.aws.msf.fault(failing_snapshots=True)
    end = running.run(ChangeTarget(change=GOOD))
    assert end.outcome is Outcome.REFUSED
    assert "no snapshot can be taken" in end.text
    assert running.called(*CHANGES) == ["CreateApplicationSnapshot"]
    assert running.code == "job-1.zip"


def test_with_force_a_job_that_fails_gets_its_correction(running: Planned) -> None:
    running.aws.msf.fault(looping_job=True)
    running.aws.world.on_call = lambda name, _: running.aws.msf.fault() if name == "UpdateApplication" else None
    end = running.run(ChangeTarget(change=GOOD, may_force=True))
    assert end.outcome is Outcome.VERIFIED
    assert [each["Force"] for each in running.aws.world.named("StopApplication")] == [True]
    assert running.called(*CHANGES)[-2:] == ["UpdateApplication", "StartApplication"]


def test_a_failure_of_a_worker_is_survived(running: Planned) -> None:
    running.flink.behaviours["good.zip"] = Behaviour.FAILS_ONCE
    end = running.run(ChangeTarget(change=GOOD))
    assert end.outcome is Outcome.VERIFIED
    assert "after a failure" in end.text


@pytest.mark.parametrize("behaviour", [Behaviour.NEVER_RUNS, Behaviour.NO_CHECKPOINTS])
def test_a_job_without_evidence_is_rolled_back(running: Planned, behaviour: Behaviour) -> None:
    running.flink.behaviours["bad.zip"] = behaviour
    assert running.run(ChangeTarget(change=BAD)).outcome is Outcome.ROLLED_BACK


def test_a_rollback_that_msf_refuses_needs_force(running: Planned) -> None:
    running.flink.behaviours["bad.zip"] = Behaviour.LOOPS
    running.aws.world.fail("RollbackApplication", *[error("InvalidRequestException", "no snapshot")] * 3)
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.FAILED
    assert "force is not allowed" in end.text
    assert running.code == "bad.zip"
    assert running.aws.msf.status == "RUNNING"
    end = running.run(ChangeTarget(change=BAD, may_force=True))
    assert end.outcome is Outcome.RESTORED
    assert running.code == "job-1.zip"
    assert running.called("RollbackApplication", "StopApplication") == [
        "RollbackApplication",
        "RollbackApplication",
        "StopApplication",
    ]


def test_a_version_before_that_fails_too_is_not_rolled_back_in_turn(running: Planned) -> None:
    running.flink.behaviours |= {"bad.zip": Behaviour.LOOPS, "job-1.zip": Behaviour.LOOPS}
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.FAILED
    assert "the version before fails as well" in end.text
    assert running.called("RollbackApplication") == ["RollbackApplication"]


def test_a_stopped_application_gets_its_change_and_stays_stopped_or_starts(planned: Planned) -> None:
    assert planned.run(ChangeTarget(change=GOOD, restore=None)).outcome is Outcome.DONE
    assert planned.aws.msf.status == "READY"
    assert planned.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED


def test_an_update_without_snapshots_would_lose_state_and_is_refused(running: Planned) -> None:
    running.aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)
    running.aws.world.calls.clear()
    end = running.run(ChangeTarget(change=GOOD))
    assert (end.outcome, running.called(*CHANGES)) == (Outcome.REFUSED, [])
    assert running.run(ChangeTarget(change=GOOD, may_lose_state=True)).outcome is Outcome.VERIFIED


@pytest.mark.parametrize("status", ["AUTOSCALING", "MAINTENANCE", "UPDATING"])
def test_a_change_waits_for_whatever_msf_does(running: Planned, status: str) -> None:
    running.aws.msf.move(status)
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED
    assert running.code == "good.zip"


def test_a_change_by_somebody_else_in_between_is_seen(running: Planned) -> None:
    def meddle(name: str, _: dict[str, Any]) -> None:
        if name == "UpdateApplication" and not running.aws.world.named(name):
            running.aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": []})

    running.aws.world.on_call = meddle
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED
    assert running.code == "good.zip"


def test_a_change_is_not_made_over_one_that_somebody_else_makes_during_its_verification(running: Planned) -> None:
    def meddle(progress: str) -> None:
        if "has run for" in progress and running.code == "good.zip":
            running.aws.msf.change(
                ApplicationCodeConfigurationUpdate={
                    "CodeContentUpdate": {"S3ContentLocationUpdate": {"FileKeyUpdate": "other.zip"}}
                }
            )

    with pytest.raises(ControlError, match="somebody else has changed the application to version 3"):
        running.run(ChangeTarget(change=GOOD), progress=meddle)
    assert running.code == "other.zip"


def test_a_change_in_force_is_verified_though_a_later_one_was_rolled_back(running: Planned) -> None:
    running.run(ChangeTarget(change=GOOD))
    running.flink.behaviours["good.zip"] = Behaviour.LOOPS
    running.aws.world.on_call = lambda name, _: (
        running.flink.behaviours.clear() if name == "RollbackApplication" else None
    )
    another = Change(parallelism=4)
    assert running.run(ChangeTarget(change=another)).outcome is Outcome.ROLLED_BACK
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED
    assert running.run(ChangeTarget(change=another)).outcome is Outcome.ROLLED_BACK


def test_an_update_that_does_not_end_is_rolled_back_after_its_time(running: Planned) -> None:
    def hang(name: str, _: dict[str, Any]) -> None:
        if name == "UpdateApplication":
            running.aws.msf.fault(hanging_operations=True)
        elif name == "RollbackApplication":
            running.aws.msf.fault()

    running.aws.world.on_call = hang
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.ROLLED_BACK
    assert running.code == "job-1.zip"


def test_a_request_that_msf_refuses_changes_nothing(running: Planned) -> None:
    running.aws.world.fail("UpdateApplication", error("CodeValidationException", "the package is damaged"))
    end = running.run(ChangeTarget(change=GOOD))
    assert end.outcome is Outcome.REFUSED
    assert "the package is damaged" in end.text


def test_keys_are_checked_before_anything_changes(running: Planned) -> None:
    def refuse(*_: object) -> None:
        raise ControlError("the key is disabled")

    end = running.run(ChangeTarget(change=GOOD), check_keys=refuse)
    assert end.outcome is Outcome.REFUSED
    assert "the key is disabled" in end.text
    assert running.called(*CHANGES) == []


def test_a_rollback_asks_for_the_keys_of_both_versions_and_of_the_snapshot(running: Planned) -> None:
    running.aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    running.aws.msf.change_key(cmk(KEY_1))
    running.aws.msf.change_key(cmk(KEY_2))
    running.run(RollbackTarget(reason="back to the key before"))
    ((operation, use),) = running.checked
    assert operation is LifecycleOperation.ROLLBACK
    assert keys_involved(operation, use) == {KEY_1, KEY_2}


def test_a_start_asks_for_the_key_of_the_snapshot_that_it_restores(running: Planned) -> None:
    running.aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    running.aws.msf.change_key(cmk(KEY_1))
    running.aws.msf.stop()
    running.aws.msf.change_key(cmk(KEY_2))
    running.run(RunningTarget(began_at=running.aws.world.time))
    ((operation, use),) = running.checked
    assert keys_involved(operation, use) == {KEY_1, KEY_2}


def test_a_connection_to_flink_that_is_lost_for_a_while_is_survived(running: Planned) -> None:
    running.flink.unavailable = 5
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED


def test_a_job_that_cannot_be_seen_is_left_as_it_is(running: Planned) -> None:
    running.flink.unavailable = 10_000
    with pytest.raises(ControlError, match="cannot be verified, and was left as it is"):
        running.run(ChangeTarget(change=GOOD))
    assert running.called("RollbackApplication") == []


# A change that CloudFormation has made


def test_an_old_version_that_fails_is_not_undone(running: Planned) -> None:
    running.aws.msf.change_code("bad.zip")
    running.aws.world.sleep(86_400)
    running.flink.behaviours["bad.zip"] = Behaviour.LOOPS
    running.aws.msf.stop()
    running.aws.msf.start()
    end = running.run(VerifiedTarget(change=BAD))
    assert end.outcome is Outcome.FAILED
    assert running.called("RollbackApplication") == []


def test_a_rollback_is_never_undone_to_the_version_that_failed(running: Planned) -> None:
    running.flink.behaviours["bad.zip"] = Behaviour.LOOPS
    running.run(ChangeTarget(change=BAD))
    running.flink.behaviours["job-1.zip"] = Behaviour.LOOPS
    running.aws.msf.await_status("RUNNING")
    running.aws.msf.ask("StopApplication")
    running.aws.msf.await_status("READY")
    running.aws.msf.start()
    running.aws.world.calls.clear()
    end = running.run(VerifiedTarget())
    assert end.outcome is Outcome.FAILED
    assert running.called("RollbackApplication", "UpdateApplication") == []


# Start, stop, restore, roll back, snapshot


def test_a_start_is_verified_and_a_failed_one_is_tried_once(planned: Planned) -> None:
    begin = planned.aws.world.time
    planned.flink.behaviours["job-1.zip"] = Behaviour.FAILS_IN_MAIN
    end = planned.run(RunningTarget(began_at=begin))
    assert end.outcome is Outcome.FAILED
    assert "no such topic" in end.text
    assert planned.called("StartApplication") == ["StartApplication"]
    planned.flink.behaviours.clear()
    assert planned.run(RunningTarget(began_at=planned.aws.world.time)).outcome is Outcome.VERIFIED


def test_a_stop_takes_a_snapshot_and_is_refused_where_none_can_be_taken(running: Planned) -> None:
    running.aws.msf.fault(looping_job=True)
    end = running.run(StoppedTarget())
    assert (end.outcome, running.aws.msf.status) == (Outcome.REFUSED, "RUNNING")
    running.aws.msf.fault()
    assert running.run(StoppedTarget()).outcome is Outcome.DONE
    assert running.aws.msf.status == "READY"


@pytest.mark.parametrize("status", ["STARTING", "UPDATING", "STOPPING", "AUTOSCALING"])
def test_a_forced_stop_does_not_wait(running: Planned, status: str) -> None:
    running.aws.msf.move(status)
    running.aws.world.calls.clear()
    assert running.run(StoppedTarget(may_force=True)).outcome is Outcome.DONE
    assert [each["Force"] for each in running.aws.world.named("StopApplication")] == [True]


def test_a_snapshot_of_ones_choice_is_restored_once(running: Planned) -> None:
    target = RestoreTarget(snapshot_name="old", began_at=running.aws.world.time)
    assert running.run(target).outcome is Outcome.VERIFIED
    assert running.called(*CHANGES) == ["StopApplication", "StartApplication"]
    assert running.run(target).outcome is Outcome.VERIFIED
    assert running.called(*CHANGES) == ["StopApplication", "StartApplication"]
    again = RestoreTarget(snapshot_name="old", began_at=running.aws.world.time, again=True)
    assert running.run(again).outcome is Outcome.VERIFIED
    assert running.called(*CHANGES) == ["StopApplication", "StartApplication"] * 2


def test_an_enhanced_snapshot_is_restored_too(running: Planned) -> None:
    running.aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS")
    assert running.run(SnapshotTarget(name="enhanced")).outcome is Outcome.DONE
    target = RestoreTarget(snapshot_name="enhanced", began_at=running.aws.world.time)
    assert running.run(target).outcome is Outcome.VERIFIED
    assert running.run(target).outcome is Outcome.VERIFIED
    (start,) = running.aws.world.named("StartApplication")
    assert start["RunConfiguration"]["ApplicationRestoreConfiguration"]["SnapshotArn"].endswith(":snapshot/enhanced")


def test_a_snapshot_that_cannot_be_restored_is_refused(running: Planned) -> None:
    begin = running.aws.world.time
    end = running.run(RestoreTarget(snapshot_name="other", began_at=begin))
    assert end.text.startswith("there is no snapshot 'other': expected one of old; see penstock snapshot list")
    rules = RestoreRules(source_retention=timedelta(days=7))
    end = running.run(RestoreTarget(snapshot_name="old", began_at=begin, rules=rules))
    assert "720 hours old" in end.text
    assert running.called(*CHANGES) == []


def test_a_rollback_is_made_once_and_verified(running: Planned) -> None:
    running.aws.msf.change_code("bad.zip")
    target = RollbackTarget(reason="it counts wrong")
    assert running.run(target).outcome is Outcome.ROLLED_BACK
    assert running.evidence == ["it counts wrong"]
    assert running.run(target).outcome is Outcome.ROLLED_BACK
    assert running.called(*CHANGES) == ["RollbackApplication"]
    assert running.code == "job-1.zip"


def test_old_code_that_was_deployed_again_is_a_change_like_any_other(running: Planned) -> None:
    before = Change(revision=revision("job-1.zip"))
    for change in (GOOD, before, GOOD):
        assert running.run(ChangeTarget(change=change)).outcome is Outcome.VERIFIED
    assert running.called("UpdateApplication") == ["UpdateApplication"] * 3
    running.run(ChangeTarget(change=before))
    assert running.run(RollbackTarget(reason="the old one is worse")).outcome is Outcome.ROLLED_BACK
    assert running.called("RollbackApplication") == ["RollbackApplication"]
    assert running.code == "good.zip"


def test_a_rollback_of_an_update_in_progress_does_not_wait(running: Planned) -> None:
    running.aws.msf.move("UPDATING")
    assert running.run(RollbackTarget(reason="a mistake")).outcome is Outcome.ROLLED_BACK
    assert running.called(*CHANGES)[-1] == "RollbackApplication"


def test_an_application_that_was_stopped_is_rolled_back_with_force_only(running: Planned) -> None:
    running.aws.msf.change_code("bad.zip")
    running.aws.msf.stop()
    running.aws.world.calls.clear()
    assert running.run(RollbackTarget(reason="why not")).outcome is Outcome.REFUSED
    assert running.called(*CHANGES) == []
    assert running.run(RollbackTarget(reason="why not", may_force=True)).outcome is Outcome.RESTORED
    assert running.code == "job-1.zip"


def test_a_snapshot_is_taken_once(running: Planned) -> None:
    assert running.run(SnapshotTarget(name="now")).outcome is Outcome.DONE
    assert running.run(SnapshotTarget(name="now")).outcome is Outcome.DONE
    assert running.called(*CHANGES) == ["CreateApplicationSnapshot"]
    running.aws.msf.stop()
    assert running.run(SnapshotTarget(name="later")).outcome is Outcome.REFUSED


def test_a_run_ends_at_its_deadline_and_the_next_goes_on(running: Planned) -> None:
    soon = running.aws.world.time + timedelta(seconds=20)
    assert running.runner().run(ChangeTarget(change=GOOD), deadline=soon) is None
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED
    assert running.called("UpdateApplication") == ["UpdateApplication"]


def test_state_that_no_operator_takes_is_left_out_for_one_update(running: Planned) -> None:
    restore = Restore.latest().leaving_out_state()
    running.run(ChangeTarget(change=GOOD, update_restore=restore))
    (request,) = running.aws.world.named("UpdateApplication")
    assert request["RunConfigurationUpdate"]["FlinkRunConfiguration"] == {"AllowNonRestoredState": True}


def test_a_rollback_that_msf_fails_leads_to_a_start_of_the_version_before(running: Planned) -> None:
    running.flink.behaviours |= {"bad.zip": Behaviour.LOOPS, "job-1.zip": Behaviour.FAILS_IN_MAIN}

    def recover(name: str, _: dict[str, Any]) -> None:
        if name == "StartApplication":
            running.flink.behaviours.pop("job-1.zip")

    running.aws.world.on_call = recover
    end = running.run(ChangeTarget(change=BAD))
    assert end.outcome is Outcome.RESTORED
    assert running.called(*CHANGES)[-2:] == ["RollbackApplication", "StartApplication"]


def test_a_permission_that_is_missing_is_an_error_and_nothing_is_forced(running: Planned) -> None:
    running.flink.behaviours["bad.zip"] = Behaviour.LOOPS
    denied = error("AccessDeniedException", "not authorized to perform: kinesisanalytics:RollbackApplication")
    running.aws.world.fail("RollbackApplication", *[denied] * 20)
    with pytest.raises(MissingPermissionError, match="kinesisanalytics:RollbackApplication"):
        running.run(ChangeTarget(change=BAD, may_force=True))
    assert running.aws.world.named("StopApplication") == []


def test_a_permission_that_comes_late_is_waited_for(running: Planned) -> None:
    denied = error("AccessDeniedException", "not authorized to perform: kms:Decrypt")
    running.aws.world.fail("UpdateApplication", *[denied] * 5)
    assert running.run(ChangeTarget(change=GOOD)).outcome is Outcome.VERIFIED


def test_credentials_that_expire_are_told_as_such(running: Planned) -> None:
    running.aws.world.fail("DescribeApplication", error("ExpiredTokenException", "The security token has expired"))
    with pytest.raises(MissingPermissionError, match="the credentials have expired.*sign in again"):
        running.run(ChangeTarget(change=GOOD))
