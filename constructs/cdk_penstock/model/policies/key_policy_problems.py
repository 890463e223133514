"""Problems of a key's policy, as the judgement of it finds them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class KeyPolicyProblem(StrEnum):
    """Kind of a finding."""

    DENIED = "denied"
    """A call that MSF or an operator needs is not allowed, whatever IAM policies say."""
    UNKNOWN = "unknown"
    """It depends on IAM policies or on conditions that are not known."""
    TOO_WIDE = "too wide"
    """More is allowed than the application needs."""


@dataclass(frozen=True, kw_only=True)
class KeyPolicyFinding:
    """One problem of a key's policy, for one caller.

    Parameters
    ----------
    problem
        Its kind.
    who
        The caller: an operator's ARN, a service principal, or others in words.
    text
        The problem, as a sentence about the caller.
    fix
        The fix; empty where it is not known that there is a problem.
    """

    problem: KeyPolicyProblem
    who: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.who} {self.text}{': ' if self.fix else ''}{self.fix}"
