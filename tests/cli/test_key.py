from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner

from cdk_penstock.cli import aws_session
from cdk_penstock.cli.key import key_app
from cdk_penstock.control.errors import ControlError, KeyUnusableError, MissingPermissionError
from cdk_penstock.control.permission_windows import WINDOW_PREFIX
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.policies.closed_key_policy import closed_key_policy
from cdk_penstock.model.policies.documents import PolicyDocument
from cdk_penstock.model.policies.key_policy import development_key_policy
from cdk_penstock.model.policies.operator_policies import operator_base_policy, operator_key_policy
from cdk_penstock.model.policies.principals import KeyPrincipal
from tests.control.fake_aws import ACCOUNT, APPLICATION, APPLICATION_ARN, KEY_1, KEY_2, OPERATOR, REGION, Denied, error
from tests.control.fake_session import FakeAws, FakeSession
from tests.control.local_msf import AWS_OWNED, cmk

if TYPE_CHECKING:
    from collections.abc import Callable

COMMON = ["--application", APPLICATION, "--region", "eu-central-1"]
AS_OPERATOR = [*COMMON, "--operator-role", OPERATOR]
OF_KMS = {"DescribeKey", "GetKeyPolicy", "ListKeyRotations"}
READING = ("Describe", "List", "Get", "Assume")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    aws = FakeAws()
    monkeypatch.setattr(aws_session.aws_access, "new_session", aws.new_session)
    monkeypatch.setattr(aws_session.aws_access, "clock", aws.world.clock)
    aws.msf.policies.managed_keys = {KEY_1}
    aws.kms.aliases = {"alias/flink": KEY_2}
    aws.msf.run(cmk(KEY_1))
    return aws


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(key_app, list(arguments), catch_exceptions=False)


def window_of(key_arn: str) -> PolicyDocument:
    return operator_key_policy(application_arn=APPLICATION_ARN, key_arns=[key_arn], region=REGION)


def attach(aws: FakeAws, name: str, document: PolicyDocument) -> None:
    aws.iam.attached[name] = json.dumps(document.to_json())


def deny(aws: FakeAws, operation: str, **arguments: str) -> None:
    """Refuse each call of an operation with these arguments."""

    def refuse(called: str, request: dict[str, Any]) -> None:
        if called == operation and arguments.items() <= request.items():
            raise error("AccessDeniedException" if operation in OF_KMS else "AccessDenied", "no policy allows it")

    aws.world.on_call = refuse


