"""The command line of tools/account-questions, and its page."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ProfileNotFound

from tests.control.fake_aws import ACCOUNT, REGION
from tests.stacks.conftest import ROOT
from tests.tools.fake_account import FakeAccount
from tools.account_questions.command import main
from tools.account_questions.experiments import EXPERIMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = ROOT / "tools" / "account-questions"
PAGE = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.account_questions.account._PAUSE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _restored_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


class Sts:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me"}


class Session:
    """A session of boto3, signed in to the fake account."""

    def __init__(self, fake: FakeAccount, region: str | None = REGION, *, signed_in: bool = True) -> None:
        self.region_name = region
        self._client = fake.account().client
        self._signed_in = signed_in

    def __call__(self, **_: Any) -> Session:
        return self

    def get_credentials(self) -> object | None:
        return object() if self._signed_in else None

    def client(self, service: str) -> Any:
        return Sts() if service == "sts" else self._client(service)


def test_the_questions_are_listed_without_credentials() -> None:
    done = subprocess.run([SCRIPT, "--list"], cwd="/", capture_output=True, text=True, check=True, timeout=60)
    for each in EXPERIMENTS:
        assert f"{each.name}{''.join(f' --{name} NAME' for name in each.needs)}\n    {each.question}" in done.stdout


def test_without_credentials_the_script_says_so_in_one_line() -> None:
    environment = {"PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
    done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["not signed in to AWS: run `aws sso login`, or name a profile with --profile"]


def _raise(error: Exception) -> Callable[..., Any]:
    def new_session(**_: Any) -> Any:
        raise error

    return new_session


EXPIRED = ClientError({"Error": {"Code": "ExpiredToken", "Message": "it has expired"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("new_session", "message"),
    [
        (
            _raise(ProfileNotFound(profile="x")),
            "cannot call the account: The config profile (x) could not be found",
        ),
        (_raise(EXPIRED), "cannot call the account: An error occurred (ExpiredToken)"),
        (Session(FakeAccount(), region=None), "cannot call the account: You must specify a region."),
        (Session(FakeAccount(), signed_in=False), "not signed in to AWS"),
    ],
)
def test_an_account_that_cannot_be_asked_is_one_line(
    new_session: Callable[..., Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], new_session=new_session) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith(message)
    assert (len(shown.err.splitlines()), shown.out) == (1, "")


def test_an_unknown_question_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--only", "weather"])
    assert exit_.value.code == 2
    assert "invalid choice: 'weather'" in capsys.readouterr().err


def test_the_report_has_answer_reason_and_switch(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeAccount()
    assert main(["--yes", "--only", "lambda-sdk", "--only", "kpu-metric"], new_session=Session(fake)) == 0
    shown = capsys.readouterr()
    assert "lambda-sdk: supported\n    python3.14 has botocore 1.42.0\n    therefore: handlers may use" in shown.out
    assert "kpu-metric: skipped\n    it needs --application NAME" in shown.out
    assert f"asking account {ACCOUNT} in {REGION}" in shown.err
    assert fake.things == set()


def test_the_report_for_scripts_is_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--yes", "--only", "via-service"], new_session=Session(FakeAccount())) == 0
    (outcome,) = json.loads(capsys.readouterr().out)
    assert (outcome["name"], outcome["status"], outcome["answer"]) == ("via-service", "answered", "amazonaws.com")


def test_where_nobody_can_be_asked_nothing_is_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    fake = FakeAccount()
    assert main(["--only", "lambda-sdk"], new_session=Session(fake)) == 0
    shown = capsys.readouterr()
    assert "lambda-sdk: skipped" in shown.out
    assert "There is no terminal to ask you: pass --yes" in shown.err
    assert fake.made == []


@pytest.mark.parametrize(
    ("typed", "made"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_only_a_yes_makes_something(typed: str, made: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return typed

    monkeypatch.setattr("sys.stdin", Terminal())
    fake = FakeAccount()
    main(["--only", "lambda-sdk"], new_session=Session(fake))
    assert bool(fake.made) is made


def test_what_fails_or_stays_behind_is_told_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeAccount()
    fake.denied("DeleteRole")
    assert main(["--yes", "--only", "lambda-sdk"], new_session=Session(fake)) == 1
    shown = capsys.readouterr().out
    assert re.search(r"left behind, delete it: role account-question-[0-9a-f]{8} \(An error occurred", shown)
    fake = FakeAccount()
    fake.denied("CreateRole")
    assert main(["--yes", "--only", "lambda-sdk"], new_session=Session(fake)) == 1
    assert "lambda-sdk: failed" in capsys.readouterr().out


def test_an_interruption_shows_what_was_answered_before(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeAccount()

    def interrupt(operation: str, _: Any) -> None:
        if operation == "Invoke":
            signal.raise_signal(signal.SIGTERM)

    fake.world.on_call = interrupt
    asked = ["--yes", "--only", "split-of-stack-output", "--only", "lambda-sdk"]
    assert main(asked, new_session=Session(fake)) == 130
    shown = capsys.readouterr()
    assert shown.out.startswith("split-of-stack-output: ")
    assert shown.err.endswith("interrupted; nothing is left behind\n")
    assert fake.things == set()


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: each.name)
def test_the_page_has_every_experiment_with_every_answer(experiment: Any) -> None:
    assert f"`{experiment.name}`" in PAGE
    section = PAGE.partition(f"### `{experiment.name}`")[2].partition("\n### ")[0]
    assert experiment.question in " ".join(section.split())
    for answer in experiment.answers:
        assert f"*{answer}*" in section


def test_every_file_that_an_answer_switches_is_there() -> None:
    texts = [text for each in EXPERIMENTS for text in each.answers.values()]
    paths = {path for text in texts for path in re.findall(r"[a-z_]+/[a-z_]+(?:/[a-z_]+)*\.py", text)}
    assert paths
    for path in paths:
        assert (ROOT / "constructs" / "cdk_penstock" / path).is_file(), path
