"""The commands on real processes, each in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from cdk_penstock.cli.demo import DemoCommand, demo_command
from tests.local.recorded_series import read_series
from vehicle_metrics_scenario.checks import expected_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_penstock.local.pipeline import LocalPipeline

pytestmark = pytest.mark.pipeline

CONSTRUCTS = Path(__file__).resolve().parents[2] / "constructs"
PROGRAM = """
import typer
from cdk_penstock.cli.demo import DemoCommand, demo_command
from cdk_penstock.cli.replay import replay_command
app = typer.Typer(pretty_exceptions_enable=False)
app.command("demo", cls=DemoCommand)(demo_command)
app.command("replay")(replay_command)
app()
"""
STEP_SECONDS = 150.0
demo_app = typer.Typer()
demo_app.command(cls=DemoCommand)(demo_command)


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(CONSTRUCTS), "COLUMNS": "400", "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True,
    )  # fmt: skip


def run(*arguments: object, folder: Path) -> tuple[int, str]:
    process = start(*arguments, folder=folder)
    output, _ = process.communicate(timeout=STEP_SECONDS)
    return process.returncode, output


def still_running(folder: Path) -> list[str]:
    """Return the command lines of all processes that mention a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and int(entry.parent.name) != os.getpid():
            found.append(line)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for temporary files that must be empty, and without processes, at the end."""
    place = tmp_path / "temporary"
    place.mkdir()
    yield place
    assert still_running(place) == []
    assert list(place.glob("penstock-*")) == []


def test_recorded_events_become_a_series_that_equals_a_computation(
    *,
    job_package: Path,
    job_python: Path,
    make_events: Callable[..., list[bytes]],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = make_events(7, count=3_000, region="R")
    events, models, report = tmp_path / "events.jsonl.gz", tmp_path / "models.csv", tmp_path / "report"
    events.write_bytes(gzip.compress(b"\n".join(lines)))
    table = {f"V{number:010d}": ("coupé" if number % 3 else "bus") for number in range(30)}
    models.write_text("vehicleId,model\n" + "".join(f"{k},{v}\n" for k, v in table.items()), encoding="utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    outcome = CliRunner().invoke(
        demo_app,
        ["--package", str(job_package), "--job-python", str(job_python), "--input", str(events), "--models",
         str(models), "--report", str(report)],
    )  # fmt: skip
    output = outcome.output
    assert outcome.exit_code == 0, output
    assert read_series(report / "series.csv") == expected_samples(lines, table, window_seconds=5)
    assert len(list(report.glob("*.png"))) == 4
    assert (report / "report.html").stat().st_size > 100_000
    assert "dead letters: " in output


def test_a_fleet_drives_keeps_running_and_stops_at_ctrl_c(job_package: Path, job_python: Path, folder: Path) -> None:
    process = start(
        "demo", "--package", job_package, "--job-python", job_python, "--seconds", 15, "--vehicles", 500,
        "--events-per-second", 2000, "--keep", folder=folder,
    )  # fmt: skip
    try:
        output = wait_for(process, "press Ctrl-C")
        assert "problem" not in output
        assert re.search(r"Prometheus: +http://127.0.0.1:\d+/graph", output)
        assert still_running(folder)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    output = ""
    deadline = time.monotonic() + STEP_SECONDS
    for line in process.stdout:
        output += line
        if text in line:
            return output
        assert time.monotonic() < deadline
    pytest.fail(f"{text!r} never came:\n{output}")


@pytest.mark.parametrize(
    ("stage", "delay_seconds", "number"),
    [
        ("start Kafka", 0.0, signal.SIGINT),
        ("start Kafka", 2.5, signal.SIGTERM),
        ("start the vehicle job", 2.0, signal.SIGINT),
        ("let a fleet", 4.0, signal.SIGINT),
    ],
)
def test_a_signal_at_any_stage_leaves_nothing_running(
    job_package: Path,
    job_python: Path,
    folder: Path,
    *,
    stage: str,
    delay_seconds: float,
    number: signal.Signals,
) -> None:
    process = start(
        "demo", "--package", job_package, "--job-python", job_python, "--vehicles", 500, "--events-per-second", 1000,
        folder=folder,
    )  # fmt: skip
    try:
        wait_for(process, stage)
        time.sleep(delay_seconds)
    finally:
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number, rest


def test_replay_sends_a_file_and_tells_in_json(
    pipeline: LocalPipeline, make_events: Callable[..., list[bytes]], tmp_path: Path, folder: Path
) -> None:
    lines = make_events(3, count=1_000, region="S")
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(lines))
    pipeline.topics.create("replayed", partitions=2)
    arguments = (
        "replay",
        file,
        "--bootstrap-servers",
        pipeline.kafka.bootstrap_servers,
        "--topic",
        "replayed",
        "--key-field",
        "vehicleId",
    )
    code, output = run(*arguments, "--json", folder=folder)
    assert code == 0, output
    summary = json.loads(output)
    assert (summary["sent"], summary["malformed"]) == (1_002, 2)
    assert sorted(pipeline.topics.records("replayed")) == sorted(lines)
    code, output = run(*arguments, "--event-time", "now", "--speed-up", "100", folder=folder)
    assert code == 0, output
    assert "1,002 records in" in output
    moved = [
        json.loads(value).get("timestamp", 0)
        for value in list(pipeline.topics.records("replayed"))
        if value[:2] == b'{"'
    ]
    assert 0 <= time.time() * 1000 - max(moved) < 120_000
    code, output = run(*arguments, "--client-setting", "nonsense=1", folder=folder)
    assert code == 2
    assert "nonsense" in output
    sample = CONSTRUCTS.parent / "flink_app" / "vehicle_metrics" / "samples" / "events.jsonl.gz"
    code, output = run("replay", sample, *arguments[2:], "--json", folder=folder)
    assert (code, json.loads(output)["sent"], json.loads(output)["malformed"]) == (0, 4_000, 0)