@pytest.mark.parametrize(
    "arguments",
    [
        ["rotate", "--key", KEY_2],
        ["rotate", "--key", KEY_2.rpartition("/")[2]],
        ["rotate", "--key", "alias/flink"],
        ["rotate", "--key", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/flink"],
        ["rotate", "--on-demand"],
        ["disable"],
        ["purge-snapshots"],
    ],
)
def test_a_command_shows_its_plan_and_changes_nothing(aws: FakeAws, arguments: list[str]) -> None:
    result = invoke(*arguments, *AS_OPERATOR)
    assert result.exit_code == 0
    assert f"plan for {APPLICATION_ARN}" in result.output
    assert "   1. " in result.output
    assert ("--key" in arguments) == (f"update the application to {KEY_2}" in result.output)
    assert "nothing was changed: to apply the plan, run the same command with --apply" in result.output
    assert all(name.startswith(READING) for name, _request in aws.world.calls)
    shown = json.loads(invoke(*arguments, *AS_OPERATOR, "--json").stdout)
    assert shown["result"] == "planned"
    assert shown["plan"]
    assert shown["taken"] == []


def test_a_rotation_waits_for_its_soak_with_exit_code_3_and_then_goes_on(aws: FakeAws) -> None:
    command = ["rotate", "--key", KEY_2, *AS_OPERATOR, "--soak-seconds", "600", "--apply"]
    result = invoke(*command)
    assert result.exit_code == 3
    assert "-> soak for 600 s" in result.output
    assert "run the same command again" in result.output
    assert json.loads(invoke(*command, "--json").stdout)["result"] == "waiting"
    aws.world.time += timedelta(seconds=600)
    result = invoke(*command)
    assert result.exit_code == 0
    assert aws.msf.effective == cmk(KEY_2)
    assert list(aws.iam.policies) == [WINDOW_PREFIX + KEY_2.rpartition("/")[2]]
    document = aws.iam.policies[WINDOW_PREFIX + KEY_2.rpartition("/")[2]]
    assert KEY_2 in document
    assert APPLICATION_ARN in document


def test_a_key_is_enabled_as_the_caller_without_windows(aws: FakeAws) -> None:
    aws.msf.change_key(AWS_OWNED)
    # The snapshots are under the old key.
    aws.msf.policies.managed_keys = {KEY_2}
    result = invoke("enable", "--key", KEY_2, *COMMON, "--soak-seconds", "0", "--apply", "--json")
    assert result.exit_code == 0
    done = json.loads(result.stdout)
    assert done["result"] == "done"
    assert result.stderr.splitlines() == [f"  -> {step}" for step in done["taken"]]
    assert aws.msf.effective == cmk(KEY_2)
    assert not aws.iam.policies
    assert not aws.world.named("AssumeRole")


def test_windows_are_left_alone_where_something_else_manages_them(aws: FakeAws) -> None:
    aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    result = invoke("rotate", "--key", KEY_2, *AS_OPERATOR, "--no-windows", "--soak-seconds", "0", "--apply")
    assert result.exit_code == 0
    assert not aws.world.named("PutRolePolicy")


def test_the_application_gets_the_arn_behind_an_alias_and_keeps_it_when_the_alias_moves(aws: FakeAws) -> None:
    aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    command = ["rotate", "--key", "alias/flink", *AS_OPERATOR, "--no-windows", "--soak-seconds", "0", "--apply"]
    result = invoke(*command)
    assert result.exit_code == 0
    assert f"alias/flink is {KEY_2}: the application uses this ARN, and stays with it" in result.stderr
    assert aws.msf.configured == cmk(KEY_2)
    aws.kms.aliases = {"alias/flink": KEY_1}
    assert aws.msf.configured == cmk(KEY_2)
    assert json.loads(invoke("status", *COMMON, "--json").output)["configuredKey"] == KEY_2
    # Only the same command again moves the application after the alias.
    assert invoke(*command).exit_code == 0
    assert aws.msf.configured == cmk(KEY_1)


@pytest.mark.parametrize("key", ["alias/missing", "11111111-aaaa-1111-1111-111111111111"])
def test_a_key_that_nobody_knows_is_refused_before_anything_is_changed(aws: FakeAws, key: str) -> None:
    with pytest.raises(KeyUnusableError, match="there is no such key in this account and Region"):
        invoke("rotate", "--key", key, *AS_OPERATOR, "--apply")
    assert all(name.startswith(READING) for name, _request in aws.world.calls)


@pytest.mark.parametrize("key", ["flink", "key/11111111-1111-1111-1111-111111111111", "alias/", f"{KEY_1}/x", "1234"])
def test_what_is_neither_arn_nor_id_nor_alias_is_a_wrong_argument(aws: FakeAws, key: str) -> None:
    result = invoke("enable", "--key", key, *AS_OPERATOR)
    assert result.exit_code == 2
    assert not aws.sessions


def test_an_older_runtime_is_upgraded_first_with_the_command_that_is_named(aws: FakeAws) -> None:
    aws.msf.stop()
    aws.msf.delete()
    aws.msf.create("FLINK-1_19")
    aws.world.calls.clear()
    command = ["enable", "--key", KEY_2, *AS_OPERATOR, "--soak-seconds", "0"]
    named = f"penstock app upgrade --application {APPLICATION} --runtime FLINK-1_20"
    shown = invoke(*command)
    assert shown.exit_code == 0
    assert "   1. wait until the runtime is upgraded from FLINK-1_19" in shown.output
    assert named in shown.output
    applied = invoke(*command, "--apply")
    assert applied.exit_code == 3
    assert named in applied.output
    assert all(name.startswith(READING) for name, _request in aws.world.calls)
    aws.msf.ask("UpdateApplication", CurrentApplicationVersionId=1, RuntimeEnvironmentUpdate="FLINK-1_20")
    assert invoke(*command, "--apply").exit_code == 0
    assert aws.msf.configured == cmk(KEY_2)


def test_an_on_demand_rotation_that_is_repeated_does_not_rotate_twice(aws: FakeAws) -> None:
    command = ["rotate", "--on-demand", *AS_OPERATOR, "--soak-seconds", "0", "--apply"]
    assert invoke(*command).exit_code == 0
    assert invoke(*command).exit_code == 0
    assert aws.kms.material(KEY_1) == 1
    aws.world.time += timedelta(days=8)
    assert invoke(*command).exit_code == 0
    assert aws.kms.material(KEY_1) == 2


def test_the_status_shows_keys_snapshots_windows_and_a_pending_restart(aws: FakeAws) -> None:
    aws.kms.rotations[KEY_1] = [aws.world.time]
    shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)
    assert shown["configuredKey"] == shown["effectiveKey"] == KEY_1
    assert shown["snapshotsPerKey"] == {KEY_1: 1}
    assert shown["openWindows"] == []
    assert "no restart is known since" in shown["pendingRestart"]
    assert shown["keys"][KEY_1]["state"] == "Enabled"
    text = invoke("status", *AS_OPERATOR).output
    for words in (
        f"configured key           {KEY_1}",
        "snapshots                1 under",
        "open permission windows  none",
        "rotated 2026-01-31",
    ):
        assert words in text
    aws.msf.stop()
    text = invoke("status", *COMMON).output
    assert "effective key            none, the application is not running" in text
    assert "not shown without --operator-role" in text
    assert json.loads(invoke("status", *COMMON, "--json").output)["effectiveKey"] is None


