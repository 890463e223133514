"""Mistakes at the command line: one error on stderr, nothing on stdout, the documented exit code, no traceback."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cdk_penstock.cli import main as entry
from cdk_penstock.cli.console_progress import ConsoleProgress
from cdk_penstock.cli.screen import new_console

ROOT = Path(__file__).resolve().parents[2]
FAILED, WRONG_ARGUMENTS, INTERRUPTED = 1, 2, 130
KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with an assembly of no stacks, and without AWS."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("COLUMNS", raising=False)
    write_assembly(tmp_path / "cdk.out", {})
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "deep.toml").write_text("a=" + "[" * 100_000)
    (tmp_path / "utf16.toml").write_bytes("a = 1".encode("utf-16"))
    (tmp_path / "infinite.toml").write_text("[flink]\nkpu_hour_usd = inf\n")
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "events.jsonl").write_text("{}\n")
    (tmp_path / "damaged.zip").write_text("PK")
    (tmp_path / "folder").mkdir()
    (tmp_path / "flink_app").symlink_to(ROOT / "flink_app")
    return tmp_path


def stack(**properties: Any) -> dict[str, Any]:
    return {"type": "aws:cloudformation:stack", "properties": {"templateFile": "good.json", **properties}}


def stage(folder: str, **properties: Any) -> dict[str, Any]:
    return {"type": "cdk:cloud-assembly", "properties": {"directoryName": folder, **properties}}


def write_assembly(folder: Path, manifest: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))


def penstock(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["penstock", *arguments])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    output, errors = capsys.readouterr()
    return int(ended.value.code or 0), output, errors


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("nonsense", WRONG_ARGUMENTS, "No such command 'nonsense'"),
        ("packag x", WRONG_ARGUMENTS, "Did you mean 'package'?"),
        ("--nonsense", WRONG_ARGUMENTS, "No such option: --nonsense"),
        ("package nowhere", WRONG_ARGUMENTS, "there is no nowhere (looked for in"),
        ("package nowhere.zip", WRONG_ARGUMENTS, "there is no code archive nowhere.zip"),
        ("package file.txt", WRONG_ARGUMENTS, "code must be a .zip or a .jar, got file.txt"),
        ("package damaged.zip", FAILED, "damaged.zip is not a zip archive"),
        ("package folder", FAILED, "job folder folder has no Python file at its top"),
        ("package folder --runtime FLINK-9_9", WRONG_ARGUMENTS, "unknown runtime 'FLINK-9_9', expected one of"),
        ("package folder --output folder", WRONG_ARGUMENTS, "--output names the folder folder, expected a file"),
        ("package folder --output file.txt/a.zip", WRONG_ARGUMENTS, "'file.txt/a.zip' cannot be written"),
        ("review", WRONG_ARGUMENTS, "pass --encryption, --delivery, --wildcards or --execution-policy"),
        ("review --encryptio", WRONG_ARGUMENTS, "--encryption"),
        ("review --encryption --assembly nowhere", WRONG_ARGUMENTS, "got nowhere, which does not exist: run"),
        ("review --encryption --assembly file.txt", WRONG_ARGUMENTS, "expected the folder that cdk synth wrote, got"),
        ("review --encryption --assembly folder", FAILED, "no cloud assembly in folder: run `npx cdk synth`"),
        ("review --encryption --environment qa", FAILED, "there is no environment 'qa'"),
        ("size --assembly nowhere", WRONG_ARGUMENTS, "got nowhere, which does not exist: run"),
        ("size --assembly file.txt", WRONG_ARGUMENTS, "got the file file.txt"),
        ("size --environment qa", FAILED, "it has no Stages, leave the environment out"),
        ("size --prices nowhere.toml", WRONG_ARGUMENTS, "'nowhere.toml' does not exist"),
        ("size --prices folder", WRONG_ARGUMENTS, "'folder' is a directory"),
        ("size --prices deep.toml", FAILED, "prices cannot be read from deep.toml"),
        ("size --prices utf16.toml", FAILED, "the file of prices utf16.toml is encoded in UTF-16, expected UTF-8"),
        ("size --prices infinite.toml", FAILED, "flink.kpu_hour_usd must be a price in US dollars, got inf"),
        ("size --prices file.txt", FAILED, "prices cannot be read from file.txt"),
        (
            "size --events-per-second inf",
            WRONG_ARGUMENTS,
            "events_per_second must be a number from 0 to 1,000,000,000,000, got inf",
        ),
        ("size --events-per-second nan", WRONG_ARGUMENTS, "got nan"),
        ("size --events-per-second many", WRONG_ARGUMENTS, "'--events-per-second': Input should be a valid number"),
        ("size --event-bytes 0", WRONG_ARGUMENTS, "event_bytes must be 1 to 10485760 (10 MiB), got 0"),
        ("size --event-bytes 99999999", WRONG_ARGUMENTS, "got 99999999"),
        ("size --events-per-second 1e308", WRONG_ARGUMENTS, "got 1e+308"),
        (["size", "--readers", "1" + "0" * 400], WRONG_ARGUMENTS, "readers must be a number from 0 to"),
        ("size --readers -1", WRONG_ARGUMENTS, "readers must be a number from 0 to 1,000,000,000,000, got -1"),
        ("replay nowhere.jsonl --topic t --bootstrap-servers h:1", WRONG_ARGUMENTS, "'nowhere.jsonl' does not exist"),
        ("replay folder --topic t --bootstrap-servers h:1", WRONG_ARGUMENTS, "'folder' is a directory"),
        ("replay empty.jsonl --topic t --bootstrap-servers h:1", FAILED, "the input file empty.jsonl is empty"),
        ("replay events.jsonl --topic t", WRONG_ARGUMENTS, "Missing option '--bootstrap-servers'"),
        (
            "replay events.jsonl --topic t --bootstrap-servers=",
            WRONG_ARGUMENTS,
            "expected host:port, separated by commas, got ''",
        ),
        ("replay events.jsonl --topic t --bootstrap-servers h", WRONG_ARGUMENTS, "expected host:port"),
        ("replay events.jsonl --topic t --bootstrap-servers h:1,h:0", WRONG_ARGUMENTS, "got 'h:1,h:0'"),
        ("replay events.jsonl --topic t --bootstrap-servers h:65536", WRONG_ARGUMENTS, "got 'h:65536'"),
        ("replay events.jsonl --topic t --bootstrap-servers http://h:1", WRONG_ARGUMENTS, "got 'http://h:1'"),
        ("replay events.jsonl --bootstrap-servers h:1 --topic a/b", WRONG_ARGUMENTS, "a topic's name must be"),
        (
            "replay events.jsonl --topic t --bootstrap-servers h:1,[::1]:2 --client-setting nonsense=1",
            WRONG_ARGUMENTS,
            "'--client-setting': the Kafka client refuses its settings: No such configuration property",
        ),
        ("replay events.jsonl --topic t --bootstrap-servers h:1 --speed-up fast", WRONG_ARGUMENTS, "got 'fast'"),
        (
            "replay events.jsonl --topic t --bootstrap-servers h:1 --event-time then",
            WRONG_ARGUMENTS,
            "'then' is not one of",
        ),
        (
            "replay events.jsonl --topic t --bootstrap-servers h:1 --client-setting a",
            WRONG_ARGUMENTS,
            "expected KEY=VALUE",
        ),
        ("demo --input nowhere.jsonl", WRONG_ARGUMENTS, "'nowhere.jsonl' does not exist"),
        ("demo --models folder", WRONG_ARGUMENTS, "'folder' is a directory"),
        ("demo --package nowhere.zip", WRONG_ARGUMENTS, "'nowhere.zip' does not exist"),
        ("demo --report file.txt", WRONG_ARGUMENTS, "'file.txt' is a file"),
        ("demo --report file.txt/out", WRONG_ARGUMENTS, "'file.txt/out' cannot be written: "),
        ("demo --folder file.txt/out", WRONG_ARGUMENTS, "'file.txt/out' cannot be written: "),
        ("demo --seconds inf", WRONG_ARGUMENTS, "'--seconds': Input should be less than or equal to 86400"),
        ("demo --seconds nan", WRONG_ARGUMENTS, "'--seconds': Input should be"),
        ("demo --vehicles 99999999999", WRONG_ARGUMENTS, "'--vehicles': Input should be less than or equal to"),
        ("demo --speed-up 5", WRONG_ARGUMENTS, "--speed-up is for recorded events, expected it with --input"),
        ("demo --input events.jsonl --seconds 20", WRONG_ARGUMENTS, "--seconds is for generated events, expected it"),
        ("demo --msf-port 81 --kafka-port 81", WRONG_ARGUMENTS, "--msf-port and --kafka-port are both 81"),
        ("demo --job-python nowhere", WRONG_ARGUMENTS, "'nowhere' does not exist"),
        ("demo --seconds 1", WRONG_ARGUMENTS, "'--seconds': Input should be greater than or equal to 15"),
        ("demo --msf-port 70000", WRONG_ARGUMENTS, "'--msf-port': Input should be less than or equal to 65535"),
        ("demo --parallelism two", WRONG_ARGUMENTS, "'--parallelism': Input should be a valid integer"),
        ("demo taxi", WRONG_ARGUMENTS, "got scenario 'taxi', expected one of vehicle_metrics"),
        ("replay events.jsonl --bootstrap-servers h:1", WRONG_ARGUMENTS, "Missing option '--topic'"),
        ("demo", FAILED, "the job's python .venv-job/bin/python does not exist"),
        ("app nonsense", WRONG_ARGUMENTS, "No such command 'nonsense'"),
        ("app status", WRONG_ARGUMENTS, "Missing option '--application'"),
        ("app status vehicles --application job", WRONG_ARGUMENTS, "unexpected extra argument"),
        (
            "app logs --application arn:aws:kinesisanalytics:eu-central-1:111122223333:application/job",
            WRONG_ARGUMENTS,
            "expected the application's name, got its ARN: use job",
        ),
        ("app status --application job --operator-role me", WRONG_ARGUMENTS, "expected a role's ARN"),
        ("app status --application job --region Frankfurt", WRONG_ARGUMENTS, "expected a Region such as eu-central-1"),
        ("app status --application job", FAILED, "no Region is set: pass --region"),
        ("app status --application job --watch", FAILED, "no Region is set: pass --region"),
        ("app status --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        ("app operations --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        ("app operations --application job --limit 0", WRONG_ARGUMENTS, "should be greater than or equal to 1"),
        ("app versions 1 2 3 --application job", WRONG_ARGUMENTS, "expected no version, one, or two to compare, got 3"),
        ("app versions 0 --application job", WRONG_ARGUMENTS, "should be greater than or equal to 1"),
        ("app versions one --application job", WRONG_ARGUMENTS, "should be a valid integer"),
        ("app versions 1 --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        ("app dashboard --application job --session-seconds 60", WRONG_ARGUMENTS, "greater than or equal to 1800"),
        ("app dashboard --application job --session-seconds 43201", WRONG_ARGUMENTS, "less than or equal to 43200"),
        ("app dashboard --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        (
            "app logs --application job --since yesterday",
            WRONG_ARGUMENTS,
            "expected a time span such as 30s, 15m",
        ),
        ("app logs --application job --since 0h", WRONG_ARGUMENTS, "got '0h'"),
        ("app logs --application job --since 99999999d", WRONG_ARGUMENTS, "got '99999999d'"),
        ("app logs --application job --level loud", WRONG_ARGUMENTS, "'loud' is not one of"),
        ("app logs --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        ("app capture --application job --output folder", WRONG_ARGUMENTS, "'folder' exists: nothing is overwritten"),
        ("app capture --application job --output file.txt/a", WRONG_ARGUMENTS, "'file.txt/a' cannot be written"),
        ("app capture --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        ("key status", WRONG_ARGUMENTS, "Missing option '--application'"),
        ("key status --application=", WRONG_ARGUMENTS, "must be 1 to 128 letters"),
        (["key", "status", "--application", "my job"], WRONG_ARGUMENTS, "got 'my job'"),
        (
            "key status --application arn:aws:kinesisanalytics:eu-central-1:111122223333:application/job",
            WRONG_ARGUMENTS,
            "expected the application's name, got its ARN: use job",
        ),
        ("key status --application job --operator-role notanarn", WRONG_ARGUMENTS, "expected a role's ARN"),
        ("key status --application job --region Frankfurt", WRONG_ARGUMENTS, "expected a Region such as eu-central-1"),
        ("key status --application job", FAILED, "no Region is set: pass --region"),
        ("key status --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        (
            "key status --application job --profile nobody",
            FAILED,
            "The config profile (nobody) could not be found: name one of",
        ),
        ("snapshot list", WRONG_ARGUMENTS, "Missing option '--application'"),
        ("snapshot list --application job --region zz-nowhere-1", WRONG_ARGUMENTS, "expected a Region such as"),
        ("snapshot list --application job", FAILED, "no Region is set: pass --region"),
        ("snapshot prune --application job --region eu-central-1", FAILED, "not signed in to AWS (Unable to locate"),
        ("snapshot prune --application job --daily-for-days -1", WRONG_ARGUMENTS, "'--daily-for-days'"),
        ("snapshot create --application job --name a/b", WRONG_ARGUMENTS, "expected 1 to 256 letters, digits"),
        ("key enable --application job --key key", WRONG_ARGUMENTS, "expected a key's ARN or id, or an alias"),
        ("key rotate --application job", WRONG_ARGUMENTS, "expected either --key or --on-demand"),
        (f"key rotate --application job --key {KEY} --on-demand", WRONG_ARGUMENTS, "either --key or --on-demand"),
        ("key status --application job --region zz-nowhere-1", WRONG_ARGUMENTS, "expected a Region such as"),
        ("key status --application job --region eusc-de-east-1", FAILED, "not signed in to AWS (Unable to locate"),
        (
            "key rotate --application job --on-demand --soak-seconds 99999999999999",
            WRONG_ARGUMENTS,
            "'--soak-seconds': Input should be less than or equal to 31536000",
        ),
        (
            "key disable --application job --soak-seconds -1",
            WRONG_ARGUMENTS,
            "'--soak-seconds': Input should be greater than or equal to 0",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_one_error_and_the_documented_exit_code(
    arguments: str | list[str],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = arguments.split() if isinstance(arguments, str) else arguments
    ended, output, errors = penstock(words, monkeypatch, capsys)
    assert message in errors
    assert (ended, output) == (code, "")
    assert errors.lower().count("error: ") == 1
    first = next(line for line in errors.splitlines() if not line.startswith("  "))  # the progress is indented
    assert first.startswith("error: " if code == FAILED else "Usage: ")


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("[]", "is not a manifest of a cloud assembly"),
        ("[" * 100_000, "manifest.json is not JSON"),
        ('"text"', "is not a manifest of a cloud assembly"),
        ("{", "is not JSON"),
        ({"artifacts": []}, "is not a manifest of a cloud assembly"),
        ({"artifacts": {"S": []}}, "is not a manifest of a cloud assembly"),
        ({"artifacts": {"S": {"type": "aws:cloudformation:stack"}}}, "names no templateFile of S"),
        ({"artifacts": {"S": {"type": "cdk:cloud-assembly"}}}, "names no directoryName of S"),
        (
            {"artifacts": {"S": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "gone"}}}},
            "there is no cloud assembly in",
        ),
        (
            {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "gone.json"}}}},
            "gone.json cannot be read (No such file or directory)",
        ),
        (
            {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "list.json"}}}},
            "list.json is not a CloudFormation template",
        ),
        (
            {"artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "bytes.json"}}}},
            "bytes.json is not JSON",
        ),
        ({"artifacts": {"S": stack() | {"environment": ["x"]}}}, "has ['x'] as environment of S, expected text"),
        ({"artifacts": {"S": stack(stackName=5)}}, "has 5 as stackName of S, expected text"),
        ({"artifacts": {"S": stack(cloudFormationExecutionRoleArn={})}}, "{} as cloudFormationExecutionRoleArn of S"),
        ({"artifacts": {"S": stage(".", displayName=5)}}, "has 5 as displayName of S, expected text"),
        ({"artifacts": {"S": stage(".")}}, "manifest.json is the manifest of a Stage and of one around it"),
        ({"artifacts": {"S": stage("../cdk.out")}}, "manifest.json is the manifest of a Stage and of one around it"),
    ],
    ids=lambda value: str(value)[:90],
)
@pytest.mark.parametrize("command", ["size", "review --wildcards", "review --encryption", "review --delivery"])
def test_a_damaged_assembly_is_named(
    *,
    command: str,
    manifest: Any,
    message: str,
    in_a_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_assembly(in_a_folder / "cdk.out", manifest)
    (in_a_folder / "cdk.out" / "good.json").write_text("{}")
    (in_a_folder / "cdk.out" / "list.json").write_text("[]")
    (in_a_folder / "cdk.out" / "bytes.json").write_bytes(b"\xff\xfe{")
    code, output, errors = penstock(command.split(), monkeypatch, capsys)
    assert (code, output) == (FAILED, "")
    assert message in errors
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (PermissionError(13, "Permission denied", "a.zip"), "error: a.zip: Permission denied\n"),
        (OSError(28, "No space left on device"), "error: No space left on device\n"),
        (OSError("broken"), "error: broken\n"),
        (FileNotFoundError(2, "No such file or directory"), "the current folder was removed, or moved"),
        (zipfile.BadZipFile("Bad CRC-32 for file 'main.py'"), "Bad CRC-32 for file 'main.py'"),
        (zlib.error("invalid block type"), "invalid block type"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "can't decode byte 0xff"),
    ],
    ids=repr,
)
def test_what_nobody_expected_of_the_system_is_one_line(
    failure: Exception, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise failure

    monkeypatch.setattr(entry, "_run", fail)
    code, output, errors = penstock([], monkeypatch, capsys)
    assert (code, output, errors.count("\n")) == (FAILED, "", 1)
    assert message in errors


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_run", lambda: dict[str, str]()["missing"])
    with pytest.raises(KeyError):
        entry.main()


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from cdk_penstock.cli.main import main; main()", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "constructs")} | options.pop("env", {})
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


INTERRUPTED_WHILE_IT_LOADS = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "cdk_penstock.cli.app":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from cdk_penstock.cli.main import main
main()
"""


