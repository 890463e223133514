"""``penstock app upgrade``: checks first, then one change, verified and undone if it fails."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.cli.operate import loss_confirmation
from tests.cli.operated import Operated
from tests.conftest import make_jar
from tests.control.fake_aws import APPLICATION
from tests.control.simulated_flink import Behaviour

if TYPE_CHECKING:
    from pathlib import Path

DONE, WRONG_ARGUMENTS, ROLLED_BACK, RESTORED, REFUSED = 0, 2, 3, 4, 5
CONNECTOR = "META-INF/maven/org.apache.flink/flink-connector-kafka/pom.properties"


def jar_with_kafka(version: str) -> bytes:
    text = f"groupId=org.apache.flink\nartifactId=flink-connector-kafka\nversion={version}\n"
    return make_jar({CONNECTOR: text.encode()})


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    """A running Java job on FLINK-1_20."""
    operated = Operated.with_patches(tmp_path, monkeypatch)
    operated.aws.msf.run()
    operated.aws.s3.buckets["code"]["job-1.zip"] = b""
    operated.aws.world.calls.clear()
    return operated


@pytest.fixture
def new_jar(tmp_path: Path) -> Path:
    path = tmp_path / "new.jar"
    path.write_bytes(jar_with_kafka("4.0.0-2.0"))
    return path


def key_of(path: Path) -> str:
    return f"{APPLICATION}-{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}.jar"


def upgrade(running: Operated, jar: Path, *more: str) -> int:
    code: int = running.invoke("upgrade", "--runtime", "2.2", "--code", str(jar), "--reviewed", *more).exit_code
    return code


def runtime_of(operated: Operated) -> str:
    return operated.aws.msf.application.settings.runtime


def test_runtime_and_code_change_together_after_a_snapshot(running: Operated, new_jar: Path) -> None:
    assert upgrade(running, new_jar) == DONE
    assert (runtime_of(running), running.code) == ("FLINK-2_2", key_of(new_jar))
    assert running.changes == ["CreateApplicationSnapshot", "UpdateApplication"]
    (request,) = running.aws.world.named("UpdateApplication")
    assert request["RuntimeEnvironmentUpdate"] == "FLINK-2_2"
    assert "RunConfigurationUpdate" not in request


def test_an_upgrade_that_was_made_is_only_verified(running: Operated, new_jar: Path) -> None:
    upgrade(running, new_jar)
    assert running.invoke("upgrade", "--runtime", "2.2", "--code", str(new_jar)).exit_code == DONE
    assert running.changes == ["CreateApplicationSnapshot", "UpdateApplication"]


def test_an_upgrade_that_fails_goes_back_to_the_old_runtime(running: Operated, new_jar: Path) -> None:
    running.flink.behaviours[key_of(new_jar)] = Behaviour.LOOPS
    assert upgrade(running, new_jar) == ROLLED_BACK
    assert (runtime_of(running), running.code) == ("FLINK-1_20", "job-1.zip")
    assert upgrade(running, new_jar) == ROLLED_BACK
    assert running.changes.count("UpdateApplication") == 1


def test_an_upgrade_whose_main_fails_is_put_back_from_the_snapshot_of_the_old_runtime(
    running: Operated, new_jar: Path
) -> None:
    running.flink.behaviours[key_of(new_jar)] = Behaviour.FAILS_IN_MAIN
    assert upgrade(running, new_jar) == RESTORED
    assert runtime_of(running) == "FLINK-1_20"


def test_the_checks_are_shown_and_change_nothing(running: Operated, new_jar: Path) -> None:
    result = running.invoke("upgrade", "--runtime", "2.2", "--code", str(new_jar), "--check")
    assert result.exit_code == DONE
    assert "  ok      runtime: from FLINK-1_20 to FLINK-2_2 (Flink 2.2.1)" in result.stdout
    assert "  review  state in Kryo's format: Flink 2 has Kryo 5" in result.stdout
    shown = running.json("upgrade", "--runtime", "2.2", "--code", str(new_jar), "--check")
    assert {each["result"] for each in shown["checks"]} == {"ok", "note", "review"}
    assert running.changes == []
    assert not running.aws.world.named("PutObject")


def test_connectors_of_the_old_runtime_are_a_problem(running: Operated, tmp_path: Path) -> None:
    old = tmp_path / "old.jar"
    old.write_bytes(jar_with_kafka("3.4.0-1.20"))
    result = running.invoke("upgrade", "--runtime", "2.2", "--code", str(old), "--reviewed")
    assert result.exit_code == REFUSED
    assert "problem new code: old.jar holds flink-connector-kafka 3.4.0-1.20" in result.stdout
    assert result.stdout.splitlines()[-1] == "refused: the checks found problems: 1; nothing was changed"
    assert running.changes == []
    assert not running.aws.world.named("PutObject")
    assert running.invoke("upgrade", "--runtime", "2.2", "--code", str(old), "--check").exit_code == REFUSED
    shown = running.json("upgrade", "--runtime", "2.2", "--code", str(old), "--dry-run")
    assert [each["subject"] for each in shown["checks"] if each["result"] == "problem"] == ["new code"]


def test_the_present_code_is_read_and_checked(running: Operated) -> None:
    running.aws.s3.buckets["code"]["job.jar"] = jar_with_kafka("3.4.0-1.20")
    running.aws.msf.change_code("job.jar")
    result = running.invoke("upgrade", "--runtime", "2.2", "--check")
    assert result.exit_code == REFUSED
    assert "problem present code: job.jar holds flink-connector-kafka 3.4.0-1.20" in result.stdout
    assert "pass code for the new runtime with --code" in result.stdout


def test_present_code_under_a_name_without_suffix_is_checked_as_what_the_application_runs(running: Operated) -> None:
    running.aws.s3.buckets["code"]["releases/7"] = jar_with_kafka("3.4.0-1.20")
    running.aws.msf.change_code("releases/7")
    result = running.invoke("upgrade", "--runtime", "2.2", "--check")
    assert "problem present code: 7.jar holds flink-connector-kafka 3.4.0-1.20" in result.stdout


def test_a_review_is_needed_before_anything_is_changed(
    running: Operated, new_jar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["upgrade", "--runtime", "2.2", "--code", str(new_jar)]
    result = running.invoke(*command)
    assert result.exit_code == REFUSED
    assert "then add --reviewed; nothing was changed" in result.stdout
    monkeypatch.setattr(loss_confirmation, "is_interactive", lambda: True)
    assert running.invoke(*command, answers="n\n").exit_code == REFUSED
    assert running.changes == []
    assert not running.aws.world.named("PutObject")
    assert running.invoke(*command, answers="y\n").exit_code == DONE


def test_code_that_the_caller_may_not_read_needs_a_review(running: Operated) -> None:
    running.aws.s3.hidden = True
    result = running.invoke("upgrade", "--runtime", "2.2", "--check")
    assert result.exit_code == DONE
    assert "review  present code: it could not be read, and so was not checked" in result.stdout


def test_a_dry_run_shows_the_steps(running: Operated, new_jar: Path) -> None:
    result = running.invoke("upgrade", "--runtime", "2.2", "--code", str(new_jar), "--dry-run")
    assert result.exit_code == DONE
    assert f"update the application to s3://code/{key_of(new_jar)} on FLINK-2_2" in result.stdout
    assert running.changes == []


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ("FLINK-9_9", "unknown runtime 'FLINK-9_9', expected one of"),
        ("FLINK-1_13", "MSF no longer starts applications on 'FLINK-1_13'"),
        ("newest", "unknown runtime 'newest'"),
    ],
)
def test_a_runtime_that_msf_does_not_start_is_refused(running: Operated, runtime: str, message: str) -> None:
    result = running.invoke("upgrade", "--runtime", runtime)
    assert result.exit_code == WRONG_ARGUMENTS
    assert message in result.stderr


def test_an_older_runtime_is_a_rollback(running: Operated) -> None:
    running.aws.s3.hidden = True
    result = running.invoke("upgrade", "--runtime", "1.19")
    assert result.exit_code == REFUSED
    assert "to undo an upgrade, use penstock app rollback" in result.stdout
