from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cdk_penstock.cli import aws_session
from cdk_penstock.cli.snapshot import snapshot_app
from cdk_penstock.cli.snapshot_texts import age_text
from cdk_penstock.control.errors import ControlError, KeyUnusableError, MissingPermissionError
from tests.control.fake_aws import APPLICATION, APPLICATION_ARN, KEY_1, OPERATOR, Killed, error
from tests.control.fake_session import FakeAws
from tests.control.local_msf import cmk

COMMON = ["--application", APPLICATION, "--region", "eu-central-1", "--operator-role", OPERATOR]
KEEP_ONE = ["--newest", "1", "--daily-for-days", "0", "--rollback-versions", "1"]


@pytest.fixture(params=["legacy", "enhanced"])
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """Return AWS with a running application in either mode; the legacy one is under a customer managed key."""
    aws = FakeAws()
    monkeypatch.setattr(aws_session.aws_access, "new_session", aws.new_session)
    monkeypatch.setattr(aws_session.aws_access, "clock", aws.world.clock)
    if request.param == "enhanced":
        aws.msf.change_snapshots(SnapshotModeUpdate="ENHANCED_SNAPSHOTS")
    else:
        aws.msf.policies.managed_keys = {KEY_1}
        aws.msf.change_key(cmk(KEY_1))
    aws.msf.start()
    return aws


def invoke(*arguments: str, expected: int = 0, columns: int = 200) -> Any:
    environment = {"COLUMNS": str(columns)}
    result = CliRunner().invoke(snapshot_app, [*arguments, *COMMON], catch_exceptions=False, env=environment)
    assert result.exit_code == expected, result.output
    return result


def take(aws: FakeAws, *names: str) -> None:
    for name in names:
        invoke("create", "--name", name)
        aws.world.sleep(3600)


def names(aws: FakeAws) -> set[str]:
    aws.world.sleep(60)
    aws.msf.reconcile()
    return {each["name"] for each in json.loads(invoke("list", "--json").stdout)["snapshots"]}


def test_create_waits_for_the_snapshot_and_says_which(aws: FakeAws) -> None:
    result = invoke("create")
    version = aws.msf.application.version_id
    assert result.stdout == f"penstock-manual-20260101T0000Z-{APPLICATION} is READY, of version {version}\n"
    assert "take snapshot penstock-manual-" in result.stderr
    shown = json.loads(invoke("create", "--name", "keep-me", "--json").stdout)
    assert shown["application"] == APPLICATION_ARN
    assert (shown["snapshot"]["name"], shown["snapshot"]["status"]) == ("keep-me", "READY")


def test_create_names_a_key_that_cannot_be_used_and_asks_for_nothing(aws: FakeAws) -> None:
    aws.kms.metadata[KEY_1]["KeyState"] = "Disabled"
    if aws.msf.configured == cmk(KEY_1):
        with pytest.raises(KeyUnusableError, match=f"{KEY_1} must be Enabled, it is Disabled"):
            invoke("create")
        assert not aws.world.named("CreateApplicationSnapshot")
    else:
        invoke("create")
        assert not aws.world.named("DescribeKey")


def test_create_that_was_killed_goes_on_with_the_same_snapshot(aws: FakeAws) -> None:
    aws.world.on_call = lambda operation, _request: aws.msf.hold_saving() if "Describe" in operation else None
    # Under a key, two calls of KMS come first.
    aws.world.kill_after = len(aws.world.calls) + (8 if aws.msf.configured == cmk(KEY_1) else 6)
    with pytest.raises(Killed):
        invoke("create")
    aws.world.kill_after = aws.world.on_call = None
    begun = aws.msf.msf.store.unsettled_snapshots(aws.msf.application)
    aws.msf.driver.jobs[aws.msf.application.uid].saved.clear()
    aws.world.sleep(120)
    assert "is READY" in invoke("create").stdout
    assert len(begun) == 1


def test_create_of_a_stopped_application_is_refused_with_the_reason(aws: FakeAws) -> None:
    aws.msf.stop()
    with pytest.raises(ControlError, match="is READY: a snapshot can only be taken while it is RUNNING"):
        invoke("create")
    assert not aws.world.named("CreateApplicationSnapshot")


def test_create_while_the_application_changes_is_refused_with_the_reason(aws: FakeAws) -> None:
    for operation in ("CreateApplicationSnapshot", "CreateSnapshot"):
        aws.world.fail(operation, error("ResourceInUseException", "the application is being updated"))
    with pytest.raises(
        ControlError, match="snapshot mine of vehicles was not taken: the application changes its status"
    ):
        invoke("create", "--name", "mine")


def test_a_narrow_terminal_gets_lines_instead_of_columns(aws: FakeAws) -> None:
    take(aws, "before-the-import-of-march")
    name, facts, rules = invoke("list", *KEEP_ONE, columns=60).stdout.splitlines()[:3]
    assert name == "before-the-import-of-march"
    assert "READY" in facts
    assert rules.startswith("  newest READY snapshot")


