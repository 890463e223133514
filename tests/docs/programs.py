"""Checks of the commands in the guides: an AssertionError for a command that its program would not understand."""

from __future__ import annotations

import atexit
import contextlib
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import jmespath
import typer
import typer.main
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from cdk_penstock.cli.app import app
from stacks.environment.files import load_environments
from tests.docs.fences import ROOT, all_fences
from tools.account_questions.command import new_parser as account_questions_parser

PENSTOCK = ".venv/bin/penstock"
AWS_CLI_NAMES = {"s3api": "s3"}
AWS_OPTIONS = {"query", "output", "region", "profile"}
FLINK_OPTIONS = {"--jarfile", "-py", "-pyfs", "-pyclientexec"}
# What a reader puts in place of a word of capitals or of a variable: penstock may refuse what cannot be one.
EXAMPLES = {
    "KEY": "alias/flink",
    "KEY_ARN": "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555",
    "OPERATOR_ROLE_ARN": "arn:aws:iam::111122223333:role/Operator",
    "$AWS_ACCOUNT": "111122223333",
    "$AWS_REGION": "eu-central-1",
    "$OPERATOR": "arn:aws:iam::111122223333:role/Operator",
}
# Of click, which newer releases of typer bring with them.
USAGE_ERROR: Any = typer.BadParameter.__base__
CDK_ALIASES = {"ls": "list", "synthesize": "synth"}
NEEDS_SELECTOR = {"deploy", "destroy", "diff"}


@cache
def clone_of_a_reader() -> Path:
    """Return a folder that looks like a clone in which the files that the guides show or write are there."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-guides-"))
    atexit.register(shutil.rmtree, folder)
    for path in ROOT.iterdir():
        if path.name not in {"cdk.out", "job.zip", "out"}:
            (folder / path.name).symlink_to(path)
    (folder / "cdk.out").mkdir()
    (folder / "job.zip").write_bytes(b"of `penstock package`")
    for fence in all_fences("toml"):
        if shown := re.match(r"# (\w+\.toml)\n", fence.text):
            (folder / shown[1]).write_text(fence.text)
    return folder


def check_penstock(words: list[str], *, complete: bool = True) -> dict[str, Any]:
    """Resolve a command of penstock; return its parameters where it is complete.

    Raises AssertionError with click's own message.
    """
    command: Any = typer.main.get_command(app)
    context: Any = None
    name, arguments = "penstock", [EXAMPLES.get(word, word) for word in words[1:]]
    try:
        with contextlib.chdir(clone_of_a_reader()):
            while hasattr(command, "commands"):
                context = command.context_class(command, info_name=name, parent=context)
                if not arguments or (not complete and arguments[0].startswith("-")):
                    assert not complete, f"{' '.join(words)}: a command is missing"
                    return {}
                found, child, arguments = command.resolve_command(context, arguments)
                name, command = found, child
            if not complete:
                # A command may have options that depend on where it runs.
                chosen = command.make_context(name, [], parent=context, resilient_parsing=True).command
                known = {option for parameter in chosen.params for option in (*parameter.opts, "--help")}
                unknown = {word for word in arguments if word.startswith("-") and word.partition("=")[0] not in known}
                assert not unknown, f"{' '.join(words)}: there is no {unknown}"
                return {}
            return dict(command.make_context(name, arguments, parent=context).params)
    except USAGE_ERROR as error:
        message = f"{' '.join(words)}: {error}"
        raise AssertionError(message) from error


def check_aws(words: list[str], *, complete: bool = True) -> None:
    """Check operation and parameters against AWS's own description of the service."""
    assert len(words) >= 3, f"{' '.join(words)}: aws takes a service and an operation"
    service, operation, arguments = words[1], words[2], words[3:]
    try:
        model = boto3.client(AWS_CLI_NAMES.get(service, service), region_name="eu-central-1").meta.service_model
    except UnknownServiceError as error:
        message = f"{' '.join(words)}: {error}"
        raise AssertionError(message) from error
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, f"{' '.join(words)}: {service} has no {operation}"
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    given = [word.removeprefix("--").partition("=")[0] for word in arguments if word.startswith("--")]
    negations = {f"no-{name}" for name, member in members.items() if shape.members[member].type_name == "boolean"}
    unknown = set(given) - set(members) - AWS_OPTIONS - negations
    assert not unknown, f"{' '.join(words)}: {operation} has no {unknown}"
    if "query" in given:
        jmespath.compile(arguments[arguments.index("--query") + 1])
    if complete and shape:
        named = {name.removeprefix("no-") if name in negations else name for name in given}
        missing = {name for name, member in members.items() if member in shape.required_members} - named
        assert not missing, f"{' '.join(words)}: {operation} requires {missing}"


