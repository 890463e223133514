"""Resources in another account or Region than the stack that uses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Stack, Token

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ("OTHER_ACCOUNT_WARNING", "OtherPlace", "warn_of_other_account")

OTHER_ACCOUNT_WARNING: Final = "penstock:otherAccount"

_ARN_PARTS: Final = 6


@dataclass(frozen=True, kw_only=True)
class OtherPlace:
    """Where a resource is, as far as that differs from the stack that uses it; None where it does not, or may not.

    Parameters
    ----------
    account, region
        The resource's account and Region.
    """

    account: str | None
    region: str | None

    @classmethod
    def of(cls, construct: IConstruct, arn: str) -> OtherPlace:
        """Compare an ARN with the construct's stack; what is known only at the deployment is taken to be the same."""
        parts = arn.split(":", _ARN_PARTS - 1)
        if len(parts) < _ARN_PARTS:
            return cls(account=None, region=None)
        stack = Stack.of(construct)
        return cls(account=_other(parts[4], stack.account), region=_other(parts[3], stack.region))

    def __str__(self) -> str:
        """Return the place in words."""
        places = (f"account {self.account}" if self.account else "", f"Region {self.region}" if self.region else "")
        return " and ".join(filter(None, places))


def warn_of_other_account(construct: IConstruct, arn: str, *, needs: str) -> None:
    """Warn where a resource is in another account, whose own policy has to allow what a role of this one may do."""
    account = OtherPlace.of(construct, arn).account
    if account is not None:
        Annotations.of(construct).add_warning_v2(
            OTHER_ACCOUNT_WARNING, f"{arn} is in account {account}, where no grant of this stack reaches: {needs}"
        )


def _other(place: str, own: str) -> str | None:
    unknown = not place or Token.is_unresolved(place) or Token.is_unresolved(own)
    return None if unknown or place == own else place
