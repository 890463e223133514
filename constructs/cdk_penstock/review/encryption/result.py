"""The result of a review: who can do what with an application's key, and what keeps the order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_penstock.review.dependencies import Arrow

__all__ = ("Arrival", "EncryptionReview", "Row")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Decision on one operation of one principal with a key.

    Parameters
    ----------
    who, operation, key
        Who does what with which key, an ARN.
    allowed, expected
        Whether it is allowed, and whether it ought to be.
    because
        The statements that allow it, or the first call that is denied and why.
    """

    who: str
    operation: str
    key: str
    allowed: bool
    expected: bool
    because: str

    @property
    def is_as_expected(self) -> bool:
        """True if the decision is the expected one."""
        return self.allowed == self.expected


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """That a step comes after the one before it: the chain of references that enforces it, empty if nothing does."""

    step: str
    logical_id: str
    after: str
    chain: tuple[Arrow, ...]


@dataclass(frozen=True, kw_only=True)
class EncryptionReview:
    """Review of one application under a customer managed key.

    Parameters
    ----------
    stage, stack, application_arn
        Which application.
    assumed_by
        Who may assume the operator role.
    is_for_development
        Whether a key has AWS's permissive policy, which lets more people in than ought to be.
    rows, arrivals
        Who may do what, and what keeps the order.
    unread
        Why there is no review, None where there is one.
    """

    stage: str
    stack: str
    application_arn: str
    assumed_by: tuple[str, ...]
    is_for_development: bool
    rows: tuple[Row, ...]
    arrivals: tuple[Arrival, ...]
    unread: str | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Decisions and dependencies that are not the expected ones."""
        return (
            *((f"{self.application_arn} is not reviewed: {self.unread}",) if self.unread else ()),
            *(
                f"{row.who} is {'allowed' if row.allowed else 'denied'} {row.operation} with {row.key}: {row.because}"
                for row in self.rows
                if not row.is_as_expected
            ),
            *(
                f"nothing makes {arrival.step} wait for {arrival.after}"
                for arrival in self.arrivals
                if not arrival.chain
            ),
        )
