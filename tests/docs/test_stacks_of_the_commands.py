"""The CDK's own command line finds stacks by what the guides hand it; without an account it gets no further."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack, Stage
from aws_cdk import aws_sns as sns

from stacks.environment.files import load_environments
from tests.docs.fences import PAGES, ROOT, all_fences, mentions_of
from tests.docs.shell import commands_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.build

FOUND = {
    "deploy": "Unable to resolve AWS account to use",
    "destroy": "Unable to resolve AWS account to use",
    "diff": "Unable to resolve AWS account to use",
    "ls": r"-Network\)",
    "synth": "",
}
NOT_FOUND = r"No stack found|No stacks match|Supply a stack id \(\)|Number of stacks with differences: 0"


def shown_commands() -> list[str]:
    """Return the commands of the CDK that look for stacks, each once, without what only the app reads."""
    blocks = [words for fence in all_fences("sh") for words in commands_of(fence.text)]
    lines = [words for page in PAGES for each in mentions_of(page) for words in commands_of(each.command)]
    # A line of text may name a command without saying what it is for.
    lines = [words for words in lines if any(word.endswith("/*") for word in words)]
    whole = [words[words.index("cdk") + 1 :] for words in [*blocks, *lines] if words[:2] == ["npx", "cdk"]]
    joined = {re.sub(r" (-c|--context) \S+", "", shlex.join(words)) for words in whole if words[0] in FOUND}
    return sorted(joined)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an assembly with the Stages of the environments, each with a stack."""
    folder = tmp_path_factory.mktemp("stages")
    app = App(outdir=str(folder))
    for environment in load_environments(ROOT / "environments"):
        sns.Topic(Stack(Stage(app, environment.stage_name), "Network"), "Topic")
    app.synth()
    return folder


def run(command: str, assembly: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none", "CI": "true"}
    environment |= {"AWS_SHARED_CREDENTIALS_FILE": "none"}
    done = subprocess.run(
        [str(ROOT / "node_modules" / ".bin" / "cdk"), *shlex.split(command), "--app", str(assembly)],
        env=environment, cwd=assembly, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_there_are_such_commands() -> None:
    assert {"deploy 'Prod/*' --require-approval never", "destroy 'Prod/*'", "ls 'Prod/*'"} <= set(shown_commands())


@pytest.mark.parametrize("command", shown_commands())
def test_the_cdk_finds_the_stacks_that_a_command_names(command: str, assembly: Path) -> None:
    more = " --force" if command.startswith("destroy") else ""  # nobody is there to answer
    output = run(command + more, assembly)
    assert not re.search(NOT_FOUND, output), output
    assert re.search(FOUND[command.split(maxsplit=1)[0]], output), output


@pytest.mark.parametrize("command", ["deploy --all", "diff", "synth"])
def test_it_finds_none_where_no_stage_is_named(command: str, assembly: Path) -> None:
    assert re.search(NOT_FOUND, run(command, assembly))