@cache
def cdk_options(command: str) -> dict[str, str]:
    """Return the options of a command and their types, from the help of the installed command line of the CDK."""
    arguments = [str(ROOT / "node_modules" / ".bin" / "cdk"), command, "--help"]
    text = subprocess.run(arguments, cwd="/", capture_output=True, text=True, check=True, timeout=120).stdout
    assert text.startswith(f"cdk {CDK_ALIASES.get(command, command)} "), f"cdk has no command {command}"
    options: dict[str, str] = {}
    for names, described in re.findall(r"^  (--[\w-]+(?:, -\w)?)(.*\n(?:   .*\n)*)", text, re.MULTILINE):
        kind = re.search(r"\[(boolean|array|string|number|count)\]", described)
        options |= dict.fromkeys(names.split(", "), kind[1] if kind else "string")
    return options


def check_cdk(words: list[str], *, complete: bool = True) -> None:
    """Check command and options against the CDK's own help, and the stacks against the environments.

    All stacks of the app are in Stages, which the CDK does not look into by itself: without a pattern such as
    ``'Dev/*'``, and with ``--all``, it finds no stack.
    """
    words = words[words.index("cdk") + 1 :]
    shown, command, rest = f"cdk {' '.join(words)}", words[0], iter(words[1:])
    options = cdk_options(command)
    selectors = []
    for word in rest:
        if not word.startswith("-"):
            selectors.append(word)
            continue
        assert word in options, f"{shown}: cdk {command} has no {word}"
        assert word != "--all", f"{shown}: --all does not look into Stages: name 'Dev/*'"
        value = "" if options[word] in {"boolean", "count"} else next(rest)
        if word in {"-c", "--context"}:
            _check_context(value)
    if command == "bootstrap":
        return
    for selector in selectors:
        assert selector in {f"{each.stage_name}/*" for each in _environments()}, f"no stack is selected by {selector}"
    if complete and command in NEEDS_SELECTOR:
        assert selectors, f"{shown} selects no stack: all are in Stages, name 'Dev/*'"
    if complete and command == "synth":
        assert selectors, f"{shown} looks for a template to show and finds none: all are in Stages, name 'Dev/*'"


def _check_context(setting: str) -> None:
    key, _, value = setting.partition("=")
    assert key in {"env", "lock", "package"}, f"the app reads no context {key}"
    if key == "env":
        assert value in {each.name for each in _environments()}, f"there is no environment {value}"


@cache
def _environments() -> list[Any]:
    return load_environments(ROOT / "environments")


@cache
def _makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def check_make(words: list[str], *, complete: bool = True) -> None:
    """Check that the Makefile has targets and variables, and penstock the options that it is handed."""
    for word in words[1:]:
        name, is_setting, value = word.partition("=")
        if is_setting:
            assert re.search(rf"^{name} \?=", _makefile(), re.MULTILINE), f"the Makefile has no variable {name}"
            if name == "DEMO_OPTIONS":
                check_penstock([PENSTOCK, "demo", *value.split()])
        else:
            assert re.search(rf"^{re.escape(name)}:", _makefile(), re.MULTILINE), f"the Makefile has no target {name}"


def check_mvn(words: list[str], *, complete: bool = True) -> None:
    """Check Maven's phases, and that the project is there."""
    rest = iter(words[1:])
    for word in rest:
        if word == "-f":
            assert (ROOT / next(rest)).is_file(), words
        else:
            assert word in {"-B", "-q", "-DskipTests", "package", "verify"}, f"no test knows mvn {word}"


