"""The form of an experiment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.account_questions.account import Account
    from tools.account_questions.cleanup import Cleanup

__all__ = ("Answer", "Experiment")


class Answer(NamedTuple):
    """One of the experiment's answers, and what was seen."""

    answer: str
    seen: str


class Experiment(ABC):
    """A question, and what to do in an account to answer it."""

    name: ClassVar[str]
    question: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Each of stack, application and cluster that has to be named."""
    makes: ClassVar[str] = ""
    """All that it makes and takes away again; empty for an experiment that only reads."""
    cost: ClassVar[str] = "nothing"
    answers: ClassVar[Mapping[str, str]]
    """Each answer, with what it switches."""

    @abstractmethod
    def run(self, account: Account, cleanup: Cleanup) -> Answer:
        """Return the answer; raise ExperimentError where it finds no answer."""