def test_an_interrupt_while_the_command_loads_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IT_LOADS, "size"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "constructs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "interrupted\n")


def test_a_reader_that_has_enough_stops_the_command_quietly() -> None:
    child = process("--help")
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    assert child.stderr.read() == ""
    child.wait(timeout=30)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_character_that_the_terminal_lacks_is_shown_as_an_escape(encoding: str, in_a_folder: Path) -> None:
    body = {"Resources": {"B": {"Type": "AWS::Tür::Bücket✓"}}}
    (in_a_folder / "cdk.out" / "s.json").write_text(json.dumps(body))
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "s.json"}}
    write_assembly(in_a_folder / "cdk.out", {"artifacts": {"S": artifact}})
    child = process("size", env={"PYTHONIOENCODING": encoding}, encoding=encoding)
    output, errors = child.communicate(timeout=60)
    assert errors == ""
    assert "cket\\u2713" in output


COMMANDS_OF_APP = [
    "app",
    *(f"app {name}" for name in ("status", "operations", "versions", "dashboard", "logs", "capture")),
]


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(
    "command", ["", "package", "review", "size", "demo", "replay", "key", "key rotate", *COMMANDS_OF_APP]
)
def test_help_is_plain_text_and_shows_flags_without_a_value(
    command: str, flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output, errors = penstock([*command.split(), flag], monkeypatch, capsys)
    assert (code, errors) == (0, "")
    assert output.startswith(f"Usage: penstock {command}".rstrip())
    assert "{" not in output.splitlines()[0]
    assert "<bool>" not in output
    assert "-h, --help" in output


NAMES = ["A" * 200, "Stack/[/red]/[bold]", "a:key:b:smile:"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("colors", [{}, {"FORCE_COLOR": "1"}], ids=["plain", "colors"])
def test_a_pipe_gets_names_whole_and_as_they_are(name: str, colors: dict[str, str], in_a_folder: Path) -> None:
    key = {"Type": "AWS::KMS::Key", "Properties": {}, "Metadata": {"aws:cdk:path": name}}
    (in_a_folder / "cdk.out" / "good.json").write_text(json.dumps({"Resources": {"Key": key}}))
    write_assembly(in_a_folder / "cdk.out", {"artifacts": {"S": stack()}})
    output, errors = process("size", env=colors).communicate(timeout=60)
    assert errors == ""
    assert any(name in line for line in output.splitlines())


def test_progress_on_a_terminal_shows_the_state_and_how_long_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    progress = ConsoleProgress(Console(force_terminal=True, file=io.StringIO()))
    progress.stage("wait")
    progress.update("UPDATING")
    progress.stop()
    shown = {progress.__rich__().plain for _ in range(9)}
    assert {"wait: UPDATING (7 s)", "wait: UPDATING (8 s)"} <= shown


@pytest.mark.parametrize("name", NAMES)
def test_progress_shows_names_as_they_are(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with (tmp_path / "stderr").open("w+", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        progress = ConsoleProgress(new_console(stderr=True))
        progress.stage(f"replay {name}")
        progress.update("12 records")
        progress.done()
        stream.seek(0)
        assert stream.read().splitlines()[0] == f"  replay {name} ..."
