"""``penstock rehearse``: its arguments, outputs and exit codes, with a play that is made by hand."""

from __future__ import annotations

import io
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cdk_penstock.cli.app import app
from cdk_penstock.cli.rehearsal_screen import RehearsalScreen
from cdk_penstock.model.errors import PenstockError
from cdk_penstock.model.lifecycle.switches import FailedUpdate
from tests.rehearsal.hand_made_play import ACCOUNT, HandMadePlay, key_template, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cdk_penstock.local.progress import Progress
    from cdk_penstock.rehearsal.rehearsal_options import RehearsalOptions
    from cdk_penstock.rehearsal.result.rehearsal_result import RehearsalResult
    from cdk_penstock.review.assembly import SynthesizedStack


class Orchestrator:
    """In place of the one that plays: it records what it was asked for, and returns a play made by hand."""

    def __init__(self) -> None:
        self.stacks: Sequence[SynthesizedStack] = ()
        self.options: RehearsalOptions
        self.play: Callable[[HandMadePlay], None] = HandMadePlay.deploy

    def rehearse(self, options: RehearsalOptions, progress: Progress) -> RehearsalResult:
        self.stacks, self.options = options.stacks(), options
        progress.stage("deploy")
        play = HandMadePlay(stack_of(key_template()))
        self.play(play)
        return play.result(options=options.world)