def test_the_status_says_which_keys_the_caller_may_not_see_and_shows_the_rest(aws: FakeAws) -> None:
    deny(aws, "DescribeKey")
    result = invoke("status", *AS_OPERATOR)
    assert result.exit_code == 0
    for words in (
        f"configured key           {KEY_1}",
        f"effective key            {KEY_1}",
        "pending restart          unknown: whether the material",
        "snapshots                1 under",
        f"{KEY_1} is not visible to the caller: a key administrator sees it",
    ):
        assert words in result.output
    shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)
    assert shown["keys"][KEY_1]["state"] is None
    assert "kms:DescribeKey" in shown["keys"][KEY_1]["hidden"]
    assert shown["pendingRestart"].startswith("unknown")


def test_the_operator_role_sees_the_state_and_the_policy_of_a_key_that_the_caller_may_not_see(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    may_look = FakeSession.client

    def client(session: FakeSession, service: str, config: object = None) -> Any:
        found = may_look(session, service, config)
        if service != "kms":
            return found
        # The key's policy names the operator for a look at the key, and not the caller.
        rotations = ("get_key_rotation_status", "list_key_rotations")
        is_caller = "profile_name" in session._options
        return Denied(found, *rotations, *(("describe_key", "get_key_policy") if is_caller else ()))

    monkeypatch.setattr(FakeSession, "client", client)
    text = invoke("status", *AS_OPERATOR).output
    assert f"{KEY_1} is Disabled, its rotation is not visible to the caller" in text
    assert "pending restart          unknown: whether the material" in text
    shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)["keys"][KEY_1]
    assert (shown["state"], shown["hidden"]) == ("Disabled", None)
    assert "kms:ListKeyRotations" in shown["rotationHidden"]
    assert shown["policyFindings"] == []
    assert invoke("status", *AS_OPERATOR, "--check").exit_code == 4
    assert json.loads(invoke("status", *COMMON, "--json").output)["keys"][KEY_1]["state"] is None


def test_the_status_does_not_say_never_rotated_of_a_key_whose_rotations_are_hidden(aws: FakeAws) -> None:
    deny(aws, "ListKeyRotations")
    result = invoke("status", *AS_OPERATOR)
    assert result.exit_code == 0
    assert "rotated never" not in result.output
    assert "pending restart          unknown" in result.output


def test_the_status_shows_the_keys_of_snapshots_and_which_are_gone(aws: FakeAws) -> None:
    aws.msf.policies.managed_keys = {KEY_1, KEY_2}
    aws.msf.change_key(cmk(KEY_2))
    aws.kms.metadata[KEY_1]["KeyState"] = "PendingDeletion"
    assert f"{KEY_1} is PendingDeletion" in invoke("status", *AS_OPERATOR).output
    del aws.kms.metadata[KEY_1]
    result = invoke("status", *AS_OPERATOR)
    assert result.exit_code == 0
    assert f"{KEY_1} is not there: it was deleted" in result.output
    assert f"{KEY_2} is Enabled" in result.output


