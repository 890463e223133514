"""``penstock app logs``."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cdk_penstock.cli import main as entry
from cdk_penstock.control.errors import ApplicationMissingError, ControlError
from tests.cli.operating import AS_OPERATOR, COMMON, check_only_read, invoke, new_aws, shown
from tests.control.fake_aws import APPLICATION, error
from tests.control.fake_logs import GROUP, PYTHON, STREAM, msf_line

if TYPE_CHECKING:
    from tests.control.fake_session import FakeAws

INTERRUPTED = 130


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    aws = new_aws(monkeypatch)
    aws.logs.put(msf_line("long ago"), ago=7_200)
    aws.logs.put(msf_line("all well", logger="org.apache.flink.Task"), ago=60)
    aws.logs.put(msf_line("slow [bold]checkpoint[/bold] :smile:", "WARN"), ago=50)
    aws.logs.put(msf_line("Traceback (most recent call last):", logger=PYTHON), ago=40)
    aws.logs.put(msf_line("BadSettings: speed", logger=PYTHON), ago=39)
    aws.logs.put(msf_line("Run python process failed", "ERROR", logger=PYTHON, throwableInformation=["java.x"]), ago=38)
    return aws


def test_the_lines_of_the_last_hour_are_shown_with_errors_of_python_as_errors(aws: FakeAws) -> None:
    lines = shown("logs", common=AS_OPERATOR).splitlines()
    assert [line.partition("Z ")[2] for line in lines] == [
        "INFO  Task: all well",
        "WARN  Task: slow [bold]checkpoint[/bold] :smile:",
        "ERROR PythonDriver: Traceback (most recent call last):",
        "ERROR PythonDriver: BadSettings: speed",
        "ERROR PythonDriver: Run python process failed",
        "",
    ]
    assert lines[-1] == "    java.x"
    check_only_read(aws)


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["--since", "3h"], 6),
        (["--since", "45s"], 3),
        (["--since", "1d", "--level", "WARN"], 4),
        (["--level", "error"], 3),
        (["--filter", "BADSETTINGS"], 1),
        (["--filter", "java.X"], 1),
        (["--filter", "task", "--level", "info"], 2),
    ],
    ids=str,
)
def test_lines_are_left_out_by_time_level_and_text(aws: FakeAws, arguments: list[str], number: int) -> None:
    lines = [json.loads(line) for line in shown("logs", "--json", *arguments).splitlines()]
    assert len(lines) == number


def test_each_line_is_an_object_for_scripts(aws: FakeAws) -> None:
    (line,) = shown("logs", "--json", "--filter", "process failed").splitlines()
    assert json.loads(line) == {
        "at": aws.logs.last_at.isoformat(),
        "level": "ERROR",
        "logger": PYTHON,
        "message": "Run python process failed",
        "throwable": ["java.x"],
        "versionId": "1",
        "stream": STREAM,
    }


def test_no_line_is_told_beside_the_output(aws: FakeAws) -> None:
    result = invoke("logs", "--since", "5s")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no such lines since 2025-12-31 23:59" in result.stderr
    assert f"in {GROUP} {STREAM}" in result.stderr


def test_an_application_without_a_log_and_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = new_aws(monkeypatch)
    aws.msf.delete()
    with pytest.raises(ApplicationMissingError, match="describe application vehicles"):
        invoke("logs")
    aws.msf.create()
    with pytest.raises(ControlError, match=f"application {APPLICATION} has no CloudWatch logging option"):
        invoke("logs")


def test_a_group_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    new_aws(monkeypatch)
    with pytest.raises(ControlError, match=f"log group {GROUP}, but the group"):
        invoke("logs")


def test_following_goes_on_over_throttling_until_ctrl_c(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = 0

    def act(operation: str, _request: dict[str, Any]) -> None:
        nonlocal asked
        asked += operation == "FilterLogEvents"
        if operation == "FilterLogEvents" and asked == 4:
            aws.logs.put(msf_line("a new line"))
            raise error("ThrottlingException", "Rate exceeded")
        if asked == 20:
            os.kill(os.getpid(), signal.SIGINT)

    aws.world.on_call = act
    monkeypatch.setattr(sys, "argv", ["penstock", "app", "logs", "--follow", "--since", "30s", *COMMON])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    output, errors = capsys.readouterr()
    assert ended.value.code == INTERRUPTED
    assert [line.partition(": ")[2] for line in output.splitlines()] == ["a new line"]
    assert "Traceback" not in errors