@pytest.fixture
def orchestrator(monkeypatch: pytest.MonkeyPatch) -> Orchestrator:
    made = Orchestrator()
    module = ModuleType("cdk_penstock.rehearsal.rehearsal")
    vars(module).update(rehearse=made.rehearse, ACT_NAMES=("deploy", "delete"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return made


@pytest.fixture(autouse=True)
def in_a_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # Workers of pytest-xdist have it, and would fold the lines.
    monkeypatch.delenv("COLUMNS", raising=False)
    write_assembly(tmp_path / "cdk.out", "Dev", "Prod")
    return tmp_path


def write_assembly(folder: Path, *stages: str) -> None:
    folder.mkdir()
    artifacts = {
        stage: {"type": "cdk:cloud-assembly", "properties": {"directoryName": stage, "displayName": stage}}
        for stage in stages
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "s.json", "stackName": "S"}}
    for stage in stages:
        (folder / stage).mkdir()
        (folder / stage / "manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}))
        (folder / stage / "s.json").write_text(json.dumps({"Resources": {}}))


def rehearse(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["rehearse", *arguments])


def test_the_screen_begins_with_what_is_not_proven_and_ends_with_the_verdict(orchestrator: Orchestrator) -> None:
    result = rehearse("prod")
    assert result.exit_code == 0, result.output
    lines = result.stdout.split()
    assert lines[:2] == ["not", "proven"]
    assert result.stdout.rstrip().splitlines()[-1].startswith("passed: 8 calls")
    for text in (
        "schedules are not modelled",
        "7. StartApplication, as the operator",
        "CREATE_COMPLETE, 2 s, 5 calls allowed",
    ):
        assert text in result.stdout
    assert "sts:AssumeRole on" not in result.stdout
    assert "deploy" in result.stderr


def test_calls_and_coverage_show_more(orchestrator: Orchestrator) -> None:
    result = rehearse("prod", "--calls", "--coverage")
    assert "sts:AssumeRole on arn:aws:iam::" in result.stdout
    assert "allowed by Operator trust: #1" in result.stdout
    assert "Base: AllowMSF" in result.stdout


def test_a_refused_call_is_always_shown_with_its_reason(orchestrator: Orchestrator) -> None:
    def play(made: HandMadePlay) -> None:
        made.create("OnEvent", failed=True, reason="it failed", calls=[("Job", "s3:GetObject")])

    orchestrator.play = play
    result = rehearse("prod")
    assert result.exit_code == 1
    assert "no statement allows it" in result.stdout
    assert result.stdout.rstrip().splitlines()[-1] == "failed: 1 call refused"


def test_json_alone_goes_to_stdout(orchestrator: Orchestrator) -> None:
    document = json.loads(rehearse("prod", "--json").stdout)
    assert document["passed"]
    assert len([each for each in document["timeline"] if each["kind"] == "call"]) == 8


def test_strict_has_an_exit_code_apart(orchestrator: Orchestrator) -> None:
    result = rehearse("prod", "--strict", "--json")
    assert (result.exit_code, json.loads(result.stdout)["exit_code"]) == (3, 3)


def test_the_page_is_written(orchestrator: Orchestrator, tmp_path: Path) -> None:
    result = rehearse("prod", "--html", "out/page.html")
    assert result.exit_code == 0
    assert (tmp_path / "out" / "page.html").read_text().startswith("<!doctype html>")
    assert "wrote out/page.html" in result.stderr


def test_every_option_reaches_the_play(orchestrator: Orchestrator, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text("{}")
    arguments = ["--act", "deploy", "--act", "delete", "--execution-policy", "policy.json", "--iam-rule"]
    arguments += ["--account", ACCOUNT, "--region", "eu-west-1", "--parameter", "Name=a=b"]
    arguments += [
        "--switch",
        "failed_update=UPDATING",
        "--switch",
        "loop_restarts=5",
        "--switch",
        "loop_watch_seconds=2.5",
    ]
    arguments += ["--switch", "rollback_makes_new_version=false"]
    assert rehearse("prod", *arguments).exit_code == 0
    options = orchestrator.options
    assert options.acts == ("deploy", "delete")
    assert [each.name for each in options.execution_policies] == ["policy.json"]
    assert options.parameters == {"Name": "a=b"}
    assert not options.world.msf_needs_both_policies
    msf = options.world.msf
    assert (msf.failed_update, msf.loop_restarts, msf.loop_watch_seconds) == (FailedUpdate.UPDATING, 5, 2.5)
    assert not msf.rollback_makes_new_version
    assert [(each.stage, each.account, each.region) for each in orchestrator.stacks] == [("Prod", ACCOUNT, "eu-west-1")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--act", "dance"), "there is no act 'dance': expected one of deploy, delete"),
        (("--switch", "speed=1"), "there is no switch 'speed': expected one of rollback_makes_new_version"),
        (("--switch", "loop_restarts"), "expected --switch NAME=VALUE, got 'loop_restarts'"),
        (("--switch", "loop_restarts=many"), "expected a whole number for loop_restarts, got 'many'"),
        (("--switch", "loop_watch_seconds=-1"), "expected a number for loop_watch_seconds, got '-1'"),
        (("--switch", "failed_update=GONE"), "expected failed_update to be READY or UPDATING, got 'GONE'"),
        (("--switch", "default_ignores_all_values=1"), "expected default_ignores_all_values=true or"),
        (("--switch", "loop_restarts=1", "--switch", "loop_restarts=2"), "expected one value for loop_restarts"),
        (("--parameter", "=1"), "expected --parameter NAME=VALUE, got '=1'"),
        (("--account", "12"), "expected an account's id, 12 digits, got '12'"),
        (("--region", "mars"), "expected a Region such as eu-central-1, got 'mars'"),
        (("--html", "."), "expected a file to write the page into, got the folder ."),
        (("--execution-policy", "gone.json"), "gone.json"),
        (("--assembly", "gone"), "which does not exist: run cdk synth first"),
    ],
)
def test_a_wrong_argument_is_found_before_anything_is_played(
    orchestrator: Orchestrator, arguments: tuple[str, ...], message: str
) -> None:
    result = rehearse("prod", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert not orchestrator.stacks


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "error: the assembly cdk.out has the environments Dev, Prod: name one, as in `penstock rehearse prod`"),
        (("qa",), "error: there is no environment 'qa' in the assembly cdk.out: it has Dev, Prod"),
    ],
)
def test_an_environment_that_is_not_there_is_one_error(
    orchestrator: Orchestrator, arguments: tuple[str, ...], message: str
) -> None:
    result = rehearse(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


def test_without_an_assembly_the_error_names_the_command(
    orchestrator: Orchestrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = rehearse("prod")
    assert result.exit_code == 1
    assert "run `npx cdk synth`" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "text"), [(PenstockError("odd"), 1, "error: odd"), (KeyboardInterrupt(), 130, "interrupted")]
)
def test_an_error_and_an_interruption_end_it(
    orchestrator: Orchestrator, error: BaseException, code: int, text: str
) -> None:
    def play(_made: HandMadePlay) -> None:
        raise error

    orchestrator.play = play
    result = rehearse("prod")
    assert (result.exit_code, result.stdout) == (code, "")
    assert text in result.stderr


@pytest.mark.parametrize("width", [60, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    play = HandMadePlay(stack_of(key_template()))
    play.deploy()
    play.call("Job", "s3:GetObject")
    shown = io.StringIO()
    console = Console(file=shown, width=width, markup=False, emoji=False, highlight=False)
    RehearsalScreen(console, calls=True, coverage=True).show(play.result())
    assert max(map(len, shown.getvalue().splitlines())) <= width
