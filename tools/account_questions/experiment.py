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
    """One of the experiment's answers, with the observation."""

    answer: str
    seen: str


class Experiment(ABC):
    """A question, and a way to answer it in an account."""

    name: ClassVar[str]
    question: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """The options that must be named: stack, application, cluster."""
    makes: ClassVar[str] = ""
    """Everything that it creates and deletes again; empty for an experiment that only reads."""
    cost: ClassVar[str] = "nothing"
    answers: ClassVar[Mapping[str, str]]
    """Each answer, with its consequence."""

    @abstractmethod
    def run(self, account: Account, cleanup: Cleanup) -> Answer:
        """Return the answer; raise ExperimentError if there is none."""
