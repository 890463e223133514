"""One check before an upgrade, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CheckResult(Enum):
    """The result of a check."""

    OK = "ok"
    NOTE = "note"
    """Something to know."""
    REVIEW = "review"
    """Something that only a person can find out: the upgrade needs a confirmation."""
    PROBLEM = "problem"
    """The upgrade would fail, or lose state."""


@dataclass(frozen=True, kw_only=True)
class UpgradeCheck:
    """A check and its result.

    Parameters
    ----------
    subject
        The part of the application that was checked.
    result
        The result.
    text
        What was found.
    fix
        What to do; empty if there is nothing to do.
    """

    subject: str
    result: CheckResult
    text: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}{f'; {self.fix}' if self.fix else ''}"
