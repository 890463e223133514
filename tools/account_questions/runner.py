"""Runs one experiment, and asks before it creates anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

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
    """Return the outcome, with all that could not be deleted in ``left``; pass an interruption on."""
    missing = [name for name in experiment.needs if getattr(account, name) is None]
    if missing:
        return _outcome(experiment, "skipped", f"it needs {' and '.join(f'--{name} NAME' for name in missing)}")
    if experiment.makes and not confirm(f"{experiment.name} creates {experiment.makes}; cost: {experiment.cost}"):
        return _outcome(experiment, "skipped", f"it would create {experiment.makes}, and you did not agree")
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
