"""The changing commands of ``penstock app`` on the in-process MSF, with jobs that behave by their code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from typer.testing import CliRunner

from cdk_penstock.cli import aws_session
from cdk_penstock.cli.app import app
from tests.control.fake_aws import APPLICATION, OPERATOR
from tests.control.fake_session import FakeAws
from tests.control.simulated_flink import SimulatedFlink

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from cdk_penstock.control.flink_dashboard import FlinkDashboard

COMMON = ["--application", APPLICATION, "--region", "eu-central-1"]
AS_OPERATOR = [*COMMON, "--operator-role", OPERATOR]
CHANGES = (
    "CreateApplication",
    "CreateApplicationSnapshot",
    "DeleteApplication",
    "RollbackApplication",
    "StartApplication",
    "StopApplication",
    "UpdateApplication",
)


@dataclass
class Operated:
    """AWS behind the commands."""

    folder: Path
    aws: FakeAws = field(default_factory=FakeAws)

    def __post_init__(self) -> None:
        self.flink = SimulatedFlink(self.aws)

    @classmethod
    def with_patches(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
        """Return AWS, which the commands reach, with evidence in a folder."""
        operated = cls(folder)
        access = aws_session.aws_access
        monkeypatch.chdir(folder)
        monkeypatch.setattr(access, "new_session", operated.aws.new_session)
        monkeypatch.setattr(access, "clock", operated.aws.world.clock)
        monkeypatch.setattr(access, "open_dashboard", lambda _: cast("FlinkDashboard", operated.flink))
        return operated

    def invoke(self, *arguments: str, answers: str | None = None) -> Any:
        """Call a command of the application as its operator."""
        command, *others = arguments
        line = ["app", command, *AS_OPERATOR, *others]
        return CliRunner().invoke(app, line, input=answers, catch_exceptions=False)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Return what a command prints for scripts."""
        shown: dict[str, Any] = json.loads(self.invoke(*arguments, "--json").stdout)
        return shown

    @property
    def changes(self) -> list[str]:
        """The calls that change something, in their order."""
        return [name for name, _ in self.aws.world.calls if name in CHANGES]

    @property
    def configuration(self) -> Any:
        """The present configuration."""
        return self.aws.msf.application.settings.configuration

    @property
    def code(self) -> str:
        """The key of the code that is in force."""
        content = self.configuration["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
        return str(content["S3ApplicationCodeLocationDescription"]["FileKey"])

    @property
    def evidence(self) -> list[str]:
        """The names of the folders with evidence."""
        return sorted(each.name for each in self.folder.glob("capture-*"))
