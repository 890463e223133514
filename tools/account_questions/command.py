"""The command line: arguments, credentials, and the report."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import boto3  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError  # type: ignore[import-untyped]

from tools.account_questions.account import TAG, Account
from tools.account_questions.experiments import EXPERIMENTS
from tools.account_questions.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.account_questions.runner import Outcome

__all__ = ("main", "new_parser")

DONE, FAILED, WRONG_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130
_TARGETS: Final = ("stack", "application", "cluster")


def main(arguments: Sequence[str], *, new_session: Callable[..., Any] = boto3.Session) -> int:
    """Ask the account; return 0 if all was answered or skipped, 1 otherwise, 2 for wrong arguments, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = new_parser().parse_args(arguments)
    chosen = [each for each in EXPERIMENTS if not asked.only or each.name in asked.only]
    if asked.list:
        for each in chosen:
            needs = "".join(f" --{name} NAME" for name in each.needs)
            print(f"{each.name}{needs}\n    {each.question}\n    makes: {each.makes or 'nothing'}; cost: {each.cost}")
        return DONE
    try:
        account = _account(asked, new_session)
    except (BotoCoreError, ClientError) as error:
        return _refuse(f"the account cannot be asked: {error}")
    if account is None:
        return _refuse("there are no AWS credentials: sign in, for instance with aws sso login, or name --profile")
    _tell(f"asking account {account.account_id} in {account.region}; all that is made has the tag {TAG}")
    outcomes: list[Outcome] = []
    try:
        for each in chosen:
            _tell(f"{each.name}: {each.question}")
            outcomes.append(run(each(), account, confirm=lambda text: asked.yes or _confirm(text)))
    except KeyboardInterrupt as interruption:
        _report(outcomes, as_json=asked.json)
        left = "; ".join(interruption.args)
        _tell(f"interrupted, left behind: {left}" if left else "interrupted, and nothing left behind")
        return INTERRUPTED
    _report(outcomes, as_json=asked.json)
    return FAILED if any(each.status == "failed" or each.left for each in outcomes) else DONE


def new_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = argparse.ArgumentParser(
        prog="tools/account-questions",
        description="Ask an AWS account what no documentation answers; see docs/proof.md.",
    )
    names = [each.name for each in EXPERIMENTS]
    parser.add_argument("--list", action="store_true", help="show the questions, and ask nothing")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="ask this one; may be repeated")
    parser.add_argument("--json", action="store_true", help="report for scripts")
    parser.add_argument("--yes", action="store_true", help="make what experiments make without asking")
    for target in _TARGETS:
        parser.add_argument(f"--{target}", metavar="NAME", help=f"the {target} to look at")
    parser.add_argument("--profile", metavar="NAME", help="a profile of the AWS configuration")
    parser.add_argument("--region", metavar="REGION", help="default: that of the profile or of AWS_REGION")
    return parser


def _account(asked: argparse.Namespace, new_session: Callable[..., Any]) -> Account | None:
    session = new_session(profile_name=asked.profile, region_name=asked.region)
    if session.get_credentials() is None:
        return None
    if session.region_name is None:
        raise NoRegionError
    identity = session.client("sts").get_caller_identity()
    return Account(
        client=session.client,
        account_id=identity["Account"],
        region=session.region_name,
        partition=identity["Arn"].split(":")[1],
        **{target: getattr(asked, target) for target in _TARGETS},
    )


def _confirm(text: str) -> bool:
    if not sys.stdin.isatty():
        _tell(f"{text}. Nobody can be asked here: pass --yes")
        return False
    _tell(f"{text}. Go on? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _report(outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(each) for each in outcomes], indent=2))
        return
    for each in outcomes:
        print(f"{each.name}: {each.answer or each.status}\n    {each.seen}")
        if each.switches:
            print(f"    switches: {each.switches}")
        for thing in each.left:
            print(f"    left behind, take it away: {thing}")


def _refuse(message: str) -> int:
    _tell(message)
    return FAILED


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