def test_the_status_names_principals_of_a_keys_policy_that_are_no_more(aws: FakeAws) -> None:
    assert "lost principal" not in invoke("status", *AS_OPERATOR).output
    aws.kms.principals[KEY_1] = [OPERATOR, "AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE456"]
    text = invoke("status", *AS_OPERATOR).output
    assert "lost principal           AROAEXAMPLEEXAMPLE123 in its policy no longer exists: docs/runbooks/key.md" in text
    assert "key.md#role-recreated" in text
    assert "AIDAEXAMPLEEXAMPLE456" in text
    shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)
    assert shown["keys"][KEY_1]["lostPrincipals"] == ["AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE456"]
    assert all(name.startswith(READING) for name, _request in aws.world.calls)


def test_a_policy_that_the_caller_may_not_read_hides_nothing_else(aws: FakeAws) -> None:
    deny(aws, "GetKeyPolicy")
    result = invoke("status", *AS_OPERATOR)
    assert result.exit_code == 0
    assert f"{KEY_1} is Enabled" in result.output
    assert json.loads(invoke("status", *AS_OPERATOR, "--json").output)["keys"][KEY_1]["lostPrincipals"] is None


def test_the_status_shows_the_windows_of_a_deployment_and_of_a_command(aws: FakeAws) -> None:
    attach(aws, "Base", operator_base_policy(application_arn=APPLICATION_ARN, execution_role_arn=f"{OPERATOR}-job"))
    assert "open permission windows  none" in invoke("status", *AS_OPERATOR).output
    attach(aws, "OperatorPolicyKey1", window_of(KEY_1))
    attach(aws, "OperatorPolicyKey2", window_of(KEY_2))
    aws.iam.put_role_policy("vehicles-operator", "penstock-key-2", json.dumps(window_of(KEY_2).to_json()))
    text = invoke("status", *AS_OPERATOR).output
    assert f"open permission windows  {KEY_1} by OperatorPolicyKey1\n" in text
    assert f"open permission windows  {KEY_2} by penstock-key-2, OperatorPolicyKey2\n" in text
    assert f"{KEY_2} is Enabled" in text
    shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)
    assert shown["openWindows"] == [KEY_1, KEY_2]
    assert shown["windowPolicies"][KEY_1] == ["OperatorPolicyKey1"]
    assert shown["unreadPolicies"] == []


def test_windows_for_another_application_are_not_this_one_s(aws: FakeAws) -> None:
    attach(aws, "Other", operator_key_policy(application_arn=f"{APPLICATION_ARN}-2", key_arns=[KEY_2], region=REGION))
    assert "open permission windows  none" in invoke("status", *AS_OPERATOR).output


@pytest.mark.parametrize(
    ("operation", "unread"),
    [
        ("ListRolePolicies", "inline policies"),
        ("GetRolePolicy", "inline policy penstock-key-2"),
        ("ListAttachedRolePolicies", "attached policies"),
        ("GetPolicy", "attached policy OperatorPolicyKey1"),
        ("GetPolicyVersion", "attached policy OperatorPolicyKey1"),
    ],
)
def test_windows_that_cannot_be_read_are_unknown_and_not_none(aws: FakeAws, operation: str, unread: str) -> None:
    attach(aws, "OperatorPolicyKey1", window_of(KEY_1))
    aws.iam.put_role_policy("vehicles-operator", "penstock-key-2", json.dumps(window_of(KEY_2).to_json()))
    deny(aws, operation)
    result = invoke("status", *AS_OPERATOR)
    assert result.exit_code == 0
    assert f"open permission windows  unknown in {unread}: the caller needs iam:" in result.output
    assert "open permission windows  none" not in result.output
    assert ("by OperatorPolicyKey1" in result.output) == ("inline" in unread)
    shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)
    assert shown["openWindows"] is None
    assert shown["unreadPolicies"] == [unread]


def test_a_policy_that_is_detached_and_deleted_meanwhile_opens_nothing(aws: FakeAws) -> None:
    attach(aws, "OperatorPolicyKey1", window_of(KEY_1))
    aws.world.fail("GetPolicy", error("NoSuchEntity", "Policy was not found."))
    assert "open permission windows  none" in invoke("status", *AS_OPERATOR).output


