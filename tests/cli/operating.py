"""The commands of ``penstock app`` on an MSF in process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from cdk_penstock.cli import aws_session
from cdk_penstock.cli.app import app
from tests.control.fake_aws import APPLICATION, OPERATOR
from tests.control.fake_logs import STREAM_ARN
from tests.control.fake_session import FakeAws

if TYPE_CHECKING:
    import pytest

COMMON = ["--application", APPLICATION, "--region", "eu-central-1"]
AS_OPERATOR = [*COMMON, "--operator-role", OPERATOR]
READING = ("Describe", "List", "Get", "Assume", "Filter", "CreateApplicationPresignedUrl")


def new_aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    """Return an AWS that the commands reach, with an application that writes a log and is READY."""
    aws = FakeAws()
    monkeypatch.setattr(aws_session.aws_access, "new_session", aws.new_session)
    monkeypatch.setattr(aws_session.aws_access, "clock", aws.world.clock)
    aws.msf.ask(
        "AddApplicationCloudWatchLoggingOption",
        CurrentApplicationVersionId=1,
        CloudWatchLoggingOption={"LogStreamARN": STREAM_ARN},
    )
    return aws


def invoke(command: str, *arguments: str, common: list[str] = COMMON) -> Any:
    """Run ``penstock app COMMAND``; an error of penstock is raised."""
    return CliRunner().invoke(
        app, ["app", command, *arguments, *common], catch_exceptions=False, env={"COLUMNS": "400"}
    )


def shown(command: str, *arguments: str, common: list[str] = COMMON) -> str:
    """Return what a command that succeeds prints."""
    result = invoke(command, *arguments, common=common)
    assert result.exit_code == 0, result.output
    return result.stdout


def fields(command: str, *arguments: str, common: list[str] = COMMON) -> Any:
    """Return the JSON of a command that succeeds."""
    return json.loads(shown(command, *arguments, "--json", common=common))


def check_only_read(aws: FakeAws) -> None:
    """Check that nothing was changed."""
    assert [name for name, _ in aws.world.calls if not name.startswith(READING)] == []
