"""The custom resource of the key, over sequences of application states and errors, as the framework drives it."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_penstock.control.application_detail import ApplicationDetail
from cdk_penstock.control.errors import (
    ApplicationMissingError,
    ControlError,
    KeyUnusableError,
    MissingPermissionError,
    SnapshotNotPossibleError,
)
from cdk_penstock.handlers import application_key_handler
from cdk_penstock.handlers.application_key_handler import ApplicationKeyHandler
from cdk_penstock.handlers.events import Event
from cdk_penstock.handlers.services import Services
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.observed_job import JobState
from cdk_penstock.model.policies.closed_key_policy import closed_key_policy
from cdk_penstock.model.policies.principals import KeyPrincipal
from tests.control.fake_aws import ACCOUNT, APPLICATION, KEY_1, KEY_2, OPERATOR, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import AWS_OWNED, cmk
from tests.handlers.framework import Framework


def properties(key_arn: str = KEY_1, **changes: Any) -> dict[str, Any]:
    return {
        "ApplicationName": APPLICATION,
        "OperatorRoleArn": OPERATOR,
        "KeyArn": key_arn,
        "PreviousKeyArns": [],
        "ApplicationRevision": "1",
    } | changes


@pytest.fixture
def aws() -> FakeAws:
    aws = FakeAws()
    aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    return aws


@pytest.fixture
def framework(aws: FakeAws) -> Framework:
    handler = ApplicationKeyHandler(Services(new_session=aws.new_session, clock=aws.world.clock))
    return Framework(aws, handler)


def arrange(aws: FakeAws, state: str) -> None:
    if state != "stopped":
        aws.msf.run()
    aws.msf.fault(transition_seconds=100)
    if state == "rollback ends ready":
        aws.msf.outcomes = [JobState.FAILED]
        aws.msf.move("ROLLING_BACK")
    elif state not in {"stopped", "RUNNING"}:
        aws.msf.move(state)


STATES = ("stopped", "RUNNING", "MAINTENANCE", "AUTOSCALING", "STARTING", "STOPPING", "rollback ends ready")
AT_REST = ("stopped", "STOPPING", "rollback ends ready")
"""Those in which no job runs in the end."""
PASSING_ERRORS = {
    "none": [],
    "IAM not seen yet": [error("AccessDeniedException", "is not authorized to perform: kms:CreateGrant")] * 8,
    "privileges not seen yet": [
        error("InvalidArgumentException", "The role doesn't have sufficient privileges to use the key")
    ],
    "changed meanwhile": [error("ConcurrentModificationException", "stale")] * 3,
    "in use meanwhile": [error("ResourceInUseException", "the application is UPDATING")] * 9,
    "job restarting": [error("InvalidApplicationConfigurationException", "Failed to take snapshot for X")],
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("passing", PASSING_ERRORS)
def test_create_waits_changes_the_key_and_reads_it_back(
    aws: FakeAws, framework: Framework, state: str, passing: str
) -> None:
    arrange(aws, state)
    aws.world.fail("UpdateApplication", *PASSING_ERRORS[passing])
    was_running = state not in AT_REST
    answer = framework.create(properties())
    assert answer["PhysicalResourceId"] == f"penstock-application-key/{APPLICATION}"
    assert answer["Data"]["KeyType"] == "CUSTOMER_MANAGED_KEY"
    assert answer["Data"]["KeyArn"] == KEY_1
    assert answer["Data"]["WhatWasFound"].startswith("the AWS-owned key, ")
    assert aws.msf.configured == cmk(KEY_1)
    assert aws.msf.status == ("RUNNING" if was_running else "READY")
    assert aws.msf.effective == (cmk(KEY_1) if was_running else None)
    assert not aws.world.named("StartApplication")
    # A running application restarted through a snapshot under the old key.
    if was_running:
        assert aws.msf.snapshots[-1]["ApplicationEncryptionConfigurationDescription"] == AWS_OWNED


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("revision", ["1", "2"])
def test_an_update_that_changes_nothing_only_reads(
    aws: FakeAws, framework: Framework, running: bool, revision: str
) -> None:
    aws.msf.change_key(cmk(KEY_1))
    if running:
        aws.msf.run()
    answer = framework.update(properties(ApplicationRevision=revision), properties())
    assert answer["Data"]["KeyArn"] == KEY_1
    assert {name for name, _request in aws.world.calls} <= {
        "AssumeRole",
        "DescribeApplication",
        "ListApplicationOperations",
        "ListApplicationSnapshots",
    }


@pytest.mark.parametrize("running", [True, False])
def test_an_application_that_lost_its_key_is_encrypted_again(aws: FakeAws, framework: Framework, running: bool) -> None:
    if running:
        aws.msf.run()
    answer = framework.update(properties(ApplicationRevision="2"), properties())
    assert answer["Data"]["WhatWasFound"].startswith("the AWS-owned key")
    assert aws.msf.configured == cmk(KEY_1)


def test_an_update_changes_the_key_and_its_rollback_changes_it_back(aws: FakeAws, framework: Framework) -> None:
    aws.msf.run(cmk(KEY_1))
    new, old = properties(KEY_2, PreviousKeyArns=[KEY_1]), properties(KEY_1)
    answer = framework.update(new, old)
    assert answer["Data"] == {
        "KeyType": "CUSTOMER_MANAGED_KEY",
        "KeyArn": KEY_2,
        "WhatWasFound": f"{KEY_1}, RUNNING",
        "AwsOwnedSnapshots": "0",
    }
    answer = framework.update(old, new)
    assert answer["Data"]["KeyArn"] == KEY_1
    assert "neither" not in answer["Data"]["WhatWasFound"]
    assert aws.msf.effective == cmk(KEY_1)
    assert answer["PhysicalResourceId"] == f"penstock-application-key/{APPLICATION}"


def test_snapshots_under_the_aws_owned_key_are_counted_where_the_sequence_ends(
    aws: FakeAws, framework: Framework, caplog: pytest.LogCaptureFixture
) -> None:
    aws.msf.run()
    # One is of the test, one of the update itself.
    assert framework.create(properties())["Data"]["AwsOwnedSnapshots"] == "2"
    assert "2 snapshots are under the AWS-owned key" in caplog.text
    assert f"penstock key purge-snapshots --application {APPLICATION} --apply" in caplog.text


def test_a_new_application_has_no_snapshot_under_the_aws_owned_key(framework: Framework) -> None:
    assert framework.create(properties())["Data"]["AwsOwnedSnapshots"] == "0"


def test_snapshots_that_cannot_be_listed_do_not_fail_the_key(aws: FakeAws, framework: Framework) -> None:
    def refuse(operation: str, _request: dict[str, Any]) -> None:
        if operation == "ListApplicationSnapshots":
            raise error("AccessDeniedException", "is not authorized to perform: kinesisanalytics:List")

    aws.world.on_call = refuse
    assert framework.create(properties())["Data"]["AwsOwnedSnapshots"] == "unknown"
    assert aws.msf.configured == cmk(KEY_1)


ADMINISTRATOR = KeyPrincipal.role(f"arn:aws:iam::{ACCOUNT}:role/key-administrator")
CLOSED = closed_key_policy(administrators=[ADMINISTRATOR], cloudformation_role=ADMINISTRATOR)


@pytest.mark.parametrize("running", [True, False])
def test_a_key_policy_that_keeps_msf_out_fails_the_change_before_msf_is_asked(
    aws: FakeAws, framework: Framework, running: bool
) -> None:
    if running:
        aws.msf.run()
    aws.kms.policies[KEY_1] = CLOSED
    with pytest.raises(MissingPermissionError, match="AllowMSFServiceToDescribeKey"):
        framework.create(properties())
    assert not aws.world.named("UpdateApplication")


def test_a_key_policy_that_comes_into_force_late_is_waited_for(aws: FakeAws, framework: Framework) -> None:
    aws.kms.policies[KEY_1] = CLOSED
    begin = aws.world.time

    def open_later(_operation: str, _request: dict[str, Any]) -> None:
        if (aws.world.time - begin).total_seconds() > 180:
            aws.kms.policies.pop(KEY_1, None)

    aws.world.on_call = open_later
    framework.create(properties())
    assert aws.msf.configured == cmk(KEY_1)


def test_a_disabled_key_fails_the_change_before_msf_is_asked(aws: FakeAws, framework: Framework) -> None:
    aws.msf.run(cmk(KEY_1))
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    with pytest.raises(KeyUnusableError, match=f"{KEY_1} must be Enabled, it is Disabled"):
        framework.update(properties(KEY_2, PreviousKeyArns=[KEY_1]), properties(KEY_1))
    assert not aws.world.named("UpdateApplication")


def test_a_key_that_the_operator_may_not_look_at_stops_nothing(aws: FakeAws, framework: Framework) -> None:
    def refuse(operation: str, _request: dict[str, Any]) -> None:
        if operation in {"DescribeKey", "GetKeyPolicy"}:
            raise error("AccessDeniedException", "no policy allows it")

    aws.world.on_call = refuse
    framework.create(properties())
    assert aws.msf.configured == cmk(KEY_1)


def test_a_key_that_nobody_declared_is_remarked(aws: FakeAws, framework: Framework) -> None:
    aws.msf.run(cmk(KEY_2))
    answer = framework.update(properties(), properties())
    assert answer["Data"]["WhatWasFound"].endswith("(a key that is neither this resource's nor a previous one)")


@pytest.mark.parametrize("tokens", [True, False])
def test_the_request_is_nested_and_carries_the_token_or_the_version(
    aws: FakeAws, framework: Framework, tokens: bool
) -> None:
    if not tokens:
        # MSF documents ConditionalToken, and not that it is always there.
        aws.msf.rewrite = lambda _operation, answer: answer.get("ApplicationDetail", {}).pop("ConditionalToken", None)
    framework.create(properties())
    framework.delete(properties())
    enabling, disabling = aws.world.named("UpdateApplication")
    block = "ApplicationEncryptionConfigurationUpdate"
    assert enabling["ApplicationConfigurationUpdate"] == {
        block: {"KeyTypeUpdate": "CUSTOMER_MANAGED_KEY", "KeyIdUpdate": KEY_1}
    }
    assert disabling["ApplicationConfigurationUpdate"] == {block: {"KeyTypeUpdate": "AWS_OWNED_KEY"}}
    assert ("ConditionalToken" in enabling, "CurrentApplicationVersionId" in enabling) == (tokens, not tokens)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("passing", PASSING_ERRORS)
def test_delete_switches_back_explicitly(aws: FakeAws, framework: Framework, state: str, passing: str) -> None:
    aws.msf.change_key(cmk(KEY_1))
    arrange(aws, state)
    aws.world.fail("UpdateApplication", *PASSING_ERRORS[passing])
    framework.delete(properties())
    assert aws.msf.configured == AWS_OWNED
    assert not aws.world.named("StartApplication")


@pytest.mark.parametrize("state", ["gone", "being deleted", "goes while waiting"])
def test_delete_of_an_application_that_is_gone_is_fine(aws: FakeAws, framework: Framework, state: str) -> None:
    if state == "goes while waiting":
        aws.msf.run(cmk(KEY_1))
        aws.msf.fault(transition_seconds=60)
        aws.msf.move("STOPPING")

        def vanish(operation: str, _request: dict[str, Any]) -> None:
            if operation == "DescribeApplication" and aws.msf.status == "READY":
                aws.msf.delete()
                aws.world.on_call = None

        aws.world.on_call = vanish
    else:
        aws.msf.change_key(cmk(KEY_1))
        aws.msf.delete(seconds=3600 if state == "being deleted" else 0)
    assert framework.delete(properties())["Data"]["WhatWasFound"] == "the application was gone"
    assert not aws.world.named("UpdateApplication")


@pytest.mark.parametrize("configured", [AWS_OWNED, cmk(KEY_2)])
def test_delete_leaves_alone_what_this_resource_did_not_set(
    aws: FakeAws, framework: Framework, configured: dict[str, str]
) -> None:
    aws.msf.run(configured)
    framework.delete(properties(PreviousKeyArns=[KEY_2]))
    assert aws.msf.configured == configured
    assert not aws.world.named("UpdateApplication")


class TestRollbackOfACreate:
    """The Delete that follows a Create that failed, or that of the whole stack."""

    @pytest.mark.parametrize(
        ("before", "previous"), [(cmk(KEY_1), []), (cmk(KEY_2), [KEY_2])], ids=["the same key", "a previous key"]
    )
    def test_the_key_that_was_there_before_comes_back(
        self, aws: FakeAws, framework: Framework, before: dict[str, str], previous: list[str]
    ) -> None:
        aws.msf.run(before)
        framework.create(properties(PreviousKeyArns=previous))
        assert aws.msf.configured == cmk(KEY_1)
        framework.delete(properties(PreviousKeyArns=previous))
        assert (aws.msf.status, aws.msf.configured) == ("RUNNING", before)

    def test_the_id_stays_through_updates(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run(cmk(KEY_2))
        created = framework.create(properties(PreviousKeyArns=[KEY_2]))["PhysicalResourceId"]
        updated = framework.update(properties(ApplicationRevision="2"), properties())["PhysicalResourceId"]
        assert created == updated == f"penstock-application-key/{APPLICATION}/{KEY_2}"

    def test_another_application_is_another_resource(self, framework: Framework) -> None:
        framework.physical_resource_id = f"penstock-application-key/another/{KEY_2}"
        updated = framework.update(properties(), properties(ApplicationName="another"))["PhysicalResourceId"]
        assert updated == f"penstock-application-key/{APPLICATION}"


class TestClosingThePreviousKey:
    def test_not_while_the_application_leaves_it(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run(cmk(KEY_1))
        raised = properties(KEY_2, KeyGeneration="2", ClosesPreviousKey="true")
        with pytest.raises(ControlError, match="in a later deployment"):
            framework.update(raised, properties(KEY_1, KeyGeneration="1"))
        assert framework.failed_in == "on_event"
        assert aws.msf.configured == cmk(KEY_1)

    def test_the_rollback_of_another_key_is_no_closing(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run(cmk(KEY_2))
        closed = properties(KEY_1, KeyGeneration="2", ClosesPreviousKey="true")
        framework.update(closed, properties(KEY_2, KeyGeneration="3"))
        assert aws.msf.configured == cmk(KEY_1)

    def test_not_while_the_newest_snapshot_is_under_it(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run(cmk(KEY_1))
        window, closed = (
            properties(KEY_2, KeyGeneration="2", ClosesPreviousKey=closes) for closes in ("false", "true")
        )
        framework.update(window, properties(KEY_1))
        with pytest.raises(ControlError, match=f"is under {KEY_1}, which would be closed"):
            framework.update(closed, window)
        aws.control().stop()
        aws.world.sleep(600)
        framework.update(closed, window)
        assert framework.failed_in == ""

    def test_an_application_without_snapshots_needs_no_key_for_them(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.change_key(cmk(KEY_2))
        closed = properties(KEY_2, KeyGeneration="2", ClosesPreviousKey="true")
        framework.update(closed, properties(KEY_2, KeyGeneration="2"))
        assert framework.failed_in == ""


class TestFailures:
    """Each names its cause and fix, and leaves the documented state."""

    @pytest.mark.parametrize(
        ("arrange", "kind", "match"),
        [
            (
                lambda aws: (aws.msf.delete(), aws.msf.create("FLINK-1_19")),
                ControlError,
                "needs a runtime from FLINK-1_20 on",
            ),
            (
                lambda aws: (aws.msf.run(), aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)),
                ControlError,
                "would lose its state",
            ),
            (lambda aws: aws.msf.delete(), ApplicationMissingError, "does not exist in this account"),
            (lambda aws: aws.msf.run(cmk(KEY_2)), ControlError, "which the template does not know.* previous_key"),
        ],
    )
    def test_create_is_refused_before_anything_is_changed(
        self, aws: FakeAws, framework: Framework, arrange: Any, kind: type[PenstockError], match: str
    ) -> None:
        arrange(aws)
        with pytest.raises(kind, match=match):
            framework.create(properties())
        assert framework.failed_in == "on_event"
        assert not aws.world.named("UpdateApplication")

    @pytest.mark.parametrize("described", [True, False])
    def test_an_update_that_leaves_the_key_does_not_ask_for_more(
        self, aws: FakeAws, framework: Framework, described: bool
    ) -> None:
        aws.msf.run(cmk(KEY_1))
        aws.msf.change_snapshots(SnapshotsEnabledUpdate=False)

        def be_older(operation: str, answer: dict[str, Any]) -> None:
            if operation == "DescribeApplication":
                detail = answer["ApplicationDetail"]
                detail["RuntimeEnvironment"] = "FLINK-1_19"
                del detail["ApplicationConfigurationDescription"]["ApplicationSnapshotConfigurationDescription"]

        if not described:
            aws.msf.rewrite = be_older
        assert framework.update(properties(), properties())["Data"]["KeyArn"] == KEY_1

    @pytest.mark.parametrize(
        ("key_arn", "match"),
        [
            (KEY_1.replace("eu-central-1", "us-east-1"), "Region us-east-1, the application in"),
            (KEY_1.replace(ACCOUNT, "444455556666"), "account 444455556666"),
            ("alias/mine", "expected the ARN of a KMS key"),
        ],
    )
    def test_a_key_elsewhere(self, framework: Framework, key_arn: str, match: str) -> None:
        with pytest.raises(PenstockError, match=match):
            framework.create(properties(key_arn))

    @pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
    @pytest.mark.parametrize(
        "refusal",
        [
            (
                error("AccessDeniedException", "User is not authorized to perform: kms:CreateGrant on resource"),
                MissingPermissionError,
                "permission is missing .kms:CreateGrant.*both allow every key involved .*11111111",
            ),
            (
                error("InvalidArgumentException", "KMSInvalidStateException: key is pending deletion"),
                KeyUnusableError,
                "re-enable it",
            ),
            (
                error("InvalidArgumentException", "RuntimeEnvironment does not support this"),
                ControlError,
                "the runtime is too old",
            ),
            (error("InvalidRequestException", "not now"), ControlError, "check the configuration"),
            (
                error("InvalidApplicationConfigurationException", "Failed to take snapshot for X"),
                SnapshotNotPossibleError,
                "the job is failing or restarting",
            ),
            (error("ConcurrentModificationException", "stale"), ControlError, "somebody else keeps changing"),
        ],
    )
    def test_what_msf_refuses_changes_nothing(
        self,
        aws: FakeAws,
        framework: Framework,
        request_type: str,
        refusal: tuple[Exception, type[PenstockError], str],
    ) -> None:
        raised, kind, match = refusal
        before = cmk(KEY_1) if request_type == "Delete" else AWS_OWNED
        aws.msf.run(before)
        aws.world.fail("UpdateApplication", *[raised] * 40)
        with pytest.raises(kind, match=match):
            framework.send(request_type, properties(), properties(KEY_2) if request_type == "Update" else None)
        assert aws.msf.configured == before
        assert aws.msf.status == "RUNNING"

    @pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
    @pytest.mark.parametrize("system_rollback", [True, False])
    def test_an_update_that_msf_fails_is_asked_for_once(
        self, aws: FakeAws, framework: Framework, request_type: str, system_rollback: bool
    ) -> None:
        old = {"Create": AWS_OWNED, "Update": cmk(KEY_2), "Delete": cmk(KEY_1)}[request_type]
        aws.msf.run(old)
        if system_rollback:
            aws.msf.enable_rollback()
        aws.msf.outcomes = [JobState.FAILED]
        with pytest.raises(ControlError, match="the job did not start.* the application is (RUNNING|READY)"):
            framework.send(request_type, properties(), properties(KEY_2))
        wanted = AWS_OWNED if request_type == "Delete" else cmk(KEY_1)
        assert (aws.msf.status, aws.msf.configured) == (("RUNNING", old) if system_rollback else ("READY", wanted))
        assert len(aws.world.named("UpdateApplication")) == 1

    def test_a_create_that_failed_is_rolled_back_by_the_delete_that_follows(
        self, aws: FakeAws, framework: Framework
    ) -> None:
        aws.msf.run()
        aws.msf.enable_rollback()
        aws.msf.outcomes = [JobState.FAILED]
        with pytest.raises(ControlError, match="and then failed it"):
            framework.create(properties())
        # The framework knows the physical id, so CloudFormation's Delete arrives.
        assert framework.failed_in == "is_complete"
        framework.delete(properties())
        assert aws.msf.configured == AWS_OWNED
        assert len(aws.world.named("UpdateApplication")) == 1

    def test_an_update_that_another_one_undoes_is_found_out(self, aws: FakeAws, framework: Framework) -> None:
        def undo(operation: str, _request: dict[str, Any]) -> None:
            if operation == "DescribeApplication" and aws.msf.configured == cmk(KEY_1):
                aws.msf.change_key(AWS_OWNED)

        aws.world.on_call = undo
        with pytest.raises(ControlError, match="as successful, but the application is READY under the AWS-owned key"):
            framework.create(properties())

    def test_an_operator_that_cannot_be_assumed(self, aws: FakeAws, framework: Framework) -> None:
        denied = error("AccessDenied", "is not authorized to perform: sts:AssumeRole")
        aws.world.fail("AssumeRole", *[denied] * 4)
        framework.create(properties())
        aws.world.fail("AssumeRole", *[denied] * 100)
        with pytest.raises(MissingPermissionError, match="the role's trust policy must name the caller"):
            framework.update(properties(), properties())

    def test_an_application_that_never_rests_is_given_up_before_cloudformation_does(
        self, aws: FakeAws, framework: Framework
    ) -> None:
        aws.msf.run()
        aws.msf.fault(hanging_operations=True)
        aws.msf.move("UPDATING")
        with pytest.raises(PenstockError, match="gave up on [A-Z][a-z]* after 52 minutes"):
            framework.create(properties())
        assert aws.msf.configured == AWS_OWNED

    def test_a_boto3_that_is_too_old_says_so(self, framework: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ApplicationDetail, "encryption_update", lambda _detail, _target: {"Unknown": 1})
        with pytest.raises(ControlError, match="install boto3"):
            framework.create(properties())

    def test_the_reason_of_a_failure_may_be_unreadable(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run()
        aws.msf.enable_rollback()
        aws.msf.outcomes = [JobState.FAILED]
        aws.world.fail("DescribeApplicationOperation", error("ResourceNotFoundException", "gone"))
        with pytest.raises(ControlError, match="its reason cannot be read .ResourceNotFoundException"):
            framework.create(properties())

    def test_other_operations_are_not_taken_for_ours(self, aws: FakeAws, framework: Framework) -> None:
        aws.msf.run()
        aws.msf.outcomes = [JobState.FAILED]

        def maintain(operation: str, _request: dict[str, Any]) -> None:
            if operation == "DescribeApplication":
                aws.msf.move("MAINTENANCE")
                aws.world.on_call = None

        aws.world.on_call = maintain
        assert framework.create(properties())["Data"]["KeyArn"] == KEY_1


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"ApplicationName": ""}, "ApplicationName to be a string"),
        ({"KeyArn": 5}, "KeyArn to be a string"),
        ({"PreviousKeyArns": "x"}, "PreviousKeyArns to be a list"),
    ],
)
def test_properties_that_a_template_gets_wrong(framework: Framework, changes: dict[str, Any], match: str) -> None:
    with pytest.raises(PenstockError, match=match):
        framework.create(properties(**changes))


def test_the_entry_points_use_botos_session(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        application_key_handler, "Services", lambda: Services(new_session=aws.new_session, clock=aws.world.clock)
    )
    event = {"RequestType": "Create", "ResourceProperties": properties()}
    event |= application_key_handler.on_event(event, None)
    assert str(event["StartedAt"]).isdecimal()
    assert application_key_handler.is_complete(event, None) == {"IsComplete": False}
    assert application_key_handler.is_complete(event, None)["IsComplete"] is True
    assert aws.sessions[1]["region_name"] == "eu-central-1"


def test_is_complete_needs_what_on_event_returned() -> None:
    with pytest.raises(PenstockError, match="StartedAt"):
        _ = Event.parse({"RequestType": "Create"}).begin
