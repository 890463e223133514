"""Key goals against the local MSF: from start to end, killed at every call, and failing at every turn."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdk_penstock.control.errors import (
    ApplicationMissingError,
    ControlError,
    KeyUnusableError,
    MissingPermissionError,
    SnapshotNotPossibleError,
)
from cdk_penstock.control.key_runner import KeyRunner
from cdk_penstock.control.kms_keys import KmsKeys
from cdk_penstock.control.permission_windows import PermissionWindows
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.keys import Disable, Enable, PurgeSnapshots, RotateOnDemand, RotateToNewKey, plan
from cdk_penstock.model.keys.steps import AwaitSnapshot, AwaitStart, AwaitSteady, Done, Soak
from cdk_penstock.model.lifecycle.observed_job import JobState
from tests.control.fake_aws import APPLICATION_ARN, KEY_1, KEY_2, OPERATOR, FakeIam, Killed, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import AWS_OWNED as AWS_OWNED_BLOCK
from tests.control.local_msf import cmk

if TYPE_CHECKING:
    from datetime import datetime

SOAK = 600
ENCRYPTION = "ApplicationEncryptionConfigurationDescription"
CREATED_AT = "SnapshotCreationTimestamp"
EXAMPLES = settings().max_examples


def document(key_arn: str) -> str:
    return json.dumps({"Statement": [{"Resource": key_arn, "Condition": APPLICATION_ARN}]})


def runner(aws: FakeAws, *, windows: bool = True) -> KeyRunner:
    clock = aws.world.clock
    opened = PermissionWindows(
        aws.client("iam"),
        role_name=OPERATOR.rpartition("/")[2],
        application_arn=APPLICATION_ARN,
        document=document,
        clock=clock,
    )
    keys = KmsKeys(aws.client("kms"), clock=clock)
    return KeyRunner(application=aws.control(), keys=keys, permission_windows=opened if windows else None)


def open_window(aws: FakeAws, key_arn: str) -> None:
    aws.iam.put_role_policy(
        OPERATOR.rpartition("/")[2], f"penstock-key-{key_arn.rpartition('/')[2]}", document(key_arn)
    )
    aws.world.sleep(60)


GOALS = ("enable", "rotate", "on-demand", "disable", "purge")


def goal_of(aws: FakeAws, name: str) -> Any:
    return {
        "enable": Enable(key_arn=KEY_2, soak_seconds=SOAK),
        "rotate": RotateToNewKey(key_arn=KEY_2, soak_seconds=SOAK),
        "on-demand": RotateOnDemand(rotated_since=aws.world.time - timedelta(days=7), soak_seconds=SOAK),
        "disable": Disable(soak_seconds=SOAK),
        "purge": PurgeSnapshots(soak_seconds=SOAK),
    }[name]


def world_for(name: str, *, running: bool = True, old_snapshots: int = 1) -> FakeAws:
    """Return an application as the goal finds it, with the laws watched at each call."""
    aws = FakeAws()
    if old_snapshots:
        aws.msf.start()
        for number in range(old_snapshots):
            aws.msf.take(f"older-{number}")
            aws.world.sleep(60)
        aws.msf.stop()
    if name != "enable":
        open_window(aws, KEY_1)
        aws.msf.change_key(cmk(KEY_1))
    if running:
        aws.msf.run()
    aws.world.on_call = lambda operation, request: check_laws(aws, name, operation, request)
    return aws


def material(aws: FakeAws, encryption: dict[str, str] | None, at: datetime) -> int:
    """Return the number of the material that the job at a time uses: that of the moment at which it was launched."""
    if encryption is None:
        return 0
    launched_at = max(each for each in aws.msf.launched_at if each <= at)
    return sum(each <= launched_at for each in aws.kms.rotations.get(encryption.get("KeyId", ""), []))


def material_of(aws: FakeAws, snapshot: dict[str, Any]) -> int:
    return material(aws, snapshot[ENCRYPTION], snapshot[CREATED_AT])


def check_laws(aws: FakeAws, name: str, operation: str, request: dict[str, Any]) -> None:
    msf = aws.msf
    if operation == "DeleteApplicationSnapshot":
        deleted = next((each for each in msf.snapshots if each["SnapshotName"] == request["SnapshotName"]), None)
        good = [
            each
            for each in msf.snapshots
            if each["SnapshotStatus"] == "READY"
            and each != deleted
            and each[ENCRYPTION] == msf.configured
            and material_of(aws, each) == aws.kms.material(msf.configured.get("KeyId"))
        ]
        assert good, "a snapshot is deleted before there is a good one"
        assert deleted is None or any(each[CREATED_AT] > deleted[CREATED_AT] for each in good)
    if operation == "DeleteRolePolicy":
        key_id = request["PolicyName"].removeprefix("penstock-key-")
        used = [msf.configured, msf.effective or {}, *(each[ENCRYPTION] for each in msf.snapshots)]
        assert not any(each.get("KeyId", "").endswith(key_id) for each in used), "a window is closed too early"
    if operation == "StartApplication":
        assert name == "on-demand", "only a rotation on demand restarts by stop and start"


def finish(aws: FakeAws, name: str, goal: Any) -> Done | AwaitStart:
    for _ in range(4):
        end = runner(aws).run(goal, lambda _step: None)
        if not isinstance(end, Soak):
            return end
        assert aws.world.time < end.until
        aws.world.time = end.until
    raise AssertionError(name)


def final_state(aws: FakeAws) -> dict[str, Any]:
    msf = aws.msf
    return {
        "configured": msf.configured,
        "effective": msf.effective,
        "material": material(aws, msf.effective, aws.world.time),
        "status": msf.status,
        "snapshots": sorted(
            (str(each[ENCRYPTION]), material_of(aws, each), each["SnapshotStatus"]) for each in msf.snapshots
        ),
        "windows": sorted(aws.iam.policies),
        "rotations": {arn: aws.kms.material(arn) for arn in (KEY_1, KEY_2)},
        "rotating": aws.kms.rotating,
    }


@cache
def uninterrupted(name: str, old_snapshots: int = 1) -> tuple[dict[str, Any], int]:
    aws = world_for(name, old_snapshots=old_snapshots)
    assert isinstance(finish(aws, name, goal_of(aws, name)), Done)
    return final_state(aws), len(aws.world.calls)


EXPECTED = {name: uninterrupted(name) for name in GOALS}


@pytest.mark.parametrize(
    ("name", "configured", "windows"),
    [
        ("enable", cmk(KEY_2), [KEY_2]),
        ("rotate", cmk(KEY_2), [KEY_2]),
        ("on-demand", cmk(KEY_1), [KEY_1]),
        ("disable", AWS_OWNED_BLOCK, []),
        ("purge", cmk(KEY_1), [KEY_1]),
    ],
)
def test_a_goal_is_reached_with_one_good_snapshot_and_only_the_windows_in_use(
    name: str, configured: dict[str, str], windows: list[str]
) -> None:
    state, _calls = EXPECTED[name]
    assert state["configured"] == state["effective"] == configured
    assert state["status"] == "RUNNING"
    assert state["windows"] == [f"penstock-key-{arn.rpartition('/')[2]}" for arn in windows]
    assert {encryption for encryption, _material, _status in state["snapshots"]} == {str(configured)}
    assert state["material"] == (1 if name == "on-demand" else 0)
    assert {material for _encryption, material, _status in state["snapshots"]} == {state["material"]}


@settings(max_examples=3 * EXAMPLES)
@given(
    name=st.sampled_from(GOALS), kills=st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=3)
)
def test_a_run_that_is_killed_anywhere_and_run_again_ends_in_the_same_state(
    name: str, kills: list[tuple[int, bool]]
) -> None:
    aws = world_for(name)
    goal = goal_of(aws, name)
    for after_calls, before in kills:
        at = len(aws.world.calls) + after_calls
        aws.world.kill_before, aws.world.kill_after = (at, None) if before else (None, at)
        try:
            finish(aws, name, goal)
        except Killed:
            aws.world.sleep(60)
    aws.world.kill_before = aws.world.kill_after = None
    assert isinstance(finish(aws, name, goal), Done)
    assert final_state(aws) == EXPECTED[name][0]


def states_of_a_run(name: str) -> list[int]:
    """Return the numbers of the calls after which a run that is killed leaves something new behind."""
    aws = world_for(name)
    left: list[str] = []

    def look(operation: str, request: dict[str, Any]) -> None:
        check_laws(aws, name, operation, request)
        store = aws.msf.msf.store
        application = store.application(APPLICATION_ARN)
        snapshots = store.legacy_snapshots(application)
        left.append(f"{application} {snapshots} {aws.iam.policies} {aws.kms.rotations} {aws.kms.rotating}")

    aws.world.on_call = look
    finish(aws, name, goal_of(aws, name))
    return [0, *(number for number in range(1, len(left)) if left[number] != left[number - 1]), len(left)]


@pytest.mark.parametrize("name", GOALS)
def test_every_state_that_a_kill_leaves_behind(name: str) -> None:
    expected, _calls = EXPECTED[name]
    for at in states_of_a_run(name):
        aws = world_for(name)
        goal = goal_of(aws, name)
        aws.world.kill_before, aws.world.kill_after = (None, at) if at else (1, None)
        with pytest.raises(Killed):
            finish(aws, name, goal)
        aws.world.kill_before = aws.world.kill_after = None
        finish(aws, name, goal)
        assert final_state(aws) == expected, at


@settings(max_examples=EXAMPLES)
@given(
    name=st.sampled_from(GOALS),
    status=st.sampled_from(["AUTOSCALING", "MAINTENANCE", "UPDATING"]),
    lasts_seconds=st.integers(0, 50),
    old_snapshots=st.integers(0, 8),
    propagation=st.floats(0, 55),
)
@example(name="rotate", status="MAINTENANCE", lasts_seconds=0, old_snapshots=0, propagation=0)
def test_transient_states_pages_and_slow_permissions_are_waited_out(
    name: str, status: str, lasts_seconds: int, old_snapshots: int, propagation: float
) -> None:
    aws = world_for(name, old_snapshots=old_snapshots)
    aws.iam._propagation = timedelta(seconds=propagation)
    aws.msf.fault(transition_seconds=lasts_seconds)
    aws.msf.move(status)
    assert isinstance(finish(aws, name, goal_of(aws, name)), Done)
    found, expected = final_state(aws), uninterrupted(name, old_snapshots)[0]
    # The passing status was a restart, whose snapshot may be a good one, too.
    assert set(found.pop("snapshots")) == set(expected["snapshots"])
    assert found == {field: value for field, value in expected.items() if field != "snapshots"}


@pytest.mark.parametrize("name", GOALS)
def test_a_reached_goal_changes_nothing(name: str) -> None:
    aws = world_for(name)
    goal = goal_of(aws, name)
    finish(aws, name, goal)
    before, calls = final_state(aws), len(aws.world.calls)
    assert isinstance(runner(aws).run(goal, lambda _step: None), Done)
    assert final_state(aws) == before
    reading = ("Describe", "List", "Get")
    assert all(name.startswith(reading) for name, _request in aws.world.calls[calls:])


@pytest.mark.parametrize("name", ["enable", "rotate", "disable"])
def test_a_stopped_application_is_configured_and_not_started(name: str) -> None:
    aws = world_for(name, running=False, old_snapshots=0)
    assert isinstance(finish(aws, name, goal_of(aws, name)), Done)
    assert aws.msf.status == "READY"
    assert not aws.world.named("StartApplication")
    assert aws.msf.snapshots == []


def test_a_stopped_application_with_old_snapshots_waits_until_it_is_started_with_the_old_window_open() -> None:
    aws = world_for("rotate", running=True)
    aws.msf.move("STOPPING")
    end = finish(aws, "rotate", goal_of(aws, "rotate"))
    assert isinstance(end, AwaitStart)
    assert "older snapshots are left" in str(end)
    assert aws.msf.configured == cmk(KEY_2)
    assert len(aws.iam.policies) == 2
    # Somebody starts it, and the same command goes on.
    aws.world.on_call = None
    aws.control().start()
    assert isinstance(finish(aws, "rotate", goal_of(aws, "rotate")), Done)
    assert final_state(aws) == EXPECTED["rotate"][0]


def test_an_application_stopped_before_its_key_was_rotated_stays_stopped() -> None:
    aws = world_for("on-demand")
    aws.control().stop()
    aws.control().wait_until_steady()
    end = finish(aws, "on-demand", goal_of(aws, "on-demand"))
    assert isinstance(end, AwaitStart)
    assert aws.msf.status == "READY"
    assert aws.kms.material(KEY_1) == 1


def test_a_stopped_application_without_a_state_has_nothing_to_restart() -> None:
    aws = world_for("on-demand", running=False, old_snapshots=0)
    assert "from its first start" in str(finish(aws, "on-demand", goal_of(aws, "on-demand")))


def test_an_old_rotation_is_not_taken_for_this_one() -> None:
    aws = world_for("on-demand")
    aws.kms.rotations[KEY_1] = [aws.world.time - timedelta(days=20), aws.world.time - timedelta(days=10)]
    finish(aws, "on-demand", goal_of(aws, "on-demand"))
    assert aws.kms.material(KEY_1) == 3


def test_a_rotation_in_progress_is_waited_for_and_not_started_twice() -> None:
    aws = world_for("on-demand")
    aws.kms.rotating[KEY_1] = 3
    finish(aws, "on-demand", goal_of(aws, "on-demand"))
    assert aws.kms.material(KEY_1) == 1
    aws.kms.rotating[KEY_2] = 4
    KmsKeys(aws.client("kms"), clock=aws.world.clock).rotate(KEY_2)
    assert aws.kms.material(KEY_2) == 1


def test_a_rotation_that_does_not_end_is_left_to_kms() -> None:
    aws = world_for("on-demand")
    aws.kms.rotating[KEY_1] = 10_000
    with pytest.raises(ControlError, match="KMS goes on with it"):
        finish(aws, "on-demand", goal_of(aws, "on-demand"))


def test_without_windows_the_operators_policies_are_left_alone() -> None:
    aws = world_for("rotate")
    aws.iam.policies.clear()
    aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    plain = runner(aws, windows=False)
    end = plain.run(RotateToNewKey(key_arn=KEY_2), lambda _step: None)
    assert isinstance(end, Done)
    assert not aws.iam.policies
    assert plain.observe().permission_windows is None
    assert not aws.world.named("PutRolePolicy")


class TestFailures:
    """Each leaves the application in a state from which the same command goes on."""

    @staticmethod
    def fails(aws: FakeAws, name: str, kind: type[PenstockError], match: str) -> None:
        with pytest.raises(kind, match=match):
            finish(aws, name, goal_of(aws, name))

    def goes_on(self, aws: FakeAws, name: str) -> None:
        assert isinstance(finish(aws, name, goal_of(aws, name)), Done)
        assert final_state(aws) == EXPECTED[name][0]

    @pytest.mark.parametrize("name", ["enable", "rotate", "disable"])
    def test_an_update_that_msf_rolls_back_leaves_the_old_key(self, name: str) -> None:
        aws = world_for(name)
        before = aws.msf.configured
        aws.msf.enable_rollback()
        aws.msf.outcomes = [JobState.FAILED]
        self.fails(aws, name, ControlError, "the job did not start .MSF rolled it back with operation [0-9a-f]{32}")
        assert aws.msf.configured == before
        assert aws.msf.status == "RUNNING"
        self.goes_on(aws, name)

    def test_an_update_that_msf_fails_without_rollback_leaves_it_ready_under_the_new_key(self) -> None:
        aws = world_for("rotate")
        aws.msf.outcomes = [JobState.FAILED]
        self.fails(aws, "rotate", ControlError, f"it is READY|READY under {KEY_2}")
        assert isinstance(finish(aws, "rotate", goal_of(aws, "rotate")), AwaitStart)
        assert len(aws.iam.policies) == 2
        aws.world.on_call = None
        aws.control().start()
        self.goes_on(aws, "rotate")

    def test_a_stop_that_fails_is_tried_again_by_the_next_run(self) -> None:
        aws = world_for("on-demand")

        def fail(operation: str, _request: dict[str, Any]) -> None:
            if operation == "StopApplication":
                aws.msf.fault(failing_snapshots=True)

        aws.world.on_call = fail
        self.fails(aws, "on-demand", ControlError, "stop.*No permission window was closed and no snapshot deleted")
        aws.msf.fault()
        aws.world.on_call = None
        self.goes_on(aws, "on-demand")

    def test_a_start_that_fails_is_tried_again_by_the_next_run(self) -> None:
        aws = world_for("on-demand")
        aws.msf.outcomes = [JobState.FAILED]
        self.fails(aws, "on-demand", ControlError, "start.*No permission window was closed and no snapshot deleted")
        self.goes_on(aws, "on-demand")

    def test_an_update_that_another_one_undoes_is_found_out(self) -> None:
        aws = world_for("rotate")

        def undo(operation: str, _request: dict[str, Any]) -> None:
            if operation == "DescribeApplication" and aws.msf.effective == cmk(KEY_2):
                aws.msf.change_key(cmk(KEY_1))

        aws.world.on_call = undo
        self.fails(aws, "rotate", ControlError, "MSF gives no reason")

    def test_a_job_that_is_restarting_is_tried_again_and_then_reported(self) -> None:
        aws = world_for("rotate")
        trouble = error("InvalidApplicationConfigurationException", "Failed to take snapshot for the application")
        aws.world.fail("UpdateApplication", trouble)
        self.goes_on(aws, "rotate")
        aws = world_for("rotate")
        aws.world.fail("UpdateApplication", *[trouble] * 9)
        self.fails(aws, "rotate", SnapshotNotPossibleError, "the job is failing or restarting; nothing was changed")

    def test_a_missing_permission_names_action_and_keys(self) -> None:
        aws = world_for("rotate")
        aws.msf.policies.iam = FakeIam(aws.world)  # no policy that is put elsewhere is ever seen
        self.fails(aws, "rotate", MissingPermissionError, f"kms:DescribeKey.*{KEY_1}")

    def test_a_failed_snapshot_is_reported_and_the_next_run_takes_another(self) -> None:
        aws = world_for("enable")
        aws.msf.fault(failing_snapshots=True)
        self.fails(aws, "enable", ControlError, "FAILED; the application goes on")
        aws.msf.fault()
        self.goes_on(aws, "enable")

    def test_a_snapshot_that_does_not_end_is_left(self) -> None:
        aws = world_for("enable")
        aws.msf.ask("CreateApplicationSnapshot", SnapshotName="slow")
        aws.msf.hold_saving()
        self.fails(aws, "enable", ControlError, "snapshot slow is still CREATING")

    def test_a_status_that_does_not_end_is_left(self) -> None:
        aws = world_for("enable")
        aws.msf.fault(hanging_operations=True)
        aws.msf.move("UPDATING")
        self.fails(aws, "enable", ControlError, "still UPDATING after 1200 s and was left so")

    def test_a_disabled_old_key_is_refused_before_anything_changes(self) -> None:
        aws = world_for("rotate")
        aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
        self.fails(aws, "rotate", PenstockError, "must be Enabled, it is Disabled")
        assert aws.msf.configured == cmk(KEY_1)
        aws.kms.metadata[KEY_1]["KeyState"] = "Enabled"
        self.goes_on(aws, "rotate")

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "not a symmetric encryption key"),
            ({"MultiRegion": True}, "multi-Region"),
            ({"KeyManager": "AWS"}, "managed by AWS"),
            ({"KeyState": "PendingDeletion"}, "must be Enabled, it is PendingDeletion"),
        ],
    )
    def test_a_key_that_does_not_fit_is_refused(self, change: dict[str, Any], match: str) -> None:
        aws = world_for("enable")
        aws.kms.metadata[KEY_2] |= change
        self.fails(aws, "enable", PenstockError, match)
        assert not aws.iam.policies

    def test_a_key_that_rotates_by_itself_is_refused(self) -> None:
        aws = world_for("enable")
        aws.kms.automatic.add(KEY_2)
        self.fails(aws, "enable", PenstockError, "rotates automatically")

    def test_a_key_that_does_not_exist(self) -> None:
        aws = world_for("enable")
        del aws.kms.metadata[KEY_2]
        self.fails(aws, "enable", KeyUnusableError, "no such key")

    def test_a_caller_without_kms_permission_is_told_at_once(self) -> None:
        aws = world_for("enable")
        begin = aws.world.time
        aws.world.fail("DescribeKey", error("AccessDeniedException", "not authorized to perform: kms:DescribeKey"))
        self.fails(aws, "enable", MissingPermissionError, "kms:DescribeKey.: grant it to whoever runs this")
        assert aws.world.time - begin < timedelta(seconds=30)

    def test_a_policy_of_another_application_is_left_alone(self) -> None:
        aws = world_for("enable")
        name = f"penstock-key-{KEY_2.rpartition('/')[2]}"
        aws.iam.put_role_policy(OPERATOR.rpartition("/")[2], name, json.dumps({"Statement": [KEY_2]}))
        self.fails(aws, "enable", ControlError, "belongs to another application")
        assert json.loads(aws.iam.policies[name]) == {"Statement": [KEY_2]}

    def test_a_window_that_somebody_changed_is_opened_anew(self) -> None:
        aws = world_for("enable")
        name = f"penstock-key-{KEY_2.rpartition('/')[2]}"
        aws.iam.put_role_policy(OPERATOR.rpartition("/")[2], name, json.dumps({"Statement": [APPLICATION_ARN]}))
        for name_of_another in ("another", "somebody-elses"):
            text = json.dumps({"Statement": [1]})
            aws.iam.put_role_policy(OPERATOR.rpartition("/")[2], name_of_another, text)
        finish(aws, "enable", goal_of(aws, "enable"))
        assert json.loads(aws.iam.policies[name]) == json.loads(document(KEY_2))
        assert "somebody-elses" in aws.iam.policies

    def test_a_role_that_does_not_exist(self) -> None:
        aws = world_for("enable")
        aws.world.fail("ListRolePolicies", error("NoSuchEntity", "The role cannot be found."))
        self.fails(aws, "enable", ControlError, "the role does not exist")

    def test_enhanced_snapshots_are_not_managed(self) -> None:
        aws = world_for("enable")
        aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS")
        self.fails(aws, "enable", ControlError, "enhanced snapshots")

    def test_an_application_that_is_being_deleted_or_gone(self) -> None:
        aws = world_for("enable")
        aws.msf.delete(seconds=60)
        self.fails(aws, "enable", ApplicationMissingError, "being deleted")
        aws.world.sleep(60)
        self.fails(aws, "enable", ApplicationMissingError, "does not exist in this account and Region")

    def test_a_verifying_snapshot_under_the_wrong_key_stops_everything(self) -> None:
        aws = world_for("enable")
        finish_until_update(aws)

        def take_under_another_key(operation: str, answer: dict[str, Any]) -> None:
            for each in answer["SnapshotSummaries"] if operation == "ListApplicationSnapshots" else ():
                each[ENCRYPTION] = AWS_OWNED_BLOCK

        aws.msf.rewrite = take_under_another_key
        self.fails(aws, "enable", PenstockError, "taken after the change .* but is under the AWS-owned key")
        assert len(aws.msf.snapshots) >= 3


def finish_until_update(aws: FakeAws) -> None:
    """Run until the update is through, and no further."""
    aws.world.kill_before = 10_000

    def stop_at(operation: str, request: dict[str, Any]) -> None:
        if operation == "CreateApplicationSnapshot" and "verify" in request["SnapshotName"]:
            raise Killed

    aws.world.on_call = stop_at
    with pytest.raises(Killed):
        finish(aws, "enable", goal_of(aws, "enable"))
    aws.world.on_call = None


def test_snapshots_that_are_gone_or_busy_are_looked_at_again() -> None:
    aws = world_for("enable")
    aws.world.fail("DeleteApplicationSnapshot", error("ResourceNotFoundException", "gone"))
    aws.world.fail("DeleteApplicationSnapshot", error("ConcurrentModificationException", "busy"))
    aws.world.fail("CreateApplicationSnapshot", error("ResourceInUseException", "busy"))
    aws.world.fail("StopApplication", error("ResourceInUseException", "busy"))
    aws.world.fail("DeleteRolePolicy", error("NoSuchEntity", "gone"))
    finish(aws, "enable", goal_of(aws, "enable"))
    assert final_state(aws) == EXPECTED["enable"][0]


def test_a_restart_that_is_overtaken_by_another_change_is_decided_anew() -> None:
    aws = world_for("on-demand")
    aws.world.fail("StopApplication", error("ResourceInUseException", "busy"))
    finish(aws, "on-demand", goal_of(aws, "on-demand"))
    assert final_state(aws) == EXPECTED["on-demand"][0]


def test_a_window_that_is_gone_is_closed() -> None:
    aws = world_for("disable")
    aws.world.fail("DeleteRolePolicy", error("NoSuchEntity", "gone"))
    finish(aws, "disable", goal_of(aws, "disable"))
    assert final_state(aws) == EXPECTED["disable"][0]


def test_the_runner_gives_up_where_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.control.key_runner.MAX_STEPS", 3)
    aws = world_for("enable")
    with pytest.raises(ControlError, match="3 steps were taken"):
        runner(aws).run(goal_of(aws, "enable"), lambda _step: None)


@pytest.mark.parametrize("name", GOALS)
def test_the_plan_is_what_happens(name: str) -> None:
    aws = world_for(name)
    goal = goal_of(aws, name)
    planned = [type(step) for step in plan(runner(aws).observe(KEY_2), goal)]
    taken: list[type] = []
    for _ in range(2):
        runner(aws).run(goal, lambda step: taken.append(type(step)))
        aws.world.sleep(SOAK)
    waits = {AwaitSnapshot, AwaitSteady}
    # The run after the soak begins with what is left; the done run at the end repeats nothing.
    assert [step for step in taken if step not in waits][: len(planned)] == planned


def test_a_document_that_boto3_has_decoded_is_compared_as_well() -> None:
    class Decoding:
        def list_role_policies(self, **_request: Any) -> dict[str, Any]:
            return {"PolicyNames": [f"penstock-key-{KEY_1.rpartition('/')[2]}"], "IsTruncated": False}

        def get_role_policy(self, **_request: Any) -> dict[str, Any]:
            return {"PolicyDocument": json.loads(document(KEY_1))}

        def list_attached_role_policies(self, **_request: Any) -> dict[str, Any]:
            return {"AttachedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/Any"}], "IsTruncated": False}

        def get_policy(self, **_request: Any) -> dict[str, Any]:
            return {"Policy": {"DefaultVersionId": "v1"}}

        def get_policy_version(self, **_request: Any) -> dict[str, Any]:
            allowing = {"Effect": "Allow", "Action": "kms:*", "Resource": KEY_2}
            return {"PolicyVersion": {"Document": {"Statement": allowing}}}

    windows = PermissionWindows(
        Decoding(),  # type: ignore[arg-type]
        role_name="operator",
        application_arn=APPLICATION_ARN,
        document=document,
        clock=FakeAws().world.clock,
    )
    assert windows.open_windows() == {KEY_1}
    # The stand-in for a window is no policy that IAM would take.
    unread = f"inline policy penstock-key-{KEY_1.rpartition('/')[2]}"
    permissions = windows.key_permissions()
    assert (permissions.policies, permissions.unread) == ({KEY_2: ("Any",)}, (unread,))
