from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import cdk_penstock
from cdk_penstock.cli.app import app
from cdk_penstock.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_an_error_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "none.zip").write_text("no zip")
    monkeypatch.setattr(sys, "argv", ["penstock", "package", str(tmp_path / "none.zip")])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'none.zip'} is not a zip archive")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["package", *arguments])
    return result.exit_code, f"{result.output}{result.exception or ''}"


@pytest.fixture
def gs_zip(write_archive: Callable[..., Path]) -> Path:
    return write_archive({"main.py": None, "GettingStarted/getting-started.py": b"x = 1\n"})


def test_a_file_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, told = run("nosuchdir/")
    assert code == 2
    assert f"there is no nosuchdir (looked for in {tmp_path}): give a job's folder, a .zip or a .jar" in told


def test_a_zip_is_checked_and_a_folder_is_built(tmp_path: Path, job_zip: Path) -> None:
    assert "MiB, checked\n" in run(str(job_zip))[1]
    (tmp_path / "main.py").write_text("x = 1\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.json").write_text("[]")
    first, second = (run(str(tmp_path))[1] for _ in range(2))
    assert "MiB, built and checked\n" in first
    assert "MiB, unchanged\n" in second
    assert "not packed: conf/ (1 file)\n" in first
    told = CliRunner().invoke(app, ["package", str(tmp_path), "--json"])
    assert json.loads(told.stdout)["passedOver"] == ["conf/ (1 file)"]
    assert f"build and check the package of {tmp_path} ..." in told.stderr


def test_files_and_folders_of_the_modules_are_told_apart(write_archive: Callable[..., Path]) -> None:
    told = run(str(write_archive({"dep/six.py": b"", "dep/big.bin": b"", "dep/job/a/b.py": b"", "x/y/z.txt": b""})))[1]
    shown = {line.split("│")[1].strip() for line in told.splitlines() if line.startswith("│")}
    assert shown == {"dep/six.py", "dep/big.bin", "dep/job/", "x/y/", "main.py", "lib/pyflink-dependencies.jar"}


def test_an_entry_point_in_a_folder_is_named(gs_zip: Path) -> None:
    code, told = run(str(gs_zip))
    assert code == 1
    assert "there are GettingStarted/getting-started.py: name the one with the job (`--entry-point`, or entry_p" in told
    assert run(str(gs_zip), "--entry-point", "GettingStarted/getting-started.py")[0] == 0


def test_the_entry_point_of_a_folder_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("x = 1\n")
    assert run(str(tmp_path), "--entry-point", "job.py")[0] == 0
    assert "entry point 'main.py' is not in" in run(str(tmp_path), "--entry-point", "main.py")[1]


@pytest.mark.parametrize("runtime", ["1.20", "flink-1_20", "FLINK-1.20", "Flink 1.20", "1_20", "1.20.5", "FLINK-1_18"])
def test_runtimes_are_understood_as_people_write_them(job_zip: Path, runtime: str) -> None:
    assert run(str(job_zip), "--runtime", runtime)[0] == 0


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [
        ("FLINK-9_9", "unknown runtime 'FLINK-9_9', expected one of FLINK-1_15, "),
        ("2", "unknown runtime '2', expected one of FLINK-1_15, "),
        ("ZEPPELIN-FLINK-3_0", "unknown runtime 'ZEPPELIN-FLINK-3_0', expected one of "),
        ("FLINK-1_8", "MSF no longer starts applications on 'FLINK-1_8', expected one of FLINK-1_15, "),
        ("1.13", "MSF no longer starts applications on '1.13', expected one of FLINK-1_15, FLINK-1_18, "),
    ],
)
def test_runtimes_that_msf_does_not_start_are_refused(job_zip: Path, runtime: str, expected: str) -> None:
    code, told = run(str(job_zip), "--runtime", runtime)
    assert code == 2
    assert expected in told


@pytest.mark.parametrize(
    ("output", "code", "expected"),
    [
        ("job.zip", 2, "names .*job.zip itself, the archive to check: leave out --output, or name another file"),
        (".", 2, "--output names the folder .*, expected a file: for example --output .*/job.zip"),
        ("job.zip/x.zip", 2, "'.*x.zip' cannot be written: '.*job.zip' is a file"),
        (
            "/proc/x/y.zip",
            1,
            "cannot write --output /proc/x/y.zip .No such file or directory.: name a file in a folder",
        ),
    ],
)
def test_an_output_that_cannot_be_written_says_why(
    tmp_path: Path, job_zip: Path, output: str, code: int, expected: str
) -> None:
    source = tmp_path / "job.zip"
    source.write_bytes(job_zip.read_bytes())
    ended, told = run(str(source), "--output", str(tmp_path / output))
    assert ended == code
    assert re.search(expected, told)
    assert source.read_bytes() == job_zip.read_bytes()


def test_a_link_to_the_source_is_the_source(tmp_path: Path, job_zip: Path) -> None:
    (tmp_path / "link.zip").symlink_to(job_zip)
    assert "itself, the archive to check" in run(str(job_zip), "--output", str(tmp_path / "link.zip"))[1]


def test_the_version_is_shown() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.strip() == f"penstock {cdk_penstock.__version__}"


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
    folder = Path(__file__).resolve().parents[2] / "flink_app" / "vehicle_metrics"
    first, second = (CliRunner().invoke(app, ["package", str(folder)]) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert "unchanged" in second.output


@pytest.mark.parametrize("command", ["demo", "replay"])
def test_what_needs_the_extra_says_so_without_it(command: str) -> None:
    program = (
        "import importlib.util as u, sys; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'confluent_kafka' else find(name, *rest)\n"
        f"sys.argv = ['penstock', '{command}', 'x.jsonl', '--topic', 't']\n"
        "from cdk_penstock.cli.main import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: this command needs confluent-kafka, matplotlib, starlette and uvicorn, and not all are installed: "
    )
