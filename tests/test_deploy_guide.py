"""docs/deploy.md: every command that needs no account is run, and shows what the guide says it shows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
NEEDS_ACCOUNT = "# with the account"


class Step(NamedTuple):
    """A command block, and the block of what it shows, empty where the guide shows nothing."""

    commands: str
    shows: str


def steps() -> list[Step]:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)
    found = []
    for number, (kind, text) in enumerate(blocks):
        if kind == "sh":
            following = blocks[number + 1] if number + 1 < len(blocks) else ("sh", "")
            found.append(Step(text, following[1] if following[0] == "" else ""))
    return found


RUN_HERE = [step for step in steps() if not step.commands.startswith(NEEDS_ACCOUNT)]


def test_the_guide_has_commands_of_both_kinds() -> None:
    assert len(RUN_HERE) >= 5
    assert len(steps()) > len(RUN_HERE)


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.commands.splitlines()[0])
def test_commands_that_need_an_account_say_so(step: Step) -> None:
    calls_aws = re.search(r"(^|\s|\()aws |cdk (deploy|bootstrap|destroy)|penstock key", step.commands, re.MULTILINE)
    assert bool(calls_aws or "AWS_" in step.commands) == step.commands.startswith(NEEDS_ACCOUNT)


@pytest.mark.build
def test_commands_without_an_account_show_what_the_guide_says() -> None:
    environment = os.environ | {"COLUMNS": "200", "CDK_VALIDATION": "false", "NO_COLOR": "1"}
    environment.pop("CI", None)  # with which the CDK writes everything to one stream
    for step in RUN_HERE:
        done = subprocess.run(
            ["bash", "-euc", step.commands], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        if step.shows:
            # The CDK writes its notices beside what was asked for, to the other stream.
            written = (done.stdout, done.stderr, done.stdout + done.stderr)
            assert any(shown(step.shows).fullmatch(each) for each in written), step.commands


def shown(text: str) -> re.Pattern[str]:
    """Return what an output has to be as a whole, where ``...`` is anything: lines, if it is alone on its own."""
    lines = [
        r"(?:.*\n)*" if line == "..." else "(?:.*)".join(map(re.escape, line.split("..."))) + r"\n"
        for line in text.splitlines()
    ]
    return re.compile("".join(lines))


@pytest.mark.parametrize(
    ("text", "output", "matches"),
    [
        ("Prod/Network\n", "Prod/Network\n", True),
        ("Prod/Network\n", "Dev/Network\nProd/Network\n", False),
        ("...\nProd/Network\n", "Dev/Network\nProd/Network\n", True),
        ("to ...\n...\n", "to /tmp\n", True),
        ("to ...\n...\n", "from /tmp\n", False),
        ("...\n... none ...\n...\n", "a\n  none here\nb\n", True),
    ],
)
def test_what_a_command_shows_is_compared_as_a_whole(text: str, output: str, matches: bool) -> None:
    assert bool(shown(text).fullmatch(output)) == matches


def test_names_in_the_guide_are_those_of_the_environment() -> None:
    settings = (ROOT / "environments" / "prod.toml").read_text(encoding="utf-8")
    for name in ("vehicle-metrics-prod", "vehicles-prod"):
        assert f'"{name}"' in settings
        assert name in GUIDE
