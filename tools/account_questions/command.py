"""The command line: arguments, credentials, and the report."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

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
    """Run the experiments; return 0 if all are answered or skipped, 1 otherwise, 2 wrong arguments, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = new_parser().parse_args(arguments)
    chosen = [each for each in EXPERIMENTS if not asked.only or each.name in asked.only]
    if asked.list:
        for each in chosen:
            needs = "".join(f" --{name} NAME" for name in each.needs)
            print(f"{each.name}{needs}\n    {each.question}\n    creates: {each.makes or 'nothing'}; cost: {each.cost}")
        return DONE
    try:
        account = _account(asked, new_session)
    except (BotoCoreError, ClientError) as error:
        return _refuse(f"cannot call the account: {error}")
    if account is None:
        return _refuse("not signed in to AWS: run `aws sso login`, or name a profile with --profile")
    _tell(f"asking account {account.account_id} in {account.region}; everything that is created has the tag {TAG}")
    outcomes: list[Outcome] = []
    try:
        for each in chosen:
            _tell(f"{each.name}: {each.question}")
            outcomes.append(run(each(), account, confirm=lambda text: asked.yes or _confirm(text)))
    except KeyboardInterrupt as interruption:
        _report(outcomes, as_json=asked.json)
        left = "; ".join(interruption.args)
        _tell(f"interrupted, left behind: {left}" if left else "interrupted; nothing is left behind")
        return INTERRUPTED
    _report(outcomes, as_json=asked.json)
    return FAILED if any(each.status == "failed" or each.left for each in outcomes) else DONE


def new_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = argparse.ArgumentParser(
        prog="tools/account-questions",
        description="Answer questions that only an AWS account can answer; see docs/proof.md.",
    )
    names = [each.name for each in EXPERIMENTS]
    parser.add_argument("--list", action="store_true", help="show the questions, and call nothing")
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help="ask only this question; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    parser.add_argument("--yes", action="store_true", help="let experiments create resources without asking")
    for target in _TARGETS:
        parser.add_argument(f"--{target}", metavar="NAME", help=f"the {target} to look at")
    parser.add_argument("--profile", metavar="NAME", help="a profile of the AWS configuration")
    parser.add_argument("--region", metavar="REGION", help="the Region; default: that of AWS_REGION or of the profile")
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
        _tell(f"{text}. There is no terminal to ask you: pass --yes")
        return False
    _tell(f"{text}. Continue? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _report(outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(each) for each in outcomes], indent=2))
        return
    for each in outcomes:
        print(f"{each.name}: {each.answer or each.status}\n    {each.seen}")
        if each.switches:
            print(f"    therefore: {each.switches}")
        for thing in each.left:
            print(f"    left behind, delete it: {thing}")


def _refuse(message: str) -> int:
    _tell(message)
    return FAILED


def _tell(message: str) -> None:
    print(message, file=sys.stderr)
