"""``penstock app move-source``: the new source begins at a time, and then has its usual properties again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.control.errors import ControlError
from tests.cli.operated import Operated
from tests.conftest import make_jar
from tests.control.fake_aws import APPLICATION
from tests.control.simulated_flink import Behaviour

if TYPE_CHECKING:
    from pathlib import Path

DONE, WRONG_ARGUMENTS, ROLLED_BACK = 0, 2, 3
USUAL = {"stream.arn": "arn:of:stream", "source.init.position": "TRIM_HORIZON"}
SINK = {"endpoint": "e"}


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    operated = Operated.with_patches(tmp_path, monkeypatch)
    groups = [
        {"PropertyGroupId": "source", "PropertyMap": USUAL},
        {"PropertyGroupId": "sink", "PropertyMap": SINK},
    ]
    operated.aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": groups})
    operated.aws.msf.run()
    operated.aws.world.calls.clear()
    return operated


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    path = tmp_path / "new.jar"
    path.write_bytes(make_jar())
    return path


def key_of(path: Path) -> str:
    return f"{APPLICATION}-{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}.jar"


def groups_of(configuration: Any) -> dict[str, dict[str, str]]:
    groups = configuration["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    return {each["PropertyGroupId"]: each["PropertyMap"] for each in groups}


def updates(running: Operated) -> list[dict[str, Any]]:
    return running.aws.world.named("UpdateApplication")


def test_the_new_source_begins_before_the_deployment_and_keeps_all_other_state(running: Operated, jar: Path) -> None:
    result = running.invoke("move-source", str(jar), "--group", "source")
    assert result.exit_code == DONE
    moved, back = updates(running)
    sent = moved["ApplicationConfigurationUpdate"]
    (location,) = sent["ApplicationCodeConfigurationUpdate"]["CodeContentUpdate"].values()
    assert location["FileKeyUpdate"] == key_of(jar)
    groups = {
        each["PropertyGroupId"]: each["PropertyMap"] for each in sent["EnvironmentPropertyUpdates"]["PropertyGroups"]
    }
    # A month after the first day of 2026, five minutes before the command.
    assert groups["source"].pop("source.init.timestamp").startswith("2026-01-30T23:5")
    assert groups == {"source": USUAL | {"source.init.position": "AT_TIMESTAMP"}, "sink": SINK}
    assert moved["RunConfigurationUpdate"]["FlinkRunConfiguration"] == {"AllowNonRestoredState": True}
    assert set(back["ApplicationConfigurationUpdate"]) == {"EnvironmentPropertyUpdates"}
    assert "RunConfigurationUpdate" not in back
    assert groups_of(running.configuration) == {"source": USUAL, "sink": SINK}
    assert running.code == key_of(jar)
    assert "millisBehindLatest" in result.stderr


def test_a_move_that_was_made_is_only_verified(running: Operated, jar: Path) -> None:
    command = ["move-source", str(jar), "--group", "source"]
    assert running.invoke(*command).exit_code == DONE
    assert running.invoke(*command).exit_code == DONE
    assert len(updates(running)) == 2


@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupted_move_goes_on_with_the_time_that_it_began_with(
    running: Operated, jar: Path, number: int
) -> None:
    command = ["move-source", str(jar), "--group", "source"]

    def interrupt(name: str, _: dict[str, Any]) -> None:
        if name == "CreateApplicationPresignedUrl" and len(updates(running)) == number:
            raise KeyboardInterrupt

    running.aws.world.on_call = interrupt
    assert running.invoke(*command).exit_code == 130
    running.aws.world.on_call = None
    running.aws.world.sleep(3600)
    assert running.invoke(*command).exit_code == DONE
    assert len(updates(running)) == 2
    assert groups_of(running.configuration)["source"] == USUAL


def test_a_new_source_that_fails_is_rolled_back_and_tried_again_at_another_time_if_asked(
    running: Operated, jar: Path
) -> None:
    command = ["move-source", str(jar), "--group", "source"]
    running.flink.behaviours[key_of(jar)] = Behaviour.LOOPS
    assert running.invoke(*command).exit_code == ROLLED_BACK
    assert running.invoke(*command).exit_code == ROLLED_BACK
    assert len(updates(running)) == 1
    assert groups_of(running.configuration)["source"] == USUAL
    running.flink.behaviours.clear()
    running.aws.world.sleep(3600)
    assert running.invoke(*command, "--again").exit_code == DONE
    first, second = (
        next(
            each["PropertyMap"]["source.init.timestamp"]
            for each in update["ApplicationConfigurationUpdate"]["EnvironmentPropertyUpdates"]["PropertyGroups"]
            if each["PropertyGroupId"] == "source"
        )
        for update in updates(running)[:2]
    )
    assert second > first


def test_operators_without_uids_begin_without_state_if_that_is_accepted(running: Operated, jar: Path) -> None:
    command = ["move-source", str(jar), "--group", "source", "--without-state"]
    result = running.invoke(*command)
    assert result.exit_code == WRONG_ARGUMENTS
    assert "begins without any state, because its operators have no uids" in result.stderr
    assert running.changes == []
    assert running.invoke(*command, "--yes-lose-state", APPLICATION).exit_code == DONE
    moved, back = updates(running)
    restore = moved["RunConfigurationUpdate"]["ApplicationRestoreConfiguration"]
    assert restore == {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}
    assert "RunConfigurationUpdate" not in back


def test_a_dry_run_shows_both_changes(running: Operated, jar: Path) -> None:
    shown = running.json("move-source", str(jar), "--group", "source", "--timestamp-key", "from", "--dry-run")
    changes = [each for each in shown["plan"] if each.startswith("update")]
    assert "property source from=2026-01-3" in changes[0]
    assert "property source source.init.position=AT_TIMESTAMP" in changes[0]
    assert "leaving out state that no operator takes" in changes[0]
    assert "to no property source from, property source source.init.position=TRIM_HORIZON" in changes[1]
    assert running.changes == []


def test_a_group_that_the_job_does_not_have_is_refused(running: Operated, jar: Path) -> None:
    with pytest.raises(ControlError, match="no property group 'sources': expected one of sink, source"):
        running.invoke("move-source", str(jar), "--group", "sources")
    assert running.changes == []
