"""Every command of README and the guides is understood by the program that it is for.

Those of docs/deploy.md that need no account are run, too (tests/test_deploy_guide.py).
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.fences import NEEDS_ACCOUNT, NEEDS_LOCAL_MSF, PAGES, ROOT, Fence, all_fences, mentions_of, name_of
from tests.docs.programs import CHECKS, PENSTOCK, check_penstock, path_of
from tests.docs.shell import commands_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.build

FENCES = all_fences("sh")
ON_NO_PATH = {"app", "penstock", "cdk", "flink", "key"}
NOT_HERE = "# in your app's environment"
READS = ("source", "file", "input_file", "models", "prices_file", "package")
CALLS_AWS = re.compile(
    r"(^|\s|\()aws |cdk (deploy|bootstrap|destroy|diff)|penstock (?:app|key|snapshot|stream)|AWS_|questions (?!--list)",
    re.MULTILINE,
)


def written(fence: Fence) -> set[str]:
    """Return the files that the commands of a page write, or that one of its blocks shows under their name."""
    commands = [words for each in FENCES if each.page == fence.page for words in commands_of(each.text)]
    outputs = {words[words.index("--output") + 1] for words in commands if "--output" in words}
    return outputs | set(re.findall(r"^(?:#|//) (\S+\.(?:toml|json))$", fence.page.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: fence.place)
def test_the_program_of_each_command_understands_it(fence: Fence) -> None:
    subprocess.run(["bash", "-n", "-c", fence.text], check=True)
    commands = commands_of(fence.text)
    assert commands
    for words in commands:
        assert words[0] in CHECKS, f"no test knows {words[0]}: {' '.join(words)}"
        assert words[0] not in ON_NO_PATH, f"{words[0]} is on no PATH: write {PENSTOCK}, npx cdk and so on"
        assert words[0] != "pip" or fence.text.startswith(NOT_HERE), f"say where: {NOT_HERE}"
        CHECKS[words[0]](words)


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: fence.place)
def test_the_files_that_a_command_reads_are_there(fence: Fence) -> None:
    for words in commands_of(fence.text):
        if words[0] == PENSTOCK:
            parameters = check_penstock(words)
            for path in filter(None, (path_of(parameters.get(name)) for name in READS)):
                assert path.exists() or path.name in written(fence), f"{' '.join(words)}: there is no {path.name}"


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: fence.place)
def test_a_block_that_calls_aws_says_whether_it_needs_an_account(fence: Fence) -> None:
    assert bool(CALLS_AWS.search(fence.text)) == fence.text.startswith((NEEDS_ACCOUNT, NEEDS_LOCAL_MSF))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_within_lines_are_understood_too(page: Path) -> None:
    for mention in mentions_of(page):
        for words in commands_of(mention.command):
            assert words[0] in CHECKS, f"line {mention.line}: no test knows {words[0]}: {mention.command}"
            CHECKS[words[0]](words, complete=False)


def test_there_are_commands_of_every_kind() -> None:
    programs = {words[0] for fence in FENCES for words in commands_of(fence.text)}
    assert {PENSTOCK, "npx", "aws", "make", "mvn"} <= programs
    assert any(mention.command.startswith("penstock key") for page in PAGES for mention in mentions_of(page))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("npx cdk deploy -c env=dev --all", "--all does not look into Stages"),
        ("tools/account-questions --only weather", "the script does not take that"),
        ("npx cdk deploy -c env=dev", "selects no stack"),
        ("npx cdk diff", "selects no stack"),
        ("npx cdk destroy Dev", "no stack is selected by Dev"),
        ("npx cdk synth -c env=dev", "finds none"),
        ("npx cdk synth -c env=qa 'Dev/*'", "no environment qa"),
        ("npx cdk synth --quick 'Dev/*'", "has no --quick"),
        ("npx cdk deplyo 'Dev/*'", "no command deplyo"),
        (".venv/bin/penstock package", "Missing parameter"),
        (".venv/bin/penstock size --enviroment prod", "No such option"),
        (".venv/bin/penstock keys status", "No such command"),
        (".venv/bin/penstock key enable --application a", "Missing parameter"),
        ("aws kms enable-keys --key-id KEY", "kms has no enable-keys"),
        ("aws kms enable-key --key KEY", "enable-key has no"),
        ("aws kms enable-key", "requires"),
        ("aws msf list-applications", "Unknown service"),
        ("make deploy", "no target deploy"),
        ('make demo DEMO_OPTIONS="--kep"', "No such option"),
        ("mvn -f pom.xml install", "pom.xml"),
        (".venv/bin/python -m pytest tests/nowhere", "there is no tests/nowhere"),
        ("pip install penstock", "expected the wheel in dist"),
        ("pip install 'penstock[local]'", "expected the wheel in dist"),
        ("flink run --jar x.jar", "has no"),
        ("key rotat --on-demand", "No such command"),
        ("zcat big.gz", "there is no big.gz"),
    ],
)
def test_a_command_that_its_program_would_not_understand_is_found(command: str, message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        for words in commands_of(command):
            CHECKS[words[0]](words)


def test_commands_are_found_in_pipes_loops_and_substitutions() -> None:
    text = """
    export A=1 B=2  # a comment
    OPERATOR=$(aws iam get-role --role-name x \\
      --output text)
    for NAME in One Two; do
      make setup > "$(cat out.txt)" && zcat a.gz | penstock replay -
    done
    """
    assert [words[:2] for words in commands_of(text)] == [
        ["export", "A=1"],
        ["aws", "iam"],
        ["make", "setup"],
        ["zcat", "a.gz"],
        ["penstock", "replay"],
        ["cat", "out.txt"],
    ]


def test_every_variable_that_a_reader_may_set_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    library = [path.read_text(encoding="utf-8") for path in (ROOT / "constructs" / "cdk_penstock").rglob("*.py")]
    variables = set(re.findall(r"^(\w+) \?=", makefile, re.MULTILINE)) - {"MACHINE"}  # for its own tests
    variables |= {name for text in library for name in re.findall(r"\"(PENSTOCK_\w+)\"", text)}
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {"MAVEN_OPTIONS", "PENSTOCK_JOB_PYTHON"} <= variables
    assert {name for name in variables if name not in pages} == set()
