from __future__ import annotations

import socket
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cdk_penstock.cli.demo import DemoCommand, default_job_python, demo_command
from cdk_penstock.cli.demo_options import JOB_PYTHON_VARIABLE
from cdk_penstock.cli.replay import parse_settings, parse_speed_up, replay_command

app = typer.Typer()
app.command("replay")(replay_command)
app.command("demo", cls=DemoCommand)(demo_command)


def run(*arguments: object) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "400"})
    return outcome.exit_code, outcome.output


@pytest.mark.parametrize(("text", "value"), [("max", 0.0), ("0", 0.0), ("2.5", 2.5), ("1000", 1000.0)])
def test_speeds(text: str, value: float) -> None:
    assert parse_speed_up(text) == value


@pytest.mark.parametrize("text", ["fast", "-1", "nan", "inf", ""])
def test_fails_for_speeds_that_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected a number of at least 0, or max, got"):
        parse_speed_up(text)


def test_client_settings() -> None:
    assert parse_settings(["a=b", "c=d=e"]) == {"a": "b", "c": "d=e"}
    with pytest.raises(typer.BadParameter, match="expected KEY=VALUE, got 'a'"):
        parse_settings(["a"])


def test_replay_fails_without_a_broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("cdk_penstock.local.kafka_sink.METADATA_SECONDS", 0.5)
    file = tmp_path / "events.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    code, output = run("replay", file, "--bootstrap-servers", "127.0.0.1:1", "--topic", "events")
    assert code == 1
    assert "error: no Kafka broker answers at 127.0.0.1:1" in output


def test_the_jobs_python_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JOB_PYTHON_VARIABLE, "/some/python")
    assert default_job_python() == Path("/some/python")
    monkeypatch.delenv(JOB_PYTHON_VARIABLE)
    assert default_job_python() == Path(".venv-job/bin/python")


@pytest.fixture
def without_flink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any Python pass for the job's."""
    monkeypatch.setattr("cdk_penstock.cli.demo_arguments.find_flink", lambda _python: None)


@pytest.mark.usefixtures("without_flink")
def test_demo_refuses_a_package_without_its_programs(tmp_path: Path) -> None:
    package = tmp_path / "job.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("main.py", "")
    code, output = run("demo", "--package", package)
    assert (code, "has no generator.py at its top level" in output) == (1, True)


@pytest.mark.usefixtures("without_flink")
def test_demo_looks_at_its_input_before_it_builds_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.cli.demo.prepare_package", lambda *_: pytest.fail("it was built"))
    empty, models = tmp_path / "empty.jsonl", tmp_path / "models.csv"
    empty.touch()
    code, output = run("demo", "--input", empty)
    assert (code, f"error: the input file {empty} is empty" in output) == (1, True)
    models.write_text("id;model\n", encoding="utf-8")
    code, output = run("demo", "--models", models)
    assert (code, "must begin with the line vehicleId,model" in output) == (1, True)


def test_demo_looks_for_the_jobs_python_before_it_builds_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdk_penstock.cli.demo.prepare_package", lambda *_: pytest.fail("it was built"))
    monkeypatch.setenv(JOB_PYTHON_VARIABLE, str(tmp_path / "python"))
    code, output = run("demo")
    assert code == 1
    assert f"error: the job's python {tmp_path / 'python'} does not exist; make the job's environment" in output


@pytest.mark.usefixtures("without_flink")
def test_demo_looks_at_its_ports_before_it_builds_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk_penstock.cli.demo.prepare_package", lambda *_: pytest.fail("it was built"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = run("demo", "--kafka-port", port)
    assert (code, f"error: port {port} on 127.0.0.1, wanted for --kafka-port, cannot be used" in output) == (1, True)
