"""``penstock app capture``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_penstock.control.errors import ApplicationMissingError
from cdk_penstock.model.errors import PenstockError
from tests.cli.operating import AS_OPERATOR, check_only_read, fields, invoke, new_aws, shown
from tests.control.fake_aws import error
from tests.control.fake_flink import flink_behind
from tests.control.fake_logs import msf_line

if TYPE_CHECKING:
    from tests.control.fake_session import FakeAws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAws:
    monkeypatch.chdir(tmp_path)
    aws = new_aws(monkeypatch)
    groups = [{"PropertyGroupId": "db", "PropertyMap": {"password": "hunter2"}}]
    aws.msf.change(EnvironmentPropertyUpdates={"PropertyGroups": groups})
    aws.logs.put(msf_line("cannot connect with password=hunter2", "ERROR"))
    aws.msf.run()
    return aws


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_has_everything_and_no_secret(aws: FakeAws) -> None:
    with flink_behind(aws, "looping") as flink:
        result = invoke("capture", common=AS_OPERATOR)
    assert (result.exit_code, result.stdout) == (0, "capture-vehicles-20260131T000031Z\n"), result.stderr
    folder = Path(result.stdout.strip())
    names = ("details", "exceptions", "plan", "checkpoints", "checkpoint-config", "config", "metrics")
    assert files_of(folder) == {
        "manifest.json",
        "summary.md",
        "application.json",
        "operations.json",
        "failed-operations.json",
        "snapshots.json",
        "versions.json",
        "log.txt",
        "flink/jobs.json",
        "flink/jobmanager-config.json",
        "flink/taskmanagers.json",
        *(f"flink/{flink.job_id}/{name}.json" for name in names),
    }
    assert all("hunter2" not in path.read_text() for path in folder.rglob("*") if path.is_file())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == files_of(folder) - {"manifest.json"}
    assert (manifest["application"], manifest["unread"]) == ("vehicles", [])
    assert "ArithmeticException" in (folder / "summary.md").read_text()
    assert folder.stat().st_mode & 0o077 == 0
    check_only_read(aws)


def test_what_cannot_be_read_is_named_and_the_rest_is_written(aws: FakeAws, tmp_path: Path) -> None:
    aws.world.fail("ListApplicationVersions", error("AccessDeniedException", "no policy allows it"))
    with flink_behind(aws) as flink:
        flink.answers.clear()
        result = invoke("capture", "--output", "below/ticket-7")
    assert (result.exit_code, result.stdout) == (0, "below/ticket-7\n")
    assert "not read: versions: cannot list the versions of vehicles: permission is missing" in result.stderr
    manifest = json.loads((tmp_path / "below" / "ticket-7" / "manifest.json").read_text())
    assert [each["source"] for each in manifest["unread"]] == ["flink/jobs", "versions"]
    assert "answered 404" in manifest["unread"][0]["reason"]
    assert "log.txt" in manifest["files"]
    assert "- versions: cannot list" in (tmp_path / "below" / "ticket-7" / "summary.md").read_text()


def test_the_result_for_scripts(aws: FakeAws) -> None:
    aws.msf.stop()
    found = fields("capture", "--output", "ticket")
    assert found["folder"] == "ticket"
    assert found["documents"] == [
        "application", "failed-operations", "log", "operations", "snapshots", "versions",
    ]  # fmt: skip
    assert list(found["unread"]) == ["flink/jobs"]


def test_nothing_is_overwritten(aws: FakeAws, tmp_path: Path) -> None:
    (tmp_path / "ticket").mkdir()
    result = invoke("capture", "--output", "ticket")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'ticket' exists: nothing is overwritten" in result.stderr
    assert aws.world.calls == []


def test_a_folder_that_appears_meanwhile_is_left_alone(aws: FakeAws, tmp_path: Path) -> None:
    def appear(operation: str, _request: object) -> None:
        if operation == "ListApplicationVersions":
            (tmp_path / "ticket").mkdir(exist_ok=True)
            (tmp_path / "ticket" / "mine").touch()

    aws.world.on_call = appear
    with pytest.raises(PenstockError, match="the folder ticket exists, expected a new one: nothing was overwritten"):
        invoke("capture", "--output", "ticket")
    assert files_of(tmp_path) == {"ticket/mine"}


def test_a_write_that_fails_leaves_no_part_behind(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def fail(path: Path, text: str, encoding: str | None = None) -> int:
        if path.name == "summary.md":
            raise OSError(28, "No space left on device", str(path))
        return write(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match="No space left"):
        invoke("capture")
    assert list(tmp_path.iterdir()) == []


def test_an_application_that_is_not_there_leaves_no_folder(aws: FakeAws, tmp_path: Path) -> None:
    with pytest.raises(ApplicationMissingError, match="describe application nobody"):
        invoke("capture", common=["--application", "nobody", "--region", "eu-central-1"])
    assert list(tmp_path.iterdir()) == []


def test_two_captures_do_not_meet(aws: FakeAws) -> None:
    assert shown("capture") != shown("capture")