@pytest.mark.parametrize("arguments", [["rotate", "--key", KEY_2], ["rotate", "--on-demand"], ["disable"]])
def test_a_change_is_refused_while_the_key_in_use_cannot_be_seen(aws: FakeAws, arguments: list[str]) -> None:
    deny(aws, "DescribeKey", KeyId=KEY_1)
    with pytest.raises(MissingPermissionError, match="grant it to whoever runs this"):
        invoke(*arguments, *AS_OPERATOR, "--apply")
    assert all(name.startswith(READING) for name, _request in aws.world.calls)


@pytest.mark.parametrize("arguments", [["enable", "--key", KEY_2], ["rotate", "--key", KEY_2]])
def test_a_change_is_refused_while_the_new_key_cannot_be_seen(aws: FakeAws, arguments: list[str]) -> None:
    deny(aws, "DescribeKey", KeyId=KEY_2)
    with pytest.raises(MissingPermissionError, match="grant it to whoever runs this"):
        invoke(*arguments, *AS_OPERATOR, "--apply")
    assert all(name.startswith(READING) for name, _request in aws.world.calls)


def test_one_way_to_rotate_has_to_be_chosen(aws: FakeAws) -> None:
    for arguments in ([], ["--on-demand", "--key", KEY_2]):
        result = invoke("rotate", *AS_OPERATOR, *arguments)
        assert result.exit_code == 2
        assert "either --key or --on-demand" in result.output


def test_a_refusal_is_one_message(aws: FakeAws) -> None:
    with pytest.raises(PenstockError, match="already uses"):
        invoke("enable", "--key", KEY_2, *AS_OPERATOR)


