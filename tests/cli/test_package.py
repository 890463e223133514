from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import penstock
from penstock.cli.app import app
from penstock.cli.main import main
from penstock.packaging import PackagingError

PENSTOCK = Path(sys.executable).with_name("penstock")


def test_a_package_is_shown_with_content_sizes_and_hash(job_zip: Path) -> None:
    result = CliRunner().invoke(app, ["package", str(job_zip)])
    assert result.exit_code == 0, result.output
    assert "lib/pyflink-dependencies.jar" in result.output
    assert "dep/job/" in result.output
    assert hashlib.sha256(job_zip.read_bytes()).hexdigest() in result.output


def test_scripts_read_json_and_get_a_copy(job_zip: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "copy.zip"
    result = CliRunner().invoke(app, ["package", str(job_zip), "--output", str(output), "--json"])
    shown = json.loads(result.output)
    assert shown["path"] == str(output)
    assert shown["entries"]["main.py"] == len("print('job')\n")
    assert shown["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()


def test_a_missing_archive_fails(tmp_path: Path) -> None:
    with pytest.raises(PackagingError, match="there is no code archive"):
        CliRunner().invoke(app, ["package", str(tmp_path / "none.zip")], catch_exceptions=False)


def test_an_error_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["penstock", "package", str(tmp_path / "none.zip")])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert capsys.readouterr().err.startswith("error: there is no code archive")


def test_the_version_is_shown() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.strip() == f"penstock {penstock.__version__}"


def test_the_installed_command_explains_itself() -> None:
    result = subprocess.run([PENSTOCK, "--help"], capture_output=True, text=True, check=True)
    assert "package" in result.stdout
    assert "Exit codes" in result.stdout


def test_wrong_arguments_are_exit_code_2() -> None:
    result = subprocess.run([PENSTOCK, "package"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.build
def test_a_folder_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).resolve().parents[2] / "flink_app"
    first, second = (CliRunner().invoke(app, ["package", str(folder)]) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert "unchanged" in second.output


@pytest.mark.parametrize("command", ["demo", "replay"])
def test_what_needs_the_extra_says_so_without_it(command: str) -> None:
    program = (
        "import importlib.util as u, sys; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'confluent_kafka' else find(name, *rest)\n"
        f"sys.argv = ['penstock', '{command}', 'x.jsonl', '--topic', 't']\n"
        "from penstock.cli.main import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: this command needs confluent-kafka and matplotlib, which are not installed: install"
    )
