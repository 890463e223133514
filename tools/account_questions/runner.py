"""Runs experiments one after the other, and asks before it makes anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from tools.account_questions.account import ExperimentError
from tools.account_questions.cleanup import Cleanup

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.account_questions.account import Account
    from tools.account_questions.experiment import Experiment

__all__ = ("Outcome", "run")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of one experiment: answered, skipped or failed."""

    name: str
    question: str
    status: str
    answer: str | None = None
    seen: str
    switches: str | None = None
    left: tuple[str, ...] = ()


def run(experiment: Experiment, account: Account, *, confirm: Callable[[str], bool]) -> Outcome:
    """Return what came of it. Whatever it has made is gone then, or named; an interruption is passed on."""
    missing = [name for name in experiment.needs if getattr(account, name) is None]
    if missing:
        return _outcome(experiment, "skipped", f"it needs {' and '.join(f'--{name} NAME' for name in missing)}")
    if experiment.makes and not confirm(f"{experiment.name} makes {experiment.makes}; cost: {experiment.cost}"):
        return _outcome(experiment, "skipped", f"it makes {experiment.makes}, and nobody agreed to that")
    cleanup = Cleanup()
    try:
        with cleanup:
            answer = experiment.run(account, cleanup)
    except (BotoCoreError, ClientError, ExperimentError) as error:
        return _outcome(experiment, "failed", str(error), left=tuple(cleanup.left))
    except KeyboardInterrupt as interruption:
        interruption.args = tuple(cleanup.left)
        raise
    return _outcome(
        experiment,
        "answered",
        answer.seen,
        answer=answer.answer,
        switches=experiment.answers[answer.answer],
        left=tuple(cleanup.left),
    )


def _outcome(
    experiment: Experiment,
    status: str,
    seen: str,
    *,
    answer: str | None = None,
    switches: str | None = None,
    left: tuple[str, ...] = (),
) -> Outcome:
    return Outcome(
        name=experiment.name,
        question=experiment.question,
        status=status,
        answer=answer,
        seen=seen,
        switches=switches,
        left=left,
    )
