"""Commands of the guides that read what a synthesis wrote, or a package, are run as they stand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack, Stage
from typer.testing import CliRunner

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.cli.app import app
from stacks.environment.files import load_environments
from tests.docs.fences import ROOT, all_fences
from tests.docs.programs import EXAMPLES, PENSTOCK
from tests.docs.shell import commands_of

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = sorted(
    {
        tuple(EXAMPLES.get(word, word) for word in words[1:])
        for fence in all_fences("sh")
        for words in commands_of(fence.text)
        if words[0] == PENSTOCK and (words[1] in {"size", "review"} or words[1:3] == ["package", "job.zip"])
    }
)


@pytest.fixture(scope="module")
def folder(job_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the commands read: an assembly, a package, and prices as the guide shows them."""
    folder = tmp_path_factory.mktemp("clone")
    cdk = App(outdir=str(folder / "cdk.out"))
    for environment in load_environments(ROOT / "environments"):
        stack = Stack(Stage(cdk, environment.stage_name), "Processing")
        FlinkApplication(stack, "Job", code=ApplicationCode.from_asset(job_zip), application_name="clicks")
    add_checks(cdk)
    cdk.synth()
    shutil.copy(job_zip, folder / "job.zip")
    (prices,) = [fence.text for fence in all_fences("toml") if fence.text.startswith("# prices.toml\n")]
    (folder / "prices.toml").write_text(prices)
    return folder


def test_there_are_commands_of_each_kind() -> None:
    assert {command[0] for command in COMMANDS} == {"package", "review", "size"}
    assert any("--prices" in command for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_does_what_the_guide_says(
    command: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.output