def check_python(words: list[str], *, complete: bool = True) -> None:
    """Check that the interpreter is one that set-up makes, and that file and tests are there."""
    assert words[0] in {".venv/bin/python", ".venv-job/bin/python"}, f"{words[0]}: no shell that set-up made has it"
    rest = words[1:]
    if rest[:2] == ["-m", "pytest"]:
        assert [word for word in rest if word.startswith("tests/")], words
    for word in rest:
        if "/" in word:
            assert (ROOT / word).exists(), f"{' '.join(words)}: there is no {word}"
    if "-m" in rest[2:]:
        markers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        marker = rest[rest.index("-m", 2) + 1].removeprefix("not ")
        assert f'"{marker}: ' in markers, f"there is no marker {marker}"


def check_pip(words: list[str], *, complete: bool = True) -> None:
    """Check that what is installed is the wheel of this repository: the name penstock on PyPI is a stranger's."""
    assert words[1] == "install", words
    for word in words[2:]:
        assert re.fullmatch(r"dist/cdk_penstock-\S+\.whl(\[local\])?", word), (
            f"{' '.join(words)}: expected the wheel in dist"
        )


def check_flink(words: list[str], *, complete: bool = True) -> None:
    """Check the options of Flink's own command line, and where a whole command is shown, that its files are there."""
    assert words[1] == "run", words
    options = dict(zip(words[2::2], words[3::2], strict=True))
    unknown = set(options) - FLINK_OPTIONS
    assert not unknown, f"{' '.join(words)}: flink run has no {unknown}"
    for value in options.values():
        made = value == "flink_app/vehicle_metrics/target/pyflink-dependencies.jar" and _writes_jar()
        assert not complete or made or all((ROOT / each).exists() for each in value.split(",")), f"there is no {value}"


def _writes_jar() -> bool:
    return "<finalName>pyflink-dependencies</finalName>" in (
        ROOT / "flink_app" / "vehicle_metrics" / "pom.xml"
    ).read_text(encoding="utf-8")


def check_file(words: list[str], *, complete: bool = True) -> None:
    """Check that a file that is read is there."""
    for word in words[1:]:
        assert word.startswith("-") or (ROOT / word).exists(), f"{' '.join(words)}: there is no {word}"


def check_nothing(words: list[str], *, complete: bool = True) -> None:
    """Accept what the shell itself takes, whose syntax bash checks, and what takes no arguments."""


def check_account_questions(words: list[str], *, complete: bool = True) -> None:
    """Check options and names against the parser of the script."""
    assert (ROOT / words[0]).is_file(), words
    try:
        account_questions_parser().parse_args(words[1:])
    except SystemExit as error:
        message = f"{' '.join(words)}: the script does not take that"
        raise AssertionError(message) from error


def check_shortened(words: list[str], *, complete: bool = True) -> None:
    """Check what the guides of keys and of operation shorten."""
    check_penstock(["penstock", *words], complete=complete)


CHECKS = {
    "$FLINK/flink": check_flink,
    "$FLINK/start-cluster.sh": check_nothing,
    PENSTOCK: check_penstock,
    "app": check_shortened,
    ".venv/bin/python": check_python,
    ".venv-job/bin/python": check_python,
    "aws": check_aws,
    "cat": check_file,
    "cdk": check_cdk,
    "eval": check_nothing,
    "export": check_nothing,
    "flink": check_flink,
    "key": check_shortened,
    "make": check_make,
    "mv": check_nothing,
    "mvn": check_mvn,
    "npx": check_cdk,
    "pip": check_pip,
    "penstock": check_penstock,
    "printf": check_nothing,
    "tools/account-questions": check_account_questions,
    "zcat": check_file,
    ".": check_file,
}


def path_of(value: object) -> Path | None:
    """Return a parameter as a path in the repository, None for one that is no path or the standard input."""
    return ROOT / value if isinstance(value, Path) and str(value) != "-" else None
