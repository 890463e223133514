"""Result of a review: the access to an application's key, and the order of the deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_penstock.review.dependencies import Arrow


@dataclass(frozen=True, kw_only=True)
class KeyAccess:
    """Decision on one operation of one principal with a key.

    Parameters
    ----------
    who, operation, key
        The principal, its operation, and the ARN of the key.
    allowed, expected
        The decision, and the expected one.
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
    def answer(self) -> str:
        """The decision as a word."""
        return "allowed" if self.allowed else "denied"

    @property
    def is_as_expected(self) -> bool:
        """True if the decision is the expected one."""
        return self.allowed == self.expected


@dataclass(frozen=True, kw_only=True)
class StepOrder:
    """Order of two steps: the chain of references that makes one wait for the other, empty if nothing does."""

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
        The application.
    assumed_by
        The principals that may assume the operator role.
    is_for_development
        True if a key has AWS's permissive policy, which lets more principals in than a production policy.
    access, order
        The decisions, and the order of the steps.
    unread
        The reason that there is no review. Default: there is one.
    """

    stage: str
    stack: str
    application_arn: str
    assumed_by: tuple[str, ...]
    is_for_development: bool
    access: tuple[KeyAccess, ...]
    order: tuple[StepOrder, ...]
    unread: str | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Decisions and dependencies that are not the expected ones."""
        return (
            *((f"{self.application_arn} is not reviewed: {self.unread}",) if self.unread else ()),
            *(
                f"{each.who} is {each.answer} {each.operation} with {each.key}: {each.because}"
                for each in self.access
                if not each.is_as_expected
            ),
            *(f"nothing makes {each.step} wait for {each.after}" for each in self.order if not each.chain),
        )
