"""An act of a play, and its end."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_penstock.model.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_penstock.rehearsal.stage import Stage


class ActFailedError(PenstockError):
    """An act that did not end as it has to; the message says what happened."""


class ActNotPlayedError(PenstockError):
    """An act that the assembly gives no reason to play; the message says why."""


class ActOutcome(StrEnum):
    """The end of an act."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_PLAYED = "not played"


@dataclass(frozen=True, kw_only=True)
class ActResult:
    """The end of an act, in a sentence."""

    name: str
    title: str
    outcome: ActOutcome
    text: str


@dataclass(frozen=True)
class Act:
    """An act.

    Parameters
    ----------
    name
        The name for the command line.
    title
        A noun phrase for the result.
    play
        Plays it, and returns the end in a sentence; raises ActFailedError or ActNotPlayedError.
    """

    name: str
    title: str
    play: Callable[[Stage], str]

    def result(self, stage: Stage) -> ActResult:
        """Play the act, and return its end; what a failed one has changed in the templates is taken back."""
        bodies = copy.deepcopy(stage.bodies)
        try:
            with stage.world.timeline.at(act=self.name):
                text = self.play(stage)
        except ActNotPlayedError as error:
            return self.ended(ActOutcome.NOT_PLAYED, str(error))
        except PenstockError as error:
            stage.restore(bodies)
            return self.ended(ActOutcome.FAILED, str(error))
        return self.ended(ActOutcome.PASSED, text)

    def ended(self, outcome: ActOutcome, text: str) -> ActResult:
        """Return an end of this act."""
        return ActResult(name=self.name, title=self.title, outcome=outcome, text=text)