def test_what_boto3_cannot_reach_is_a_message(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(**_options: Any) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(aws_session.aws_access, "new_session", without)
    with pytest.raises(ControlError, match="not signed in to AWS .Unable to locate credentials.: run `aws sso login`"):
        invoke("status", *COMMON)


def closed() -> PolicyDocument:
    administrator = KeyPrincipal.role(f"arn:aws:iam::{ACCOUNT}:role/key-administrator")
    return closed_key_policy(administrators=[administrator], cloudformation_role=administrator)


def test_a_check_of_an_application_without_problems_succeeds(aws: FakeAws) -> None:
    result = invoke("status", *AS_OPERATOR, "--check")
    assert result.exit_code == 0
    assert "problem" not in result.output


def leave_aws_owned_snapshot(aws: FakeAws) -> None:
    aws.msf.change_key(AWS_OWNED)
    aws.msf.take("under-the-aws-owned-key")
    aws.world.sleep(60)
    aws.msf.change_key(cmk(KEY_1))


def open_needless_window(aws: FakeAws) -> None:
    attach(aws, "OperatorPolicyKey2", window_of(KEY_2))


def disable_key(aws: FakeAws) -> None:
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"


def delete_key(aws: FakeAws) -> None:
    del aws.kms.metadata[KEY_1]


def close_policy(aws: FakeAws) -> None:
    aws.kms.policies[KEY_1] = closed()


def open_policy(aws: FakeAws) -> None:
    aws.kms.policies[KEY_1] = development_key_policy(administrators=[KeyPrincipal.role(OPERATOR)])


def rotate_material(aws: FakeAws) -> None:
    aws.kms.rotations[KEY_1] = [aws.world.time]


def rotate_automatically(aws: FakeAws) -> None:
    aws.kms.automatic = {KEY_1}


@pytest.mark.parametrize(
    ("arrange", "problem"),
    [
        (leave_aws_owned_snapshot, f"penstock key purge-snapshots --application {APPLICATION} --apply deletes them"),
        (open_needless_window, f"the permission window for {KEY_2} is open (OperatorPolicyKey2)"),
        (disable_key, "must be Enabled, it is Disabled: docs/runbooks/key.md#key-disabled"),
        (delete_key, "not there: it was deleted"),
        (close_policy, "give the key policy AWS's AllowMSFServiceToDescribeKey"),
        (open_policy, "MSF can use the key for every application"),
        (rotate_material, "the application must be restarted, with a snapshot"),
        (rotate_automatically, "it rotates automatically"),
    ],
)
def test_a_check_exits_with_4_and_names_the_fix_of_a_problem(
    aws: FakeAws, arrange: Callable[[FakeAws], None], problem: str
) -> None:
    arrange(aws)
    result = invoke("status", *AS_OPERATOR, "--check")
    assert result.exit_code == 4
    assert any(line.startswith("  problem") and problem in line for line in result.output.splitlines())
    assert invoke("status", *AS_OPERATOR).exit_code == 0
    shown = invoke("status", *AS_OPERATOR, "--check", "--json")
    assert shown.exit_code == 4
    assert any(problem in each for each in json.loads(shown.output)["problems"])
    assert all(name.startswith(READING) for name, _request in aws.world.calls)


def test_a_check_ends_with_the_command_that_it_names(aws: FakeAws) -> None:
    leave_aws_owned_snapshot(aws)
    purge = ["purge-snapshots", "--application", APPLICATION, "--region", REGION, "--soak-seconds", "0", "--apply"]
    assert invoke(*purge).exit_code == 0
    assert invoke("status", *AS_OPERATOR, "--check").exit_code == 0


@pytest.mark.parametrize("operation", ["DescribeKey", "GetKeyPolicy", "ListRolePolicies", "GetKeyRotationStatus"])
def test_what_the_caller_may_not_see_is_no_problem(aws: FakeAws, operation: str) -> None:
    deny(aws, operation)
    assert invoke("status", *AS_OPERATOR, "--check").exit_code == 0


def test_the_findings_on_a_policy_are_shown_by_kind_and_for_scripts(aws: FakeAws) -> None:
    close_policy(aws)
    assert (
        f"key policy               denied: {OPERATOR} may not call kms:DescribeKey"
        in invoke("status", *AS_OPERATOR).output
    )
    findings = json.loads(invoke("status", *AS_OPERATOR, "--json").output)["keys"][KEY_1]["policyFindings"]
    assert {each["problem"] for each in findings} == {"denied"}
    assert {each["who"] for each in findings} == {
        OPERATOR,
        "kinesisanalytics.amazonaws.com",
        "infrastructure.kinesisanalytics.amazonaws.com",
    }
    deny(aws, "GetKeyPolicy")
    assert json.loads(invoke("status", *AS_OPERATOR, "--json").output)["keys"][KEY_1]["policyFindings"] is None


def test_where_a_key_leaves_the_decision_to_iam_the_policies_of_the_operator_decide(aws: FakeAws) -> None:
    policy = json.loads(aws.kms.get_key_policy(KEY_1, "default")["Policy"])
    services = [each for each in policy["Statement"] if "Service" in each["Principal"]]
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    delegation = {"Sid": "Iam", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    aws.kms.policies[KEY_1] = PolicyDocument.from_json({"Statement": [delegation, *services]})

    def kinds() -> set[str]:
        shown = json.loads(invoke("status", *AS_OPERATOR, "--json").output)
        return {each["problem"] for each in shown["keys"][KEY_1]["policyFindings"] if each["who"] == OPERATOR}

    assert kinds() == {"denied"}
    attach(aws, "OperatorPolicyKey1", window_of(KEY_1))
    assert kinds() == set()
    deny(aws, "GetPolicyVersion")
    assert kinds() == {"unknown"}


@pytest.mark.parametrize("applied", [["--apply"], []])
def test_a_plan_whose_new_key_keeps_msf_out_is_refused(aws: FakeAws, applied: list[str]) -> None:
    aws.kms.policies[KEY_2] = closed()
    with pytest.raises(MissingPermissionError, match="AllowMSFServiceToDescribeKey"):
        invoke("rotate", "--key", KEY_2, *AS_OPERATOR, *applied)
    assert all(name.startswith(READING) for name, _request in aws.world.calls)


def test_a_plan_names_what_was_not_checked(aws: FakeAws) -> None:
    deny(aws, "GetKeyPolicy")
    command = ["rotate", "--key", KEY_2, *AS_OPERATOR]
    assert f"not checked: the policy of key {KEY_2} is unknown" in invoke(*command).output
    assert len(json.loads(invoke(*command, "--json").output)["notChecked"]) == 2


def test_the_exit_codes_are_in_the_help() -> None:
    assert "4 key status --check has found a problem" in " ".join(invoke("--help").output.split())
    assert "3 waiting" in " ".join(invoke("--help").output.split())