def test_list_shows_age_version_status_key_and_the_rules_that_keep_each(aws: FakeAws) -> None:
    take(aws, "first", "keep-second", "third")
    aws.world.sleep(60 * 60 * 24 * 40)
    rows = json.loads(invoke("list", *KEEP_ONE, "--json").stdout)["snapshots"]
    by_name = {row["name"]: row for row in rows}
    assert [row["ageSeconds"] for row in rows] == sorted(row["ageSeconds"] for row in rows)
    assert by_name["first"]["keptBy"] == []
    assert by_name["keep-second"]["keptBy"] == ["pinned by its name"]
    assert by_name["third"]["keptBy"] == [
        "newest READY snapshot",
        "one of the newest",
        "rollback target of its version",
    ]
    assert by_name["third"]["version"] == aws.msf.application.version_id
    expected = aws.msf.effective or {}
    assert by_name["third"]["key"] == expected.get("KeyId", "the AWS-owned key")
    text = invoke("list", *KEEP_ONE).stdout
    assert "no rule keeps it" in text
    assert "40 d 1 h" in text
    assert "11111111..." in text or "AWS-owned" in text


def test_prune_shows_its_plan_and_deletes_only_when_told(aws: FakeAws) -> None:
    take(aws, "s1", "s2", "keep-s3", "s4")
    before = names(aws)
    result = invoke("prune", *KEEP_ONE)
    assert "  delete s1, 4 h " in result.stdout
    assert "run the same command with --apply" in result.stdout
    planned = json.loads(invoke("prune", *KEEP_ONE, "--json").stdout)
    assert planned["result"] == "planned"
    assert planned["deleted"] == []
    assert names(aws) == before
    applied = json.loads(invoke("prune", *KEEP_ONE, "--apply", "--json").stdout)
    assert applied["deleted"] == [each["name"] for each in applied["delete"]] == ["s1", "s2"]
    assert applied["result"] == "done"
    assert names(aws) == {"keep-s3", "s4"}
    assert "deleted 0 of 0 snapshots" in invoke("prune", *KEEP_ONE, "--apply").stdout


def test_prune_that_was_killed_is_run_again_and_ends_the_same(aws: FakeAws) -> None:
    take(aws, *(f"s{number}" for number in range(5)))
    calls = len(aws.world.calls)
    invoke("prune", *KEEP_ONE)
    reading = len(aws.world.calls) - calls
    for deletions in range(1, 4):
        aws.world.kill_after = len(aws.world.calls) + reading + 1
        with pytest.raises(Killed):
            invoke("prune", *KEEP_ONE, "--apply")
        aws.world.kill_after = None
        aws.world.sleep(60)
        left = len(names(aws))
        assert left == 5 - deletions
        calls = len(aws.world.calls)
        invoke("prune", *KEEP_ONE)
        reading = len(aws.world.calls) - calls
    invoke("prune", *KEEP_ONE, "--apply")
    assert names(aws) == {"s4"}


def test_prune_ends_with_3_and_says_why_where_the_newest_is_not_ready(aws: FakeAws) -> None:
    take(aws, "s1", "s2")
    aws.msf.fault(failing_snapshots=True)
    with pytest.raises(ControlError, match="snapshot bad FAILED"):
        invoke("create", "--name", "bad")
    result = invoke("prune", *KEEP_ONE, "--apply", expected=3)
    assert "nothing is deleted: the newest snapshot bad is FAILED" in result.stderr
    assert result.stdout.endswith("nothing was deleted\n")
    shown = json.loads(invoke("prune", *KEEP_ONE, "--apply", "--json", expected=3).stdout)
    assert shown["result"] == "blocked"
    assert "bad is FAILED" in shown["blocked"]
    assert names(aws) == {"s1", "s2", "bad"}


def test_prune_ends_with_3_where_msf_is_busy_with_a_snapshot(aws: FakeAws) -> None:
    take(aws, "s1", "s2", "s3")
    for operation in ("DeleteApplicationSnapshot", "DeleteSnapshot"):
        aws.world.fail(operation, error("ResourceInUseException", "it is being restored"))
    result = invoke("prune", *KEEP_ONE, "--apply", expected=3)
    assert "deleted 1 of 2 snapshots; MSF is busy with the others" in result.stdout
    aws.world.errors.clear()
    invoke("prune", *KEEP_ONE, "--apply")
    assert names(aws) == {"s3"}


def test_an_application_near_the_limit_gets_a_warning(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.model.snapshots.pruning.NEAR_LIMIT", 2)
    take(aws, "s1", "s2")
    assert "2 snapshots are kept: with 1000, MSF takes none on request" in invoke("list").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--name", "a b"], "expected 1 to 256 letters, digits"),
        (["prune", "--newest", "0"], "'--newest'"),
        (["prune", "--newest", "890"], "keep up to 907 snapshots"),
        (["list", "--pinned-prefix", "penstock-"], "would keep scheduled snapshots"),
    ],
)
def test_wrong_arguments_are_refused_before_aws_is_called(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(snapshot_app, [*arguments, *COMMON], catch_exceptions=False, env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_missing_permission_is_named(aws: FakeAws) -> None:
    denied = error("AccessDeniedException", "not authorized to perform: kinesisanalytics:DescribeApplication")
    aws.world.fail("DescribeApplication", *([denied] * 30))
    with pytest.raises(MissingPermissionError, match="kinesisanalytics:DescribeApplication"):
        invoke("list")


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=23, minutes=5), "23 h 5 min"),
        (timedelta(days=400, hours=2), "400 d 2 h"),
    ],
)
def test_an_age_is_shown_in_two_units(age: timedelta, text: str) -> None:
    assert age_text(age.total_seconds()) == text
